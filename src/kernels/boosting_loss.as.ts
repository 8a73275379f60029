/**
 * The losses that boosting minimises, and their derivatives by the raw prediction.
 * src/ml/ensemble/boosting_loss.ts does the same in plain TypeScript, with the same bits.
 */
import {
  exp1,
  exp2lanes,
  expBy,
  HIGHEST,
  LN2_HIGH,
  LN2_LOW,
  log1,
  LOG2E,
  LOWEST,
  P0,
  P1,
  P2,
  Q0,
  Q1,
  Q2,
  Q3,
  ROUND,
} from "./exp_log.as";
import { kept } from "./memory.as";

/** Rows whose sums are made in one piece, so that no thread's share moves a bit. */
const BLOCK: u32 = 4096;

const SQUARED: u32 = 0;
const ABSOLUTE: u32 = 1;
const POISSON: u32 = 2;
const LOGISTIC: u32 = 3;
const SOFTMAX: u32 = 4;
const HUBER: u32 = 5;
const QUANTILE: u32 = 6;
const GAMMA: u32 = 7;

/** Rows with targets; the layout is that of boosting_memory.ts. Arrays end on a multiple of two numbers. */
@unmanaged
class Targets {
  /** The quantile, or where Huber's loss becomes straight. */
  alpha: f64;
  loss: u32;
  /** Raw predictions and slopes of so many trees stand one behind the other. */
  trees: u32;
  rows: u32;
  /** Numbers from one tree's to the next's; even. */
  stride: u32;
  y: usize;
  /** 0: all weigh 1. */
  weight: usize;
  raw: usize;
  /** Gradient and hessian of each row, two 32-bit floats. */
  slopes: usize;
  /** Doubles: two for each block of each tree. */
  sums: usize;
}

/** Writes the derivatives of the blocks from..to, and the sums of their sizes. */
export function boost_derive(t: Targets, from: u32, to: u32): void {
  const blocks = (t.rows + BLOCK - 1) / BLOCK;
  for (let block = from; block < to; block++) {
    const first = block * BLOCK;
    const last = min(first + BLOCK, t.rows);
    if (t.loss == SOFTMAX) softmax(t, first, last);
    else if (t.loss == LOGISTIC) logistic(t, first, last);
    else derive(t, first, last);
    for (let k: u32 = 0; k < t.trees; k++) {
      const out = t.sums + (usize(k * blocks + block) << 4);
      v128.store(out, sumOfSizes(t.slopes + ((usize(k) * t.stride + first) << 3), last - first));
    }
  }
}

/** Of gradients and of hessians; even places and odd ones apart. */
function sumOfSizes(slopes: usize, count: u32): v128 {
  let even = f64x2.splat(0);
  let odd = f64x2.splat(0);
  const end = slopes + (usize(count) << 3);
  for (; slopes + 16 <= end; slopes += 16) {
    even = f64x2.add(even, f64x2.abs(f64x2.promote_low_f32x4(v128.load64_zero(slopes))));
    odd = f64x2.add(odd, f64x2.abs(f64x2.promote_low_f32x4(v128.load64_zero(slopes, 8))));
  }
  if (slopes < end) even = f64x2.add(even, f64x2.abs(f64x2.promote_low_f32x4(v128.load64_zero(slopes))));
  return f64x2.add(even, odd);
}

/** The largest gradient and hessian. */
const LARGEST: f64 = 3e38;

/** The slopes of two rows. */
@inline
function storeSlopes(to: usize, gradients: v128, hessians: v128, least: v128, most: v128): void {
  const g = f32x4.demote_f64x2_zero(f64x2.pmin(f64x2.pmax(gradients, least), most));
  const h = f32x4.demote_f64x2_zero(f64x2.pmin(f64x2.pmax(hessians, least), most));
  v128.store(to, v128.shuffle<f32>(g, h, 0, 4, 1, 5));
}

