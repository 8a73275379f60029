/** The mean loss of a linear model and its gradient: by the kernels for many rows, in TypeScript for few. */
import { exp, log, log1p } from "@/kernels/exp_log.ts";
import { type Arena, isPlaced, withArena } from "@/kernels/solo.ts";
import { columnView, type Matrix } from "../matrix.ts";
import { sumOf } from "../sums.ts";
import { linearScores } from "./linear_state.ts";

/** logistic: two classes. softmax: class indices. poisson: exp(score) is the mean of counts. */
export type LossName = "logistic" | "softmax" | "poisson";

export interface LinearProblem {
  X: Matrix;
  /** (rows) class indices, or numbers from 0 up. */
  y: Float64Array;
  /** (rows) or absent */
  weight?: Float64Array;
  loss: LossName;
  /** The number of classes for softmax, else 1. */
  outputs: number;
  fit_intercept: boolean;
  /** Factor of |coef|^2 / 2, on the scale of a mean over the weights. */
  penalty: number;
}

/** Writes the gradient at theta (outputs * cols weights, then outputs intercepts) and returns the value. */
export type Evaluate = (theta: Float64Array, gradient: Float64Array) => number;

/** From so many numbers on, and up to so many, the kernels are quicker and have room. */
const ENOUGH_CELLS = 20_000;
const MOST_CELLS = 2 ** 27;
/** Rows that go through all steps at once: 20 columns of them stay in a core's cache. */
const BLOCK_ROWS = 512;

/**
 * Gives `work` the weighted mean of the loss plus penalty / 2 |coef|^2, as scikit-learn scales it.
 *
 * Source: https://scikit-learn.org/stable/modules/linear_model.html#logistic-regression
 */
export function withLoss<T>(problem: LinearProblem, work: (evaluate: Evaluate) => T): T {
  const cells = problem.X.rows * problem.X.cols;
  if (cells < ENOUGH_CELLS || cells > MOST_CELLS) return work(plainLoss(problem));
  return withArena((arena) => work(quickLoss(arena, problem)));
}

function totalOf({ X, weight }: LinearProblem): number {
  return weight ? sumOf(weight) : X.rows;
}

/** Divides by the weights and adds the penalty. */
function finish(problem: LinearProblem, total: number, loss: number, theta: Float64Array, g: Float64Array) {
  const { outputs, X: { cols }, penalty, fit_intercept } = problem;
  let squares = 0;
  for (let at = 0; at < outputs * cols; at++) {
    g[at] = g[at] / total + penalty * theta[at];
    squares += theta[at] * theta[at];
  }
  for (let k = 0; k < outputs; k++) g[outputs * cols + k] = fit_intercept ? g[outputs * cols + k] / total : 0;
  return loss / total + penalty / 2 * squares;
}

export function quickLoss({ kernels, doubles }: Arena, problem: LinearProblem): Evaluate {
  const { X, y, weight, outputs } = problem;
  const { rows, cols } = X;
  const x = isPlaced(X.data) ? X.data : doubles(rows * cols);
  if (x !== X.data) x.set(X.data);
  const blocks: { at: number; stride: number; start: number; count: number }[] = [];
  for (let start = 0; start < rows - 1; start += BLOCK_ROWS) {
    const count = Math.min(BLOCK_ROWS, rows - rows % 2 - start);
    blocks.push({ at: x.byteOffset + start * 8, stride: rows, start, count });
  }
  if (rows % 2 === 1) {
    // The kernels take rows by two: beside the last stands one of zeros, without weight.
    const last = doubles(2 * cols);
    for (let j = 0; j < cols; j++) last[2 * j] = X.data[j * rows + rows - 1];
    blocks.push({ at: last.byteOffset, stride: 2, start: rows - 1, count: 2 });
  }
  const truths = doubles(rows + 1);
  truths.set(y);
  const weights = doubles(rows + 1);
  if (weight) weights.set(weight);
  else weights.fill(1, 0, rows);
  const coef = doubles(outputs * cols);
  const sums = doubles(outputs * (cols + 1));
  const scores = doubles(outputs * BLOCK_ROWS);
  const total = totalOf(problem);

  const lossOf = (count: number, start: number) => {
    const place = [truths.byteOffset + start * 8, weights.byteOffset + start * 8] as const;
    if (problem.loss === "logistic") {
      return kernels.linear_logistic(scores.byteOffset, ...place, count, weight ? 0 : 1);
    }
    if (problem.loss === "poisson") return kernels.linear_poisson(scores.byteOffset, ...place, count);
    return kernels.linear_softmax(scores.byteOffset, BLOCK_ROWS, outputs, ...place, count);
  };
  return (theta, gradient) => {
    coef.set(theta.subarray(0, outputs * cols));
    sums.fill(0);
    let loss = 0;
    for (const { at, stride, start, count } of blocks) {
      const block = [at, stride, count, cols] as const;
      for (let k = 0; k < outputs; k++) {
        const out = scores.byteOffset + k * BLOCK_ROWS * 8;
        kernels.linear_scores(...block, coef.byteOffset + k * cols * 8, theta[outputs * cols + k], out);
      }
      loss += lossOf(count, start);
      for (let k = 0; k < outputs; k++) {
        const slope = scores.byteOffset + k * BLOCK_ROWS * 8;
        kernels.linear_gradient(...block, slope, sums.byteOffset + k * (cols + 1) * 8);
      }
    }
    for (let k = 0; k < outputs; k++) {
      const from = k * (cols + 1);
      gradient.set(sums.subarray(from, from + cols), k * cols);
      gradient[outputs * cols + k] = sums[from + cols];
    }
    return finish(problem, total, loss, theta, gradient);
  };
}

