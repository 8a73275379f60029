/**
 * exp and log with the same bits on every machine and in every release of the JavaScript engine. exp_log.ts is the
 * same in plain TypeScript: the two must do the same operations in the same order.
 *
 * Source: Cephes, exp.c (Moshier); FreeBSD msun, e_log.c (Sun Microsystems).
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

/** The natural logarithm of a normal number above 0. */
export function log1(x: f64): f64 {
  const bits = reinterpret<u64>(x);
  // The mantissa is brought to [sqrt(1/2), sqrt(2)).
  const high = <u32> (bits >> 32) + (0x3ff00000 - 0x3fe6a09e);
  const k: f64 = f64(i32(high >> 20) - 0x3ff);
  const top: u64 = u64((high & 0x000fffff) + 0x3fe6a09e) << 32;
  const f = reinterpret<f64>(top | (bits & 0xffffffff)) - 1;
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

/** For tests: e^x or, with `which` 1, log x, of `count` numbers in place. */
export function exp_log(values: usize, count: u32, which: u32): void {
  for (let at = values, end = values + (usize(count) << 3); at < end; at += 8) {
    store<f64>(at, which == 0 ? exp1(load<f64>(at)) : log1(load<f64>(at)));
  }
}
