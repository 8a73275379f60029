/** Sums of columns by class, in the order of the rows: by the kernels for many rows, in TypeScript for few. */
import { type Arena, isPlaced, withArena } from "@/kernels/solo.ts";
import { columnView, type Matrix } from "../matrix.ts";

export interface ClassSumsOptions {
  /** (rows) class indices */
  kinds: Int32Array;
  n_classes: number;
  /** (rows) or absent */
  weight?: Float64Array;
  /** (classes * cols): the squares of the distances from them are summed, not the numbers. */
  means?: Float64Array;
}

/** Columns that the kernel takes at once. */
const LANES = 8;
const ENOUGH_ROWS = 1024;

/** @returns (classes * cols), the same bits whatever the way */
export function classSums(X: Matrix, options: ClassSumsOptions): Float64Array {
  const isQuick = X.rows >= ENOUGH_ROWS && X.cols >= LANES && isPlaced(X.data);
  return isQuick ? withArena((arena) => quickClassSums(arena, X, options)) : plainClassSums(X, options);
}

/** The weight of each class, (classes). */
export function classCounts({ kinds, n_classes, weight }: ClassSumsOptions): Float64Array {
  const counts = new Float64Array(n_classes);
  for (let i = 0; i < kinds.length; i++) counts[kinds[i]] += weight ? weight[i] : 1;
  return counts;
}

export function plainClassSums(
  X: Matrix,
  { kinds, n_classes, weight, means }: ClassSumsOptions,
): Float64Array {
  const sums = new Float64Array(n_classes * X.cols);
  const own = new Float64Array(n_classes);
  for (let j = 0; j < X.cols; j++) {
    const column = columnView(X, j);
    own.fill(0);
    for (let i = 0; i < X.rows; i++) {
      const far = means ? column[i] - means[kinds[i] * X.cols + j] : column[i];
      const value = means ? far * far : far;
      own[kinds[i]] += weight ? value * weight[i] : value;
    }
    own.forEach((sum, k) => sums[k * X.cols + j] = sum);
  }
  return sums;
}

/** @param X in the kernels' memory, with 8 columns at least */
export function quickClassSums(
  arena: Arena,
  X: Matrix,
  { kinds, n_classes, weight, means }: ClassSumsOptions,
): Float64Array {
  const { rows, cols } = X;
  const places = arena.integers(rows);
  places.set(kinds);
  const weights = weight && arena.room(rows);
  weights?.set(weight!);
  const cells = arena.doubles(n_classes * LANES);
  const from = means && arena.doubles(n_classes * LANES);
  const sums = new Float64Array(n_classes * cols);
  for (let next = 0; next < cols; next += LANES) {
    // The last eight may be columns that were summed before.
    const first = Math.min(next, cols - LANES);
    cells.fill(0);
    for (let k = 0; k < n_classes; k++) {
      from?.set(means!.subarray(k * cols + first, k * cols + first + LANES), k * LANES);
    }
    arena.kernels.column_class_sums(
      ...[X.data.byteOffset + first * rows * 8, rows, rows, places.byteOffset] as const,
      ...[weights?.byteOffset ?? 0, from?.byteOffset ?? 0, cells.byteOffset] as const,
    );
    for (let k = 0; k < n_classes; k++) {
      sums.set(cells.subarray(k * LANES, (k + 1) * LANES), k * cols + first);
    }
  }
  return sums;
}
