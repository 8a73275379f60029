import { exponentOf, powerOf2 } from "@/kernels/exp_log.ts";
import type { Criterion, SideLimits } from "./criterion.ts";

/** A target brought to a scale where its squares neither overflow nor vanish. */
export interface ScaledTarget {
  /** (rows): y / scale - shift. */
  y: Float64Array;
  /** A power of two, so that dividing by it is exact. */
  scale: number;
  /** 0 unless the mean dwarfs the spread, where squares would cancel. */
  shift: number;
}

/** @param y (rows) finite targets */
export function scaleTarget(y: Float64Array): ScaledTarget {
  const scale = scaleOf(y);
  const scaled = new Float64Array(y.length);
  let sum = 0;
  for (let i = 0; i < y.length; i++) {
    scaled[i] = y[i] / scale;
    sum += scaled[i];
  }
  const mean = sum / y.length;
  let squares = 0;
  for (let i = 0; i < y.length; i++) squares += (scaled[i] - mean) ** 2;
  const spread = Math.sqrt(squares / y.length);
  if (Math.abs(mean) <= 1e4 * spread) return { y: scaled, scale, shift: 0 };
  for (let i = 0; i < y.length; i++) scaled[i] -= mean;
  return { y: scaled, scale, shift: mean };
}

/** The power of two at or just below the largest absolute value; 1 if all are 0. Dividing by it is exact. */
export function scaleOf(y: Float64Array): number {
  let largest = 0;
  for (let i = 0; i < y.length; i++) largest = Math.max(largest, Math.abs(y[i]));
  if (largest === 0) return 1;
  return powerOf2(Math.max(-1022, exponentOf(largest)));
}

/** Weighted variance of the target. */
export class RegressionCriterion implements Criterion {
  readonly outputs = 1;
  readonly width = 2;
  impurity = 0;
  weight = 0;
  pure = false;
  quality = 0;
  lowRank = 0;
  highRank = 0;
  #y: Float64Array;
  #scale: number;
  #shift: number;
  /** (rows * 2): weight, weight * y. */
  #moments: Float64Array;
  #sum = 0;
  /** (span * 2) moments and (span) rows by rank; all zero between calls. */
  #momentsByRank: Float64Array;
  #rowsByRank: Int32Array;

  constructor(target: ScaledTarget, largestCount: number) {
    this.#y = target.y;
    this.#scale = target.scale;
    this.#shift = target.shift;
    this.#moments = new Float64Array(2 * target.y.length);
    this.#momentsByRank = new Float64Array(largestCount);
    this.#rowsByRank = new Int32Array(Math.ceil(largestCount / 2));
  }

  setWeights(weight: Float64Array): void {
    for (let i = 0; i < weight.length; i++) {
      this.#moments[2 * i] = weight[i];
      this.#moments[2 * i + 1] = weight[i] * this.#y[i];
    }
  }

  enter(rows: Int32Array, start: number, end: number): void {
    const moments = this.#moments;
    const y = this.#y;
    let weight = 0;
    let sum = 0;
    let squares = 0;
    let lowest = Infinity;
    let highest = -Infinity;
    for (let p = start; p < end; p++) {
      const row = rows[p];
      const value = y[row];
      const weighted = moments[2 * row + 1];
      weight += moments[2 * row];
      sum += weighted;
      squares += weighted * value;
      if (value < lowest) lowest = value;
      if (value > highest) highest = value;
    }
    this.weight = weight;
    this.#sum = sum;
    this.pure = lowest === highest;
    const mean = sum / weight;
    this.impurity = this.pure ? 0 : Math.max(0, squares / weight - mean * mean);
  }

  value(target: Float64Array, at: number): void {
    target[at] = (this.#sum / this.weight + this.#shift) * this.#scale;
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
    const moments = this.#moments;
    const weight = this.weight;
    const sum = this.#sum;
    let weightLeft = 0;
    let sumLeft = 0;
    let found = false;
    const last = n - minSamples;
    let next = keys[0];
    for (let i = 0; i < last; i++) {
      const key = next;
      const at = 2 * rows[start + i];
      weightLeft += moments[at];
      sumLeft += moments[at + 1];
      next = keys[i + 1];
      if (next === key || i + 1 < minSamples) continue;
      const weightRight = weight - weightLeft;
      if (weightLeft < minWeight || weightRight < minWeight) continue;
      const sumRight = sum - sumLeft;
      const quality = sumLeft * sumLeft / weightLeft + sumRight * sumRight / weightRight;
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
    const moments = this.#moments;
    const momentsByRank = this.#momentsByRank;
    const rowsByRank = this.#rowsByRank;
    for (let i = 0; i < n; i++) {
      const at = 2 * rows[start + i];
      const rank = keys[i] - lowest;
      momentsByRank[2 * rank] += moments[at];
      momentsByRank[2 * rank + 1] += moments[at + 1];
      rowsByRank[rank]++;
    }
    const weight = this.weight;
    const sum = this.#sum;
    let weightLeft = 0;
    let sumLeft = 0;
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
          const sumRight = sum - sumLeft;
          const quality = sumLeft * sumLeft / weightLeft + sumRight * sumRight / weightRight;
          if (quality > best) {
            best = quality;
            found = true;
            this.lowRank = previous + lowest;
            this.highRank = rank + lowest;
          }
        }
      }
      weightLeft += momentsByRank[2 * rank];
      sumLeft += momentsByRank[2 * rank + 1];
      momentsByRank[2 * rank] = 0;
      momentsByRank[2 * rank + 1] = 0;
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
    const moments = this.#moments;
    let weightLeft = 0;
    let sumLeft = 0;
    let rowsLeft = 0;
    for (let i = 0; i < n; i++) {
      if (values[i] <= threshold) {
        const row = rows[start + i];
        weightLeft += moments[2 * row];
        sumLeft += moments[2 * row + 1];
        rowsLeft++;
      }
    }
    const weightRight = this.weight - weightLeft;
    if (rowsLeft < limits.minSamples || n - rowsLeft < limits.minSamples) return NaN;
    if (weightLeft < limits.minWeight || weightRight < limits.minWeight) return NaN;
    const sumRight = this.#sum - sumLeft;
    return sumLeft * sumLeft / weightLeft + sumRight * sumRight / weightRight;
  }
}
