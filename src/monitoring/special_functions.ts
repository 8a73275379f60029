/** Tails of the distributions that the tests for drift need. */

/** Lanczos approximation, g = 7, nine terms (P. Godfrey, 2001): relative error below 1e-14 for x > 0. */
const LANCZOS = [
  0.99999999999980993,
  676.5203681218851,
  -1259.1392167224028,
  771.32342877765313,
  -176.61502916214059,
  12.507343278686905,
  -0.13857109526572012,
  9.9843695780195716e-6,
  1.5056327351493116e-7,
];

export function logGamma(x: number): number {
  if (x < 0.5) return Math.log(Math.PI / Math.sin(Math.PI * x)) - logGamma(1 - x);
  let sum = LANCZOS[0];
  for (let i = 1; i < LANCZOS.length; i++) sum += LANCZOS[i] / (x - 1 + i);
  const t = x + 6.5;
  return 0.5 * Math.log(2 * Math.PI) + (x - 0.5) * Math.log(t) - t + Math.log(sum);
}

/**
 * The regularised upper incomplete gamma function Q(a, x): a series where x is small, else a continued fraction.
 * Source: Abramowitz and Stegun 6.5.29 and 6.5.31; Lentz's method for the fraction.
 */
export function gammaQ(a: number, x: number): number {
  if (!(x > 0)) return 1;
  if (x === Infinity) return 0;
  const front = Math.exp(-x + a * Math.log(x) - logGamma(a));
  if (x < a + 1) {
    let term = 1 / a;
    let sum = term;
    for (let n = 1; n < 10_000 && term > sum * 1e-17; n++) {
      term *= x / (a + n);
      sum += term;
    }
    return Math.max(0, 1 - sum * front);
  }
  let b = x + 1 - a;
  let c = 1e300;
  let d = 1 / b;
  let h = d;
  for (let i = 1; i < 10_000; i++) {
    const an = -i * (i - a);
    b += 2;
    d = 1 / (an * d + b);
    c = b + an / c;
    const step = c * d;
    h *= step;
    if (Math.abs(step - 1) < 1e-16) break;
  }
  return front * h;
}

/** The chance that a chi-squared variable of `df` degrees of freedom is above x. */
export function chiSquaredTail(x: number, df: number): number {
  return df <= 0 ? 1 : gammaQ(df / 2, x / 2);
}

/**
 * The chance that Kolmogorov's limit is above t. Two series of the same function, each where it needs few terms.
 * Source: Kolmogorov (1933); the second by the theta function's inversion (Marsaglia, Tsang and Wang, 2003).
 */
export function kolmogorovTail(t: number): number {
  if (!(t > 0)) return 1;
  if (t < 1.18) {
    const y = Math.exp(-(Math.PI ** 2) / (8 * t * t));
    return Math.max(0, 1 - Math.sqrt(2 * Math.PI) / t * (y + y ** 9 + y ** 25 + y ** 49));
  }
  const x = Math.exp(-2 * t * t);
  return Math.min(1, 2 * (x - x ** 4 + x ** 9));
}
