import { log } from "@/kernels/exp_log.ts";
import type { Criterion, SideLimits } from "./criterion.ts";

/** Gini impurity or entropy (natural logarithm) of weighted class counts. */
export class ClassificationCriterion implements Criterion {
  readonly outputs: number;
  readonly width: number;
  impurity = 0;
  weight = 0;
  pure = false;
  quality = 0;
  lowRank = 0;
  highRank = 0;
  #classes: number;
  #entropy: boolean;
  #class: Int32Array;
  #weights: Float64Array = new Float64Array(0);
  #total: Float64Array;
  #left: Float64Array;
  /** (span * classes) weights and (span) rows by rank; all zero between calls. */
  #sumByRank: Float64Array;
  #rowsByRank: Int32Array;

  /** @param y (rows) class indices; `largestCount` numbers fit the table of a count by rank */
  constructor(y: Float64Array, n_classes: number, entropy: boolean, largestCount: number) {
    this.#classes = n_classes;
    this.outputs = n_classes;
    this.width = n_classes;
    this.#entropy = entropy;
    this.#class = Int32Array.from(y);
    this.#total = new Float64Array(n_classes);
    this.#left = new Float64Array(n_classes);
    this.#sumByRank = new Float64Array(largestCount);
    this.#rowsByRank = new Int32Array(Math.ceil(largestCount / n_classes));
  }

  setWeights(weight: Float64Array): void {
    this.#weights = weight;
  }

  enter(rows: Int32Array, start: number, end: number): void {
    const total = this.#total.fill(0);
    const weights = this.#weights;
    const classes = this.#class;
    let sum = 0;
    for (let p = start; p < end; p++) {
      const row = rows[p];
      total[classes[row]] += weights[row];
      sum += weights[row];
    }
    this.weight = sum;
    let present = 0;
    for (let k = 0; k < total.length; k++) if (total[k] > 0) present++;
    this.pure = present <= 1;
    this.impurity = this.#entropy ? this.#entropyOf(total, sum) : 1 - sumOfSquares(total) / (sum * sum);
  }

