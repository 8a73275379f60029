/** The penalized log loss of a linear classifier, and its gradient. */
import { columnView, type Matrix } from "../matrix.ts";
import { linearScores } from "./linear_state.ts";

export interface LogisticProblem {
  X: Matrix;
  /** (rows) class indices. */
  y: Float64Array;
  weight: Float64Array;
  /** 1 for two classes, else the number of classes. */
  outputs: number;
  fit_intercept: boolean;
  /** Factor of |coef|^2 / 2, on the scale of a mean over the weights. */
  penalty: number;
}

/**
 * The weighted mean of the log loss plus penalty / 2 |coef|^2, as scikit-learn scales it.
 *
 * Source: https://scikit-learn.org/stable/modules/linear_model.html#logistic-regression
 * @param theta (outputs * cols + outputs) the weights, then the intercepts
 * @param gradient of the same size, overwritten
 */
export function logisticLoss(problem: LogisticProblem, theta: Float64Array, gradient: Float64Array): number {
  const { X, y, weight, outputs, penalty } = problem;
  const { rows, cols } = X;
  const coef = theta.subarray(0, outputs * cols);
  const scores = linearScores(X, coef, theta.subarray(outputs * cols));
  let total = 0;
  for (let i = 0; i < rows; i++) total += weight[i];

  const loss = outputs === 1 ? binaryLoss(scores, y, weight) : softmaxLoss(scores, y, weight, outputs);
  let squares = 0;
  for (let k = 0; k < outputs; k++) {
    const slope = scores.subarray(k * rows, (k + 1) * rows);
    for (let j = 0; j < cols; j++) {
      const column = columnView(X, j);
      let sum = 0;
      for (let i = 0; i < rows; i++) sum += slope[i] * column[i];
      const at = k * cols + j;
      gradient[at] = sum / total + penalty * coef[at];
      squares += coef[at] * coef[at];
    }
    let sum = 0;
    for (let i = 0; i < rows; i++) sum += slope[i];
    gradient[outputs * cols + k] = problem.fit_intercept ? sum / total : 0;
  }
  return loss / total + penalty / 2 * squares;
}

/** Sum of weight * log(1 + exp(-+score)); leaves the slopes by score in `scores`. */
function binaryLoss(scores: Float64Array, y: Float64Array, weight: Float64Array): number {
  let loss = 0;
  for (let i = 0; i < scores.length; i++) {
    const score = scores[i];
    const small = Math.exp(-Math.abs(score));
    loss += weight[i] * (Math.log1p(small) + Math.max(score, 0) - y[i] * score);
    scores[i] = weight[i] * ((score >= 0 ? 1 / (1 + small) : small / (1 + small)) - y[i]);
  }
  return loss;
}

function softmaxLoss(scores: Float64Array, y: Float64Array, weight: Float64Array, outputs: number): number {
  const rows = y.length;
  let loss = 0;
  for (let i = 0; i < rows; i++) {
    let most = -Infinity;
    for (let k = 0; k < outputs; k++) most = Math.max(most, scores[k * rows + i]);
    let sum = 0;
    for (let k = 0; k < outputs; k++) sum += Math.exp(scores[k * rows + i] - most);
    loss += weight[i] * (most + Math.log(sum) - scores[y[i] * rows + i]);
    for (let k = 0; k < outputs; k++) {
      const p = Math.exp(scores[k * rows + i] - most) / sum;
      scores[k * rows + i] = weight[i] * (p - (k === y[i] ? 1 : 0));
    }
  }
  return loss;
}

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
      const small = Math.exp(-Math.abs(scores[i]));
      const less = small / (1 + small);
      const more = 1 / (1 + small);
      result[2 * i] = scores[i] >= 0 ? less : more;
      result[2 * i + 1] = scores[i] >= 0 ? more : less;
      continue;
    }
    let most = -Infinity;
    for (let k = 0; k < outputs; k++) most = Math.max(most, scores[k * rows + i]);
    let sum = 0;
    for (let k = 0; k < outputs; k++) sum += result[i * classes + k] = Math.exp(scores[k * rows + i] - most);
    for (let k = 0; k < outputs; k++) result[i * classes + k] /= sum;
  }
  return result;
}
