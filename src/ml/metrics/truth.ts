/** What several metrics count. */
import type { Truth } from "../metric.ts";

/** Weight of row i; 1 without weights. */
export function weightAt(truth: Truth, i: number): number {
  return truth.sample_weight ? truth.sample_weight[i] : 1;
}

/** The class of the highest probability, the first of equals. */
export function predictedClass(truth: Truth, row: number): number {
  const { scores, n_classes } = truth;
  const start = row * n_classes;
  let best = 0;
  for (let k = 1; k < n_classes; k++) if (scores[start + k] > scores[start + best]) best = k;
  return best;
}

/** Weighted mean of `loss` over the rows; NaN without rows or weight. */
export function weightedMean(truth: Truth, loss: (i: number) => number): number {
  let sum = 0;
  let total = 0;
  for (let i = 0; i < truth.y.length; i++) {
    const weight = weightAt(truth, i);
    sum += weight * loss(i);
    total += weight;
  }
  return sum / total;
}

export interface ClassCounts {
  /** Weight of the rows of this class. */
  actual: number;
  /** Weight of the rows predicted as this class. */
  predicted: number;
  /** Weight of the rows that are both. */
  hit: number;
  /** Some row is of this class. */
  occurs: boolean;
  /** Some row is predicted as it. */
  isPredicted: boolean;
}

export function countClasses(truth: Truth): ClassCounts[] {
  const counts = Array.from(
    { length: truth.n_classes },
    (): ClassCounts => ({ actual: 0, predicted: 0, hit: 0, occurs: false, isPredicted: false }),
  );
  for (let i = 0; i < truth.y.length; i++) {
    const weight = weightAt(truth, i);
    const predicted = counts[predictedClass(truth, i)];
    const actual = counts[truth.y[i]];
    actual.actual += weight;
    actual.occurs = true;
    predicted.predicted += weight;
    predicted.isPredicted = true;
    if (actual === predicted) actual.hit += weight;
  }
  return counts;
}

/**
 * scikit-learn's averaging. Two classes: the score of the second, the positive one (`average="binary"`).
 * More: the plain mean over the classes that occur or are predicted (`average="macro"`).
 */
export function averageOverClasses(truth: Truth, score: (counts: ClassCounts) => number): number {
  if (truth.y.length === 0) return NaN;
  const counts = countClasses(truth);
  if (truth.n_classes === 2) return score(counts[1]);
  const there = counts.filter((one) => one.occurs || one.isPredicted);
  return there.reduce((sum, one) => sum + score(one), 0) / there.length;
}

/** a / b, and 0 where b is 0 (`zero_division=0`). */
export function ratio(a: number, b: number): number {
  return b === 0 ? 0 : a / b;
}