  value(target: Float64Array, at: number): void {
    for (let k = 0; k < this.#classes; k++) target[at + k] = this.#total[k] / this.weight;
  }

  scanSorted(
    keys: Int32Array,
    rows: Int32Array,
    start: number,
    n: number,
    limits: SideLimits,
    best: number,
  ): boolean {
    const { minSamples, minWeight } = limits;
    const total = this.#total;
    const left = this.#left.fill(0);
    const weights = this.#weights;
    const classes = this.#class;
    const entropy = this.#entropy;
    const weight = this.weight;
    let squaresLeft = 0;
    let squaresRight = sumOfSquares(total);
    let weightLeft = 0;
    let found = false;
    const last = n - minSamples;
    let next = keys[0];
    for (let i = 0; i < last; i++) {
      const key = next;
      const row = rows[start + i];
      const k = classes[row];
      const w = weights[row];
      squaresLeft += w * (2 * left[k] + w);
      squaresRight -= w * (2 * (total[k] - left[k]) - w);
      left[k] += w;
      weightLeft += w;
      next = keys[i + 1];
      if (next === key || i + 1 < minSamples) continue;
      const weightRight = weight - weightLeft;
      if (weightLeft < minWeight || weightRight < minWeight) continue;
      const quality = entropy
        ? this.#entropyQuality(weightLeft, weightRight)
        : -weightRight * (1 - squaresRight / (weightRight * weightRight)) -
          weightLeft * (1 - squaresLeft / (weightLeft * weightLeft));
      if (quality > best) {
        best = quality;
        found = true;
        this.lowRank = key;
        this.highRank = next;
      }
    }
    this.quality = best;
    return found;
  }

  scanCounted(
    keys: Int32Array,
    rows: Int32Array,
    start: number,
    n: number,
    lowest: number,
    highest: number,
    limits: SideLimits,
    best: number,
  ): boolean {
    const { minSamples, minWeight } = limits;
    const sumByRank = this.#sumByRank;
    const rowsByRank = this.#rowsByRank;
    const weights = this.#weights;
    const classes = this.#class;
    const K = this.#classes;
    for (let i = 0; i < n; i++) {
      const row = rows[start + i];
      const rank = keys[i] - lowest;
      sumByRank[rank * K + classes[row]] += weights[row];
      rowsByRank[rank]++;
    }
    const total = this.#total;
    const left = this.#left.fill(0);
    const weight = this.weight;
    let weightLeft = 0;
    let rowsLeft = 0;
    let previous = 0;
    let found = false;
    const span = highest - lowest + 1;
    for (let rank = 0; rank < span; rank++) {
      const count = rowsByRank[rank];
      if (count === 0) continue;
      if (rowsLeft >= minSamples && n - rowsLeft >= minSamples) {
        const weightRight = weight - weightLeft;
        if (weightLeft >= minWeight && weightRight >= minWeight) {
          const quality = this.#entropy
            ? this.#entropyQuality(weightLeft, weightRight)
            : giniQuality(left, total, weightLeft, weightRight);
          if (quality > best) {
            best = quality;
            found = true;
            this.lowRank = previous + lowest;
            this.highRank = rank + lowest;
          }
        }
      }
      const at = rank * K;
      for (let k = 0; k < K; k++) {
        const w = sumByRank[at + k];
        left[k] += w;
        weightLeft += w;
        sumByRank[at + k] = 0;
      }
      rowsLeft += count;
      rowsByRank[rank] = 0;
      previous = rank;
    }
    this.quality = best;
    return found;
  }

  scanThreshold(
    values: Float64Array,
    threshold: number,
    rows: Int32Array,
    start: number,
    n: number,
    limits: SideLimits,
  ): number {
    const left = this.#left.fill(0);
    const weights = this.#weights;
    const classes = this.#class;
    let weightLeft = 0;
    let rowsLeft = 0;
    for (let i = 0; i < n; i++) {
      if (values[i] <= threshold) {
        const row = rows[start + i];
        const w = weights[row];
        left[classes[row]] += w;
        weightLeft += w;
        rowsLeft++;
      }
    }
    const weightRight = this.weight - weightLeft;
    if (rowsLeft < limits.minSamples || n - rowsLeft < limits.minSamples) return NaN;
    if (weightLeft < limits.minWeight || weightRight < limits.minWeight) return NaN;
    return this.#entropy
      ? this.#entropyQuality(weightLeft, weightRight)
      : giniQuality(left, this.#total, weightLeft, weightRight);
  }

  #entropyOf(sums: Float64Array, weight: number): number {
    let entropy = 0;
    for (let k = 0; k < sums.length; k++) {
      const share = sums[k] / weight;
      if (share > 0) entropy -= share * log(share);
    }
    return entropy;
  }

  /** Of the split whose left side is in `#left`. */
  #entropyQuality(weightLeft: number, weightRight: number): number {
    const left = this.#left;
    const total = this.#total;
    let entropyLeft = 0;
    let entropyRight = 0;
    for (let k = 0; k < left.length; k++) {
      const shareLeft = left[k] / weightLeft;
      if (shareLeft > 0) entropyLeft -= shareLeft * log(shareLeft);
      const shareRight = (total[k] - left[k]) / weightRight;
      if (shareRight > 0) entropyRight -= shareRight * log(shareRight);
    }
    return -weightRight * entropyRight - weightLeft * entropyLeft;
  }
}

function sumOfSquares(values: Float64Array): number {
  let sum = 0;
  for (let k = 0; k < values.length; k++) sum += values[k] * values[k];
  return sum;
}

function giniQuality(
  left: Float64Array,
  total: Float64Array,
  weightLeft: number,
  weightRight: number,
): number {
  let squaresLeft = 0;
  let squaresRight = 0;
  for (let k = 0; k < left.length; k++) {
    const right = total[k] - left[k];
    squaresLeft += left[k] * left[k];
    squaresRight += right * right;
  }
  return -weightRight * (1 - squaresRight / (weightRight * weightRight)) -
    weightLeft * (1 - squaresLeft / (weightLeft * weightLeft));
}
