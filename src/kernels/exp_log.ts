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

const float = new Float64Array(1);
const words = new Uint32Array(float.buffer);

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
  float[0] = x;
  return (words[1] >>> 20) - 0x3ff;
}

/** The natural logarithm of a normal number above 0. */
export function log(x: number): number {
  float[0] = x;
  const high = words[1] + (0x3ff00000 - 0x3fe6a09e);
  const k = (high >>> 20) - 0x3ff;
  words[1] = (high & 0x000fffff) + 0x3fe6a09e;
  const f = float[0] - 1;
  const half = 0.5 * f * f;
  const s = f / (2 + f);
  const z = s * s;
  const w = z * z;
  const t1 = w * (3.999999999940941908e-01 + w * (2.222219843214978396e-01 + w * 1.531383769920937332e-01));
  const t2 = z * (6.666666666666735130e-01 +
    w * (2.857142874366239149e-01 + w * (1.818357216161805012e-01 + w * 1.479819860511658591e-01)));
  return k * 6.93147180369123816490e-01 -
    ((half - (s * (half + (t2 + t1)) + k * 1.90821492927058770002e-10)) - f);
}
