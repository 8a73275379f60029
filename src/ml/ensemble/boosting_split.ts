/**
 * The best split of a node, from its histogram. src/kernels/boosting.as.ts does the same.
 *
 * Source: scikit-learn, `_hist_gradient_boosting/splitting.pyx`; Chen and Guestrin, "XGBoost", 2016 (gain, missing
 * values); Fisher, "On grouping for maximum homogeneity", 1958 (sets of categories).
 */
import type { Binning } from "./boosting_bins.ts";
import type { FoundSplit, SplitLimits, SplitRequest, Sums } from "./boosting_engine.ts";

/** A category counts on its own from this many rows (by hessian); it also damps the order of categories. */
const CATEGORY_SUPPORT = 10;

/** The gradient drawn to 0 by l1. */
export function soften(gradient: number, l1: number): number {
  if (l1 === 0) return gradient;
  const size = Math.max(Math.abs(gradient) - l1, 0);
  return gradient < 0 ? -size : size;
}

/** The best value of a node of so much (softened) gradient. */
export function nodeValue(gradient: number, hessian: number, l2: number): number {
  return -gradient / (hessian + (l2 + 1e-15));
}

export class SplitFinder {
  #binning: Binning;
  #slots: Int32Array;
  #start: Int32Array;
  #limits: SplitLimits;
  #monotonic: Int8Array | undefined;
  #gradientUnit = 1;
  #hessianUnit = 1;
  // Of the best split so far.
  #gain = 0;
  #slot = -1;
  #bin = 0;
  #missingLeft = false;
  #set: Uint32Array | undefined;
  #left: Sums = { gradient: 0, hessian: 0, rows: 0 };

  /** @param monotonic (slots) -1, 0 or 1; absent: no constraints, nor bounds */
  constructor(
    binning: Binning,
    slots: Int32Array,
    start: Int32Array,
    limits: SplitLimits,
    monotonic: Int8Array | undefined,
  ) {
    this.#binning = binning;
    this.#slots = slots;
    this.#start = start;
    this.#limits = limits;
    this.#monotonic = monotonic;
  }

  /** Whole numbers are real ones times these. */
  setUnits(gradient: number, hessian: number): void {
    this.#gradientUnit = gradient;
    this.#hessianUnit = hessian;
  }

