/**
 * What preparation must know of a column of doubles, and its scaling. Sums are taken in four lanes, as in
 * src/ml/sums.ts, and have its bits.
 */

/** The sum. */
export function column_sum(x: usize, count: u32): f64 {
  let a = f64x2.splat(0), b = a;
  const end = x + (<usize> count << 3), whole = x + (<usize> (count & ~3) << 3);
  for (; x < whole; x += 32) {
    a = f64x2.add(a, v128.load(x));
    b = f64x2.add(b, v128.load(x, 16));
  }
  let first = f64x2.extract_lane(a, 0);
  for (; x < end; x += 8) first += load<f64>(x);
  return first + f64x2.extract_lane(a, 1) + (f64x2.extract_lane(b, 0) + f64x2.extract_lane(b, 1));
}

/** Writes the sum and the sum of squares of x - from. */
export function column_moments(x: usize, count: u32, from: f64, out: usize): void {
  const f = f64x2.splat(from);
  let s = f64x2.splat(0), t = s, p = s, q = s;
  const end = x + (<usize> count << 3), whole = x + (<usize> (count & ~3) << 3);
  for (; x < whole; x += 32) {
    const a = f64x2.sub(v128.load(x), f), b = f64x2.sub(v128.load(x, 16), f);
    s = f64x2.add(s, a);
    t = f64x2.add(t, b);
    p = f64x2.add(p, f64x2.mul(a, a));
    q = f64x2.add(q, f64x2.mul(b, b));
  }
  let sum = f64x2.extract_lane(s, 0), squares = f64x2.extract_lane(p, 0);
  for (; x < end; x += 8) {
    const a = load<f64>(x) - from;
    sum += a;
    squares += a * a;
  }
  store<f64>(out, sum + f64x2.extract_lane(s, 1) + (f64x2.extract_lane(t, 0) + f64x2.extract_lane(t, 1)));
  store<f64>(out, squares + f64x2.extract_lane(p, 1) + (f64x2.extract_lane(q, 0) + f64x2.extract_lane(q, 1)), 8);
}

/** Moves what is a number to the front, in order; how many those are. */
export function column_compact(x: usize, count: u32): u32 {
  let to = x;
  for (const end = x + (<usize> count << 3); x < end; x += 8) {
    const value = load<f64>(x);
    store<f64>(to, value);
    to += usize(value == value) << 3;
  }
  return count - <u32> ((x - to) >> 3);
}

/** x = (x - mean) / scale, and `filled` where that is no number. */
export function column_scale(x: usize, count: u32, mean: f64, scale: f64, filled: f64): void {
  const m = f64x2.splat(mean), s = f64x2.splat(scale), f = f64x2.splat(filled);
  const end = x + (<usize> count << 3), whole = x + (<usize> (count & ~1) << 3);
  for (; x < whole; x += 16) {
    const y = f64x2.div(f64x2.sub(v128.load(x), m), s);
    v128.store(x, v128.bitselect(y, f, f64x2.eq(y, y)));
  }
  if (x == end) return;
  const y = (load<f64>(x) - mean) / scale;
  store<f64>(x, y == y ? y : filled);
}

/** The smallest. */
export function column_least(x: usize, count: u32): f64 {
  let a = f64x2.splat(Infinity);
  const end = x + (<usize> count << 3), whole = x + (<usize> (count & ~1) << 3);
  for (; x < whole; x += 16) a = f64x2.pmin(a, v128.load(x));
  const least = min(f64x2.extract_lane(a, 0), f64x2.extract_lane(a, 1));
  return x < end ? min(least, load<f64>(x)) : least;
}

/** to = 1 where x is above the limit, else 0. */
export function column_binarize(to: usize, x: usize, count: u32, limit: f64): void {
  const most = f64x2.splat(limit), one = f64x2.splat(1);
  const end = x + (<usize> count << 3), whole = x + (<usize> (count & ~1) << 3);
  for (; x < whole; x += 16, to += 16) v128.store(to, v128.and(one, f64x2.gt(v128.load(x), most)));
  if (x < end) store<f64>(to, load<f64>(x) > limit ? 1.0 : 0.0);
}

const SAMPLE: u32 = 1024;
/** Places of the sample on either side of the wanted one: 2.5 standard deviations. */
const AROUND: u32 = 40;

/**
 * Writes the values that would stand at places k and k + 1 if x were sorted; k + 1 < count.
 *
 * A sample tells between which two values they lie; what lies there is taken out and searched.
 * Source: Floyd and Rivest, "Expected Time Bounds for Selection" (1975).
 * @param x without NaN
 * @param scratch as large as x, or 1024 doubles
 */
