/** Sums of gradients, hessians and rows by bin: three numbers a bin, all columns in one array. */
import type { Bins } from "./boosting_bins.ts";

export type Histogram = Float64Array;

export class HistogramBuilder {
  /** (cols) where a column's bins start in a histogram. */
  readonly start: Int32Array;
  #bins: Bins;
  #size: number;
  /** Columns that can be split. */
  #columns: number[] = [];
  #gradients: Float32Array;
  #hessians: Float32Array;
  /** Histograms that no node needs any more. */
  #free: Histogram[] = [];

  constructor(bins: Bins) {
    this.#bins = bins;
    this.start = new Int32Array(bins.cols);
    let at = 0;
    for (let j = 0; j < bins.cols; j++) {
      this.start[j] = at;
      at += 3 * (bins.count[j] + 1);
      if (bins.count[j] + bins.missing[j] > 1) this.#columns.push(j);
    }
    this.#size = at;
    this.#gradients = new Float32Array(bins.rows);
    this.#hessians = new Float32Array(bins.rows);
  }

  /**
   * Sums over the given rows.
   * @param hessian absent: every row counts 1
   */
  build(
    rows: Int32Array,
    from: number,
    to: number,
    gradient: Float32Array,
    hessian: Float32Array | undefined,
  ): Histogram {
    const histogram = this.#free.pop()?.fill(0) ?? new Float64Array(this.#size);
    const n = to - from;
    const gradients = this.#gradients;
    const hessians = this.#hessians;
    for (let i = 0; i < n; i++) gradients[i] = gradient[rows[from + i]];
    if (hessian !== undefined) { for (let i = 0; i < n; i++) hessians[i] = hessian[rows[from + i]]; }
    for (const j of this.#columns) {
      const column = this.#bins.data.subarray(j * this.#bins.rows, (j + 1) * this.#bins.rows);
      if (hessian === undefined) addCounts(histogram, this.start[j], column, rows, from, n, gradients);
      else addHessians(histogram, this.start[j], column, rows, from, n, gradients, hessians);
    }
    if (hessian === undefined) {
      for (let b = 0; b < histogram.length; b += 3) histogram[b + 1] = histogram[b + 2];
    }
    return histogram;
  }

  /** Turns the parent's histogram into that of the child whose sibling's is given. */
  subtract(parent: Histogram, sibling: Histogram): Histogram {
    for (let b = 0; b < parent.length; b++) parent[b] -= sibling[b];
    return parent;
  }

  /** Gives a histogram back for reuse. */
  release(histogram: Histogram): void {
    this.#free.push(histogram);
  }
}

function addCounts(
  histogram: Histogram,
  start: number,
  column: Uint8Array,
  rows: Int32Array,
  from: number,
  n: number,
  gradients: Float32Array,
): void {
  for (let i = 0; i < n; i++) {
    const b = start + 3 * column[rows[from + i]];
    histogram[b] += gradients[i];
    histogram[b + 2]++;
  }
}

function addHessians(
  histogram: Histogram,
  start: number,
  column: Uint8Array,
  rows: Int32Array,
  from: number,
  n: number,
  gradients: Float32Array,
  hessians: Float32Array,
): void {
  for (let i = 0; i < n; i++) {
    const b = start + 3 * column[rows[from + i]];
    histogram[b] += gradients[i];
    histogram[b + 1] += hessians[i];
    histogram[b + 2]++;
  }
}