  /** @returns undefined if no split lowers the loss enough */
  find(histogram: Float64Array, node: SplitRequest): FoundSplit | undefined {
    this.#gain = this.#limits.minGain;
    this.#slot = -1;
    const { missing, categorical } = this.#binning;
    this.#slots.forEach((j, slot) => {
      if (node.allowed !== undefined && node.allowed[slot] === 0) return;
      if (categorical[j] === 1) return this.#categories(slot, histogram, node);
      this.#upwards(slot, histogram, node);
      if (missing[j] === 1) this.#downwards(slot, histogram, node);
    });
    if (this.#slot < 0) return undefined;
    return {
      gain: this.#gain,
      slot: this.#slot,
      bin: this.#bin,
      missingLeft: this.#missingLeft,
      set: this.#set,
      left: this.#left,
    };
  }

  /** Bins from low to high go left; missing values go right. */
  #upwards(slot: number, histogram: Float64Array, node: SplitRequest): void {
    const { minSamplesLeaf, minHessian } = this.#limits;
    const { sums } = node;
    const j = this.#slots[slot];
    const end = this.#binning.count[j] - 1 + this.#binning.missing[j];
    let at = this.#start[slot];
    let gradient = 0;
    let hessian = 0;
    let rows = 0;
    for (let bin = 0; bin < end; bin++, at += 3) {
      if (histogram[at + 2] === 0) continue; // no rows: the gain is that of the bin before
      gradient += histogram[at];
      hessian += histogram[at + 1];
      rows += histogram[at + 2];
      if (rows < minSamplesLeaf) continue;
      if (sums.rows - rows < minSamplesLeaf) break;
      if (hessian * this.#hessianUnit < minHessian) continue;
      if ((sums.hessian - hessian) * this.#hessianUnit < minHessian) break;
      this.#consider(slot, bin, false, node, gradient, hessian, rows);
    }
  }

  /** Bins from high to low go right; missing values go left. */
  #downwards(slot: number, histogram: Float64Array, node: SplitRequest): void {
    const { minSamplesLeaf, minHessian } = this.#limits;
    const { sums } = node;
    const last = this.#binning.count[this.#slots[slot]] - 1;
    let at = this.#start[slot] + 3 * last;
    let gradient = 0;
    let hessian = 0;
    let rows = 0;
    for (let bin = last - 1; bin >= 0; bin--, at -= 3) {
      if (histogram[at + 2] === 0) continue;
      gradient += histogram[at];
      hessian += histogram[at + 1];
      rows += histogram[at + 2];
      if (rows < minSamplesLeaf) continue;
      if (sums.rows - rows < minSamplesLeaf) break;
      if (hessian * this.#hessianUnit < minHessian) continue;
      if ((sums.hessian - hessian) * this.#hessianUnit < minHessian) break;
      this.#consider(
        slot,
        bin,
        true,
        node,
        sums.gradient - gradient,
        sums.hessian - hessian,
        sums.rows - rows,
      );
    }
  }

  /** Keeps the split if it is the best so far; true then. @param gradient, hessian, rows of the left side */
  #consider(
    slot: number,
    bin: number,
    missingLeft: boolean,
    node: SplitRequest,
    gradient: number,
    hessian: number,
    rows: number,
  ): boolean {
    const { l1, l2 } = this.#limits;
    const { sums } = node;
    const left = soften(gradient * this.#gradientUnit, l1);
    const right = soften((sums.gradient - gradient) * this.#gradientUnit, l1);
    let leftValue = nodeValue(left, hessian * this.#hessianUnit, l2);
    let rightValue = nodeValue(right, (sums.hessian - hessian) * this.#hessianUnit, l2);
    if (this.#monotonic !== undefined) {
      leftValue = Math.min(Math.max(leftValue, node.lower), node.upper);
      rightValue = Math.min(Math.max(rightValue, node.lower), node.upper);
    }
    const gain = node.lossHere - leftValue * left - rightValue * right;
    if (!(gain > this.#gain)) return false;
    const direction = this.#monotonic?.[slot] ?? 0;
    if (direction > 0 ? rightValue < leftValue : direction < 0 && rightValue > leftValue) return false;
    this.#gain = gain;
    this.#slot = slot;
    this.#bin = bin;
    this.#missingLeft = missingLeft;
    this.#set = undefined;
    this.#left = { gradient, hessian, rows };
    return true;
  }

  /**
   * Categories sorted by gradient per hessian, split like numbers, from both ends up to the middle. Categories
   * with little support go right, with the larger half. Missing values are one more category.
   */
  #categories(slot: number, histogram: Float64Array, node: SplitRequest): void {
    const { minSamplesLeaf, minHessian } = this.#limits;
    const { sums } = node;
    const start = this.#start[slot];
    const j = this.#slots[slot];
    const missing = this.#binning.count[j];
    const support = sums.rows / (sums.hessian * this.#hessianUnit);
    const used: number[] = [];
    const value: number[] = [];
    for (let bin = 0; bin < missing + this.#binning.missing[j]; bin++) {
      const h = histogram[start + 3 * bin + 1] * this.#hessianUnit;
      if (h * support >= CATEGORY_SUPPORT) {
        used.push(bin);
        value[bin] = histogram[start + 3 * bin] * this.#gradientUnit / (h + CATEGORY_SUPPORT);
      }
    }
    if (used.length < 2) return;
    used.sort((a, b) => value[a] - value[b] || a - b);
    for (const upwards of [true, false]) {
      const middle = Math.floor((used.length + 1) / 2) - (upwards ? 0 : 1);
      let gradient = 0;
      let hessian = 0;
      let rows = 0;
      for (let i = 0; i < middle; i++) {
        const at = start + 3 * used[upwards ? i : used.length - 1 - i];
        gradient += histogram[at];
        hessian += histogram[at + 1];
        rows += histogram[at + 2];
        if (rows < minSamplesLeaf || hessian * this.#hessianUnit < minHessian) continue;
        if (
          sums.rows - rows < minSamplesLeaf || (sums.hessian - hessian) * this.#hessianUnit < minHessian
        ) {
          break;
        }
        if (!this.#consider(slot, 0, false, node, gradient, hessian, rows)) continue;
        const chosen = upwards ? used.slice(0, i + 1) : used.slice(used.length - 1 - i);
        const set = new Uint32Array(8);
        for (const bin of chosen) set[bin >> 5] |= 1 << (bin & 31);
        this.#missingLeft = chosen.includes(missing);
        this.#set = set;
      }
    }
  }
}
