/** Probabilities from decision values. */
import { exp, log, log1p } from "@/kernels/math.ts";

/**
 * The a and b for which 1 / (1 + exp(a f + b)) fits best: Newton's method on the log loss of smoothed targets.
 *
 * Source: Lin, Lin and Weng, "A Note on Platt's Probabilistic Outputs for Support Vector Machines" (2007).
 * @param decisions (n)
 * @param isFirst (n) 1 for the class of positive decisions, else 0
 * @param weight (n)
 */
export function fitSigmoid(
  decisions: Float64Array,
  isFirst: Uint8Array,
  weight: Float64Array,
): { a: number; b: number } {
  let [first, second] = [0, 0];
  isFirst.forEach((one, i) => one ? first += weight[i] : second += weight[i]);
  const [high, low] = [(first + 1) / (first + 2), 1 / (second + 2)];
  const lossAt = (a: number, b: number) => {
    let loss = 0;
    for (let i = 0; i < decisions.length; i++) {
      const x = a * decisions[i] + b;
      const t = isFirst[i] ? high : low;
      loss += weight[i] * ((x >= 0 ? t * x : (t - 1) * x) + log1p(exp(-Math.abs(x))));
    }
    return loss;
  };
  let a = 0;
  let b = log((second + 1) / (first + 1));
  let loss = lossAt(a, b);
  for (let iteration = 0; iteration < 100; iteration++) {
    let [h11, h22, h21, g1, g2] = [1e-12, 1e-12, 0, 0, 0];
    for (let i = 0; i < decisions.length; i++) {
      const { p, q } = sigmoid(a * decisions[i] + b);
      const curve = weight[i] * p * q;
      const slope = weight[i] * ((isFirst[i] ? high : low) - p);
      h11 += decisions[i] * decisions[i] * curve;
      h22 += curve;
      h21 += decisions[i] * curve;
      g1 += decisions[i] * slope;
      g2 += slope;
    }
    if (Math.abs(g1) < 1e-5 && Math.abs(g2) < 1e-5) break;
    const determinant = h11 * h22 - h21 * h21;
    const da = -(h22 * g1 - h21 * g2) / determinant;
    const db = -(-h21 * g1 + h11 * g2) / determinant;
    const descent = g1 * da + g2 * db;
    let step = 1;
    for (; step >= 1e-10; step /= 2) {
      const next = lossAt(a + step * da, b + step * db);
      if (next < loss + 1e-4 * step * descent) {
        [a, b, loss] = [a + step * da, b + step * db, next];
        break;
      }
    }
    if (step < 1e-10) break;
  }
  return { a, b };
}

/** p = 1 / (1 + e^x) and q = 1 - p, each without cancellation. */
export function sigmoid(x: number): { p: number; q: number } {
  const small = exp(-Math.abs(x));
  const [less, more] = [small / (1 + small), 1 / (1 + small)];
  return x >= 0 ? { p: less, q: more } : { p: more, q: less };
}

/**
 * Probabilities of the classes from those of pairs.
 *
 * Source: Wu, Lin and Weng, "Probability Estimates for Multi-class Classification by Pairwise Coupling" (2004),
 * algorithm 2.
 * @param pairs (classes * classes) r[a, b]: the probability of a where it is a or b
 */
export function couplePairs(pairs: Float64Array, classes: number, out: Float64Array): void {
  const Q = new Float64Array(classes * classes);
  for (let a = 0; a < classes; a++) {
    for (let b = 0; b < classes; b++) {
      if (a === b) continue;
      Q[a * classes + a] += pairs[b * classes + a] ** 2;
      Q[a * classes + b] = -pairs[b * classes + a] * pairs[a * classes + b];
    }
  }
  out.fill(1 / classes);
  const Qp = new Float64Array(classes);
  for (let iteration = 0; iteration < Math.max(100, classes); iteration++) {
    let pQp = 0;
    for (let a = 0; a < classes; a++) {
      Qp[a] = 0;
      for (let b = 0; b < classes; b++) Qp[a] += Q[a * classes + b] * out[b];
      pQp += out[a] * Qp[a];
    }
    if (Qp.every((value) => Math.abs(value - pQp) < 0.005 / classes)) break;
    for (let a = 0; a < classes; a++) {
      const change = (pQp - Qp[a]) / Q[a * classes + a];
      out[a] += change;
      const whole = 1 + change;
      pQp = (pQp + change * (change * Q[a * classes + a] + 2 * Qp[a])) / whole / whole;
      for (let b = 0; b < classes; b++) {
        Qp[b] = (Qp[b] + change * Q[a * classes + b]) / whole;
        out[b] /= whole;
      }
    }
  }
  const sum = out.reduce((total, p) => total + p, 0);
  for (let a = 0; a < classes; a++) out[a] /= sum;
}
