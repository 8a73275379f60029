/** What every linear model learns: one weight a column and an intercept, once or for each class. */
import { columnView, type Matrix } from "../matrix.ts";
import { sumOf, sumsFrom } from "../sums.ts";

export type LinearState = {
  /** (outputs * cols) row-major: outputs is 1 for regression and two classes, else the number of classes. */
  coef: Float64Array;
  /** (outputs) */
  intercept: Float64Array;
  /** (cols) standard deviation of the columns in training. */
  spread: Float64Array;
};

/** @returns (outputs * rows): X coef + intercept, one run of rows an output */
export function linearScores(X: Matrix, coef: Float64Array, intercept: Float64Array): Float64Array {
  const { rows, cols } = X;
  const scores = new Float64Array(rows * intercept.length);
  for (let k = 0; k < intercept.length; k++) {
    const out = scores.subarray(k * rows, (k + 1) * rows).fill(intercept[k]);
    for (let j = 0; j < cols; j++) {
      const weight = coef[k * cols + j];
      if (weight === 0) continue;
      const column = columnView(X, j);
      for (let i = 0; i < rows; i++) out[i] += weight * column[i];
    }
  }
  return scores;
}

export function spreadOf(X: Matrix): Float64Array {
  return Float64Array.from({ length: X.cols }, (_, j) => {
    const column = columnView(X, j);
    return Math.sqrt(sumsFrom(column, sumOf(column) / X.rows).squares / X.rows);
  });
}

/** |coef| in units of each column's spread, mean over the classes, summing to 1. */
export function linearImportances(state: LinearState): Float64Array {
  const cols = state.spread.length;
  const size = new Float64Array(cols);
  for (let at = 0; at < state.coef.length; at++) {
    size[at % cols] += Math.abs(state.coef[at]) * state.spread[at % cols];
  }
  const total = size.reduce((sum, value) => sum + value, 0);
  return total > 0 ? size.map((value) => value / total) : size;
}
