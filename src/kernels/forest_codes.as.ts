/**
 * Columns as codes of 16 bits that keep the order of the values. For best splits they are ranks: equal values share
 * one, and where a column has more than 65536 values, neighbours do. For random splits they are even steps between the
 * smallest and the largest value, so that a threshold can be drawn among codes; a column that is too skewed for that
 * gets ranks.
 */
import { Best, Forest, Tree } from "./forest_state.as";

const DIGIT: u32 = 11;
const DIGITS: u32 = 6;
const BUCKETS: u32 = 1 << DIGIT;

/** Bytes that `forest_code` needs. */
export function forest_code_scratch(rows: u32): u32 {
  return max<u32>(rows * 24 + DIGITS * BUCKETS * 4, (STEPS + 1) * 12);
}

function codeByRank(forest: Forest, column: u32, values: usize, scratch: usize, most: u32): void {
  const rows = forest.rows;
  const bytes: usize = <usize> rows << 3;
  const buckets = scratch;
  let keys = scratch + DIGITS * BUCKETS * 4;
  let spareKeys = keys + bytes;
  let ids = spareKeys + bytes;
  let spareIds = ids + (bytes >> 1);
  memory.fill(buckets, 0, DIGITS * BUCKETS * 4);
  for (let i: u32 = 0; i < rows; i++) {
    const value = load<f64>(values + (<usize> i << 3));
    const bits = value == 0 ? 0 : reinterpret<u64>(value); // -0 is 0
    const key = bits ^ (<u64> (<i64> bits >> 63) | 0x8000000000000000);
    store<u64>(keys + (<usize> i << 3), key);
    store<u32>(ids + (<usize> i << 2), i);
    for (let digit: u32 = 0; digit < DIGITS; digit++) {
      const at = buckets + (<usize> ((digit << DIGIT) + (<u32> (key >> (digit * DIGIT)) & (BUCKETS - 1))) << 2);
      store<u32>(at, load<u32>(at) + 1);
    }
  }
  for (let digit: u32 = 0; digit < DIGITS; digit++) {
    const table = buckets + (<usize> (digit << DIGIT) << 2);
    const shift: u64 = digit * DIGIT;
    const first = <u32> (load<u64>(keys) >> shift) & (BUCKETS - 1);
    if (load<u32>(table + (<usize> first << 2)) == rows) continue;
    let sum: u32 = 0;
    for (let k: u32 = 0; k < BUCKETS; k++) {
      const at = table + (<usize> k << 2);
      const count = load<u32>(at);
      store<u32>(at, sum);
      sum += count;
    }
    for (let i: u32 = 0; i < rows; i++) {
      const key = load<u64>(keys + (<usize> i << 3));
      const at = table + (<usize> (<u32> (key >> shift) & (BUCKETS - 1)) << 2);
      const place = load<u32>(at);
      store<u32>(at, place + 1);
      store<u64>(spareKeys + (<usize> place << 3), key);
      store<u32>(spareIds + (<usize> place << 2), load<u32>(ids + (<usize> i << 2)));
    }
    const k = keys;
    keys = spareKeys;
    spareKeys = k;
    const j = ids;
    ids = spareIds;
    spareIds = j;
  }
  let distinct: u32 = 1;
  for (let i: u32 = 1; i < rows; i++) {
    const at = keys + (<usize> i << 3);
    distinct += u32(load<u64>(at) != load<u64>(at - 8));
  }
  const low = forest.low + (<usize> (column * forest.capacity) << 3);
  const high = forest.high + (<usize> (column * forest.capacity) << 3);
  const stride = forest.stride;
  const target = forest.records + (column << 1);
  let position: u32 = 0;
  let code: u32 = 0;
  for (let i: u32 = 0; i < rows; i++) {
    const key = load<u64>(keys + (<usize> i << 3));
    const isNew = i == 0 || key != load<u64>(keys + (<usize> i << 3) - 8);
    if (isNew) {
      const own = distinct <= most ? position : <u32> (<u64> position * most / distinct);
      position++;
      const value = reinterpret<f64>(key ^ (~<u64> (<i64> key >> 63) | 0x8000000000000000));
      if (i == 0 || own != code) store<f64>(low + (<usize> own << 3), value);
      store<f64>(high + (<usize> own << 3), value);
      code = own;
    }
    store<u16>(target + <usize> load<u32>(ids + (<usize> i << 2)) * stride, <u16> code);
  }
}

/** Codes one column into the records, by at most `most` ranks. `values` are its doubles, none of them NaN. */
export function forest_code(forest: Forest, column: u32, values: usize, scratch: usize, most: u32): void {
  const steps = forest.steps + (<usize> column << 4);
  store<f64>(steps, 0, 8);
  if (forest.isRandom == 0 || !codeBySteps(forest, column, values, scratch, steps)) {
    codeByRank(forest, column, values, scratch, most);
  }
}

const STEPS: u32 = 65535;
/** Steps may throw values together with this share of all rows, on average. */
const SHARED: f64 = 1.0 / 4096.0;

@inline
function stepOf(value: f64, first: f64, factor: f64): u32 {
  return max<i32>(0, min<i32>(STEPS, <i32> ((value - first) * factor)));
}

