/** The element-wise work of a neural network, on floats. Counts are multiples of 4. */
import { expFloats, logFloat } from "./exp_log.as";

const IDENTITY: u32 = 0;
export const RELU: u32 = 1;
const LOGISTIC: u32 = 2;
const TANH: u32 = 3;

/** 1 / (1 + e^-x). */
@inline
function sigmoids(x: v128): v128 {
  const small = expFloats(f32x4.neg(f32x4.abs(x)));
  const one = f32x4.splat(1);
  const below = v128.bitselect(small, one, f32x4.lt(x, f32x4.splat(0)));
  return f32x4.div(below, f32x4.add(one, small));
}

@inline
export function tanhs(x: v128): v128 {
  const small = expFloats(f32x4.mul(f32x4.abs(x), f32x4.splat(-2)));
  const one = f32x4.splat(1);
  const size = f32x4.div(f32x4.sub(one, small), f32x4.add(one, small));
  return v128.or(size, v128.and(x, i32x4.splat(0x80000000)));
}

/** In place. */
export function network_activate(kind: u32, values: usize, count: u32): void {
  const end = values + (<usize> count << 2);
  if (kind == RELU) {
    const zero = f32x4.splat(0);
    for (let at = values; at < end; at += 16) v128.store(at, f32x4.pmax(zero, v128.load(at)));
  } else if (kind == LOGISTIC) {
    for (let at = values; at < end; at += 16) v128.store(at, sigmoids(v128.load(at)));
  } else if (kind == TANH) {
    for (let at = values; at < end; at += 16) v128.store(at, tanhs(v128.load(at)));
  }
}

/** delta *= the slope of the activation, given its values. */
export function network_slope(kind: u32, delta: usize, values: usize, count: u32): void {
  const end = delta + (<usize> count << 2);
  const zero = f32x4.splat(0), one = f32x4.splat(1);
  if (kind == RELU) {
    for (; delta < end; delta += 16, values += 16) {
      v128.store(delta, v128.and(v128.load(delta), f32x4.gt(v128.load(values), zero)));
    }
  } else if (kind == LOGISTIC) {
    for (; delta < end; delta += 16, values += 16) {
      const a = v128.load(values);
      v128.store(delta, f32x4.mul(v128.load(delta), f32x4.mul(a, f32x4.sub(one, a))));
    }
  } else if (kind == TANH) {
    for (; delta < end; delta += 16, values += 16) {
      const a = v128.load(values);
      v128.store(delta, f32x4.mul(v128.load(delta), f32x4.sub(one, f32x4.mul(a, a))));
    }
  }
}

/** mask = 0 where a hash of seed and place is below `threshold` (of 2^32), else `scale`. */
export function network_mask(mask: usize, count: u32, seed: u32, threshold: u32, scale: f32): void {
  let place = i32x4.add(i32x4.splat(seed), i32x4(0, 1, 2, 3));
  const kept = f32x4.splat(scale);
  for (const end = mask + (<usize> count << 2); mask < end; mask += 16) {
    let h = i32x4.mul(place, i32x4.splat(0x9e3779b1));
    h = i32x4.mul(v128.xor(h, i32x4.shr_u(h, 16)), i32x4.splat(0x21f0aaad));
    h = i32x4.mul(v128.xor(h, i32x4.shr_u(h, 15)), i32x4.splat(0x735a2d97));
    h = v128.xor(h, i32x4.shr_u(h, 15));
    v128.store(mask, v128.and(kept, i32x4.ge_u(h, i32x4.splat(threshold))));
    place = i32x4.add(place, i32x4.splat(4));
  }
}

/** out = a * b. */
export function network_product(out: usize, a: usize, b: usize, count: u32): void {
  for (const end = out + (<usize> count << 2); out < end; out += 16, a += 16, b += 16) {
    v128.store(out, f32x4.mul(v128.load(a), v128.load(b)));
  }
}

/**
 * The losses' sum, and in place of the scores the slopes of the loss times the weights.
 * @param scores (m, stride): before the output's activation
 * @param y (m) floats: class indices or numbers
 * @param weight (m) floats, or 0 for ones
 * @param outputs 0: squared loss of a number; 1: log loss of two classes; else softmax of so many
 */
