/** Questions to the person, and what is said when there is nobody to ask. */
import { AppError } from "@/shared/errors.ts";
import type { Question } from "./planner/plan.ts";

/** Someone at a terminal. */
export interface Asker {
  /** @returns the value of a choice, or what was typed; null when the person gave no answer */
  choose(question: Question): Promise<string | null>;
  confirm(question: string): Promise<boolean>;
  /** A line of text; null at the end of the input. */
  line(prompt: string): Promise<string | null>;
}

/** The request and the data leave something open. */
export class MissingInformation extends AppError {
  readonly questions: readonly Question[];
  constructor(questions: readonly Question[]) {
    const what = questions.map((question) => NAMES[question.about]).join(" and ");
    super("invalid_argument", `Cannot plan the run: ${what} can't be known from the request`, {
      hint: questions.map(describe).join("\n"),
    });
    this.questions = questions;
  }
}

const NAMES = { dataset: "the data set", target: "the column to predict" } as const;

function describe({ about, reason, flag, choices }: Question): string {
  const shown = choices.slice(0, 12).map((choice) => choice.value).join(", ");
  const more = choices.length > 12 ? `, and ${choices.length - 12} more` : "";
  return `Missing: ${NAMES[about]} (${reason}). Give it with ${flag}${
    shown ? `; there is ${shown}${more}` : ""
  }.`;
}
