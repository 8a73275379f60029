/** Least squares with an optional L2 penalty, by the normal equations of the centred columns. */
import { columnView, type Matrix } from "../matrix.ts";

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
 * smallest norm, as scikit-learn's (the full-rank factor as in Courrieu 2005, https://arxiv.org/abs/0804.4809). A step of iterative refinement on the residuals takes back most of what
 * squaring the condition number costs.
 * @param X (rows, cols) without NaN
 * @param weight (rows) or absent
 */
export function solveLeastSquares(
  X: Matrix,
  y: Float64Array,
  options: { alpha: number; fit_intercept: boolean; weight?: Float64Array },
): LeastSquares {
  const { alpha, fit_intercept } = options;
  const { rows, cols } = X;
  const weight = options.weight ?? new Float64Array(rows).fill(1);
  const totalWeight = weight.reduce((sum, w) => sum + w, 0);
  const root = weight.map(Math.sqrt);

  const means = new Float64Array(cols);
  let yMean = 0;
  if (fit_intercept) {
    for (let j = 0; j < cols; j++) means[j] = dot(columnView(X, j), weight) / totalWeight;
    yMean = dot(y, weight) / totalWeight;
  }
  const A = new Float64Array(rows * cols);
  for (let j = 0; j < cols; j++) {
    const from = columnView(X, j);
    for (let i = 0; i < rows; i++) A[j * rows + i] = root[i] * (from[i] - means[j]);
  }
  const residual = y.map((value, i) => root[i] * (value - yMean));

  const G = gram(A, X, root);
  for (let j = 0; j < cols; j++) G[j * cols + j] += alpha;
  const factor = pivotedCholesky(G, cols);

  const coef = new Float64Array(cols);
  for (let pass = 0; pass < 2; pass++) {
    const right = new Float64Array(cols);
    for (let j = 0; j < cols; j++) {
      right[j] = dot(residual, A.subarray(j * rows, (j + 1) * rows)) - alpha * coef[j];
    }
    const step = solve(factor, right);
    for (let j = 0; j < cols; j++) {
      coef[j] += step[j];
      const column = A.subarray(j * rows, (j + 1) * rows);
      for (let i = 0; i < rows; i++) residual[i] -= step[j] * column[i];
    }
  }
  return { coef, intercept: yMean - dot(means, coef) };
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

/** The entries of a column that are not 0, times the roots of their weights. */
interface SparseColumn {
  rows: Uint32Array;
  values: Float64Array;
}

/** Columns with more entries than this share are quicker as they are. */
const SPARSE_SHARE = 0.2;

function sparseColumn(column: Float64Array, root: Float64Array): SparseColumn | undefined {
  let count = 0;
  for (const value of column) if (value !== 0) count++;
  if (count > column.length * SPARSE_SHARE) return undefined;
  const rows = new Uint32Array(count);
  count = 0;
  for (let i = 0; i < column.length; i++) if (column[i] !== 0) rows[count++] = i;
  return { rows, values: Float64Array.from(rows, (i) => root[i] * column[i]) };
}

/**
 * AᵀA of the centred, weighted columns A of X.
 *
 * Each centred column sums to 0, so in the product of two of them one may stay uncentred: one-hot columns, mostly
 * zeros, then cost only their ones. Dense ones are multiplied in blocks of rows that stay in the cache.
 * @returns (cols, cols), symmetric
 */
function gram(A: Float64Array, X: Matrix, root: Float64Array): Float64Array {
  const { rows, cols } = X;
  const G = new Float64Array(cols * cols);
  const sparse = Array.from({ length: cols }, (_, j) => sparseColumn(columnView(X, j), root));
  const dense = [...sparse.keys()].filter((j) => !sparse[j]);
  const block = 512;
  for (let start = 0; start < rows; start += block) {
    const end = Math.min(start + block, rows);
    for (const j of dense) {
      const a = A.subarray(j * rows + start, j * rows + end);
      for (const k of dense) {
        if (k > j) break;
        G[j * cols + k] += dot(a, A.subarray(k * rows + start, k * rows + end));
      }
    }
  }
  for (let j = 0; j < cols; j++) {
    for (let k = 0; k <= j; k++) {
      const one = sparse[j] ?? sparse[k];
      if (one) {
        const other = sparse[j] ? k : j;
        G[j * cols + k] = sparseDot(one, A.subarray(other * rows, (other + 1) * rows));
      }
      G[k * cols + j] = G[j * cols + k];
    }
  }
  return G;
}

function sparseDot(column: SparseColumn, other: Float64Array): number {
  const { rows, values } = column;
  let sum = 0;
  for (let n = 0; n < rows.length; n++) sum += values[n] * other[rows[n]];
  return sum;
}

interface Factor {
  size: number;
  rank: number;
  /** The columns of G in the order they were taken, `rank` of them. */
  pivots: number[];
  /** (size, rank) row-major with G = L Lᵀ, rows in the original order of the columns of G. */
  L: Float64Array;
  /** Cholesky factor of LᵀL, (rank, rank) row-major; only when rank < size. */
  inner?: Float64Array;
}

/** G = L Lᵀ for a symmetric positive semidefinite G, taking the largest remaining diagonal first. */
function pivotedCholesky(G: Float64Array, size: number): Factor {
  const diagonal = Float64Array.from({ length: size }, (_, j) => G[j * size + j]);
  // Below this share of its column a remaining diagonal is rounding noise.
  const smallest = diagonal.map((value) => value * Math.max(size, 10) * 1e-14);
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
  return { size, rank, pivots, L, inner: rank < size ? innerFactor(columns) : undefined };
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
function solve(factor: Factor, right: Float64Array): Float64Array {
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
