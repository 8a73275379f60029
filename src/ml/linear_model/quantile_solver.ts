/** Quantile regression as a linear program, by an interior point. */
import { AppError } from "@/shared/errors.ts";
import { columnView, type Matrix, takeMatrixRows } from "../matrix.ts";
import { dotFrom, sumOf } from "../sums.ts";
import { gramOf } from "./gram.ts";
import { pivotedCholesky, solve } from "./least_squares.ts";
import { linearScores } from "./linear_state.ts";

export interface QuantileOptions {
  quantile: number;
  alpha: number;
  fit_intercept: boolean;
  weight?: Float64Array;
  progress(done: number, total: number): void;
}

export interface QuantileResult {
  coef: Float64Array;
  intercept: number;
  iterations: number;
  converged: boolean;
}

const MAX_ITERATIONS = 100;
/** The gap between the program and its dual, as a share of the loss. */
const TOLERANCE = 1e-11;
/** Of the way to the border of what is allowed. */
const SHY = 0.9995;

/**
 * Minimises the mean of w_i pinball(y_i - x_i coef - intercept) plus alpha |coef|_1.
 *
 * Its dual is max y·a with Zᵀa = 0 and every a_i between -w_i (1 - quantile) and w_i quantile, where Z is X with a
 * column of ones, and a row e_j with bounds of -+alpha for each penalized weight. Each iteration solves least
 * squares with other weights twice.
 *
 * Source: Portnoy and Koenker, "The Gaussian Hare and the Laplacian Tortoise" (1997), section 4; the predictor and
 * corrector are Mehrotra's (1992).
 * @throws AppError invalid_argument where the numbers are too different in size to solve
 */
export function solveQuantile(X: Matrix, y: Float64Array, options: QuantileOptions): QuantileResult {
  const { weight } = options;
  if (weight?.includes(0)) {
    const rows = Uint32Array.from([...weight.keys()].filter((i) => weight[i] > 0));
    const take = (values: Float64Array) => Float64Array.from(rows, (i) => values[i]);
    return solveQuantile(takeMatrixRows(X, rows), take(y), { ...options, weight: take(weight) });
  }
  const design = new Design(X, options);
  const { size, rows } = design;
  const { mean, scale } = spreadAround(y, options.fit_intercept);
  const costs = new Float64Array(size); // minus the targets
  for (let i = 0; i < rows; i++) costs[i] = (mean - y[i]) / scale;

  // x from the lower bound up, s from the upper bound down: both above 0, with x + s fixed.
  const x = design.lower.slice();
  const s = design.upper.slice();
  const ones = new Float64Array(size).fill(1);
  let p = design.solver(ones)(design.transposed(costs));
  const r = subtract(costs, design.times(p));
  const start = Math.max(r.reduce((most, v) => Math.max(most, Math.abs(v)), 0) * 0.1, 1e-3);
  const z = r.map((v) => Math.max(v, 0) + start);
  const v = r.map((value) => Math.max(-value, 0) + start);
  const [dx, dz, dv] = Array.from({ length: 3 }, () => new Float64Array(size));
  const [rx, rs, q, right] = Array.from({ length: 4 }, () => new Float64Array(size));

  let iterations = 0;
  let converged = false;
  for (; iterations < MAX_ITERATIONS; iterations++) {
    const gap = dotFrom(x, 0, z) + dotFrom(s, 0, v);
    const loss = design.loss(subtract(costs, design.times(p)));
    options.progress(iterations, MAX_ITERATIONS);
    if (gap <= TOLERANCE * (loss + 1e-12 * rows)) {
      converged = true;
      break;
    }
    for (let i = 0; i < size; i++) q[i] = 1 / (z[i] / x[i] + v[i] / s[i]);
    const solveWith = design.solver(q);
    const direction = () => {
      for (let i = 0; i < size; i++) right[i] = q[i] * (rx[i] / x[i] - rs[i] / s[i]);
      const dp = solveWith(design.transposed(right)).map((value) => -value);
      const along = design.times(dp);
      for (let i = 0; i < size; i++) {
        dx[i] = q[i] * along[i] + right[i];
        dz[i] = (rx[i] - z[i] * dx[i]) / x[i];
        dv[i] = (rs[i] + v[i] * dx[i]) / s[i];
      }
      return dp;
    };
    for (let i = 0; i < size; i++) {
      rx[i] = -x[i] * z[i];
      rs[i] = -s[i] * v[i];
    }
    direction();
    const [primal, dual] = [stepLength(x, s, dx, 1), Math.min(stepOf(z, dz, 1), stepOf(v, dv, 1))];
    let after = 0;
    for (let i = 0; i < size; i++) {
      after += (x[i] + primal * dx[i]) * (z[i] + dual * dz[i]) +
        (s[i] - primal * dx[i]) * (v[i] + dual * dv[i]);
    }
    const ratio = after / gap;
    const target = ratio * ratio * ratio * gap / (2 * size);
    for (let i = 0; i < size; i++) {
      rx[i] = target - x[i] * z[i] - dx[i] * dz[i];
      rs[i] = target - s[i] * v[i] + dx[i] * dv[i];
    }
    const dp = direction();
    const a = stepLength(x, s, dx, SHY);
    const b = Math.min(stepOf(z, dz, SHY), stepOf(v, dv, SHY));
    if (!(a > 1e-12 || b > 1e-12)) break; // as near as rounding lets it
    for (let i = 0; i < size; i++) {
      x[i] += a * dx[i];
      s[i] -= a * dx[i];
      z[i] += b * dz[i];
      v[i] += b * dv[i];
    }
    p = p.map((value, j) => value + b * dp[j]);
  }
  options.progress(MAX_ITERATIONS, MAX_ITERATIONS);
  const { coef, intercept } = design.split(p.map((value) => -value * scale));
  if (!coef.every(Number.isFinite)) {
    throw new AppError(
      "invalid_argument",
      "Cannot fit quantile_regression: its equations have no finite solution",
      {
        hint: "Bring the columns to sizes around 1, or leave out rows with extreme numbers.",
      },
    );
  }
  return { coef, intercept: intercept + (options.fit_intercept ? mean : 0), iterations, converged };
}

