/** What every linear model learns: one weight a column and an intercept, once or for each class. */
import { type Arena, isPlaced, withArena } from "@/kernels/solo.ts";
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
  const { rows, cols, data } = X;
  const scores = new Float64Array(rows * intercept.length);
  if (isPlaced(data)) {
    scoreBlocks(X, coef, intercept, (found, k, start) => scores.set(found, k * rows + start));
    return scores;
  }
  for (let k = 0; k < intercept.length; k++) {
    const at = k * rows;
    scores.fill(intercept[k], at, at + rows);
    for (let j = 0; j < cols; j++) {
      const weight = coef[k * cols + j];
      if (weight === 0) continue;
      // No views of columns: making one costs as much as twenty rows.
      for (let i = 0; i < rows; i++) scores[at + i] += weight * data[j * rows + i];
    }
  }
  return scores;
}

/** Rows that are scored at once, so that their scores stay in the cache while columns are added. */
const BLOCK_ROWS = 1024;

/** The same bits by the kernels, for X in their memory: `take` gets the scores of an output for rows from `start` on. */
function scoreBlocks(
  X: Matrix,
  coef: Float64Array,
  intercept: Float64Array,
  take: (scores: Float64Array, output: number, start: number, arena: Arena) => void,
): void {
  const { rows, cols } = X;
  withArena((arena) => {
    const weights = arena.room(coef.length);
    weights.set(coef);
    const out = arena.room(BLOCK_ROWS);
    for (let start = 0; start < rows; start += BLOCK_ROWS) {
      const count = Math.min(BLOCK_ROWS, rows - start);
      for (let k = 0; k < intercept.length; k++) {
        // Rows go by two; what may be read behind the last one is not used.
        arena.kernels.linear_scores(
          ...[X.data.byteOffset + start * 8, rows, count + count % 2, cols] as const,
          ...[weights.byteOffset + k * cols * 8, intercept[k], out.byteOffset] as const,
        );
        take(out.subarray(0, count), k, start, arena);
      }
    }
  });
}

/** @returns (rows * 2): the probabilities of two classes, of a matrix in the kernels' memory */
export function quickProbabilities(X: Matrix, coef: Float64Array, intercept: Float64Array): Float64Array {
  const result = new Float64Array(X.rows * 2);
  return withArena(({ room }) => {
    const pairs = room(2 * BLOCK_ROWS);
    scoreBlocks(X, coef, intercept, (scores, _, start, { kernels }) => {
      const count = scores.length;
      kernels.linear_sigmoid(scores.byteOffset, count + count % 2, pairs.byteOffset);
      result.set(pairs.subarray(0, 2 * count), 2 * start);
    });
    return result;
  });
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