export function plainLoss(problem: LinearProblem): Evaluate {
  const { X, y, weight, outputs } = problem;
  const { rows, cols } = X;
  const total = totalOf(problem);
  const weights = weight ?? new Float64Array(rows).fill(1);
  return (theta, gradient) => {
    const scores = linearScores(X, theta.subarray(0, outputs * cols), theta.subarray(outputs * cols));
    const loss = LOSSES[problem.loss](scores, y, weights, outputs);
    for (let k = 0; k < outputs; k++) {
      const slope = scores.subarray(k * rows, (k + 1) * rows);
      for (let j = 0; j < cols; j++) {
        const column = columnView(X, j);
        let sum = 0;
        for (let i = 0; i < rows; i++) sum += slope[i] * column[i];
        gradient[k * cols + j] = sum;
      }
      gradient[outputs * cols + k] = sumOf(slope);
    }
    return finish(problem, total, loss, theta, gradient);
  };
}

/** The weighted sum of the losses; leaves the slopes by score, times the weights, in `scores`. */
type PlainLoss = (scores: Float64Array, y: Float64Array, weight: Float64Array, outputs: number) => number;

const LOSSES: Record<LossName, PlainLoss> = {
  logistic(scores, y, weight) {
    let loss = 0;
    for (let i = 0; i < scores.length; i++) {
      const score = scores[i];
      const small = exp(-Math.abs(score));
      loss += weight[i] * (log1p(small) + Math.max(score, 0) - y[i] * score);
      scores[i] = weight[i] * ((score >= 0 ? 1 : small) / (1 + small) - y[i]);
    }
    return loss;
  },
  poisson(scores, y, weight) {
    let loss = 0;
    for (let i = 0; i < scores.length; i++) {
      const mean = exp(scores[i]);
      loss += weight[i] * (mean - y[i] * scores[i]);
      scores[i] = weight[i] * (mean - y[i]);
    }
    return loss;
  },
  softmax(scores, y, weight, outputs) {
    const rows = y.length;
    let loss = 0;
    for (let i = 0; i < rows; i++) {
      let most = -Infinity;
      for (let k = 0; k < outputs; k++) most = Math.max(most, scores[k * rows + i]);
      const known = scores[y[i] * rows + i];
      let sum = 0;
      for (let k = 0; k < outputs; k++) sum += scores[k * rows + i] = exp(scores[k * rows + i] - most);
      loss += weight[i] * (most + log(sum) - known);
      for (let k = 0; k < outputs; k++) {
        const p = scores[k * rows + i] / sum;
        scores[k * rows + i] = weight[i] * (p - (k === y[i] ? 1 : 0));
      }
    }
    return loss;
  },
};

/**
 * @param scores (outputs * rows), one run of rows an output
 * @returns (rows * classes) row-major, each row sums to 1
 */
export function logisticProbabilities(scores: Float64Array, outputs: number): Float64Array {
  const rows = scores.length / outputs;
  const classes = Math.max(outputs, 2);
  const result = new Float64Array(rows * classes);
  for (let i = 0; i < rows; i++) {
    if (outputs === 1) {
      const small = exp(-Math.abs(scores[i]));
      const less = small / (1 + small);
      const more = 1 / (1 + small);
      result[2 * i] = scores[i] >= 0 ? less : more;
      result[2 * i + 1] = scores[i] >= 0 ? more : less;
      continue;
    }
    let most = -Infinity;
    for (let k = 0; k < outputs; k++) most = Math.max(most, scores[k * rows + i]);
    let sum = 0;
    for (let k = 0; k < outputs; k++) sum += result[i * classes + k] = exp(scores[k * rows + i] - most);
    for (let k = 0; k < outputs; k++) result[i * classes + k] /= sum;
  }
  return result;
}
