/**
 * exp and log of four floats or two doubles, by additions, multiplications and bits alone: the same bits on every
 * machine and version, which Math.exp and Math.log do not promise. src/kernels/math.ts is the same in TypeScript.
 *
 * Source: the polynomials of Cephes (expf, logf) and of fdlibm (e_log.c); exp of doubles by its Taylor series.
 */

/** Within 2 units of the last place; clamped to [-87, 88]. */
// @ts-ignore: decorator
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

/** Within 2 units of the last place; clamped to [-708, 709]. */
// @ts-ignore: decorator
@inline
export function expDoubles(x: v128): v128 {
  x = f64x2.min(f64x2.max(x, f64x2.splat(-708.0)), f64x2.splat(709.0));
  const n = f64x2.nearest(f64x2.mul(x, f64x2.splat(1.4426950408889634)));
  let r = f64x2.sub(x, f64x2.mul(n, f64x2.splat(6.93147180369123816490e-1)));
  r = f64x2.sub(r, f64x2.mul(n, f64x2.splat(1.90821492927058770002e-10)));
  let p = f64x2.splat(1.6059043836821613e-10);
  p = f64x2.add(f64x2.mul(p, r), f64x2.splat(2.08767569878681e-9));
  p = f64x2.add(f64x2.mul(p, r), f64x2.splat(2.505210838544172e-8));
  p = f64x2.add(f64x2.mul(p, r), f64x2.splat(2.755731922398589e-7));
  p = f64x2.add(f64x2.mul(p, r), f64x2.splat(2.7557319223985893e-6));
  p = f64x2.add(f64x2.mul(p, r), f64x2.splat(2.48015873015873e-5));
  p = f64x2.add(f64x2.mul(p, r), f64x2.splat(1.984126984126984e-4));
  p = f64x2.add(f64x2.mul(p, r), f64x2.splat(1.388888888888889e-3));
  p = f64x2.add(f64x2.mul(p, r), f64x2.splat(8.333333333333333e-3));
  p = f64x2.add(f64x2.mul(p, r), f64x2.splat(4.1666666666666664e-2));
  p = f64x2.add(f64x2.mul(p, r), f64x2.splat(1.6666666666666666e-1));
  p = f64x2.add(f64x2.mul(p, r), f64x2.splat(0.5));
  p = f64x2.add(f64x2.mul(p, r), f64x2.splat(1.0));
  p = f64x2.add(f64x2.mul(p, r), f64x2.splat(1.0));
  const whole = i64x2.extend_low_i32x4_s(i32x4.trunc_sat_f64x2_s_zero(n));
  return f64x2.mul(p, i64x2.shl(i64x2.add(whole, i64x2.splat(1023)), 52));
}

/** Of two doubles above 0 that are no subnormals. */
// @ts-ignore: decorator
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

/** In place; `count` doubles, a multiple of 2. */
export function exp_doubles(values: usize, count: u32): void {
  for (let at = values, end = values + (<usize> count << 3); at < end; at += 16) {
    v128.store(at, expDoubles(v128.load(at)));
  }
}

/** In place; `count` doubles, a multiple of 2. */
export function log_doubles(values: usize, count: u32): void {
  for (let at = values, end = values + (<usize> count << 3); at < end; at += 16) {
    v128.store(at, logDoubles(v128.load(at)));
  }
}