/** False when too many values would share a code. */
function codeBySteps(forest: Forest, column: u32, values: usize, scratch: usize, steps: usize): bool {
  const end = values + (<usize> forest.rows << 3);
  let lowest: f64 = Infinity;
  let highest: f64 = -Infinity;
  for (let at = values; at < end; at += 8) {
    lowest = min<f64>(lowest, load<f64>(at));
    highest = max<f64>(highest, load<f64>(at));
  }
  const factor = <f64> STEPS / (highest - lowest);
  // Also of a constant, or of a range that is no number.
  if (!(factor > 0 && factor < Infinity)) return false;
  // By code: a value, and how many rows, with the top bit set when another value came.
  const seen = scratch + <usize> (STEPS + 1) * 4;
  memory.fill(scratch, 0, <usize> (STEPS + 1) * 4);
  const stride: usize = forest.stride;
  let to = forest.records + (<usize> column << 1);
  for (let at = values; at < end; at += 8, to += stride) {
    const value = load<f64>(at);
    const code = stepOf(value, lowest, factor);
    store<u16>(to, <u16> code);
    const place = scratch + (<usize> code << 2);
    const first = seen + (<usize> code << 3);
    const count = load<u32>(place);
    if (count == 0) store<f64>(first, value);
    const isOther: u32 = u32(load<f64>(first) != value) << 31;
    store<u32>(place, (count | isOther) + 1);
  }
  let shared: f64 = 0;
  for (let at = scratch; at < seen; at += 4) {
    const count = load<i32>(at);
    const rows = <f64> (count & 0x7fffffff);
    shared += select<f64>(rows * rows, 0, count < 0);
  }
  if (shared > <f64> forest.rows * <f64> forest.rows * SHARED) return false;
  store<f64>(steps, lowest);
  store<f64>(steps, factor, 8);
  return true;
}

/** A random cut between the smallest and the largest code that a node has of a column; `share` is of 2^32. */
export function cutOf(forest: Forest, column: u32, lowest: u32, highest: u32, share: u32): u32 {
  if (load<f64>(forest.steps + (<usize> column << 4), 8) > 0) {
    return lowest + u32(<u64> share * (highest - lowest) >> 32);
  }
  const values = forest.low + (<usize> (column * forest.capacity) << 3);
  const threshold = thresholdOf(values, lowest, highest, share);
  let low = lowest;
  let high = highest - 1;
  while (low < high) { // the last code whose value is not above
    const middle = (low + high + 1) >>> 1;
    if (load<f64>(values + (<usize> middle << 3)) > threshold) high = middle - 1;
    else low = middle;
  }
  return low;
}

function thresholdOf(values: usize, lowest: u32, highest: u32, share: u32): f64 {
  const low = load<f64>(values + (<usize> lowest << 3));
  const high = load<f64>(values + (<usize> highest << 3));
  const part = <f64> share * (1.0 / 4294967296.0);
  const threshold = low * (1 - part) + high * part; // no overflow, even of the range
  return threshold >= high || threshold < low ? low : threshold;
}

/** From the best cut of a column of steps to the largest value that goes left; of ranks to the value drawn. */
export function drawnThreshold(forest: Forest, column: u32, lowest: u32, highest: u32, share: u32): f64 {
  const steps = forest.steps + (<usize> column << 4);
  const first = load<f64>(steps);
  const factor = load<f64>(steps, 8);
  if (factor > 0) return lastOf(Best.cut, first, factor);
  const at = <usize> (column * forest.capacity) << 3;
  const threshold = thresholdOf(forest.low + at, lowest, highest, share);
  return max<f64>(threshold, load<f64>(forest.high + at + (<usize> Best.cut << 3)));
}

/** A whole number that is larger for a larger double. */
@inline
function orderOf(value: f64): i64 {
  const bits = reinterpret<i64>(value);
  return bits ^ ((bits >> 63) & 0x7fffffffffffffff);
}

@inline
function valueOf(order: i64): f64 {
  return reinterpret<f64>(order ^ ((order >> 63) & 0x7fffffffffffffff));
}

/** The largest double whose step is at most this. */
function lastOf(step: u32, first: f64, factor: f64): f64 {
  const near = first + <f64> (step + 1) / factor;
  let low = orderOf(near);
  let high = low + 1;
  for (let width: i64 = 1; stepOf(valueOf(low), first, factor) > step; width <<= 1) {
    high = low;
    low -= width;
  }
  for (let width: i64 = 1; stepOf(valueOf(high), first, factor) <= step; width <<= 1) {
    low = high;
    high += width;
  }
  while (high - low > 1) {
    const middle = low + ((high - low) >> 1);
    if (stepOf(valueOf(middle), first, factor) > step) high = middle;
    else low = middle;
  }
  return valueOf(low);
}

/** From the codes on both sides of each best cut to the threshold halfway between their values: all at once is quicker. */
export function placeThresholds(forest: Forest, tree: Tree, nodes: u32): void {
  for (let node: u32 = 0; node < nodes; node++) {
    const feature = load<i32>(tree.nodeFeature + (<usize> node << 2));
    if (feature < 0) continue;
    const at = tree.nodeThreshold + (<usize> node << 3);
    const column: usize = <usize> (<u32> feature * forest.capacity) << 3;
    const low = load<f64>(forest.high + column + (<usize> load<u32>(at) << 3));
    const high = load<f64>(forest.low + column + (<usize> load<u32>(at, 4) << 3));
    const middle = low / 2 + high / 2;
    store<f64>(at, middle < high ? middle : low);
  }
}
