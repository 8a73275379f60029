/**
 * The best split of a node, from its histogram.
 *
 * Source: scikit-learn, `_hist_gradient_boosting/splitting.pyx`; Chen and Guestrin, "XGBoost", 2016 (gain, missing
 * values); Fisher, "On grouping for maximum homogeneity", 1958 (sets of categories).
 */
import type { Bins } from "./boosting_bins.ts";
import type { Histogram } from "./boosting_histogram.ts";

/** Sums over the rows of a node. */
export interface NodeSums {
  gradient: number;
  hessian: number;
  rows: number;
  value: number;
}

export interface Split {
  gain: number;
  feature: number;
  /** Bins up to this one go left; unused for categories. */
  bin: number;
  missingLeft: boolean;
  /** (8 words) the bins that go left, for categories. */
  set: Uint32Array | undefined;
  left: NodeSums;
  right: NodeSums;
}

export interface SplitLimits {
  minSamplesLeaf: number;
  l2: number;
}

/** Least sum of hessians of a child. */
export const MIN_HESSIAN = 1e-3;
/** A category counts on its own from this many rows (by hessian); it also damps the order of categories. */
const CATEGORY_SUPPORT = 10;

export function nodeValue(gradient: number, hessian: number, l2: number): number {
  return -gradient / (hessian + l2 + 1e-15);
}

export class SplitFinder {
  #bins: Bins;
  #start: Int32Array;
  #limits: SplitLimits;
  /** Categories before numbers, as scikit-learn orders them; the first of equal gains wins. */
  #order: Int32Array;
  // Of the best split so far.
  #gain = 0;
  #feature = -1;
  #bin = 0;
  #missingLeft = false;
  #set: Uint32Array | undefined;
  #gradientLeft = 0;
  #hessianLeft = 0;
  #rowsLeft = 0;

  constructor(bins: Bins, start: Int32Array, limits: SplitLimits) {
    this.#bins = bins;
    this.#start = start;
    this.#limits = limits;
    const columns = Array.from({ length: bins.cols }, (_, j) => j);
    const isCategory = (j: number) => bins.categorical[j] === 1;
    this.#order = Int32Array.from([...columns.filter(isCategory), ...columns.filter((j) => !isCategory(j))]);
  }

