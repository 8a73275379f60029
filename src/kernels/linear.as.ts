/**
 * The inner loops of linear models, on doubles. Columns are `stride` doubles apart; counts of rows and strides are
 * even, with rows of weight 0 behind the last one where it must be.
 */
import { exp2lanes, logDoubles } from "./exp_log.as";

@inline
function madd(sum: v128, x: v128, y: v128): v128 {
  return f64x2.add(sum, f64x2.mul(x, y));
}

@inline
function total(sum: v128): f64 {
  return f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1);
}

/** G (cols, cols) += AᵀA, of which only the blocks of two on and below the diagonal are written; cols is even. */
export function linear_gram(a: usize, stride: u32, rows: u32, cols: u32, g: usize): void {
  const step = <usize> stride << 3;
  const line = <usize> cols << 3;
  for (let j: u32 = 0; j < cols; j += 2) {
    for (let k: u32 = 0; k <= j; k += 2) {
      let x0 = a + j * step, y0 = a + k * step;
      let x1 = x0 + step, y1 = y0 + step;
      let s00 = f64x2.splat(0), s01 = s00, s10 = s00, s11 = s00;
      let t00 = s00, t01 = s00, t10 = s00, t11 = s00;
      const end = x0 + (<usize> (rows & ~3) << 3);
      for (; x0 < end; x0 += 32, x1 += 32, y0 += 32, y1 += 32) {
        const p0 = v128.load(x0), p1 = v128.load(x1), q0 = v128.load(y0), q1 = v128.load(y1);
        s00 = madd(s00, p0, q0);
        s01 = madd(s01, p0, q1);
        s10 = madd(s10, p1, q0);
        s11 = madd(s11, p1, q1);
        const u0 = v128.load(x0, 16), u1 = v128.load(x1, 16), v0 = v128.load(y0, 16), v1 = v128.load(y1, 16);
        t00 = madd(t00, u0, v0);
        t01 = madd(t01, u0, v1);
        t10 = madd(t10, u1, v0);
        t11 = madd(t11, u1, v1);
      }
      if ((rows & 2) != 0) {
        const p0 = v128.load(x0), p1 = v128.load(x1), q0 = v128.load(y0), q1 = v128.load(y1);
        s00 = madd(s00, p0, q0);
        s01 = madd(s01, p0, q1);
        s10 = madd(s10, p1, q0);
        s11 = madd(s11, p1, q1);
      }
      const to = g + j * line + (<usize> k << 3);
      store<f64>(to, load<f64>(to) + total(f64x2.add(s00, t00)));
      store<f64>(to, load<f64>(to, 8) + total(f64x2.add(s01, t01)), 8);
      store<f64>(to + line, load<f64>(to + line) + total(f64x2.add(s10, t10)));
      store<f64>(to + line, load<f64>(to + line, 8) + total(f64x2.add(s11, t11)), 8);
    }
  }
}

/** to (rows) = (x - mean) * root; root is a pointer to (rows) doubles, or 0: without. */
export function linear_centre(to: usize, x: usize, rows: u32, mean: f64, root: usize): void {
  const m = f64x2.splat(mean);
  const bytes = <usize> rows << 3, whole = <usize> (rows & ~1) << 3;
  let i: usize = 0;
  for (; i < whole; i += 16) {
    const far = f64x2.sub(v128.load(x + i), m);
    v128.store(to + i, root == 0 ? far : f64x2.mul(v128.load(root + i), far));
  }
  if (i == bytes) return;
  const far = load<f64>(x + i) - mean;
  store<f64>(to + i, root == 0 ? far : load<f64>(root + i) * far);
}

