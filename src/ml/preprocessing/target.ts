/** The column to predict: its classes, and its numbers. */
import { cellOf, type Column, type ColumnType, isMissing } from "@/dataset/table.ts";
import { AppError } from "@/shared/errors.ts";
import type { Task } from "../estimator.ts";
import { byCodeUnit, categoryCounts } from "./column_access.ts";
import { requireFinite } from "./require_finite.ts";

export interface TargetSpec {
  name: string;
  type: ColumnType;
  /** Sorted: numbers ascending, text by code unit, as numpy sorts. Empty for regression. */
  classes: (string | number)[];
}

/** More distinct numbers than this, some of them not whole, are a quantity and not classes. */
const MAX_NUMERIC_CLASSES = 200;
const MAX_CLASSES = 1000;
/** Comparing with so few is quicker than a map. */
const FEW_CLASSES = 8;

/**
 * What is to be predicted, learned from the rows that have a target.
 * @throws AppError invalid_argument when the column cannot be the target of this task: no values, one value only,
 * text for regression, a date, another value in every row, too many classes
 */
export function targetSpec(column: Column, task: Task): TargetSpec {
  const { name, type } = column;
  const fail = (state: string, hint: string) =>
    new AppError("invalid_argument", `Cannot predict column "${name}": ${state}`, { hint });

  if (type === "date") throw fail("it is a date", "Choose a column of numbers or categories as the target.");
  if (task === "regression" && column.storage !== "numeric") {
    throw fail(
      `regression predicts numbers, and the column is of type ${type}`,
      'Choose a numeric column, or task "classification".',
    );
  }
  requireFinite(column);
  const { classes, rows } = distinctValues(column, task === "regression" ? 2 : Infinity);
  if (classes.length === 0) throw fail("it has no value in any row", "Choose another target column.");
  if (classes.length === 1) {
    throw fail(
      `every row has the same value, ${JSON.stringify(classes[0])}`,
      "There is nothing to learn from a constant target. Choose another column, or data with other outcomes.",
    );
  }
  if (task === "regression") return { name, type, classes: [] };

  const numeric = column.storage === "numeric";
  if (numeric && classes.length > MAX_NUMERIC_CLASSES && classes.some((value) => !Number.isInteger(value))) {
    throw fail(
      `${classes.length} different numbers are not classes`,
      'Use task "regression" for a quantity.',
    );
  }
  if (classes.length === rows && rows > 2) {
    throw fail(
      "every row has another value, so no class has two rows",
      numeric
        ? 'Use task "regression" if it is a quantity; a row number or a key cannot be predicted.'
        : "A name or a key cannot be predicted. Choose another target column.",
    );
  }
  if (classes.length > MAX_CLASSES) {
    throw fail(
      `it has ${classes.length} classes, and the limit is ${MAX_CLASSES}`,
      numeric ? 'Use task "regression" for a quantity.' : "Group the rare classes, or choose another column.",
    );
  }
  return { name, type, classes };
}

/** The values that occur, sorted; with a limit at least so many of them, if there are. */
function distinctValues(column: Column, limit: number): { classes: (string | number)[]; rows: number } {
  if (column.storage === "coded") {
    const { counts, missing } = categoryCounts(column);
    const classes = column.categories.filter((_, code) => counts[code] > 0).sort(byCodeUnit);
    return { classes, rows: column.codes.length - missing };
  }
  const { values } = column;
  const found = new Set<number>();
  let last = NaN;
  let rows = 0;
  for (let i = 0; i < values.length && found.size < limit; i++) {
    const value = values[i];
    if (Number.isNaN(value)) continue;
    rows++;
    if (value === last) continue;
    found.add(value);
    last = value;
  }
  return { classes: [...found].sort((a, b) => a - b), rows };
}

/**
 * The target as numbers.
 * @returns (rows) the class index, or for regression the number; NaN where missing or not a class of `target`
 * @throws AppError invalid_argument for text where numbers are the target
 */
export function encodeTarget(column: Column, target: TargetSpec): Float64Array {
  if (target.classes.length === 0) {
    if (column.storage === "numeric" && column.type !== "date") {
      requireFinite(column);
      return column.values.slice();
    }
    if (column.storage === "coded" && column.codes.every((code) => code < 0)) {
      return new Float64Array(column.codes.length).fill(NaN);
    }
    throw new AppError(
      "invalid_argument",
      `Cannot read target "${target.name}": the model predicts numbers, and the column is of type ${column.type}`,
      { hint: "Give data whose target column holds numbers only." },
    );
  }
  // A class is the same class whether a file's column was read as numbers or as text.
  const index = new Map(target.classes.map((value, at) => [classKey(value), at]));
  if (column.storage === "numeric") {
    if (target.classes.every((value) => typeof value === "number")) {
      return placesOf(column.values, target.classes);
    }
    return column.values.map((value) => index.get(classKey(value)) ?? NaN);
  }
  const places = column.categories.map((text) => index.get(text) ?? index.get(classKey(Number(text))) ?? NaN);
  const { codes } = column;
  const result = new Float64Array(codes.length);
  for (let i = 0; i < codes.length; i++) result[i] = codes[i] < 0 ? NaN : places[codes[i]];
  return result;
}

/**
 * The target of a model that is continued, if the column has no class that the model does not know.
 * @throws AppError invalid_argument naming the class; as `encodeTarget`
 */
export function continuedTarget(column: Column, target: TargetSpec): TargetSpec {
  encodeTarget(column, target).forEach((place, i) => {
    if (!Number.isNaN(place) || isMissing(column, i)) return;
    throw new AppError(
      "invalid_argument",
      `Cannot continue: "${target.name}" has the class ${
        JSON.stringify(cellOf(column, i))
      }, which the model does not know`,
      { hint: `Its classes: ${target.classes.slice(0, 20).join(", ")}. Train anew to learn others.` },
    );
  });
  return target;
}

/** The place of each value among the classes, NaN where it is none of them. */
function placesOf(values: Float64Array, classes: readonly number[]): Float64Array {
  const result = new Float64Array(values.length);
  if (classes.length <= FEW_CLASSES) {
    const known = Float64Array.from(classes);
    for (let i = 0; i < values.length; i++) {
      let at = known.length - 1;
      while (at >= 0 && known[at] !== values[i]) at--;
      result[i] = at < 0 ? NaN : at;
    }
    return result;
  }
  const index = new Map(classes.map((value, at) => [value, at]));
  for (let i = 0; i < values.length; i++) result[i] = index.get(values[i]) ?? NaN;
  return result;
}

function classKey(value: string | number): string {
  return String(value === 0 ? 0 : value);
}