  /**
   * @param allowed (cols) 1 for the columns to look at; absent: all
   * @returns undefined if no split lowers the loss
   */
  find(histogram: Histogram, node: NodeSums, allowed: Uint8Array | undefined): Split | undefined {
    this.#gain = 0;
    this.#feature = -1;
    const { count, missing, categorical } = this.#bins;
    for (const j of this.#order) {
      if (allowed !== undefined && allowed[j] === 0) continue;
      if (count[j] + missing[j] < 2) continue;
      if (categorical[j] === 1) {
        this.#categories(j, histogram, node);
        continue;
      }
      this.#upwards(j, histogram, node);
      if (missing[j] === 1) this.#downwards(j, histogram, node);
    }
    if (this.#feature < 0) return undefined;
    const gradientRight = node.gradient - this.#gradientLeft;
    const hessianRight = node.hessian - this.#hessianLeft;
    const { l2 } = this.#limits;
    return {
      gain: this.#gain,
      feature: this.#feature,
      bin: this.#bin,
      missingLeft: this.#missingLeft,
      set: this.#set,
      left: {
        gradient: this.#gradientLeft,
        hessian: this.#hessianLeft,
        rows: this.#rowsLeft,
        value: nodeValue(this.#gradientLeft, this.#hessianLeft, l2),
      },
      right: {
        gradient: gradientRight,
        hessian: hessianRight,
        rows: node.rows - this.#rowsLeft,
        value: nodeValue(gradientRight, hessianRight, l2),
      },
    };
  }

  /** Bins from low to high go left; missing values go right. */
  #upwards(feature: number, histogram: Histogram, node: NodeSums): void {
    const { minSamplesLeaf, l2 } = this.#limits;
    const { gradient, hessian, rows } = node;
    const lossHere = node.value * gradient;
    const end = this.#bins.count[feature] - 1 + this.#bins.missing[feature];
    let at = this.#start[feature];
    let gradientLeft = 0;
    let hessianLeft = 0;
    let rowsLeft = 0;
    for (let bin = 0; bin < end; bin++, at += 3) {
      gradientLeft += histogram[at];
      hessianLeft += histogram[at + 1];
      rowsLeft += histogram[at + 2];
      if (rowsLeft < minSamplesLeaf) continue;
      if (rows - rowsLeft < minSamplesLeaf) break;
      if (hessianLeft < MIN_HESSIAN) continue;
      const hessianRight = hessian - hessianLeft;
      if (hessianRight < MIN_HESSIAN) break;
      const gradientRight = gradient - gradientLeft;
      const gain = lossHere - nodeValue(gradientLeft, hessianLeft, l2) * gradientLeft -
        nodeValue(gradientRight, hessianRight, l2) * gradientRight;
      if (gain > this.#gain) this.#keep(gain, feature, bin, false, gradientLeft, hessianLeft, rowsLeft);
    }
  }

  /** Bins from high to low go right; missing values go left. */
  #downwards(feature: number, histogram: Histogram, node: NodeSums): void {
    const { minSamplesLeaf, l2 } = this.#limits;
    const { gradient, hessian, rows } = node;
    const lossHere = node.value * gradient;
    const last = this.#bins.count[feature] - 1;
    let at = this.#start[feature] + 3 * last;
    let gradientRight = 0;
    let hessianRight = 0;
    let rowsRight = 0;
    for (let bin = last - 1; bin >= 0; bin--, at -= 3) {
      gradientRight += histogram[at];
      hessianRight += histogram[at + 1];
      rowsRight += histogram[at + 2];
      if (rowsRight < minSamplesLeaf) continue;
      if (rows - rowsRight < minSamplesLeaf) break;
      if (hessianRight < MIN_HESSIAN) continue;
      const hessianLeft = hessian - hessianRight;
      if (hessianLeft < MIN_HESSIAN) break;
      const gradientLeft = gradient - gradientRight;
      const gain = lossHere - nodeValue(gradientLeft, hessianLeft, l2) * gradientLeft -
        nodeValue(gradientRight, hessianRight, l2) * gradientRight;
      if (gain > this.#gain) {
        this.#keep(gain, feature, bin, true, gradientLeft, hessianLeft, rows - rowsRight);
      }
    }
  }

  /**
   * Categories sorted by gradient per hessian, split like numbers, from both ends up to the middle. Categories
   * with little support go right, with the larger half. Missing values are one more category.
   */
  #categories(feature: number, histogram: Histogram, node: NodeSums): void {
    const { minSamplesLeaf, l2 } = this.#limits;
    const { gradient, hessian, rows } = node;
    const start = this.#start[feature];
    const support = rows / hessian;
    const used: number[] = [];
    const value: number[] = [];
    const end = this.#bins.count[feature] + this.#bins.missing[feature];
    for (let bin = 0; bin < end; bin++) {
      const h = histogram[start + 3 * bin + 1];
      if (h * support >= CATEGORY_SUPPORT) {
        used.push(bin);
        value[bin] = histogram[start + 3 * bin] / (h + CATEGORY_SUPPORT);
      }
    }
    if (used.length < 2) return;
    used.sort((a, b) => value[a] - value[b] || a - b);
    const lossHere = node.value * gradient;
    for (const upwards of [true, false]) {
      const middle = Math.floor((used.length + 1) / 2) - (upwards ? 0 : 1);
      let gradientLeft = 0;
      let hessianLeft = 0;
      let rowsLeft = 0;
      for (let i = 0; i < middle; i++) {
        const at = start + 3 * used[upwards ? i : used.length - 1 - i];
        gradientLeft += histogram[at];
        hessianLeft += histogram[at + 1];
        rowsLeft += histogram[at + 2];
        const hessianRight = hessian - hessianLeft;
        if (rowsLeft < minSamplesLeaf || hessianLeft < MIN_HESSIAN) continue;
        if (rows - rowsLeft < minSamplesLeaf || hessianRight < MIN_HESSIAN) break;
        const gradientRight = gradient - gradientLeft;
        const gain = lossHere - nodeValue(gradientLeft, hessianLeft, l2) * gradientLeft -
          nodeValue(gradientRight, hessianRight, l2) * gradientRight;
        if (!(gain > this.#gain)) continue;
        const chosen = upwards ? used.slice(0, i + 1) : used.slice(used.length - 1 - i);
        const set = new Uint32Array(8);
        for (const bin of chosen) set[bin >> 5] |= 1 << (bin & 31);
        const missingLeft = this.#bins.missing[feature] === 1 && chosen.includes(this.#bins.count[feature]);
        this.#keep(gain, feature, 0, missingLeft, gradientLeft, hessianLeft, rowsLeft);
        this.#set = set;
      }
    }
  }

  #keep(
    gain: number,
    feature: number,
    bin: number,
    missingLeft: boolean,
    gradientLeft: number,
    hessianLeft: number,
    rowsLeft: number,
  ): void {
    this.#gain = gain;
    this.#feature = feature;
    this.#bin = bin;
    this.#missingLeft = missingLeft;
    this.#set = undefined;
    this.#gradientLeft = gradientLeft;
    this.#hessianLeft = hessianLeft;
    this.#rowsLeft = rowsLeft;
  }
}
