/** The products of all pairs of columns, the dear part of least squares. */
import { checkStop } from "@/kernels/stop.ts";
import { withArena } from "@/kernels/solo.ts";
import { columnView, type Matrix } from "../matrix.ts";
import { dotFrom } from "../sums.ts";

/** Columns with more entries that are not 0 than this share are quicker as they are. */
const SPARSE_SHARE = 0.2;
/** From so many multiplications on the kernel is quicker. */
const ENOUGH_WORK = 200_000;
/** The products of more columns have no room in the kernels' memory. */
const MOST_COLUMNS = 8192;
/** Rows that are multiplied at once: 20 columns of them stay in a core's cache. */
const BLOCK_ROWS = 512;

/**
 * sum_i w_i (x_ij - mean_j) (x_ik - mean_k) for every j and k.
 *
 * Of two columns one may stay uncentred, for sum_i w_i (x_ij - mean_j) is 0: so one-hot columns, mostly zeros, cost
 * only their ones. The others are multiplied in blocks of rows that stay in the cache.
 * @param means (cols): the weighted means, or all 0
 * @param weight (rows) or absent
 * @returns (cols, cols), symmetric
 */
export function gramOf(X: Matrix, means: Float64Array, weight?: Float64Array): Float64Array {
  const { cols } = X;
  const sparse = Array.from({ length: cols }, (_, j) => sparseColumn(columnView(X, j), weight));
  const dense = [...sparse.keys()].filter((j) => !sparse[j]);
  const G = new Float64Array(cols * cols);
  const among = denseGram(X, dense, means, weight);
  dense.forEach((j, a) => {
    for (let b = 0; b <= a; b++) G[j * cols + dense[b]] = among[a * dense.length + b];
  });
  for (let j = 0; j < cols; j++) {
    for (let k = 0; k <= j; k++) {
      const one = sparse[j] ?? sparse[k];
      if (one) {
        const other = sparse[j] ? k : j;
        G[j * cols + k] = sparseDot(one, columnView(X, other), means[other]);
      }
      G[k * cols + j] = G[j * cols + k];
    }
  }
  return G;
}

/** The entries of a column that are not 0, times their weights. */
interface SparseColumn {
  rows: Uint32Array;
  values: Float64Array;
}

function sparseColumn(column: Float64Array, weight?: Float64Array): SparseColumn | undefined {
  const most = column.length * SPARSE_SHARE;
  let count = 0;
  for (let i = 0; i < column.length && count <= most; i++) if (column[i] !== 0) count++;
  if (count > most) return undefined;
  const rows = new Uint32Array(count);
  count = 0;
  for (let i = 0; i < column.length; i++) if (column[i] !== 0) rows[count++] = i;
  return { rows, values: Float64Array.from(rows, (i) => weight ? weight[i] * column[i] : column[i]) };
}

function sparseDot({ rows, values }: SparseColumn, other: Float64Array, mean: number): number {
  let sum = 0;
  for (let n = 0; n < rows.length; n++) sum += values[n] * (other[rows[n]] - mean);
  return sum;
}

/** (dense, dense), the lower triangle. */
function denseGram(
  X: Matrix,
  dense: readonly number[],
  means: Float64Array,
  weight?: Float64Array,
): Float64Array {
  const n = dense.length;
  const root = weight?.map(Math.sqrt);
  const fill = (block: Float64Array, stride: number, start: number, count: number) => {
    dense.forEach((j, at) => {
      const column = columnView(X, j);
      const mean = means[j];
      const to = at * stride;
      if (root) {
        for (let i = 0; i < count; i++) block[to + i] = root[start + i] * (column[start + i] - mean);
      } else for (let i = 0; i < count; i++) block[to + i] = column[start + i] - mean;
      block.fill(0, to + count, to + stride);
    });
  };
  const isQuick = X.rows * n * n >= ENOUGH_WORK && n <= MOST_COLUMNS;
  return isQuick ? quickGram(X.rows, n, fill) : plainGram(X.rows, n, fill);
}

type Fill = (block: Float64Array, stride: number, start: number, count: number) => void;

function plainGram(rows: number, n: number, fill: Fill): Float64Array {
  const G = new Float64Array(n * n);
  const block = new Float64Array(rows * n);
  fill(block, rows, 0, rows);
  for (let j = 0; j < n; j++) {
    const a = block.subarray(j * rows, (j + 1) * rows);
    for (let k = 0; k <= j; k++) G[j * n + k] = dotFrom(a, 0, block.subarray(k * rows, (k + 1) * rows));
  }
  return G;
}

function quickGram(rows: number, n: number, fill: Fill): Float64Array {
  return withArena(({ kernels, doubles }) => {
    const even = n + n % 2;
    const block = doubles(BLOCK_ROWS * even);
    const G = doubles(even * even);
    for (let start = 0; start < rows; start += BLOCK_ROWS) {
      checkStop();
      fill(block, BLOCK_ROWS, start, Math.min(BLOCK_ROWS, rows - start));
      kernels.linear_gram(block.byteOffset, BLOCK_ROWS, BLOCK_ROWS, even, G.byteOffset);
    }
    const result = new Float64Array(n * n);
    for (let j = 0; j < n; j++) result.set(G.subarray(j * even, j * even + n), j * n);
    return result;
  });
}