export function column_select(x: usize, count: u32, k: u32, scratch: usize, out: usize): void {
  let low = -Infinity, high = Infinity;
  if (count > SAMPLE << 2) {
    for (let i: u32 = 0; i < SAMPLE; i++) {
      store<f64>(scratch + (<usize> i << 3), load<f64>(x + (<usize> (<u64> i * count / SAMPLE) << 3)));
    }
    const middle = <u32> (<u64> k * SAMPLE / count);
    if (middle + AROUND < SAMPLE) high = select(scratch, SAMPLE, middle + AROUND);
    if (middle >= AROUND) low = select(scratch, SAMPLE, middle - AROUND);
  }
  for (;;) {
    const below = gather(x, count, low, high, scratch);
    const found = <u32> inside;
    if (k >= below && k + 1 < below + found) {
      const place = k - below;
      store<f64>(out, select(scratch, found, place));
      let next = load<f64>(scratch + (<usize> (place + 1) << 3));
      for (let i = place + 2; i < found; i++) next = min(next, load<f64>(scratch + (<usize> i << 3)));
      store<f64>(out, next, 8);
      return;
    }
    low = -Infinity;
    high = Infinity;
  }
}

/** What the last `gather` put into its scratch. */
let inside: u32 = 0;

/** Takes out what lies between low and high, both included; how many values are below. */
function gather(x: usize, count: u32, low: f64, high: f64, to: usize): u32 {
  const least = f64x2.splat(low), most = f64x2.splat(high), start = to;
  let below = i64x2.splat(0);
  const end = x + (<usize> count << 3), whole = x + (<usize> (count & ~1) << 3);
  for (; x < whole; x += 16) {
    const pair = v128.load(x);
    const under = f64x2.lt(pair, least);
    below = i64x2.sub(below, under);
    const out = i64x2.bitmask(v128.or(under, f64x2.gt(pair, most)));
    if (out == 3) continue;
    v128.store64_lane(to, pair, 0);
    to += (~out & 1) << 3;
    v128.store64_lane(to, pair, 1);
    to += (~out & 2) << 2;
  }
  let under = <u32> (i64x2.extract_lane(below, 0) + i64x2.extract_lane(below, 1));
  if (x < end) {
    const value = load<f64>(x);
    under += u32(value < low);
    if (value >= low && value <= high) {
      store<f64>(to, value);
      to += 8;
    }
  }
  inside = <u32> ((to - start) >> 3);
  return under;
}

/** Brings the k-th smallest to place k, smaller ones before it (Hoare's quickselect). */
function select(x: usize, count: u32, k: u32): f64 {
  let low: i32 = 0, high: i32 = <i32> count - 1;
  const wanted = <i32> k;
  while (low < high) {
    const pivot = load<f64>(x + (<usize> ((low + high) >> 1) << 3));
    let i = low, n = high;
    while (i <= n) {
      while (load<f64>(x + (<usize> i << 3)) < pivot) i++;
      while (load<f64>(x + (<usize> n << 3)) > pivot) n--;
      if (i > n) break;
      const kept = load<f64>(x + (<usize> i << 3));
      store<f64>(x + (<usize> i << 3), load<f64>(x + (<usize> n << 3)));
      store<f64>(x + (<usize> n << 3), kept);
      i++;
      n--;
    }
    if (wanted <= n) high = n;
    else if (wanted >= i) low = i;
    else break;
  }
  return load<f64>(x + (<usize> k << 3));
}

/**
 * cells (classes, 8) += x by class, or the squares of x - means: eight columns, `stride` doubles apart, side by side,
 * so that one addition need not wait for the one before.
 * @param kinds (rows) class indices, 32 bits each
 * @param weights (rows) doubles, or 0: every row counts 1
 * @param means (classes, 8) doubles, or 0: the sums of x itself
 */
export function column_class_sums(
  x: usize, stride: u32, rows: u32, kinds: usize, weights: usize, means: usize, cells: usize,
): void {
  const step = <usize> stride << 3;
  for (let i: u32 = 0; i < rows; i++, x += 8, kinds += 4) {
    const at = <usize> load<u32>(kinds) << 6;
    const to = cells + at;
    let w = f64x2.splat(1);
    if (weights != 0) w = v128.load64_splat(weights + (<usize> i << 3));
    let a = pair(x, step), b = pair(x + (step << 1), step), c = pair(x + (step << 2), step), d = pair(x + step * 6, step);
    if (means != 0) {
      const from = means + at;
      a = square(f64x2.sub(a, v128.load(from)));
      b = square(f64x2.sub(b, v128.load(from, 16)));
      c = square(f64x2.sub(c, v128.load(from, 32)));
      d = square(f64x2.sub(d, v128.load(from, 48)));
    }
    if (weights != 0) {
      a = f64x2.mul(a, w);
      b = f64x2.mul(b, w);
      c = f64x2.mul(c, w);
      d = f64x2.mul(d, w);
    }
    v128.store(to, f64x2.add(v128.load(to), a));
    v128.store(to, f64x2.add(v128.load(to, 16), b), 16);
    v128.store(to, f64x2.add(v128.load(to, 32), c), 32);
    v128.store(to, f64x2.add(v128.load(to, 48), d), 48);
  }
}

@inline
function pair(x: usize, step: usize): v128 {
  return v128.load64_lane(x + step, v128.load64_zero(x), 1);
}

@inline
function square(x: v128): v128 {
  return f64x2.mul(x, x);
}
