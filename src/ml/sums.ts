/** Sums over columns, in four lanes: a processor adds them side by side, and their order is always the same. */

import { isPlaced, withArena } from "@/kernels/solo.ts";

/** In the kernels' memory from so many numbers on a kernel is quicker; its sums have the same bits. */
const ENOUGH = 1024;

export function sumOf(x: Float64Array): number {
  const { length } = x;
  if (length >= ENOUGH && isPlaced(x)) {
    return withArena(({ kernels }) => kernels.column_sum(x.byteOffset, length));
  }
  const whole = length - length % 4;
  let [s0, s1, s2, s3] = [0, 0, 0, 0];
  for (let i = 0; i < whole; i += 4) {
    s0 += x[i];
    s1 += x[i + 1];
    s2 += x[i + 2];
    s3 += x[i + 3];
  }
  for (let i = whole; i < length; i++) s0 += x[i];
  return s0 + s1 + (s2 + s3);
}

/** Sum and sum of squares of x - from. */
export function sumsFrom(x: Float64Array, from: number): { sum: number; squares: number } {
  const { length } = x;
  if (length >= ENOUGH && isPlaced(x)) {
    return withArena(({ kernels, room }) => {
      const pair = room(2);
      kernels.column_moments(x.byteOffset, length, from, pair.byteOffset);
      return { sum: pair[0], squares: pair[1] };
    });
  }
  const whole = length - length % 4;
  let [s0, s1, s2, s3] = [0, 0, 0, 0];
  let [q0, q1, q2, q3] = [0, 0, 0, 0];
  for (let i = 0; i < whole; i += 4) {
    const a = x[i] - from;
    const b = x[i + 1] - from;
    const c = x[i + 2] - from;
    const d = x[i + 3] - from;
    s0 += a;
    s1 += b;
    s2 += c;
    s3 += d;
    q0 += a * a;
    q1 += b * b;
    q2 += c * c;
    q3 += d * d;
  }
  for (let i = whole; i < length; i++) {
    const a = x[i] - from;
    s0 += a;
    q0 += a * a;
  }
  return { sum: s0 + s1 + (s2 + s3), squares: q0 + q1 + (q2 + q3) };
}

/** The sum of (x - from) * y. */
export function dotFrom(x: Float64Array, from: number, y: Float64Array): number {
  const { length } = x;
  const whole = length - length % 4;
  let [s0, s1, s2, s3] = [0, 0, 0, 0];
  for (let i = 0; i < whole; i += 4) {
    s0 += (x[i] - from) * y[i];
    s1 += (x[i + 1] - from) * y[i + 1];
    s2 += (x[i + 2] - from) * y[i + 2];
    s3 += (x[i + 3] - from) * y[i + 3];
  }
  for (let i = whole; i < length; i++) s0 += (x[i] - from) * y[i];
  return s0 + s1 + (s2 + s3);
}
