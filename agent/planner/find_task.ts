/** Classification or regression, from the target's values and the request's words. */
import { AppError } from "@/shared/errors.ts";
import type { ColumnProfile, Profile } from "../tool_results.ts";
import { namesRows } from "./find_target.ts";
import { type Assumption, decided, type Decision, type Task } from "./plan.ts";

const SAYS_REGRESSION =
  /\b(?:how (?:much|many|long|old|far|high|big)|regress\w*|amount|price|cost|forecast)\b/i;
const SAYS_CLASSES = /\b(?:classif\w*|which|whether|category|kind of|type of)\b/i;

/** Whole numbers with at most so many values may be names of classes. */
const FEW_VALUES = 10;
/** And then each value must stand for at least so many rows. */
const ROWS_A_VALUE = 20;

/**
 * @throws AppError invalid_argument when the column can't be predicted at all, saying why
 */
export function findTask(
  request: string,
  given: Task | undefined,
  target: ColumnProfile,
  profile: Profile,
): Decision<Task> {
  refuseHopeless(target, profile, given);
  if (given !== undefined) return decided(given);
  const distinct = target.distinct ?? profile.rows;
  const assume = (task: Task, reason: string) =>
    decided(task, { about: "task", value: task, reason } satisfies Assumption);
  if (target.type !== "number" && target.type !== "identifier") {
    return assume(
      "classification",
      `"${target.name}" holds ${distinct} different ${target.type === "boolean" ? "truth values" : "names"}`,
    );
  }
  if (distinct === 2) return assume("classification", `"${target.name}" has two values`);
  const mayBeClasses = isWhole(target) && distinct <= FEW_VALUES &&
    distinct * ROWS_A_VALUE <= profile.rows;
  if (mayBeClasses && !SAYS_REGRESSION.test(request)) {
    const asked = SAYS_CLASSES.test(request) ? ", and the request asks for a class" : "";
    return assume(
      "classification",
      `"${target.name}" has only ${distinct} values${asked}; --task regression treats them as numbers`,
    );
  }
  return assume("regression", `"${target.name}" is a number with ${distinct} values`);
}

/** As far as the profile shows values, they are all whole numbers. */
function isWhole({ min, max, quantiles, examples }: ColumnProfile): boolean {
  const shown = [min, max, ...Object.values(quantiles ?? {}), ...(examples ?? [])];
  return shown.every((value) => typeof value !== "number" || Number.isInteger(value));
}

function refuseHopeless(target: ColumnProfile, profile: Profile, given: Task | undefined): void {
  const refuse = (state: string, hint: string): never => {
    throw new AppError("invalid_argument", `Cannot predict "${target.name}": ${state}`, { hint });
  };
  const others = profile.column_profiles.filter((column) => column.name !== target.name).map((column) =>
    column.name
  );
  const another = `Choose another column with --target: ${others.slice(0, 20).join(", ")}.`;
  const present = profile.rows - (target.missing ?? 0);
  const distinct = target.distinct ?? NaN;
  if (others.length === 0) {
    refuse(
      "it is the only column, so there is nothing to learn from",
      "Give a table with at least one more column.",
    );
  }
  if (present === 0) refuse("all its values are missing", another);
  if (distinct === 1) refuse("every row has the same value, so there is nothing to learn", another);
  if (target.type === "date") {
    refuse("it holds dates, and only classes and numbers can be predicted", another);
  }
  const unique = distinct >= present && present > 2;
  if (namesRows(target) && given !== "regression") {
    refuse("it names the rows (every value occurs once), so nothing about it can be learnt", another);
  }
  if (unique && target.type !== "number" && target.type !== "identifier") {
    refuse(`every one of its ${distinct} values occurs once, so no class can be learnt`, another);
  }
  if (unique && given === "classification") {
    refuse(
      `every one of its ${distinct} values occurs once, so no class can be learnt`,
      "Use --task regression.",
    );
  }
}