/** Z, its bounds, and least squares with it. */
class Design {
  readonly rows: number;
  /** Rows with those of the penalty. */
  readonly size: number;
  readonly lower: Float64Array;
  readonly upper: Float64Array;
  readonly #X: Matrix;
  readonly #intercept: boolean;
  readonly #penalized: number;

  constructor(X: Matrix, { weight, quantile, alpha, fit_intercept }: QuantileOptions) {
    this.#X = X;
    this.rows = X.rows;
    this.#intercept = fit_intercept;
    this.#penalized = alpha > 0 ? X.cols : 0;
    this.size = X.rows + this.#penalized;
    this.lower = new Float64Array(this.size).fill(alpha * X.rows);
    this.upper = this.lower.slice();
    // Only their ratios count: so they become 1 in the mean, however large they are.
    const mean = weight ? weight.reduce((sum, w) => sum + w / X.rows, 0) : 1;
    for (let i = 0; i < X.rows; i++) {
      const share = weight ? weight[i] / mean : 1;
      this.lower[i] = share * (1 - quantile);
      this.upper[i] = share * quantile;
    }
  }

  /** The loss, penalty included, of residuals of the opposite sign. */
  loss(r: Float64Array): number {
    let sum = 0;
    for (let i = 0; i < this.size; i++) sum += r[i] > 0 ? this.lower[i] * r[i] : -this.upper[i] * r[i];
    return sum;
  }

  split(p: Float64Array): { coef: Float64Array; intercept: number } {
    const { cols } = this.#X;
    return { coef: p.slice(0, cols), intercept: this.#intercept ? p[cols] : 0 };
  }

  /** Z p */
  times(p: Float64Array): Float64Array {
    const { coef, intercept } = this.split(p);
    const result = new Float64Array(this.size);
    result.set(linearScores(this.#X, coef, Float64Array.of(intercept)));
    if (this.#penalized > 0) result.set(coef, this.rows);
    return result;
  }

  /** Zᵀ a */
  transposed(a: Float64Array): Float64Array {
    const { cols } = this.#X;
    const values = a.subarray(0, this.rows);
    const result = new Float64Array(cols + (this.#intercept ? 1 : 0));
    for (let j = 0; j < cols; j++) {
      result[j] = dotFrom(columnView(this.#X, j), 0, values) + (this.#penalized > 0 ? a[this.rows + j] : 0);
    }
    if (this.#intercept) result[cols] = sumOf(values);
    return result;
  }

  /** Solves (Zᵀ diag(q) Z) p = right. */
  solver(q: Float64Array): (right: Float64Array) => Float64Array {
    const X = this.#X;
    const { cols } = X;
    const n = cols + (this.#intercept ? 1 : 0);
    const weights = q.subarray(0, this.rows);
    const columns = Array.from({ length: cols }, (_, j) => columnView(X, j));
    const G = gramOf(columns, new Float64Array(cols), weights);
    const whole = new Float64Array(n * n);
    for (let j = 0; j < cols; j++) {
      whole.set(G.subarray(j * cols, (j + 1) * cols), j * n);
      if (this.#penalized > 0) whole[j * n + j] += q[this.rows + j];
      if (this.#intercept) whole[j * n + cols] = whole[cols * n + j] = dotFrom(columnView(X, j), 0, weights);
    }
    if (this.#intercept) whole[cols * n + cols] = sumOf(weights);
    const factor = pivotedCholesky(whole, n);
    return (right) => solve(factor, right);
  }
}

/** The largest step, at most 1, that keeps x + step * dx at 0 or more, times `share`. */
function stepOf(x: Float64Array, dx: Float64Array, share: number): number {
  let step = Infinity;
  for (let i = 0; i < x.length; i++) if (dx[i] < 0) step = Math.min(step, -x[i] / dx[i]);
  return Math.min(1, share * step);
}

function stepLength(x: Float64Array, s: Float64Array, dx: Float64Array, share: number): number {
  let step = Infinity;
  for (let i = 0; i < x.length; i++) {
    if (dx[i] < 0) step = Math.min(step, -x[i] / dx[i]);
    else if (dx[i] > 0) step = Math.min(step, s[i] / dx[i]);
  }
  return Math.min(1, share * step);
}

function subtract(a: Float64Array, b: Float64Array): Float64Array {
  return a.map((value, i) => value - b[i]);
}

/** Targets in units around 1, so that targets of any size give the same steps. */
function spreadAround(y: Float64Array, centre: boolean): { mean: number; scale: number } {
  const mean = centre ? y.reduce((sum, value) => sum + value / y.length, 0) : 0;
  const scale = y.reduce((sum, value) => sum + Math.abs(value - mean) / y.length, 0);
  return { mean, scale: scale || 1 };
}
