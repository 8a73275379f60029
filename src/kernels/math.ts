/**
 * exp and log of one number: the bits of math.as.ts, for few numbers and as its referee. Unlike Math.exp and
 * Math.log they give the same bits in every version of the engine.
 */
const bits = new ArrayBuffer(8);
const float = new Float32Array(bits);
const integer = new Int32Array(bits);
const double = new Float64Array(bits);

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

const EXP_DOUBLE = [
  1.6059043836821613e-10,
  2.08767569878681e-9,
  2.505210838544172e-8,
  2.755731922398589e-7,
  2.7557319223985893e-6,
  2.48015873015873e-5,
  1.984126984126984e-4,
  1.388888888888889e-3,
  8.333333333333333e-3,
  4.1666666666666664e-2,
  1.6666666666666666e-1,
  0.5,
  1,
  1,
];

/** e^x, x clamped to [-708, 709]. */
export function exp(x: number): number {
  x = Math.min(Math.max(x, -708), 709);
  const n = nearest(x * 1.4426950408889634);
  let r = x - n * 6.93147180369123816490e-1;
  r -= n * 1.90821492927058770002e-10;
  let p = EXP_DOUBLE[0];
  for (let i = 1; i < EXP_DOUBLE.length; i++) p = p * r + EXP_DOUBLE[i];
  integer[0] = 0;
  integer[1] = (n + 1023) << 20;
  return p * double[0];
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
