/** How far two samples lie apart, from their counts in the same bins. */
import { chiSquaredTail, kolmogorovTail } from "./special_functions.ts";

export interface Test {
  statistic: number;
  /** The chance of a statistic as large when both samples come from one distribution. */
  p_value: number;
}

const sumOf = (counts: ArrayLike<number>): number => {
  let sum = 0;
  for (let i = 0; i < counts.length; i++) sum += counts[i];
  return sum;
};

/**
 * Population stability index: sum of (q - p) ln(q / p) over the bins, with half a row added to each bin, so that an
 * empty one can be compared. (The symmetric Kullback-Leibler divergence of Jeffreys, and his prior.)
 *
 * `expected` is its mean where nothing has changed: (bins - 1) (1/n + 1/m), since it is then distributed as
 * chi-squared times (1/n + 1/m). Source: B. Yurdakul, Statistical Properties of Population Stability Index, 2018.
 */
export function stabilityIndex(
  reference: ArrayLike<number>,
  found: ArrayLike<number>,
): { psi: number; expected: number } {
  const bins = reference.length;
  const [n, m] = [sumOf(reference), sumOf(found)];
  if (n === 0 || m === 0) return { psi: 0, expected: 0 };
  let psi = 0;
  // A bin that is empty in both would add nothing but half rows.
  let used = 0;
  for (let i = 0; i < bins; i++) if (reference[i] + found[i] > 0) used++;
  for (let i = 0; i < bins; i++) {
    if (reference[i] + found[i] === 0) continue;
    const p = (reference[i] + 0.5) / (n + 0.5 * used);
    const q = (found[i] + 0.5) / (m + 0.5 * used);
    psi += (q - p) * Math.log(q / p);
  }
  return { psi, expected: (used - 1) * (1 / n + 1 / m) };
}

/**
 * Two-sample Kolmogorov-Smirnov over ordered bins: the largest difference of the shares up to an edge. Looking at
 * the edges only, it can miss a little of the true difference, never add to it, so its p-value errs to the safe side.
 * Source: Stephens' form for finite samples (Numerical Recipes, 14.3.3).
 */
export function kolmogorovSmirnov(reference: ArrayLike<number>, found: ArrayLike<number>): Test {
  const [n, m] = [sumOf(reference), sumOf(found)];
  if (n === 0 || m === 0) return { statistic: 0, p_value: 1 };
  let [p, q, statistic] = [0, 0, 0];
  for (let i = 0; i < reference.length; i++) {
    p += reference[i] / n;
    q += found[i] / m;
    statistic = Math.max(statistic, Math.abs(p - q));
  }
  const root = Math.sqrt(n * m / (n + m));
  return { statistic, p_value: kolmogorovTail((root + 0.12 + 0.11 / root) * statistic) };
}

/** Below so many expected rows, a bin's share of chi-squared is no longer near its limit (Cochran, 1954). */
const FEW_ROWS = 5;

/**
 * Chi-squared test that two samples come from one distribution over bins. Bins where the smaller sample would have
 * fewer than five rows are taken together.
 */
export function chiSquared(reference: ArrayLike<number>, found: ArrayLike<number>): Test {
  const [n, m] = [sumOf(reference), sumOf(found)];
  if (n === 0 || m === 0) return { statistic: 0, p_value: 1 };
  const smaller = Math.min(n, m) / (n + m);
  let statistic = 0;
  let groups = 0;
  let [rareP, rareQ] = [0, 0];
  const add = (a: number, b: number) => {
    const both = a + b;
    if (both === 0) return;
    groups++;
    statistic += (a - both * n / (n + m)) ** 2 / (both * n / (n + m)) +
      (b - both * m / (n + m)) ** 2 / (both * m / (n + m));
  };
  for (let i = 0; i < reference.length; i++) {
    if ((reference[i] + found[i]) * smaller >= FEW_ROWS) add(reference[i], found[i]);
    else {
      rareP += reference[i];
      rareQ += found[i];
    }
  }
  add(rareP, rareQ);
  return { statistic, p_value: chiSquaredTail(statistic, groups - 1) };
}
