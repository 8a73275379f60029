/** Least squares with an optional L2 penalty, by the normal equations of the centred columns. */
import { columnView, type Matrix } from "../matrix.ts";
import { dotFrom, sumOf } from "../sums.ts";
import { gramOf } from "./gram.ts";

export interface LeastSquares {
  /** (cols) */
  coef: Float64Array;
  intercept: number;
}

/**
 * Minimises sum_i w_i (y_i - x_i coef - intercept)^2 + alpha |coef|^2. The intercept carries no penalty.
 *
 * The Gram matrix of the centred columns gets a Cholesky decomposition with pivoting. Where columns depend on
 * each other (one-hot columns always do) or are more than the rows, and alpha is 0, the solution is the one of
 * smallest norm, as scikit-learn's (the full-rank factor as in Courrieu 2005, https://arxiv.org/abs/0804.4809).
 * Unless the columns are far from depending on each other, a step of iterative refinement on the residuals takes back
 * most of what squaring the condition number costs.
 * @param X (rows, cols) without NaN
 * @param weight (rows) or absent
 */
export function solveLeastSquares(
  X: Matrix,
  y: Float64Array,
  options: { alpha: number; fit_intercept: boolean; weight?: Float64Array },
): LeastSquares {
  const { alpha, fit_intercept } = options;
  const { cols } = X;
  const { weight } = options;
  const { means, yMean } = fit_intercept
    ? weightedMeans(X, y, weight)
    : { means: new Float64Array(cols), yMean: 0 };
  const { G, right } = normalEquations(X, y, { means, yMean }, weight);
  for (let j = 0; j < cols; j++) G[j * cols + j] += alpha;
  const factor = pivotedCholesky(G, cols);

  const coef = solve(factor, right);
  if (factor.rank < cols || factor.least < WELL_APART) {
    const residual = y.map((value) => value - yMean);
    subtractColumns(residual, X, means, coef);
    const weighted = weight ? residual.map((value, i) => weight[i] * value) : residual;
    const rest = coef.map((value, j) => dotFrom(columnView(X, j), means[j], weighted) - alpha * value);
    solve(factor, rest).forEach((step, j) => coef[j] += step);
  }
  return { coef, intercept: yMean - dot(means, coef) };
}

/** Of a column at least this share of its square is not told by the others: rounding then costs three digits at most. */
const WELL_APART = 1e-3;

/** XᵀX, Xᵀy and yᵀy of centred columns and target, weighted. */
export function normalEquations(
  X: Matrix,
  y: Float64Array,
  { means, yMean }: { means: Float64Array; yMean: number },
  weight?: Float64Array,
): { G: Float64Array; right: Float64Array; yy: number } {
  const { cols } = X;
  const columns = [...Array.from({ length: cols }, (_, j) => columnView(X, j)), y];
  const all = gramOf(columns, [...means, yMean], weight);
  const n = cols + 1;
  const G = new Float64Array(cols * cols);
  for (let j = 0; j < cols; j++) G.set(all.subarray(j * n, j * n + cols), j * cols);
  return { G, right: all.slice(cols * n, cols * n + cols), yy: all[n * n - 1] };
}

/** The means that rows count to as much as their weights. */
export function weightedMeans(
  X: Matrix,
  y: Float64Array,
  weight?: Float64Array,
): { means: Float64Array; yMean: number } {
  const total = weight ? sumOf(weight) : X.rows;
  const mean = (values: Float64Array) => (weight ? dotFrom(values, 0, weight) : sumOf(values)) / total;
  return { means: Float64Array.from({ length: X.cols }, (_, j) => mean(columnView(X, j))), yMean: mean(y) };
}