export function network_loss(scores: usize, stride: u32, y: usize, weight: usize, m: u32, outputs: u32): f64 {
  let total: f64 = 0;
  for (let i: u32 = 0; i < m; i++, scores += <usize> stride << 2, y += 4) {
    const w: f32 = weight == 0 ? 1 : load<f32>(weight + (<usize> i << 2));
    const truth = load<f32>(y);
    let loss: f32;
    if (outputs == 0) {
      const off = load<f32>(scores) - truth;
      loss = off * off * <f32> 0.5;
      store<f32>(scores, off * w);
    } else if (outputs == 1) {
      const x = load<f32>(scores);
      const small = f32x4.extract_lane(expFloats(f32x4.splat(-abs(x))), 0);
      loss = logFloat(1 + small) + max(x, <f32> 0) - truth * x;
      store<f32>(scores, ((x < 0 ? small : <f32> 1) / (1 + small) - truth) * w);
    } else {
      loss = softmaxLoss(scores, outputs, <u32> truth, w);
    }
    total += <f64> (loss * w);
  }
  return total;
}

function softmaxLoss(scores: usize, outputs: u32, truth: u32, weight: f32): f32 {
  let most = load<f32>(scores);
  for (let k: u32 = 1; k < outputs; k++) most = max(most, load<f32>(scores + (<usize> k << 2)));
  const shift = f32x4.splat(most);
  const known = load<f32>(scores + (<usize> truth << 2));
  let sum: f32 = 0;
  for (let k: u32 = 0; k < outputs; k += 4) {
    const at = scores + (<usize> k << 2);
    v128.store(at, expFloats(f32x4.sub(v128.load(at), shift)));
    for (let l: u32 = k; l < min(k + 4, outputs); l++) sum += load<f32>(scores + (<usize> l << 2));
    for (let l: u32 = outputs; l < k + 4; l++) store<f32>(scores + (<usize> l << 2), 0);
  }
  for (let k: u32 = 0; k < outputs; k++) {
    const at = scores + (<usize> k << 2);
    store<f32>(at, (load<f32>(at) / sum - <f32> (k == truth ? 1 : 0)) * weight);
  }
  return logFloat(sum) + most - known;
}

/** The sum of the squares, four sums side by side. */
export function network_squares(values: usize, count: u32): f32 {
  let sum = f32x4.splat(0);
  for (const end = values + (<usize> count << 2); values < end; values += 16) {
    const x = v128.load(values);
    sum = f32x4.add(sum, f32x4.mul(x, x));
  }
  return f32x4.extract_lane(sum, 0) + f32x4.extract_lane(sum, 1) + f32x4.extract_lane(sum, 2) +
    f32x4.extract_lane(sum, 3);
}

/**
 * A step of Adam on the weights w: their gradient is (g + decay * w) * share.
 *
 * Source: Kingma and Ba, "Adam: A Method for Stochastic Optimization" (2015), algorithm 1, with `rate` corrected for
 * the bias of both moments.
 */
export function network_adam(
  w: usize, g: usize, m: usize, v: usize, count: u32,
  decay: f32, share: f32, rate: f32, beta1: f32, beta2: f32, epsilon: f32,
): void {
  const b1 = f32x4.splat(beta1), c1 = f32x4.splat(1 - beta1);
  const b2 = f32x4.splat(beta2), c2 = f32x4.splat(1 - beta2);
  const penalty = f32x4.splat(decay), part = f32x4.splat(share);
  const step = f32x4.splat(rate), least = f32x4.splat(epsilon);
  for (const end = w + (<usize> count << 2); w < end; w += 16, g += 16, m += 16, v += 16) {
    const now = v128.load(w);
    const slope = f32x4.mul(f32x4.add(v128.load(g), f32x4.mul(penalty, now)), part);
    const first = f32x4.add(f32x4.mul(b1, v128.load(m)), f32x4.mul(c1, slope));
    const second = f32x4.add(f32x4.mul(b2, v128.load(v)), f32x4.mul(c2, f32x4.mul(slope, slope)));
    v128.store(m, first);
    v128.store(v, second);
    const change = f32x4.div(f32x4.mul(step, first), f32x4.add(f32x4.sqrt(second), least));
    v128.store(w, f32x4.sub(now, change));
  }
}

/** A step of gradient descent with momentum (velocity v), Nesterov's or the plain one. */
export function network_descend(
  w: usize, g: usize, v: usize, count: u32, decay: f32, share: f32, rate: f32, momentum: f32, nesterov: u32,
): void {
  const penalty = f32x4.splat(decay), part = f32x4.splat(share);
  const step = f32x4.splat(rate), kept = f32x4.splat(momentum);
  for (const end = w + (<usize> count << 2); w < end; w += 16, g += 16, v += 16) {
    const now = v128.load(w);
    const slope = f32x4.mul(f32x4.add(v128.load(g), f32x4.mul(penalty, now)), part);
    const down = f32x4.mul(step, slope);
    const velocity = f32x4.sub(f32x4.mul(kept, v128.load(v)), down);
    v128.store(v, velocity);
    const change = nesterov != 0 ? f32x4.sub(f32x4.mul(kept, velocity), down) : velocity;
    v128.store(w, f32x4.add(now, change));
  }
}
