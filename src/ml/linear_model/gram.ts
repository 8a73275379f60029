/** The products of all pairs of columns, the dear part of least squares. */
import { isPlaced, withArena } from "@/kernels/solo.ts";
import { checkStop } from "@/kernels/stop.ts";
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
 * @param columns each (rows); the target may be one of them
 * @param means one a column: the weighted means, or all 0
 * @param weight (rows) or absent
 * @returns (columns, columns), symmetric
 */
export function gramOf(
  columns: readonly Float64Array[],
  means: ArrayLike<number>,
  weight?: Float64Array,
): Float64Array {
  const n = columns.length;
  const sparse = columns.map((column) => sparseColumn(column, weight));
  const dense = [...sparse.keys()].filter((j) => !sparse[j]);
  const G = new Float64Array(n * n);
  const among = denseGram(dense.map((j) => columns[j]), dense.map((j) => means[j]), weight);
  dense.forEach((j, a) => {
    for (let b = 0; b <= a; b++) G[j * n + dense[b]] = among[a * dense.length + b];
  });
  for (let j = 0; j < n; j++) {
    for (let k = 0; k <= j; k++) {
      const one = sparse[j] ?? sparse[k];
      if (one) {
        const other = sparse[j] ? k : j;
        G[j * n + k] = sparseDot(one, columns[other], means[other]);
      }
      G[k * n + j] = G[j * n + k];
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

/** (columns, columns), the lower triangle. */
function denseGram(
  columns: readonly Float64Array[],
  means: readonly number[],
  weight?: Float64Array,
): Float64Array {
  const n = columns.length;
  const rows = columns[0]?.length ?? 0;
  const roots = weight?.map(Math.sqrt);
  const isQuick = rows * n * n >= ENOUGH_WORK && n <= MOST_COLUMNS;
  return isQuick ? quickGram(columns, means, roots) : plainGram(columns, means, roots);
}

/** @param roots (rows) of the weights */
export function plainGram(
  columns: readonly Float64Array[],
  means: readonly number[],
  roots?: Float64Array,
): Float64Array {
  const n = columns.length;
  const G = new Float64Array(n * n);
  const centred = columns.map((column, j) =>
    column.map((value, i) => (roots ? roots[i] : 1) * (value - means[j]))
  );
  for (let j = 0; j < n; j++) {
    for (let k = 0; k <= j; k++) G[j * n + k] = dotFrom(centred[j], 0, centred[k]);
  }
  return G;
}

export function quickGram(
  columns: readonly Float64Array[],
  means: readonly number[],
  roots?: Float64Array,
): Float64Array {
  return withArena(({ kernels, doubles }) => {
    const n = columns.length;
    const rows = columns[0].length;
    const even = n + n % 2;
    const block = doubles(BLOCK_ROWS * even);
    const copy = doubles(BLOCK_ROWS);
    const root = roots && doubles(BLOCK_ROWS);
    const G = doubles(even * even);
    for (let start = 0; start < rows; start += BLOCK_ROWS) {
      checkStop();
      const count = Math.min(BLOCK_ROWS, rows - start);
      root?.set(roots!.subarray(start, start + count));
      columns.forEach((column, j) => {
        const part = column.subarray(start, start + count);
        if (!isPlaced(part)) copy.set(part);
        const from = isPlaced(part) ? part : copy;
        const to = block.subarray(j * BLOCK_ROWS, (j + 1) * BLOCK_ROWS);
        const place = [to.byteOffset, from.byteOffset, count] as const;
        kernels.linear_centre(...place, means[j], root?.byteOffset ?? 0);
        to.fill(0, count);
      });
      kernels.linear_gram(block.byteOffset, BLOCK_ROWS, BLOCK_ROWS, even, G.byteOffset);
    }
    const result = new Float64Array(n * n);
    for (let j = 0; j < n; j++) result.set(G.subarray(j * even, j * even + n), j * n);
    return result;
  });
}
