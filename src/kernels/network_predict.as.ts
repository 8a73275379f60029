/**
 * A network for many rows, a block of 64 at a time and column-major: every unit's values of a block stand side by side, so
 * a layer is computed for many rows at once, whatever its width.
 *
 * Each sum begins with the offset and goes through the inputs in ascending order, one multiplication and one addition
 * each, as in matrix.as.ts and src/ml/neural_network/layers.ts: the same bits.
 */
import { exp2lanes } from "./exp_log.as";
import { network_activate, RELU } from "./network.as";

/** Bytes of a unit: 64 floats. */
const UNIT: usize = 256;

/**
 * A block of inputs (cols, 64) from columns of doubles, `stride` doubles apart. Of `rows`, fewer than 64 at the end, up to
 * three more may be read and written.
 * @param largest inputs beyond it count as this
 */
export function network_inputs(to: usize, x: usize, stride: u32, rows: u32, cols: u32, largest: f64): void {
  const most = f64x2.splat(largest), least = f64x2.splat(-largest);
  const bytes = <usize> rows << 2;
  for (let j: u32 = 0; j < cols; j++, to += UNIT, x += <usize> stride << 3) {
    for (let at: usize = 0; at < bytes; at += 16) {
      const from = x + (at << 1);
      const low = f64x2.pmin(f64x2.pmax(v128.load(from), least), most);
      const high = f64x2.pmin(f64x2.pmax(v128.load(from, 16), least), most);
      v128.store(to + at, v128.shuffle<i64>(f32x4.demote_f64x2_zero(low), f32x4.demote_f64x2_zero(high), 0, 2));
    }
  }
}

@inline
function madd(sum: v128, x: v128, y: v128): v128 {
  return f32x4.add(sum, f32x4.mul(x, y));
}

/**
 * out (outputs, 64) = the activation of offsets + the weighted sums of the inputs (inputs, 64).
 * @param kind of the activation, as network_activate's
 * @param weights (inputs, stride) floats, and the offsets behind them
 * @param rows of the block that count
 */
export function network_layer(
  kind: u32, out: usize, input: usize, weights: usize, stride: u32, inputs: u32, outputs: u32, rows: u32,
): void {
  const wStep = <usize> stride << 2;
  const offsets = weights + inputs * wStep;
  const bytes = <usize> rows << 2;
  let j: u32 = 0;
  for (; j + 4 <= outputs; j += 4) {
    const to = out + j * UNIT;
    const column = <usize> j << 2;
    for (let at: usize = 0; at < bytes; at += 32) {
      tile4x8(to + at, input + at, weights + column, wStep, offsets + column, inputs, kind == RELU);
    }
  }
  const whole = kind == RELU ? j : 0;
  for (; j < outputs; j++) {
    const to = out + j * UNIT;
    const column = <usize> j << 2;
    for (let at: usize = 0; at < bytes; at += 64) {
      tile1x16(to + at, input + at, weights + column, wStep, offsets + column, inputs);
    }
  }
  network_activate(kind, out + whole * UNIT, (outputs - whole) << 6);
}

/** Four units of eight rows. */
function tile4x8(
  to: usize, x: usize, w: usize, wStep: usize, offsets: usize, inputs: u32, isRelu: bool,
): void {
  let a0 = v128.load32_splat(offsets), b0 = v128.load32_splat(offsets, 4);
  let c0 = v128.load32_splat(offsets, 8), d0 = v128.load32_splat(offsets, 12);
  let a1 = a0, b1 = b0, c1 = c0, d1 = d0;
  for (const end = x + inputs * UNIT; x < end; x += UNIT, w += wStep) {
    const x0 = v128.load(x), x1 = v128.load(x, 16);
    const wa = v128.load32_splat(w);
    a0 = madd(a0, wa, x0);
    a1 = madd(a1, wa, x1);
    const wb = v128.load32_splat(w, 4);
    b0 = madd(b0, wb, x0);
    b1 = madd(b1, wb, x1);
    const wc = v128.load32_splat(w, 8);
    c0 = madd(c0, wc, x0);
    c1 = madd(c1, wc, x1);
    const wd = v128.load32_splat(w, 12);
    d0 = madd(d0, wd, x0);
    d1 = madd(d1, wd, x1);
  }
  if (isRelu) {
    const zero = f32x4.splat(0);
    a0 = f32x4.pmax(zero, a0), a1 = f32x4.pmax(zero, a1), b0 = f32x4.pmax(zero, b0), b1 = f32x4.pmax(zero, b1);
    c0 = f32x4.pmax(zero, c0), c1 = f32x4.pmax(zero, c1), d0 = f32x4.pmax(zero, d0), d1 = f32x4.pmax(zero, d1);
  }
  v128.store(to, a0);
  v128.store(to, a1, 16);
  v128.store(to, b0, 256);
  v128.store(to, b1, 272);
  v128.store(to, c0, 512);
  v128.store(to, c1, 528);
  v128.store(to, d0, 768);
  v128.store(to, d1, 784);
}

/** One unit of sixteen rows. */
function tile1x16(to: usize, x: usize, w: usize, wStep: usize, offset: usize, inputs: u32): void {
  let a = v128.load32_splat(offset);
  let b = a, c = a, d = a;
  for (const end = x + inputs * UNIT; x < end; x += UNIT, w += wStep) {
    const weight = v128.load32_splat(w);
    a = madd(a, weight, v128.load(x));
    b = madd(b, weight, v128.load(x, 16));
    c = madd(c, weight, v128.load(x, 32));
    d = madd(d, weight, v128.load(x, 48));
  }
  v128.store(to, a);
  v128.store(to, b, 16);
  v128.store(to, c, 32);
  v128.store(to, d, 48);
}

/** out (rows, 2) doubles = the probabilities of both classes, for an even number of float scores. */
export function network_sigmoid(scores: usize, rows: u32, out: usize): void {
  const one = f64x2.splat(1), zero = f64x2.splat(0);
  for (const end = scores + (<usize> rows << 2); scores < end; scores += 8, out += 32) {
    const x = f64x2.promote_low_f32x4(v128.load64_zero(scores));
    const small = exp2lanes(f64x2.neg(f64x2.abs(x)));
    const less = f64x2.div(small, f64x2.add(one, small)), more = f64x2.sub(one, less);
    const isAbove = f64x2.ge(x, zero);
    const first = v128.bitselect(less, more, isAbove), second = v128.bitselect(more, less, isAbove);
    v128.store(out, v128.shuffle<i64>(first, second, 0, 2));
    v128.store(out, v128.shuffle<i64>(first, second, 1, 3), 16);
  }
}