function logistic(t: Targets, first: u32, last: u32): void {
  const lowest = kept(LOWEST);
  const highest = kept(HIGHEST);
  const log2e = kept(LOG2E);
  const round = kept(ROUND);
  const high = kept(LN2_HIGH);
  const low = kept(LN2_LOW);
  const p0 = kept(P0);
  const p1 = kept(P1);
  const p2 = kept(P2);
  const q0 = kept(Q0);
  const q1 = kept(Q1);
  const q2 = kept(Q2);
  const q3 = kept(Q3);
  const one = kept(1);
  const bias = v128.bitselect(i64x2.splat(1023), one, i64x2.splat(-1));
  const zero = f64x2.splat(0);
  const least = kept(-LARGEST);
  const most = kept(LARGEST);
  const weights = t.weight;
  let slopes = t.slopes + (usize(first) << 3);
  const targets = t.y;
  const raws = t.raw;
  for (let at = usize(first) << 3, end = usize(last) << 3; at < end; at += 16, slopes += 16) {
    const raw = v128.load(raws + at);
    const isOne = f64x2.gt(v128.load(targets + at), zero);
    const e = expBy(f64x2.neg(f64x2.abs(raw)), lowest, highest, log2e, round, high, low, p0, p1, p2, q0, q1, q2, q3, one, bias);
    const d = f64x2.add(one, e);
    // The share of the other class, without the loss of digits that y - share has.
    const signed = v128.bitselect(f64x2.neg(raw), raw, isOne);
    const share = f64x2.div(v128.bitselect(one, e, f64x2.ge(signed, zero)), d);
    let g = v128.bitselect(f64x2.neg(share), share, isOne);
    let h = f64x2.div(e, f64x2.mul(d, d));
    if (weights) {
      const w = v128.load(weights + at);
      g = f64x2.mul(w, g);
      h = f64x2.mul(w, h);
    }
    storeSlopes(slopes, g, h, least, most);
  }
}

/** Two rows at once; the row behind an odd end is not used. */
function derive(t: Targets, first: u32, last: u32): void {
  const loss = t.loss;
  const one = f64x2.splat(1);
  const zero = f64x2.splat(0);
  const alpha = f64x2.splat(t.alpha);
  const least = kept(-LARGEST);
  const most = kept(LARGEST);
  for (let i = first; i < last; i += 2) {
    const at = usize(i) << 3;
    const y = v128.load(t.y + at);
    const raw = v128.load(t.raw + at);
    let g = zero;
    let h = one;
    if (loss == SQUARED) {
      g = f64x2.sub(raw, y);
    } else if (loss == ABSOLUTE) {
      g = v128.bitselect(one, f64x2.neg(one), f64x2.gt(raw, y));
    } else if (loss == POISSON) {
      h = exp2lanes(raw);
      g = f64x2.sub(h, y);
    } else if (loss == GAMMA) {
      h = f64x2.mul(y, exp2lanes(f64x2.neg(raw)));
      g = f64x2.sub(one, h);
    } else if (loss == QUANTILE) {
      g = v128.bitselect(f64x2.neg(alpha), f64x2.sub(one, alpha), f64x2.ge(y, raw));
    } else if (loss == HUBER) {
      g = f64x2.pmin(f64x2.pmax(f64x2.sub(raw, y), f64x2.neg(alpha)), alpha);
    }
    if (t.weight) {
      const w = v128.load(t.weight + at);
      g = f64x2.mul(w, g);
      h = f64x2.mul(w, h);
    }
    storeSlopes(t.slopes + at, g, h, least, most);
  }
}

