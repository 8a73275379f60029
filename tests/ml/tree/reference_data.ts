/** The real data sets and scikit-learn's answers of tests/reference/trees.json. */
import type { FitContext, Task } from "@/ml/estimator.ts";
import type { Matrix } from "@/ml/matrix.ts";
import reference from "../../reference/trees.json" with { type: "json" };

export { reference };
export type SetName = keyof typeof reference.sets;

/** X rounded to 32 bits, as scikit-learn's trees see it; `rows` picks some. */
export function dataSet(name: SetName): { X: Matrix; y: Float64Array; task: Task; n_classes: number } {
  const set = reference.sets[name];
  const task = set.task as Task;
  const y = Float64Array.from(set.y);
  return {
    X: {
      rows: set.rows,
      cols: set.cols,
      data: Float64Array.from(Float32Array.from(set.X)),
      names: Array.from({ length: set.cols }, (_, j) => `x${j}`),
      categories: new Array(set.cols).fill(0),
    },
    y,
    task,
    n_classes: task === "classification" ? Math.max(...y) + 1 : 0,
  };
}

export function contextFor(task: Task, n_classes: number, more: Partial<FitContext> = {}): FitContext {
  return { task, n_classes, seed: 0, progress() {}, ...more };
}

/** The weights of the script: 0, 1, 2, 3, 0, … */
export function cyclingWeights(rows: number): Float64Array {
  return Float64Array.from({ length: rows }, (_, i) => i % 4);
}

/** The largest absolute difference. */
export function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let largest = a.length === b.length ? 0 : Infinity;
  for (let i = 0; i < a.length; i++) {
    const difference = Math.abs(a[i] - b[i]);
    if (!(difference <= largest)) largest = difference;
  }
  return largest;
}

/** A matrix from rows of numbers. */
export function matrixOf(rows: number[][], categories?: number[]): Matrix {
  const cols = rows[0]?.length ?? 0;
  const data = new Float64Array(rows.length * cols);
  rows.forEach((row, i) => row.forEach((value, j) => data[j * rows.length + i] = value));
  return {
    rows: rows.length,
    cols,
    data,
    names: Array.from({ length: cols }, (_, j) => `x${j}`),
    categories: categories ?? new Array(cols).fill(0),
  };
}

/** Mean accuracy or R2. */
export function scoreOf(y: Float64Array, predicted: Float64Array, n_classes: number): number {
  const n = y.length;
  if (n_classes > 0) {
    let right = 0;
    for (let i = 0; i < n; i++) {
      const row = predicted.subarray(i * n_classes, (i + 1) * n_classes);
      if (row.indexOf(Math.max(...row)) === y[i]) right++;
    }
    return right / n;
  }
  const mean = y.reduce((a, b) => a + b, 0) / n;
  let residual = 0;
  let total = 0;
  for (let i = 0; i < n; i++) {
    residual += (y[i] - predicted[i]) ** 2;
    total += (y[i] - mean) ** 2;
  }
  return 1 - residual / total;
}
