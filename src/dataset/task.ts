/** Whether a column can be a target, and what learning it would be. */
import { AppError } from "@/shared/errors.ts";
import { type Column, columnOf, isMissing, type Table } from "./table.ts";

export type Task = "classification" | "regression";

/** At most so many different whole numbers, each three times on average, are classes. */
const MAX_NUMERIC_CLASSES = 10;
const ROWS_PER_NUMERIC_CLASS = 3;

/** Above this share of different values, classes are names of rows. */
const MAX_CLASS_SHARE = 0.5;

/**
 * Classification for words, identifiers (which `checkTarget` then refuses) and few different whole numbers such
 * as 0 and 1; regression for other numbers and dates.
 */
export function inferTask(column: Column): Task {
  if (column.storage === "coded" || column.type === "identifier") return "classification";
  if (column.type === "date") return "regression";
  const seen = new Set<number>();
  let present = 0;
  for (const value of column.values) {
    if (Number.isNaN(value)) continue;
    if (!Number.isInteger(value)) return "regression";
    present++;
    seen.add(value);
    if (seen.size > MAX_NUMERIC_CLASSES) return "regression";
  }
  return seen.size <= 2 || present >= ROWS_PER_NUMERIC_CLASS * seen.size ? "classification" : "regression";
}

/** Each different value that is there, with its rows, in order of first appearance. */
export function countValues(column: Column): Map<number | string, number> {
  const counts = new Map<number, number>();
  const keys = column.storage === "numeric" ? column.values : column.codes;
  for (let row = 0; row < keys.length; row++) {
    if (!isMissing(column, row)) counts.set(keys[row], (counts.get(keys[row]) ?? 0) + 1);
  }
  if (column.storage === "numeric") return counts;
  return new Map(Array.from(counts, ([code, count]) => [column.categories[code], count]));
}

/**
 * Makes sure that `target` can be learnt from the other columns.
 * @param task what is wanted; by default what `inferTask` says
 * @returns the task
 * @throws AppError not_found when there is no such column; invalid_argument when it is missing in all rows,
 *   constant, different in (nearly) every row where classes are wanted, words where numbers are wanted, a date,
 *   when fewer than two classes have two rows, and when there is nothing else to learn from
 */
export function checkTarget(table: Table, target: string, task?: Task): Task {
  const column = columnOf(table, target);
  const refuse = (state: string, hint: string) =>
    new AppError("invalid_argument", `Cannot predict "${target}": ${state}`, { hint });
  const others = table.columns.filter(({ name }) => name !== target);
  const suggestion = `Other columns: ${others.slice(0, 10).map(({ name }) => name).join(", ")}.`;
  const counts = countValues(column);
  const present = Array.from(counts.values()).reduce((sum, n) => sum + n, 0);
  if (present === 0) throw refuse("it is missing in every row", `Choose a target with values. ${suggestion}`);
  if (counts.size === 1) {
    throw refuse(
      `it is ${JSON.stringify(counts.keys().next().value)} in every row that has a value`,
      `A constant needs no model. Choose another target. ${suggestion}`,
    );
  }
  if (column.type === "date") throw refuse("it is a date", `Choose a number or a category. ${suggestion}`);
  const isUnique = counts.size === present;
  if (column.type === "identifier" && task !== "regression") {
    throw refuse(
      isUnique ? "every row has another value, as in an identifier" : "it is an identifier",
      column.storage === "numeric"
        ? `Choose another target, or ask for task "regression" if it is a measure. ${suggestion}`
        : `Choose another target. ${suggestion}`,
    );
  }
  const wanted = task ?? inferTask(column);
  if (wanted === "regression" && column.storage === "coded") {
    throw refuse(
      `it holds words such as ${JSON.stringify(column.categories[0])}, and regression needs numbers`,
      'Ask for task "classification", or choose a number as target.',
    );
  }
  if (wanted === "classification") {
    if (isUnique || counts.size > Math.max(2, present * MAX_CLASS_SHARE)) {
      throw refuse(
        isUnique
          ? `every row has another value (${counts.size} classes)`
          : `it has ${counts.size} different values in ${present} rows, too many for classes`,
        column.storage === "numeric"
          ? `Ask for task "regression", or choose another target. ${suggestion}`
          : `Choose a target whose values repeat. ${suggestion}`,
      );
    }
    if (Array.from(counts.values()).filter((n) => n >= 2).length < 2) {
      throw refuse("fewer than two of its classes have two rows", "Add rows of the rare classes.");
    }
  }
  checkFeatures(others, target);
  return wanted;
}

function checkFeatures(others: readonly Column[], target: string): void {
  const refuse = (state: string, hint: string) =>
    new AppError("invalid_argument", `Cannot learn "${target}": ${state}`, { hint });
  if (others.length === 0) {
    throw refuse("the table has no other column", "Add columns to learn from, or check the separator.");
  }
  const filled = others.filter((column) => countValues(column).size > 0);
  if (filled.length === 0) throw refuse("every other column is empty", "Choose a table with values.");
  if (filled.every(({ type }) => type === "identifier")) {
    throw refuse(
      `the other columns only name rows (${filled.map(({ name }) => name).join(", ")})`,
      "Add columns that tell something about the rows.",
    );
  }
}
