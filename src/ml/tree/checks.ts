/** What every tree algorithm demands of its input, with errors that name the column and the row. */
import { AppError } from "@/shared/errors.ts";
import { isPlaced } from "@/kernels/solo.ts";
import type { FitContext } from "../estimator.ts";
import { columnView, type Matrix } from "../matrix.ts";
import { sumOf } from "../sums.ts";

/**
 * Refuses infinite values and, unless `allowMissing`, NaN.
 * @param action what can't be done: "fit random_forest"
 * @throws AppError invalid_argument, naming column and row (counted from 1)
 */
export function checkFeatures(X: Matrix, action: string, allowMissing: boolean): void {
  if (X.columns === undefined) {
    // A sum of finite numbers below 1e150 is finite.
    if (isPlaced(X.data) && Number.isFinite(sumOf(X.data))) return;
    if (allUsable(X.data, allowMissing)) return;
  }
  for (let j = 0; j < X.cols; j++) {
    const column = columnView(X, j);
    if (allUsable(column, allowMissing)) continue;
    for (let i = 0; i < column.length; i++) {
      const value = column[i];
      if (value - value === 0 || (allowMissing && value !== value)) continue;
      const missing = value !== value;
      throw new AppError(
        "invalid_argument",
        `Cannot ${action}: column "${X.names[j]}" holds ${
          missing ? "a missing" : "an infinite"
        } value in row ${i + 1}`,
        {
          hint: missing
            ? "Impute missing values first, or use gradient_boosting, which accepts them."
            : "Replace infinite values by numbers or leave them empty (missing).",
        },
      );
    }
  }
}

function allUsable(data: Float64Array, allowMissing: boolean): boolean {
  for (let i = 0; i < data.length; i++) {
    const value = data[i];
    if (value - value !== 0 && !(allowMissing && value !== value)) return false;
  }
  return true;
}

/** Targets beyond this would overflow when many trees are added up. */
const LARGEST_TARGET = 1e300;

/**
 * Checks the shapes and values that `fit` gets.
 * @throws AppError invalid_argument
 */
export function checkTraining(
  X: Matrix,
  y: Float64Array,
  context: FitContext,
  name: string,
  allowMissing: boolean,
): void {
  const refuse = (state: string, hint: string) => {
    throw new AppError("invalid_argument", `Cannot fit ${name}: ${state}`, { hint });
  };
  if (X.rows === 0) refuse("there are no rows", "Give a data set with at least one row.");
  if (X.cols === 0) refuse("there are no feature columns", "Give at least one column besides the target.");
  if (y.length !== X.rows) refuse(`${X.rows} rows but ${y.length} target values`, "Give one target a row.");
  for (let i = 0; i < y.length; i++) {
    const value = y[i];
    if (value - value !== 0) {
      refuse(
        `the target of row ${i + 1} is ${value !== value ? "missing" : "infinite"}`,
        "Leave out rows without a finite target.",
      );
    }
    if (Math.abs(value) > LARGEST_TARGET) {
      refuse(
        `the target of row ${i + 1} is ${value}, beyond ${LARGEST_TARGET}`,
        "Divide the target by a constant.",
      );
    }
    if (context.n_classes > 0 && (value < 0 || value >= context.n_classes || value !== Math.floor(value))) {
      refuse(
        `the target of row ${i + 1} is ${value}, not a class index below ${context.n_classes}`,
        "Encode the target's classes as 0, 1, 2, …",
      );
    }
  }
  const weight = context.sample_weight;
  if (weight !== undefined) {
    if (weight.length !== X.rows) {
      refuse(`${X.rows} rows but ${weight.length} sample weights`, "Give one weight a row.");
    }
    let sum = 0;
    for (let i = 0; i < weight.length; i++) {
      if (!(weight[i] >= 0) || weight[i] === Infinity) {
        refuse(
          `the sample weight of row ${i + 1} is ${weight[i]}`,
          "Weights must be finite and not negative.",
        );
      }
      sum += weight[i];
    }
    if (sum === 0) refuse("all sample weights are zero", "Give at least one row a weight above zero.");
    if (sum === Infinity) {
      refuse("the sample weights are too large to add up", "Divide all weights by a constant.");
    }
  }
  checkFeatures(X, `fit ${name}`, allowMissing);
}

/** @throws AppError invalid_argument when the matrix has other columns than the fit had */
export function checkColumns(X: Matrix, columns: number, name: string): void {
  if (X.cols === columns) return;
  throw new AppError(
    "invalid_argument",
    `Cannot predict with ${name}: it was fitted on ${columns} columns and got ${X.cols}`,
    { hint: "Prepare the rows with the same pipeline as the training data." },
  );
}