function softmax(t: Targets, first: u32, last: u32): void {
  const trees = t.trees;
  const step = usize(t.stride) << 3;
  const lowest = kept(LOWEST);
  const highest = kept(HIGHEST);
  const log2e = kept(LOG2E);
  const round = kept(ROUND);
  const high = kept(LN2_HIGH);
  const low = kept(LN2_LOW);
  const p0 = kept(P0);
  const p1 = kept(P1);
  const p2 = kept(P2);
  const q0 = kept(Q0);
  const q1 = kept(Q1);
  const q2 = kept(Q2);
  const q3 = kept(Q3);
  const one = kept(1);
  const bias = v128.bitselect(i64x2.splat(1023), one, i64x2.splat(-1));
  const least = kept(-LARGEST);
  const most = kept(LARGEST);
  for (let i = first; i < last; i += 2) {
    const at = usize(i) << 3;
    const start = t.raw + at;
    let largest = v128.load(start);
    for (let k: u32 = 1; k < trees; k++) largest = f64x2.pmax(largest, v128.load(start + usize(k) * step));
    let sum = f64x2.splat(0);
    for (let k: u32 = 0; k < trees; k++) {
      sum = f64x2.add(sum, expBy(f64x2.sub(v128.load(start + usize(k) * step), largest), lowest, highest, log2e, round, high, low, p0, p1, p2, q0, q1, q2, q3, one, bias));
    }
    const y = v128.load(t.y + at);
    for (let k: u32 = 0; k < trees; k++) {
      const e = expBy(f64x2.sub(v128.load(start + usize(k) * step), largest), lowest, highest, log2e, round, high, low, p0, p1, p2, q0, q1, q2, q3, one, bias);
      const share = f64x2.div(e, sum);
      const isThis = f64x2.eq(y, f64x2.splat(k));
      let g = f64x2.sub(share, v128.and(isThis, one));
      let h = f64x2.mul(share, f64x2.sub(one, share));
      if (t.weight) {
        const w = v128.load(t.weight + at);
        g = f64x2.mul(w, g);
        h = f64x2.mul(w, h);
      }
      storeSlopes(t.slopes + ((usize(k) * t.stride + i) << 3), g, h, least, most);
    }
  }
}

/** Writes the sum of the weighted losses of each block from..to. */
export function boost_loss(t: Targets, from: u32, to: u32): void {
  for (let block = from; block < to; block++) {
    let sum: f64 = 0;
    const last = min((block + 1) * BLOCK, t.rows);
    for (let i = block * BLOCK; i < last; i++) {
      const loss = lossOf(t, i);
      sum += t.weight ? load<f64>(t.weight + (usize(i) << 3)) * loss : loss;
    }
    store<f64>(t.sums + (usize(block) << 3), sum);
  }
}

@inline
function lossOf(t: Targets, i: u32): f64 {
  const y = load<f64>(t.y + (usize(i) << 3));
  const raw = load<f64>(t.raw + (usize(i) << 3));
  const alpha = t.alpha;
  const loss = t.loss;
  if (loss == LOGISTIC) return max<f64>(raw, 0) + log1(1 + exp1(-abs(raw))) - y * raw;
  if (loss == SQUARED) return 0.5 * ((raw - y) * (raw - y));
  if (loss == ABSOLUTE) return abs(raw - y);
  if (loss == POISSON) return exp1(raw) - y * raw;
  if (loss == GAMMA) return raw + y * exp1(-raw);
  if (loss == QUANTILE) return y >= raw ? alpha * (y - raw) : (1 - alpha) * (raw - y);
  if (loss == HUBER) {
    const size = abs(y - raw);
    return size <= alpha ? 0.5 * (size * size) : alpha * (size - 0.5 * alpha);
  }
  const step = usize(t.stride) << 3;
  const start = t.raw + (usize(i) << 3);
  let largest = load<f64>(start);
  for (let k: u32 = 1; k < t.trees; k++) largest = max(largest, load<f64>(start + usize(k) * step));
  let sum: f64 = 0;
  for (let k: u32 = 0; k < t.trees; k++) sum += exp1(load<f64>(start + usize(k) * step) - largest);
  return largest + log1(sum) - load<f64>(start + usize(u32(y)) * step);
}
