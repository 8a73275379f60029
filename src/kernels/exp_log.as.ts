/**
 * exp and log with the same bits on every machine and in every release of the JavaScript engine. exp_log.ts is the
 * same in plain TypeScript: the two must do the same operations in the same order. Right to two units of the last place.
 *
 * Source: Cephes, exp.c, expf.c and logf.c (Moshier); FreeBSD msun, e_log.c (Sun Microsystems).
 */
export const LOG2E: f64 = 1.4426950408889634073599;
export const LN2_HIGH: f64 = 6.93145751953125e-1;
export const LN2_LOW: f64 = 1.42860682030941723212e-6;
export const P0: f64 = 1.26177193074810590878e-4;
export const P1: f64 = 3.02994407707441961300e-2;
export const P2: f64 = 9.99999999999999999910e-1;
export const Q0: f64 = 3.00198505138664455042e-6;
export const Q1: f64 = 2.52448340349684104192e-3;
export const Q2: f64 = 2.27265548208155028766e-1;
export const Q3: f64 = 2.00000000000000000005;
/** Adding it rounds to a whole number, which then stands in the low bits. */
export const ROUND: f64 = 6755399441055744;
export const LOWEST: f64 = -708;
export const HIGHEST: f64 = 709;

/** e^x of both lanes; beyond -708 and 709 as there. */
@inline
export function exp2lanes(x: v128): v128 {
  return expBy(
    x,
    f64x2.splat(LOWEST),
    f64x2.splat(HIGHEST),
    f64x2.splat(LOG2E),
    f64x2.splat(ROUND),
    f64x2.splat(LN2_HIGH),
    f64x2.splat(LN2_LOW),
    f64x2.splat(P0),
    f64x2.splat(P1),
    f64x2.splat(P2),
    f64x2.splat(Q0),
    f64x2.splat(Q1),
    f64x2.splat(Q2),
    f64x2.splat(Q3),
    f64x2.splat(1),
    i64x2.splat(1023),
  );
}

/** The same by constants that a loop keeps: see `kept`, and boosting_loss.as.ts for their order. */
@inline
export function expBy(
  given: v128,
  lowest: v128,
  highest: v128,
  log2e: v128,
  round: v128,
  high: v128,
  low: v128,
  p0: v128,
  p1: v128,
  p2: v128,
  q0: v128,
  q1: v128,
  q2: v128,
  q3: v128,
  one: v128,
  bias: v128,
): v128 {
  const x = f64x2.pmin(f64x2.pmax(given, lowest), highest);
  const shifted = f64x2.add(f64x2.mul(x, log2e), round);
  const k = f64x2.sub(shifted, round);
  const r = f64x2.sub(f64x2.sub(x, f64x2.mul(k, high)), f64x2.mul(k, low));
  const rr = f64x2.mul(r, r);
  const p = f64x2.mul(r, f64x2.add(f64x2.mul(f64x2.add(f64x2.mul(p0, rr), p1), rr), p2));
  const q = f64x2.add(f64x2.mul(f64x2.add(f64x2.mul(f64x2.add(f64x2.mul(q0, rr), q1), rr), q2), rr), q3);
  const fraction = f64x2.div(p, f64x2.sub(q, p));
  const mantissa = f64x2.add(one, f64x2.add(fraction, fraction));
  return f64x2.mul(mantissa, i64x2.shl(i64x2.add(i64x2.sub(shifted, round), bias), 52));
}

@inline
export function exp1(x: f64): f64 {
  return f64x2.extract_lane(exp2lanes(f64x2.splat(x)), 0);
}

