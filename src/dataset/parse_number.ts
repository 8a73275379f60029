/**
 * Decimal numbers from bytes, correct to the last bit.
 *
 * Source: Clinger, "How to read floating point numbers accurately" (1990): a whole number up to 2^53 times or
 * over a power of ten up to 10^22 rounds once. Up to 19 digits are divided in double-double arithmetic
 * (Dekker, "A floating-point technique for extending the available precision", 1971), which also tells when
 * a number lies too close to the middle of two doubles. Anything else goes through Number().
 */

/** The powers of ten that a double holds exactly. */
export const POWERS_OF_TEN = Float64Array.from({ length: 23 }, (_, i) => Number(`1e${i}`));

export const MAX_EXACT = 9007199254740991;

/** What `parseNumber` gives for text that is no number: no double that it gives otherwise. */
export const NOT_A_NUMBER = Number.NEGATIVE_INFINITY;

const WORDS_OF_INFINITY = /^[+-]?inf(inity)?$/i;

/** So many digits from the first that is not 0 go into one double, and so many more into a second. */
const HIGH_DIGITS = 15;
const LOW_DIGITS = 4;

/**
 * The number in bytes[from, to), the whole of it; NOT_A_NUMBER when it is none. Grammar: a sign, digits with
 * one decimal sign among, before or behind them, an exponent. Infinity, in words or beyond the range of
 * doubles, is no measurement and reads as missing: NaN.
 * @param decimal the byte of the decimal sign: 46 (point) or 44 (comma)
 */
export function parseNumber(bytes: Uint8Array, from: number, to: number, decimal: number): number {
  let at = from;
  const negative = bytes[at] === 45;
  if (negative || bytes[at] === 43) at++;
  let high = 0;
  let low = 0;
  let digits = 0; // from the first that is not 0
  let power = 0; // of ten, for the last digit of low
  let hasDigit = false;
  let hasPoint = false;
  let isCut = false; // a digit that is not 0 did not fit
  for (; at < to; at++) {
    const digit = bytes[at] - 48;
    if (digit >= 0 && digit <= 9) {
      hasDigit = true;
      if (hasPoint) power--;
      if (digits < HIGH_DIGITS) {
        high = high * 10 + digit;
        if (high > 0) digits++;
      } else if (digits < HIGH_DIGITS + LOW_DIGITS) {
        low = low * 10 + digit;
        digits++;
      } else {
        power++;
        if (digit > 0) isCut = true;
      }
    } else if (bytes[at] === decimal && !hasPoint) hasPoint = true;
    else break;
  }
  if (!hasDigit) return WORDS_OF_INFINITY.test(textOf(bytes, from, to)) ? NaN : NOT_A_NUMBER;
  if (at < to) {
    const exponent = parseExponent(bytes, at, to);
    if (Number.isNaN(exponent)) return NOT_A_NUMBER;
    power += exponent;
  }
  const size = isCut ? NaN : scaled(high, low, Math.max(0, digits - HIGH_DIGITS), power);
  if (!Number.isNaN(size)) return negative ? -size : size;
  const text = textOf(bytes, from, to);
  const value = Number(decimal === 44 ? text.replace(",", ".") : text);
  return Number.isFinite(value) ? value : NaN;
}

/** The number behind an e; NaN when there is none. Absurdly large ones stay large. */
function parseExponent(bytes: Uint8Array, from: number, to: number): number {
  if ((bytes[from] | 32) !== 101) return NaN;
  let at = from + 1;
  const negative = bytes[at] === 45;
  if (negative || bytes[at] === 43) at++;
  if (at >= to) return NaN;
  let exponent = 0;
  for (; at < to; at++) {
    const digit = bytes[at] - 48;
    if (!(digit >= 0 && digit <= 9)) return NaN;
    if (exponent < 100_000) exponent = exponent * 10 + digit;
  }
  return negative ? -exponent : exponent;
}

/** (high * 10^lowDigits + low) * 10^power, rounded once; NaN when this arithmetic can't tell. */
function scaled(high: number, low: number, lowDigits: number, power: number): number {
  if (low === 0) {
    power += lowDigits;
    if (high === 0) return 0;
    if (power >= -22 && power <= 22) {
      return power < 0 ? high / POWERS_OF_TEN[-power] : high * POWERS_OF_TEN[power];
    }
    return NaN;
  }
  if (power < -22 || power > 0) return NaN;
  // w + v = high * 10^lowDigits + low, exactly: halves of 25 bits times 14 bits fit a double.
  const ten = POWERS_OF_TEN[lowDigits];
  const lower = high % 33554432;
  const a = (high - lower) * ten;
  const b = lower * ten;
  const sum = a + b;
  const rest = b - (sum - a) + low;
  const w = sum + rest;
  const v = rest - (w - sum);
  // The quotient q of the leading part, and what is left over, by an exact product (Veltkamp's splitting).
  const d = POWERS_OF_TEN[-power];
  const q = w / d;
  const product = q * d;
  const qs = q * 134217729;
  const qh = qs - (qs - q);
  const ql = q - qh;
  const ds = d * 134217729;
  const dh = ds - (ds - d);
  const dl = d - dh;
  const error = qh * dh - product + qh * dl + ql * dh + ql * dl;
  const correction = (w - product - error + v) / d;
  // The correction is off by less than 2^-100 q: both ends of that range must round to the same double.
  const margin = q * 2 ** -98;
  const value = q + (correction - margin);
  return value === q + (correction + margin) ? value : NaN;
}

function textOf(bytes: Uint8Array, from: number, to: number): string {
  // Long texts would overflow the argument list; they are no number, or one with far too many digits.
  if (to - from > 1000) return new TextDecoder("latin1").decode(bytes.slice(from, to));
  return String.fromCharCode.apply(null, bytes.subarray(from, to) as unknown as number[]);
}
