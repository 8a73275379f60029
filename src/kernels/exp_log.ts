/**
 * exp and log with the same bits on every machine: V8's own differ between releases. exp_log.as.ts is the same for the
 * kernels: the two must do the same operations in the same order.
 *
 * Source: Cephes, exp.c (Moshier); FreeBSD msun, e_log.c (Sun Microsystems).
 */
/** Adding it rounds a number below 2^51 to a whole one, halves to even. */
const ROUND = 6755399441055744;
const LOWEST_POWER = -1022;
const POWERS = new Float64Array(2046);
for (let k = 0, power = 2.2250738585072014e-308; k < POWERS.length; k++, power *= 2) POWERS[k] = power;

const double = new Float64Array(1);
const words = new Uint32Array(double.buffer);
const integer = new Int32Array(double.buffer);
const float = new Float32Array(double.buffer);

/** The nearest whole number of |x| < 2^51, halves to even. */
export function roundEven(x: number): number {
  return x + ROUND - ROUND;
}

/** e^x; below -708 and above 709 as there. */
export function exp(given: number): number {
  const x = given < -708 ? -708 : given > 709 ? 709 : given;
  const k = x * 1.4426950408889634073599 + ROUND - ROUND;
  const r = x - k * 6.93145751953125e-1 - k * 1.42860682030941723212e-6;
  const rr = r * r;
  const p = r *
    ((1.26177193074810590878e-4 * rr + 3.02994407707441961300e-2) * rr + 9.99999999999999999910e-1);
  const q =
    ((3.00198505138664455042e-6 * rr + 2.52448340349684104192e-3) * rr + 2.27265548208155028766e-1) * rr +
    2.00000000000000000005;
  const fraction = p / (q - p);
  return (1 + (fraction + fraction)) * POWERS[k - LOWEST_POWER];
}

/** 2^k for -1022 <= k < 1024. */
export function powerOf2(k: number): number {
  return POWERS[k - LOWEST_POWER];
}

/** The largest k with 2^k <= x, of a normal number above 0. */
export function exponentOf(x: number): number {
  double[0] = x;
  return (words[1] >>> 20) - 0x3ff;
}

const LOG_DOUBLE = [
  1.479819860511658591e-1,
  1.531383769920937332e-1,
  1.818357216161805012e-1,
  2.222219843214978396e-1,
  2.857142874366239149e-1,
  3.999999999940941908e-1,
  6.666666666666735130e-1,
];

/** log(1 + x) for x in [0, 1]. */
export function log1p(x: number): number {
  const whole = 1 + x;
  return log(whole) + (x - (whole - 1)) / whole;
}

/** The natural logarithm of a number above 0 that is no subnormal. */
export function log(x: number): number {
  double[0] = x;
  // The exponent for which the rest lies in [sqrt(1/2), sqrt(2)), whose lower bound is 0x3fe6a09e667f3bcd.
  const power = (integer[1] - 0x3fe6a09e - (integer[0] >>> 0 < 0x667f3bcd ? 1 : 0)) >> 20;
  integer[1] -= power << 20;
  const f = double[0] - 1;
  const s = f / (2 + f);
  const z = s * s;
  let p = LOG_DOUBLE[0];
  for (let i = 1; i < LOG_DOUBLE.length; i++) p = p * z + LOG_DOUBLE[i];
  p *= z;
  const half = 0.5 * (f * f);
  const low = s * (half + p) + power * 1.90821492927058770002e-10;
  return power * 6.93147180369123816490e-1 - (half - low - f);
}

/** Whole exponents up to it are products, exact for small whole numbers. */
const MOST_FACTORS = 16;

/** x^exponent of a number that is not below 0, exponent >= 0; a number below all normal ones counts as 0. */
export function power(x: number, exponent: number): number {
  if (Number.isInteger(exponent) && exponent <= MOST_FACTORS) {
    let product = 1;
    for (let factor = 0; factor < exponent; factor++) product *= x;
    return product;
  }
  return x < POWERS[0] ? 0 : exp(exponent * log(x));
}

const f = Math.fround;
const LOG2E = f(1.44269504);
const LN2_HIGH = f(0.693359375);
const LN2_LOW = f(-2.12194440e-4);
const EXP_FLOAT = [
  1.9875691500e-4,
  1.3981999507e-3,
  8.3334519073e-3,
  4.1665795894e-2,
  1.6666665459e-1,
  5.0000001201e-1,
].map(f);

/** e^x as a float, x clamped to [-87, 88]. */
export function expFloat(x: number): number {
  x = Math.min(Math.max(f(x), -87), 88);
  const n = nearest(f(x * LOG2E));
  let r = f(x - f(n * LN2_HIGH));
  r = f(r - f(n * LN2_LOW));
  let p = EXP_FLOAT[0];
  for (let i = 1; i < EXP_FLOAT.length; i++) p = f(f(p * r) + EXP_FLOAT[i]);
  p = f(f(f(f(r * r) * p) + r) + 1);
  integer[0] = (n + 127) << 23;
  return f(p * float[0]);
}

/** Halves go to the even number, as in the kernels. */
function nearest(x: number): number {
  const down = Math.floor(x);
  const rest = x - down;
  return rest > 0.5 || rest === 0.5 && down % 2 !== 0 ? down + 1 : down;
}