/** out (rows) = intercept + X coef, column after column. */
export function linear_scores(
  x: usize, stride: u32, rows: u32, cols: u32, coef: usize, intercept: f64, out: usize,
): void {
  const step = <usize> stride << 3;
  const bytes = <usize> rows << 3;
  const start = f64x2.splat(intercept);
  for (let i: usize = 0; i < bytes; i += 16) v128.store(out + i, start);
  let j: u32 = 0;
  for (; j + 4 <= cols; j += 4, x += step << 2, coef += 32) {
    const w0 = v128.load64_splat(coef), w1 = v128.load64_splat(coef, 8);
    const w2 = v128.load64_splat(coef, 16), w3 = v128.load64_splat(coef, 24);
    const x1 = x + step, x2 = x1 + step, x3 = x2 + step;
    for (let i: usize = 0; i < bytes; i += 16) {
      let sum = v128.load(out + i);
      sum = madd(sum, w0, v128.load(x + i));
      sum = madd(sum, w1, v128.load(x1 + i));
      sum = madd(sum, w2, v128.load(x2 + i));
      sum = madd(sum, w3, v128.load(x3 + i));
      v128.store(out + i, sum);
    }
  }
  for (; j < cols; j++, x += step, coef += 8) {
    const w = v128.load64_splat(coef);
    for (let i: usize = 0; i < bytes; i += 16) v128.store(out + i, madd(v128.load(out + i), w, v128.load(x + i)));
  }
}

/** gradient (cols, then the intercept's) += Xᵀ slope. */
export function linear_gradient(x: usize, stride: u32, rows: u32, cols: u32, slope: usize, gradient: usize): void {
  const step = <usize> stride << 3;
  const bytes = <usize> rows << 3;
  let j: u32 = 0;
  for (; j + 4 <= cols; j += 4, x += step << 2, gradient += 32) {
    const x1 = x + step, x2 = x1 + step, x3 = x2 + step;
    let s0 = f64x2.splat(0), s1 = s0, s2 = s0, s3 = s0;
    for (let i: usize = 0; i < bytes; i += 16) {
      const r = v128.load(slope + i);
      s0 = madd(s0, r, v128.load(x + i));
      s1 = madd(s1, r, v128.load(x1 + i));
      s2 = madd(s2, r, v128.load(x2 + i));
      s3 = madd(s3, r, v128.load(x3 + i));
    }
    store<f64>(gradient, load<f64>(gradient) + total(s0));
    store<f64>(gradient, load<f64>(gradient, 8) + total(s1), 8);
    store<f64>(gradient, load<f64>(gradient, 16) + total(s2), 16);
    store<f64>(gradient, load<f64>(gradient, 24) + total(s3), 24);
  }
  for (; j < cols; j++, x += step, gradient += 8) {
    let sum = f64x2.splat(0);
    for (let i: usize = 0; i < bytes; i += 16) sum = madd(sum, v128.load(slope + i), v128.load(x + i));
    store<f64>(gradient, load<f64>(gradient) + total(sum));
  }
  let sum = f64x2.splat(0);
  for (let i: usize = 0; i < bytes; i += 16) sum = f64x2.add(sum, v128.load(slope + i));
  store<f64>(gradient, load<f64>(gradient) + total(sum));
}

/** out (rows, 2) = the probabilities of both classes, for an even number of scores. */
export function linear_sigmoid(scores: usize, rows: u32, out: usize): void {
  const one = f64x2.splat(1), zero = f64x2.splat(0);
  for (const end = scores + (<usize> rows << 3); scores < end; scores += 16, out += 32) {
    const x = v128.load(scores);
    const small = exp2lanes(f64x2.neg(f64x2.abs(x)));
    const whole = f64x2.add(one, small);
    const less = f64x2.div(small, whole), more = f64x2.div(one, whole);
    const isAbove = f64x2.ge(x, zero);
    const first = v128.bitselect(less, more, isAbove), second = v128.bitselect(more, less, isAbove);
    v128.store(out, v128.shuffle<i64>(first, second, 0, 2));
    v128.store(out, v128.shuffle<i64>(first, second, 1, 3), 16);
  }
}

