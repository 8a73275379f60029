/** The elastic net by coordinate descent on the products of the columns. */
import { AppError } from "@/shared/errors.ts";
import type { Matrix } from "../matrix.ts";
import { dotFrom, sumOf } from "../sums.ts";
import { normalEquations, weightedMeans } from "./least_squares.ts";

export interface ElasticNetOptions {
  alpha: number;
  l1_ratio: number;
  fit_intercept: boolean;
  positive: boolean;
  max_iter: number;
  tol: number;
  weight?: Float64Array;
  progress(done: number, total: number): void;
}

export interface ElasticNetResult {
  coef: Float64Array;
  intercept: number;
  iterations: number;
  converged: boolean;
}

/** The products of more columns than this would take over half a GiB. */
const MAX_COLUMNS = 8192;

/**
 * Minimises sum_i w_i (y_i - x_i coef - intercept)^2 / (2 sum w) + alpha (l1_ratio |coef|_1 + (1 - l1_ratio) |coef|^2 / 2).
 *
 * Source: Friedman, Hastie and Tibshirani, "Regularization Paths for Generalized Linear Models via Coordinate
 * Descent" (2010); it stops by the duality gap, as scikit-learn.
 * @throws AppError resource_exhausted for more than 8192 columns
 */
export function solveElasticNet(
  X: Matrix,
  y: Float64Array,
  name: string,
  options: ElasticNetOptions,
): ElasticNetResult {
  const { cols } = X;
  const { weight, fit_intercept, alpha, l1_ratio } = options;
  if (cols > MAX_COLUMNS) {
    throw new AppError(
      "resource_exhausted",
      `Cannot fit ${name}: the products of ${cols} columns would take ${
        (cols * cols * 8 / 2 ** 30).toFixed(1)
      } GiB, and it takes ${MAX_COLUMNS} columns at most`,
      { hint: "Exclude columns with many categories, or use ridge." },
    );
  }
  const total = weight ? sumOf(weight) : X.rows;
  const { means, yMean } = fit_intercept
    ? weightedMeans(X, y, weight)
    : { means: new Float64Array(cols), yMean: 0 };
  const { G, right, yy } = normalEquations(X, y, { means, yMean }, weight);
  const problem = {
    Q: G,
    q: right,
    yy,
    l1: alpha * l1_ratio * total,
    l2: alpha * (1 - l1_ratio) * total,
  };
  const { w, iterations, converged } = descend(problem, options);
  return { coef: w, intercept: yMean - dotFrom(means, 0, w), iterations, converged };
}

interface Quadratic {
  /** (cols, cols) */
  Q: Float64Array;
  q: Float64Array;
  yy: number;
  l1: number;
  l2: number;
}

function descend(problem: Quadratic, { positive, max_iter, tol, progress }: ElasticNetOptions) {
  const { Q, q, yy, l1, l2 } = problem;
  const n = q.length;
  const w = new Float64Array(n);
  const Qw = new Float64Array(n);
  for (let iteration = 1; iteration <= max_iter; iteration++) {
    let [largest, change] = [0, 0];
    for (let j = 0; j < n; j++) {
      const own = Q[j * n + j];
      if (own === 0) continue;
      const pull = q[j] - Qw[j] + w[j] * own;
      const size = positive && pull < 0 ? 0 : Math.max(Math.abs(pull) - l1, 0) / (own + l2);
      const next = pull < 0 ? -size : size;
      const step = next - w[j];
      if (step !== 0) {
        w[j] = next;
        for (let k = 0, at = j * n; k < n; k++) Qw[k] += step * Q[at + k];
      }
      change = Math.max(change, Math.abs(step));
      largest = Math.max(largest, size);
    }
    progress(iteration, max_iter);
    // Without a penalty the gap is no measure: then what rounding leaves.
    const isStill = change <= 1e-15 * largest;
    if (isStill || change <= tol * largest && dualityGap(problem, w, Qw, positive) <= tol * yy) {
      return { w, iterations: iteration, converged: true };
    }
  }
  return { w, iterations: max_iter, converged: false };
}

function dualityGap(
  { q, yy, l1, l2 }: Quadratic,
  w: Float64Array,
  Qw: Float64Array,
  positive: boolean,
): number {
  let [most, wq, wQw, ww, norm] = [0, 0, 0, 0, 0];
  for (let j = 0; j < w.length; j++) {
    const slope = q[j] - Qw[j] - l2 * w[j];
    most = Math.max(most, positive ? slope : Math.abs(slope));
    wq += w[j] * q[j];
    wQw += w[j] * Qw[j];
    ww += w[j] * w[j];
    norm += Math.abs(w[j]);
  }
  const squares = yy + wQw - 2 * wq;
  const share = most > l1 ? l1 / most : 1;
  const half = most > l1 ? (squares + squares * share * share) / 2 : squares;
  return half + l1 * norm - share * (yy - wq) + l2 * (1 + share * share) * ww / 2;
}