/** Of two doubles above 0 that are no subnormals. */
@inline
export function logDoubles(x: v128): v128 {
  // The exponent for which the rest lies in [sqrt(1/2), sqrt(2)).
  const shifted = i64x2.sub(x, i64x2.splat(0x3fe6a09e667f3bcd));
  const exponent = i64x2.shr_s(shifted, 52);
  const m = i64x2.sub(x, i64x2.shl(exponent, 52));
  const k = f64x2.convert_low_i32x4_s(i32x4.shuffle(exponent, exponent, 0, 2, 0, 2));
  const f = f64x2.sub(m, f64x2.splat(1));
  const s = f64x2.div(f, f64x2.add(f64x2.splat(2), f));
  const z = f64x2.mul(s, s);
  let p = f64x2.splat(1.479819860511658591e-1);
  p = f64x2.add(f64x2.mul(p, z), f64x2.splat(1.531383769920937332e-1));
  p = f64x2.add(f64x2.mul(p, z), f64x2.splat(1.818357216161805012e-1));
  p = f64x2.add(f64x2.mul(p, z), f64x2.splat(2.222219843214978396e-1));
  p = f64x2.add(f64x2.mul(p, z), f64x2.splat(2.857142874366239149e-1));
  p = f64x2.add(f64x2.mul(p, z), f64x2.splat(3.999999999940941908e-1));
  p = f64x2.add(f64x2.mul(p, z), f64x2.splat(6.666666666666735130e-1));
  p = f64x2.mul(p, z);
  const half = f64x2.mul(f64x2.splat(0.5), f64x2.mul(f, f));
  const low = f64x2.add(
    f64x2.mul(s, f64x2.add(half, p)),
    f64x2.mul(k, f64x2.splat(1.90821492927058770002e-10)),
  );
  const inner = f64x2.sub(f64x2.sub(half, low), f);
  return f64x2.sub(f64x2.mul(k, f64x2.splat(6.93147180369123816490e-1)), inner);
}

/** The natural logarithm of a normal number above 0. */
export function log1(x: f64): f64 {
  return f64x2.extract_lane(logDoubles(f64x2.splat(x)), 0);
}

/** Within 2 units of the last place; clamped to [-87, 88]. */
@inline
export function expFloats(x: v128): v128 {
  x = f32x4.min(f32x4.max(x, f32x4.splat(-87.0)), f32x4.splat(88.0));
  const n = f32x4.nearest(f32x4.mul(x, f32x4.splat(1.44269504)));
  let r = f32x4.sub(x, f32x4.mul(n, f32x4.splat(0.693359375)));
  r = f32x4.sub(r, f32x4.mul(n, f32x4.splat(-2.12194440e-4)));
  let p = f32x4.splat(1.9875691500e-4);
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(1.3981999507e-3));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(8.3334519073e-3));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(4.1665795894e-2));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(1.6666665459e-1));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(5.0000001201e-1));
  p = f32x4.add(f32x4.add(f32x4.mul(f32x4.mul(r, r), p), r), f32x4.splat(1.0));
  const power = i32x4.shl(i32x4.add(i32x4.trunc_sat_f32x4_s(n), i32x4.splat(127)), 23);
  return f32x4.mul(p, power);
}

/** Of a float above 0 that is no subnormal. */
export function logFloat(x: f32): f32 {
  const bits = reinterpret<i32>(x);
  let exponent = (bits >> 23) - 126;
  let m = reinterpret<f32>((bits & 0x007fffff) | 0x3f000000);
  if (m < <f32> 0.707106781186547524) {
    exponent -= 1;
    m = m + m;
  }
  m = m - 1;
  const z = m * m;
  let p: f32 = 7.0376836292e-2;
  p = p * m - <f32> 1.1514610310e-1;
  p = p * m + <f32> 1.1676998740e-1;
  p = p * m - <f32> 1.2420140846e-1;
  p = p * m + <f32> 1.4249322787e-1;
  p = p * m - <f32> 1.6668057665e-1;
  p = p * m + <f32> 2.0000714765e-1;
  p = p * m - <f32> 2.4999993993e-1;
  p = p * m + <f32> 3.3333331174e-1;
  p = p * m * z;
  const e = <f32> exponent;
  p = p + e * <f32> -2.12194440e-4;
  p = p - z * <f32> 0.5;
  return m + p + e * <f32> 0.693359375;
}

/** For tests: e^x or, with `which` 1, log x, of `count` numbers in place. */
export function exp_log(values: usize, count: u32, which: u32): void {
  for (let at = values, end = values + (usize(count) << 3); at < end; at += 8) {
    store<f64>(at, which == 0 ? exp1(load<f64>(at)) : log1(load<f64>(at)));
  }
}