/**
 * The weighted sum of the log losses of two classes; the scores become their slopes times the weights.
 * @param plain 1: every weight is 0 or 1. Then the logarithm is taken once, of a product of up to 1000 pairs of rows.
 */
export function linear_logistic(scores: usize, y: usize, weight: usize, rows: u32, plain: u32): f64 {
  const one = f64x2.splat(1), zero = f64x2.splat(0);
  let loss = zero, product = one;
  for (const end = scores + (<usize> rows << 3); scores < end; scores += 16, y += 16, weight += 16) {
    const x = v128.load(scores), truth = v128.load(y), w = v128.load(weight);
    const small = exp2lanes(f64x2.neg(f64x2.abs(x)));
    const whole = f64x2.add(one, small);
    let one_loss = f64x2.sub(f64x2.pmax(zero, x), f64x2.mul(truth, x));
    if (plain != 0) product = f64x2.mul(product, f64x2.add(one, f64x2.mul(w, small)));
    else {
      // log(1 + small), with what rounding took from the sum.
      const lost = f64x2.div(f64x2.sub(small, f64x2.sub(whole, one)), whole);
      one_loss = f64x2.add(one_loss, f64x2.add(logDoubles(whole), lost));
    }
    loss = f64x2.add(loss, f64x2.mul(w, one_loss));
    const above = v128.bitselect(small, one, f64x2.lt(x, zero));
    v128.store(scores, f64x2.mul(w, f64x2.sub(f64x2.div(above, whole), truth)));
  }
  return total(f64x2.add(loss, logDoubles(product)));
}

/** The same for softmax: `scores` are (outputs, stride), y is class indices. */
export function linear_softmax(
  scores: usize, stride: u32, outputs: u32, y: usize, weight: usize, rows: u32,
): f64 {
  const step = <usize> stride << 3;
  let loss = f64x2.splat(0);
  for (let i: usize = 0; i < <usize> rows << 3; i += 16) {
    const at = scores + i;
    let most = v128.load(at);
    for (let k: u32 = 1; k < outputs; k++) most = f64x2.max(most, v128.load(at + k * step));
    let sum = f64x2.splat(0);
    const c0 = load<f64>(y + i), c1 = load<f64>(y + i, 8);
    let known = f64x2.splat(load<f64>(at + <u32> c0 * step));
    known = f64x2.replace_lane(known, 1, load<f64>(at + <u32> c1 * step, 8));
    for (let k: u32 = 0; k < outputs; k++) {
      const part = exp2lanes(f64x2.sub(v128.load(at + k * step), most));
      v128.store(at + k * step, part);
      sum = f64x2.add(sum, part);
    }
    const w = v128.load(weight + i);
    loss = f64x2.add(loss, f64x2.mul(w, f64x2.sub(f64x2.add(most, logDoubles(sum)), known)));
    const truth = v128.load(y + i), one = f64x2.splat(1);
    for (let k: u32 = 0; k < outputs; k++) {
      const hit = v128.and(one, f64x2.eq(truth, f64x2.splat(<f64> k)));
      const slope = f64x2.sub(f64x2.div(v128.load(at + k * step), sum), hit);
      v128.store(at + k * step, f64x2.mul(w, slope));
    }
  }
  return total(loss);
}

/** The same for Poisson's deviance with a log link: exp(score) - y * score. */
export function linear_poisson(scores: usize, y: usize, weight: usize, rows: u32): f64 {
  let loss = f64x2.splat(0);
  for (const end = scores + (<usize> rows << 3); scores < end; scores += 16, y += 16, weight += 16) {
    const x = v128.load(scores), truth = v128.load(y), w = v128.load(weight);
    const mean = exp2lanes(x);
    loss = f64x2.add(loss, f64x2.mul(w, f64x2.sub(mean, f64x2.mul(truth, x))));
    v128.store(scores, f64x2.mul(w, f64x2.sub(mean, truth)));
  }
  return total(loss);
}