/** target -= (X - means) coef */
function subtractColumns(target: Float64Array, X: Matrix, means: Float64Array, coef: Float64Array): void {
  for (let j = 0; j < X.cols; j++) {
    const column = columnView(X, j);
    const [mean, step] = [means[j], coef[j]];
    if (step !== 0) { for (let i = 0; i < target.length; i++) target[i] -= step * (column[i] - mean); }
  }
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

export interface Factor {
  size: number;
  rank: number;
  /** The smallest share of a taken diagonal that the columns taken before left. */
  least: number;
  /** The columns of G in the order they were taken, `rank` of them. */
  pivots: number[];
  /** (size, rank) row-major with G = L Lᵀ, rows in the original order of the columns of G. */
  L: Float64Array;
  /** Cholesky factor of LᵀL, (rank, rank) row-major; only when rank < size. */
  inner?: Float64Array;
}

/** G = L Lᵀ for a symmetric positive semidefinite G, taking the largest remaining diagonal first. */
export function pivotedCholesky(G: Float64Array, size: number): Factor {
  const diagonal = Float64Array.from({ length: size }, (_, j) => G[j * size + j]);
  // Below this share of its column a remaining diagonal is rounding noise.
  const smallest = diagonal.map((value) => value * Math.max(size, 10) * 1e-14);
  const whole = diagonal.slice();
  let least = 1;
  const used = new Uint8Array(size);
  const pivots: number[] = [];
  const columns: Float64Array[] = [];
  for (;;) {
    let pivot = -1;
    for (let j = 0; j < size; j++) {
      if (used[j] || diagonal[j] <= smallest[j]) continue;
      if (pivot < 0 || diagonal[j] > diagonal[pivot]) pivot = j;
    }
    if (pivot < 0) break;
    used[pivot] = 1;
    least = Math.min(least, diagonal[pivot] / whole[pivot]);
    const root = Math.sqrt(diagonal[pivot]);
    const column = G.slice(pivot * size, (pivot + 1) * size);
    for (const earlier of columns) {
      const share = earlier[pivot];
      if (share !== 0) { for (let j = 0; j < size; j++) column[j] -= share * earlier[j]; }
    }
    for (let j = 0; j < size; j++) {
      column[j] = used[j] ? 0 : column[j] / root;
      diagonal[j] -= column[j] * column[j];
    }
    column[pivot] = root;
    pivots.push(pivot);
    columns.push(column);
  }
  const rank = columns.length;
  const L = new Float64Array(size * rank);
  columns.forEach((column, r) => {
    for (let j = 0; j < size; j++) L[j * rank + r] = column[j];
  });
  return { size, rank, least, pivots, L, inner: rank < size ? innerFactor(columns) : undefined };
}

/** The Cholesky factor of LᵀL, given the columns of L. */
function innerFactor(columns: readonly Float64Array[]): Float64Array {
  const n = columns.length;
  const M = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = dot(columns[i], columns[j]);
      for (let k = 0; k < j; k++) sum -= M[i * n + k] * M[j * n + k];
      M[i * n + j] = i === j ? Math.sqrt(Math.max(sum, Number.MIN_VALUE)) : sum / M[j * n + j];
    }
  }
  return M;
}

/**
 * The x of smallest norm with G x = right: first the one that uses the pivot columns only, then, when there are
 * others, its projection L (LᵀL)⁻¹ Lᵀ x on the space that G spans.
 */
export function solve(factor: Factor, right: Float64Array): Float64Array {
  const { size, rank, pivots, L, inner } = factor;
  const z = new Float64Array(rank);
  for (let r = 0; r < rank; r++) {
    const row = pivots[r] * rank;
    let sum = right[pivots[r]];
    for (let q = 0; q < r; q++) sum -= L[row + q] * z[q];
    z[r] = sum / L[row + r];
  }
  const x = new Float64Array(size);
  for (let r = rank - 1; r >= 0; r--) {
    let sum = z[r];
    for (let q = r + 1; q < rank; q++) sum -= L[pivots[q] * rank + r] * x[pivots[q]];
    x[pivots[r]] = sum / L[pivots[r] * rank + r];
  }
  if (!inner) return x;

  const u = new Float64Array(rank);
  for (let j = 0; j < size; j++) {
    for (let r = 0; r < rank; r++) u[r] += L[j * rank + r] * x[j];
  }
  for (let r = 0; r < rank; r++) {
    for (let q = 0; q < r; q++) u[r] -= inner[r * rank + q] * u[q];
    u[r] /= inner[r * rank + r];
  }
  for (let r = rank - 1; r >= 0; r--) {
    for (let q = r + 1; q < rank; q++) u[r] -= inner[q * rank + r] * u[q];
    u[r] /= inner[r * rank + r];
  }
  for (let j = 0; j < size; j++) x[j] = dot(L.subarray(j * rank, (j + 1) * rank), u);
  return x;
}
