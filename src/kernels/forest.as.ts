/**
 * Growing whole trees of a forest: to the bit what src/ml/tree/grower.ts grows on the same values, without its orders
 * best first, its weights that are not whole and its entropy.
 *
 * For best splits columns become codes of 16 bits, which keep the order of the values (equal values share one; where a
 * column has more than 65536 values, neighbours do). For random splits they become keys of 32 bits: values rounded to
 * single precision, as scikit-learn does. A row is a record of all its codes or keys and its target, and the records of
 * a node lie together: a split writes those of its children, in order, into a second buffer. So all reading is in a
 * row, and small nodes stay in the nearest cache.
 *
 * Source: Breiman, "Random Forests" (2001); Geurts, Ernst, Wehenkel, "Extremely randomized trees" (2006);
 * scikit-learn, `_splitter.pyx`.
 */
import { stopped } from "./stop.as";

/** What is the same for all trees; the layout is that of forest_memory.ts. */
@unmanaged
class Forest {
  minWeightFraction: f64;
  /** Regression: a prediction is (mean + shift) * scale. */
  scale: f64;
  shift: f64;
  rows: u32;
  columns: u32;
  /** Bytes of a record: a multiple of 16. */
  stride: u32;
  /** 0 for regression. */
  classes: u32;
  /**
   * A record a row: its codes or keys; at its end the target. For classes that is one number of 16 bits, the class above
   * `countBits` bits for how often the row was drawn; for regression the target and 32 bits of how often.
   */
  records: usize;
  /** The smallest and the largest value of each code, `capacity` a column. */
  low: usize;
  high: usize;
  capacity: u32;
  maxFeatures: u32;
  maxDepth: u32;
  minSamplesSplit: u32;
  minSamplesLeaf: u32;
  /** Thresholds are drawn at random. */
  isRandom: u32;
  /** Rows drawn with replacement; 0: each tree learns from all rows. */
  draws: u32;
  /** Sums of the weights up to each row; 0: all rows are equally likely. */
  cumulative: usize;
  countBits: u32;
  /** Trees are left as src/ml/tree/trees_state.ts keeps them. */
  isCompact: u32;
}

/** The room and the result of one tree. */
@unmanaged
class Tree {
  /** The state of its random numbers. */
  a: u32;
  b: u32;
  c: u32;
  d: u32;
  front: usize;
  back: usize;
  /** How often each row was drawn. */
  counts: usize;
  keys: usize;
  spare: usize;
  /** Regression: weight and weighted target of the node's rows. */
  moments: usize;
  /** Sums by code: all zero between nodes. */
  sums: usize;
  rowsByCode: usize;
  features: usize;
  constants: usize;
  /** The node's features, drawn and not constant, and for each a number from 0 to 1 and a cut. */
  drawn: usize;
  shares: usize;
  cuts: usize;
  /** The node's smallest code of each column, in whole vectors, and its largest. */
  lowest: usize;
  highest: usize;
  total: usize;
  left: usize;
  stack: usize;
  buckets: usize;
  nodes: u32;
  nodeFeature: usize;
  nodeThreshold: usize;
  nodeLeft: usize;
  nodeRight: usize;
  nodeImpurity: usize;
  nodeWeight: usize;
  nodeValue: usize;
  /** Of a compact tree: the decrease in impurity by column. */
  importance: usize;
}

// ------------------------------------------------------------------------------------------- random numbers
// As src/shared/random.ts.

let a: u32 = 0;
let b: u32 = 0;
let c: u32 = 0;
let d: u32 = 0;

@inline
function uint32(): u32 {
  const result = rotl<u32>(b * 5, 7) * 9;
  const t = b << 9;
  c ^= a;
  d ^= b;
  b ^= c;
  a ^= d;
  c ^= t;
  d = rotl<u32>(d, 11);
  return result;
}

function float(): f64 {
  const upper = <f64> (uint32() >>> 5) * (1.0 / 134217728.0);
  return upper + <f64> (uint32() >>> 6) * (1.0 / 9007199254740992.0);
}

@inline
function below(n: u32): u32 {
  for (;;) {
    const value = uint32();
    const rest = value % n;
    if (value - rest <= 0 - n) return rest; // below the largest multiple of n up to 2^32
  }
  return 0;
}

// ---------------------------------------------------------------------------------------------------- codes

const DIGIT: u32 = 11;
const DIGITS: u32 = 6;
const BUCKETS: u32 = 1 << DIGIT;

/** Bytes that `forest_code` needs. */
export function forest_code_scratch(rows: u32): u32 {
  return rows * 24 + DIGITS * BUCKETS * 4;
}

/** Codes one column into the records: how many codes, at most `most`. `values` are its doubles, none of them NaN. */
export function forest_code(forest: Forest, column: u32, values: usize, scratch: usize, most: u32): u32 {
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
  return code + 1;
}

// ----------------------------------------------------------------------------------------------------- keys

/** A whole number that is larger for a larger value. */
@inline
function keyOf(value: f32): i32 {
  const bits = value == 0 ? 0 : reinterpret<i32>(value); // -0 is 0
  return bits ^ ((bits >> 31) & 0x7fffffff);
}

@inline
function valueOf(key: i32): f64 {
  return <f64> reinterpret<f32>(key ^ ((key >> 31) & 0x7fffffff));
}

/** Writes the keys of one column into the records; false when a value is too large for single precision. */
export function forest_key(forest: Forest, column: u32, values: usize): u32 {
  const stride: usize = forest.stride;
  let to = forest.records + (<usize> column << 2);
  let isFinite: u32 = 1;
  for (let i: u32 = 0; i < forest.rows; i++, to += stride) {
    const value = <f32> load<f64>(values + (<usize> i << 3));
    isFinite &= u32(value - value == 0);
    store<i32>(to, keyOf(value));
  }
  return isFinite;
}

/** The largest key whose value is at most this. */
function keyBelow(value: f64): i32 {
  const near = <f32> value;
  return keyOf(near) - i32(<f64> near > value);
}

/** The largest number whose key is at most this. */
function lastOf(key: i32): f64 {
  const value = valueOf(key);
  const middle = (value + valueOf(key + 1)) / 2;
  if (<f64> (<f32> middle) == value) return middle;
  const bits = reinterpret<i64>(middle);
  return reinterpret<f64>(middle > 0 ? bits - 1 : bits + 1);
}

// ----------------------------------------------------------------------------------------------------- rows

/** Fills the front buffer with the tree's rows: how many, or 0 where a row was drawn too often to count it. */
function drawRows(forest: Forest, tree: Tree): u32 {
  const rows = forest.rows;
  const stride: usize = forest.stride;
  if (forest.draws == 0) {
    memory.copy(tree.front, forest.records, <usize> rows * stride);
    return rows;
  }
  const counts = tree.counts;
  memory.fill(counts, 0, <usize> rows << 2);
  const cumulative = forest.cumulative;
  const total = cumulative == 0 ? 0 : load<f64>(cumulative + (<usize> (rows - 1) << 3));
  for (let k: u32 = 0; k < forest.draws; k++) {
    const row = cumulative == 0 ? below(rows) : firstAbove(cumulative, rows, float() * total);
    const at = counts + (<usize> row << 2);
    store<u32>(at, load<u32>(at) + 1);
  }
  const classes = forest.classes;
  const limit: u32 = classes == 0 ? ~u32(0) : (1 << forest.countBits) - 1;
  let to = tree.front;
  let from = forest.records;
  for (let i: u32 = 0; i < rows; i++, from += stride) {
    const count = load<u32>(counts + (<usize> i << 2));
    if (count == 0) continue;
    if (count > limit) return 0;
    for (let k: usize = 0; k < stride; k += 16) v128.store(to + k, v128.load(from + k));
    to += stride;
    if (classes == 0) store<u32>(to - 4, count);
    else store<u16>(to - 2, <u16> (load<u16>(to - 2) & ~limit | count));
  }
  return u32((to - tree.front) / stride);
}

function firstAbove(sorted: usize, size: u32, value: f64): u32 {
  let low: u32 = 0;
  let high = size - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (load<f64>(sorted + (<usize> middle << 3)) > value) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Whether a record's number at an offset, a code or a key, is at most the cut. */
@inline
function isLeft(at: usize, cut: u32, isKey: bool): bool {
  return isKey ? load<i32>(at) <= <i32> cut : <u32> load<u16>(at) <= cut;
}

/** Copies a record; without a loop where the compiler knows the stride, a multiple of 16 up to 96. */
@inline
function copyRecord(to: usize, from: usize, stride: usize, isKnown: bool): void {
  if (!isKnown) {
    for (let k: usize = 0; k < stride; k += 16) v128.store(to + k, v128.load(from + k));
    return;
  }
  v128.store(to, v128.load(from));
  if (stride > 16) v128.store(to, v128.load(from, 16), 16);
  if (stride > 32) v128.store(to, v128.load(from, 32), 32);
  if (stride > 48) v128.store(to, v128.load(from, 48), 48);
  if (stride > 64) v128.store(to, v128.load(from, 64), 64);
  if (stride > 80) v128.store(to, v128.load(from, 80), 80);
}

/** Writes the records that go left to `left` and the others to `right`, both in order. */
@inline
function part(
  from: usize,
  end: usize,
  stride: usize,
  isKnown: bool,
  offset: usize,
  cut: u32,
  isKey: bool,
  left: usize,
  right: usize,
): void {
  for (; from < end; from += stride) {
    const goes = isLeft(from + offset, cut, isKey);
    copyRecord(select<usize>(left, right, goes), from, stride, isKnown);
    const step = stride & (0 - usize(goes));
    left += step;
    right += stride - step;
  }
}

function partition(forest: Forest, from: usize, n: u32, left: usize, right: usize): void {
  const stride: usize = forest.stride;
  const end = from + <usize> n * stride;
  const cut = bestCut;
  if (forest.isRandom != 0) {
    const offset: usize = <usize> bestFeature << 2;
    if (stride == 32) part(from, end, 32, true, offset, cut, true, left, right);
    else if (stride == 48) part(from, end, 48, true, offset, cut, true, left, right);
    else if (stride == 64) part(from, end, 64, true, offset, cut, true, left, right);
    else if (stride == 96) part(from, end, 96, true, offset, cut, true, left, right);
    else part(from, end, stride, false, offset, cut, true, left, right);
  } else {
    const offset: usize = <usize> bestFeature << 1;
    if (stride == 32) part(from, end, 32, true, offset, cut, false, left, right);
    else if (stride == 48) part(from, end, 48, true, offset, cut, false, left, right);
    else if (stride == 64) part(from, end, 64, true, offset, cut, false, left, right);
    else part(from, end, stride, false, offset, cut, false, left, right);
  }
}

// ----------------------------------------------------------------------------------------------------- node

let isPure = false;
let nodeWeight: f64 = 0;
let nodeImpurity: f64 = 0;
/** Of a regression, or the weight of class 1 of two. */
let nodeSum: f64 = 0;

/** Sets weight and sum of the root of two classes; those of its children follow from its split. */
function enterRoot(forest: Forest, from: usize, n: u32): void {
  const stride: usize = forest.stride;
  const end = from + <usize> n * stride;
  const bits = forest.countBits;
  const mask: u32 = (1 << bits) - 1;
  let all: u32 = 0;
  let ones: u32 = 0;
  for (let at = from + stride; at <= end; at += stride) {
    const target: u32 = load<u16>(at - 2);
    const count = target & mask;
    all += count;
    ones += count & (0 - (target >> bits));
  }
  nodeWeight = <f64> all;
  nodeSum = <f64> ones;
}

/** Looks at the targets of a node; of two classes, weight and sum are known. */
function enter(forest: Forest, tree: Tree, from: usize, n: u32): void {
  const stride: usize = forest.stride;
  const end = from + <usize> n * stride;
  const classes = forest.classes;
  if (classes == 0) {
    let weight: f64 = 0;
    let sum: f64 = 0;
    let squares: f64 = 0;
    let lowest: f64 = Infinity;
    let highest: f64 = -Infinity;
    for (let at = from + stride; at <= end; at += stride) {
      const value = load<f64>(at - 12);
      const w = <f64> load<u32>(at - 4);
      const weighted = w * value;
      weight += w;
      sum += weighted;
      squares += weighted * value;
      lowest = select<f64>(value, lowest, value < lowest);
      highest = select<f64>(value, highest, value > highest);
    }
    nodeWeight = weight;
    nodeSum = sum;
    isPure = lowest == highest;
    const mean = sum / weight;
    nodeImpurity = isPure ? 0 : max<f64>(0, squares / weight - mean * mean);
    return;
  }
  const total = tree.total;
  const bits = forest.countBits;
  const mask: u32 = (1 << bits) - 1;
  if (classes == 2) {
    store<f64>(total, nodeWeight - nodeSum);
    store<f64>(total, nodeSum, 8);
  } else {
    memory.fill(total, 0, <usize> classes << 3);
    let all: u32 = 0;
    for (let at = from + stride; at <= end; at += stride) {
      const target: u32 = load<u16>(at - 2);
      const place = total + (<usize> (target >> bits) << 3);
      store<f64>(place, load<f64>(place) + <f64> (target & mask));
      all += target & mask;
    }
    nodeWeight = <f64> all;
  }
  let present: u32 = 0;
  let squares: f64 = 0;
  for (let k: u32 = 0; k < classes; k++) {
    const weight = load<f64>(total + (<usize> k << 3));
    present += u32(weight > 0);
    squares += weight * weight;
  }
  isPure = present <= 1;
  nodeImpurity = 1 - squares / (nodeWeight * nodeWeight);
}

/** The smallest and the largest code of every column in the node; reads up to 32 bytes behind the records. */
function findCodeRanges(forest: Forest, tree: Tree, from: usize, n: u32): void {
  const stride: usize = forest.stride;
  const end = from + <usize> n * stride;
  const bytes: usize = forest.columns << 1;
  for (let k: usize = 0; k < bytes; k += 48) {
    let low0 = i16x8.splat(-1);
    let low1 = low0;
    let low2 = low0;
    let high0 = i16x8.splat(0);
    let high1 = high0;
    let high2 = high0;
    for (let at = from + k; at < end; at += stride) {
      const v0 = v128.load(at);
      const v1 = v128.load(at, 16);
      const v2 = v128.load(at, 32);
      low0 = i16x8.min_u(low0, v0);
      high0 = i16x8.max_u(high0, v0);
      low1 = i16x8.min_u(low1, v1);
      high1 = i16x8.max_u(high1, v1);
      low2 = i16x8.min_u(low2, v2);
      high2 = i16x8.max_u(high2, v2);
    }
    v128.store(tree.lowest + k, low0);
    v128.store(tree.lowest + k, low1, 16);
    v128.store(tree.lowest + k, low2, 32);
    v128.store(tree.highest + k, high0);
    v128.store(tree.highest + k, high1, 16);
    v128.store(tree.highest + k, high2, 32);
  }
}

/** The same for keys, up to 64 bytes behind the records. */
function findKeyRanges(forest: Forest, tree: Tree, from: usize, n: u32): void {
  const bytes: usize = forest.columns << 2;
  const end = from + <usize> n * <usize> forest.stride;
  if (bytes <= 48) {
    findKeyRange(forest, tree, from, end, 0, false);
    return;
  }
  for (let k: usize = 0; k < bytes; k += 80) findKeyRange(forest, tree, from + k, end, k, true);
}

/** Of the 12 or 20 columns from an offset. */
@inline
function findKeyRange(forest: Forest, tree: Tree, from: usize, end: usize, offset: usize, isWide: bool): void {
  const stride: usize = forest.stride;
  let low0 = i32x4.splat(i32.MAX_VALUE);
  let low1 = low0;
  let low2 = low0;
  let low3 = low0;
  let low4 = low0;
  let high0 = i32x4.splat(i32.MIN_VALUE);
  let high1 = high0;
  let high2 = high0;
  let high3 = high0;
  let high4 = high0;
  for (let at = from; at < end; at += stride) {
    const v0 = v128.load(at);
    const v1 = v128.load(at, 16);
    const v2 = v128.load(at, 32);
    low0 = i32x4.min_s(low0, v0);
    high0 = i32x4.max_s(high0, v0);
    low1 = i32x4.min_s(low1, v1);
    high1 = i32x4.max_s(high1, v1);
    low2 = i32x4.min_s(low2, v2);
    high2 = i32x4.max_s(high2, v2);
    if (isWide) {
      const v3 = v128.load(at, 48);
      const v4 = v128.load(at, 64);
      low3 = i32x4.min_s(low3, v3);
      high3 = i32x4.max_s(high3, v3);
      low4 = i32x4.min_s(low4, v4);
      high4 = i32x4.max_s(high4, v4);
    }
  }
  const lowest = tree.lowest + offset;
  const highest = tree.highest + offset;
  v128.store(lowest, low0);
  v128.store(lowest, low1, 16);
  v128.store(lowest, low2, 32);
  v128.store(highest, high0);
  v128.store(highest, high1, 16);
  v128.store(highest, high2, 32);
  if (isWide) {
    v128.store(lowest, low3, 48);
    v128.store(lowest, low4, 64);
    v128.store(highest, high3, 48);
    v128.store(highest, high4, 64);
  }
}

/** Lays weight and weighted target of a node's rows together. */
function layMoments(tree: Tree, from: usize, n: u32, stride: usize): void {
  let to = tree.moments;
  const end = from + <usize> n * stride;
  for (let at = from + stride; at <= end; at += stride, to += 16) {
    const w = <f64> load<u32>(at - 4);
    store<f64>(to, w);
    store<f64>(to, w * load<f64>(at - 12), 8);
  }
}

// ---------------------------------------------------------------------------------------------------- split

let bestQuality: f64 = 0;
let bestFeature: u32 = 0;
/** Codes up to this one go left. */
let bestCut: u32 = 0;
let bestThreshold: f64 = 0;
let bestRows: u32 = 0;
/** Of two classes: the weight that goes left, and that of class 1. */
let bestLeft: f64 = 0;
let bestOnes: f64 = 0;
let constantFeatures: u32 = 0;
let minWeight: f64 = 0;

/**
 * Finds the node's split, given how many features are known to be constant. Features are drawn one by one until
 * `maxFeatures` of them were looked at and one was not constant.
 */
function findSplit(forest: Forest, tree: Tree, from: usize, n: u32, known: u32): bool {
  const features = tree.features;
  const constants = tree.constants;
  let undrawn = forest.columns; // those behind were drawn and are not constant
  let visited: u32 = 0;
  let foundConstants: u32 = 0;
  let drawnConstants: u32 = 0;
  let all = known;
  let count: u32 = 0;
  const isRandom = forest.isRandom != 0;
  if (isRandom) findKeyRanges(forest, tree, from, n);
  else findCodeRanges(forest, tree, from, n);
  while (undrawn > all && (visited < forest.maxFeatures || visited <= foundConstants + drawnConstants)) {
    visited++;
    let drawn = drawnConstants + below(undrawn - foundConstants - drawnConstants);
    if (drawn < known) {
      swap(features, drawnConstants, drawn);
      drawnConstants++;
      continue;
    }
    drawn += foundConstants;
    const feature = load<u32>(features + (<usize> drawn << 2));
    const isConstant = isRandom
      ? load<u32>(tree.lowest + (<usize> feature << 2)) == load<u32>(tree.highest + (<usize> feature << 2))
      : load<u16>(tree.lowest + (<usize> feature << 1)) == load<u16>(tree.highest + (<usize> feature << 1));
    if (isConstant) {
      swap(features, drawn, all);
      foundConstants++;
      all++;
      continue;
    }
    undrawn--;
    swap(features, undrawn, drawn);
    store<u32>(tree.drawn + (<usize> count << 2), feature);
    if (isRandom) store<f64>(tree.shares + (<usize> count << 3), float());
    count++;
  }
  // The order of the constants known before is the same for siblings and children.
  for (let j: u32 = 0; j < known; j++) {
    const at: usize = <usize> j << 2;
    store<u32>(features + at, load<u32>(constants + at));
  }
  for (let j = known; j < all; j++) {
    const at: usize = <usize> j << 2;
    store<u32>(constants + at, load<u32>(features + at));
  }
  constantFeatures = all;
  if (count == 0) return false;
  bestQuality = -Infinity;
  if (n == 2 && minWeight == 0) return splitTwo(forest, tree, from, count);
  if (isRandom) {
    return forest.classes == 0
      ? tryRandomMoments(forest, tree, from, n, count)
      : forest.classes == 2 && forest.draws == 0 && n < 65536
      ? tryRandomOnes(forest, tree, from, n, count)
      : forest.classes == 2 && nodeWeight < 2097152
      ? tryRandomPair(forest, tree, from, n, count)
      : tryRandomClasses(forest, tree, from, n, count);
  }
  if (forest.classes == 0) layMoments(tree, from, n, forest.stride);
  let found = false;
  for (let k: u32 = 0; k < count; k++) {
    const feature = load<u32>(tree.drawn + (<usize> k << 2));
    const lowest: u32 = load<u16>(tree.lowest + (<usize> feature << 1));
    const highest: u32 = load<u16>(tree.highest + (<usize> feature << 1));
    if (tryBest(forest, tree, feature, from, n, lowest, highest)) found = true;
  }
  if (found) settleBest(forest, from, n);
  return found;
}

@inline
function swap(items: usize, i: u32, j: u32): void {
  const p = items + (<usize> i << 2);
  const q = items + (<usize> j << 2);
  const x = load<u32>(p);
  store<u32>(p, load<u32>(q));
  store<u32>(q, x);
}

/** As scikit-learn has it: the weighted impurity of both sides, negative. */
@inline
function giniQuality(squaresLeft: f64, squaresRight: f64, left: f64, right: f64): f64 {
  const weight = f64x2.replace_lane(f64x2.splat(left), 1, right);
  const squares = f64x2.replace_lane(f64x2.splat(squaresLeft), 1, squaresRight);
  const share = f64x2.div(squares, f64x2.mul(weight, weight));
  const impurity = f64x2.mul(weight, f64x2.sub(f64x2.splat(1), share));
  return -f64x2.extract_lane(impurity, 1) - f64x2.extract_lane(impurity, 0);
}

@inline
function varianceQuality(sumLeft: f64, sumRight: f64, left: f64, right: f64): f64 {
  const weight = f64x2.replace_lane(f64x2.splat(left), 1, right);
  const sum = f64x2.replace_lane(f64x2.splat(sumLeft), 1, sumRight);
  const quality = f64x2.div(f64x2.mul(sum, sum), weight);
  return f64x2.extract_lane(quality, 0) + f64x2.extract_lane(quality, 1);
}

/** A node is counted by code when that touches at most this many numbers a row; else its rows are sorted. */
const COUNT_LIMIT: u32 = 4;

/** A node of so many rows that can't be counted by code is counted by 256 bins of neighbouring codes. */
const BINNED_ROWS: u32 = 256;
const BIN_BITS: u32 = 8;

/** Of the best split: the code behind the cut, and the bits by which codes were shifted into bins. */
let bestNext: u32 = 0;
let bestShift: u32 = 0;

/** Tries all splits of a feature; true when one is the best so far. */
function tryBest(
  forest: Forest,
  tree: Tree,
  feature: u32,
  from: usize,
  n: u32,
  lowest: u32,
  highest: u32,
): bool {
  const classes = forest.classes;
  const stride: usize = forest.stride;
  const codes = from + (<usize> feature << 1);
  const targets = from + stride - 2;
  const width = classes == 0 ? 2 : classes;
  const isCounted = (highest - lowest + 1) * width <= COUNT_LIMIT * n;
  let shift: u32 = 0;
  let isBetter: bool;
  if (isCounted || n >= BINNED_ROWS) {
    const bits: u32 = 32 - clz(highest - lowest);
    shift = isCounted || bits <= BIN_BITS ? 0 : bits - BIN_BITS;
    isBetter = classes == 0
      ? scanCountedMoments(forest, tree, codes, n, lowest, highest, shift)
      : classes == 2
      ? scanCountedPair(forest, tree, codes, targets, n, lowest, highest, shift)
      : scanCountedClasses(forest, tree, codes, targets, n, lowest, highest, shift);
  } else if (classes == 0) isBetter = scanSortedMoments(forest, tree, codes, n, lowest, highest);
  else if (classes == 2) isBetter = scanSortedPair(forest, tree, codes, targets, n, lowest, highest);
  else isBetter = scanSortedClasses(forest, tree, codes, targets, n, lowest, highest);
  if (!isBetter) return false;
  bestFeature = feature;
  bestShift = shift;
  bestCut = lowest + ((bestCut + 1) << shift) - 1;
  bestNext += lowest;
  return true;
}

/** Sets the codes on both sides of the best cut. */
function settleBest(forest: Forest, from: usize, n: u32): void {
  if (bestShift > 0) {
    const cut = bestCut;
    const stride: usize = forest.stride;
    const end = from + <usize> n * stride;
    let low: u32 = 0;
    let high: u32 = 65535;
    for (let at = from + (<usize> bestFeature << 1); at < end; at += stride) {
      const code: u32 = load<u16>(at);
      low = max<u32>(low, select<u32>(code, 0, code <= cut));
      high = min<u32>(high, select<u32>(65535, code, code <= cut));
    }
    bestCut = low;
    bestNext = high;
  }
}

/** From the codes on both sides of each cut to the threshold halfway between their values: all at once is quicker. */
function placeThresholds(forest: Forest, tree: Tree, nodes: u32): void {
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

/** Two classes. */
function scanSortedPair(
  forest: Forest,
  tree: Tree,
  codes: usize,
  targets: usize,
  n: u32,
  lowest: u32,
  highest: u32,
): bool {
  const bits = forest.countBits;
  const mask: u32 = (1 << bits) - 1;
  const stride: usize = forest.stride;
  const keys = tree.keys;
  for (let i: u32 = 0; i < n; i++) {
    const key = (<u32> load<u16>(codes) - lowest) << 16 | <u32> load<u16>(targets);
    store<u32>(keys + (<usize> i << 2), key);
    codes += stride;
    targets += stride;
  }
  let at = sortKeys(tree, n, highest - lowest);
  const minSamples = forest.minSamplesLeaf;
  const weight = nodeWeight;
  const ones = nodeSum;
  const least = minWeight;
  const last = n - minSamples;
  let best = bestQuality;
  let found = false;
  let all: u32 = 0;
  let allOnes: u32 = 0;
  let next = load<u32>(at);
  for (let i: u32 = 1; i <= last; i++) {
    const key = next;
    at += 4;
    next = load<u32>(at);
    const count = key & mask;
    all += count;
    allOnes += count & (0 - ((key >> bits) & 1));
    if ((key ^ next) < 65536 || i < minSamples) continue;
    const left = <f64> all;
    const right = weight - left;
    if (left < least || right < least) continue;
    const ones1 = <f64> allOnes;
    const ones0 = left - ones1;
    const rest1 = ones - ones1;
    const rest0 = right - rest1;
    const quality = giniQuality(ones0 * ones0 + ones1 * ones1, rest0 * rest0 + rest1 * rest1, left, right);
    if (quality > best) {
      best = quality;
      bestLeft = left;
      bestOnes = ones1;
      found = true;
      bestCut = key >> 16;
      bestNext = next >> 16;
      bestRows = i;
    }
  }
  bestQuality = best;
  return found;
}

function scanSortedClasses(
  forest: Forest,
  tree: Tree,
  codes: usize,
  targets: usize,
  n: u32,
  lowest: u32,
  highest: u32,
): bool {
  const bits = forest.countBits;
  const mask: u32 = (1 << bits) - 1;
  const stride: usize = forest.stride;
  const keys = tree.keys;
  for (let i: u32 = 0; i < n; i++) {
    const key = (<u32> load<u16>(codes) - lowest) << 16 | <u32> load<u16>(targets);
    store<u32>(keys + (<usize> i << 2), key);
    codes += stride;
    targets += stride;
  }
  let at = sortKeys(tree, n, highest - lowest);
  const left = tree.left;
  const total = tree.total;
  memory.fill(left, 0, <usize> forest.classes << 3);
  let squaresLeft: f64 = 0;
  let squaresRight: f64 = 0;
  for (let k: u32 = 0; k < forest.classes; k++) {
    const weight = load<f64>(total + (<usize> k << 3));
    squaresRight += weight * weight;
  }
  const minSamples = forest.minSamplesLeaf;
  const weight = nodeWeight;
  const least = minWeight;
  const last = n - minSamples;
  let best = bestQuality;
  let found = false;
  let weightLeft: f64 = 0;
  let next = load<u32>(at);
  for (let i: u32 = 1; i <= last; i++) {
    const key = next;
    at += 4;
    next = load<u32>(at);
    const w = <f64> (key & mask);
    const k: usize = <usize> ((key & 65535) >> bits) << 3;
    const before = load<f64>(left + k);
    squaresLeft += w * (2 * before + w);
    squaresRight -= w * (2 * (load<f64>(total + k) - before) - w);
    store<f64>(left + k, before + w);
    weightLeft += w;
    if ((key ^ next) < 65536 || i < minSamples) continue;
    const right = weight - weightLeft;
    if (weightLeft < least || right < least) continue;
    const quality = giniQuality(squaresLeft, squaresRight, weightLeft, right);
    if (quality > best) {
      best = quality;
      found = true;
      bestCut = key >> 16;
      bestNext = next >> 16;
      bestRows = i;
    }
  }
  bestQuality = best;
  return found;
}

function scanSortedMoments(
  forest: Forest,
  tree: Tree,
  codes: usize,
  n: u32,
  lowest: u32,
  highest: u32,
): bool {
  const stride: usize = forest.stride;
  const keys = tree.keys;
  // More than 65536 rows never come here: they are counted.
  for (let i: u32 = 0; i < n; i++, codes += stride) {
    store<u32>(keys + (<usize> i << 2), (<u32> load<u16>(codes) - lowest) << 16 | i);
  }
  let at = sortKeys(tree, n, highest - lowest);
  const moments = tree.moments;
  const minSamples = forest.minSamplesLeaf;
  const weight = nodeWeight;
  const sum = nodeSum;
  const least = minWeight;
  const last = n - minSamples;
  let best = bestQuality;
  let found = false;
  let weightLeft: f64 = 0;
  let sumLeft: f64 = 0;
  let next = load<u32>(at);
  for (let i: u32 = 1; i <= last; i++) {
    const key = next;
    at += 4;
    next = load<u32>(at);
    const moment = moments + (<usize> (key & 65535) << 4);
    weightLeft += load<f64>(moment);
    sumLeft += load<f64>(moment, 8);
    if ((key ^ next) < 65536 || i < minSamples) continue;
    const right = weight - weightLeft;
    if (weightLeft < least || right < least) continue;
    const quality = varianceQuality(sumLeft, sum - sumLeft, weightLeft, right);
    if (quality > best) {
      best = quality;
      found = true;
      bestCut = key >> 16;
      bestNext = next >> 16;
      bestRows = i;
    }
  }
  bestQuality = best;
  return found;
}

function scanCountedPair(
  forest: Forest,
  tree: Tree,
  codes: usize,
  targets: usize,
  n: u32,
  lowest: u32,
  highest: u32,
  shift: u32,
): bool {
  const bits = forest.countBits;
  const mask: u32 = (1 << bits) - 1;
  const stride: usize = forest.stride;
  const sums = tree.sums; // rows above, weight below
  for (let i: u32 = 0; i < n; i++) {
    const target: u32 = load<u16>(targets);
    const place = sums + (<usize> ((<u32> load<u16>(codes) - lowest >> shift) << 1 | target >> bits) << 3);
    store<u64>(place, load<u64>(place) + (<u64> 1 << 32 | <u64> (target & mask)));
    codes += stride;
    targets += stride;
  }
  const minSamples = forest.minSamplesLeaf;
  const weight = nodeWeight;
  const ones = nodeSum;
  const least = minWeight;
  const span = (highest - lowest >> shift) + 1;
  let best = bestQuality;
  let found = false;
  let left: u64 = 0; // as the sums
  let leftOnes: u64 = 0;
  let previous: u32 = 0;
  for (let code: u32 = 0; code < span; code++) {
    const place = sums + (<usize> code << 4);
    const hereOnes = load<u64>(place, 8);
    const here = load<u64>(place) + hereOnes;
    if (here == 0) continue;
    const rows = u32(left >> 32);
    if (rows >= minSamples && n - rows >= minSamples) {
      const weightLeft = <f64> (<u32> left);
      const right = weight - weightLeft;
      if (weightLeft >= least && right >= least) {
        const ones1 = <f64> (<u32> leftOnes);
        const ones0 = weightLeft - ones1;
        const rest1 = ones - ones1;
        const rest0 = right - rest1;
        const quality = giniQuality(
          ones0 * ones0 + ones1 * ones1,
          rest0 * rest0 + rest1 * rest1,
          weightLeft,
          right,
        );
        if (quality > best) {
          best = quality;
          found = true;
          bestLeft = weightLeft;
          bestOnes = ones1;
          bestCut = previous;
          bestNext = code;
          bestRows = rows;
        }
      }
    }
    v128.store(place, i64x2.splat(0));
    left += here;
    leftOnes += hereOnes;
    previous = code;
  }
  bestQuality = best;
  return found;
}

function scanCountedClasses(
  forest: Forest,
  tree: Tree,
  codes: usize,
  targets: usize,
  n: u32,
  lowest: u32,
  highest: u32,
  shift: u32,
): bool {
  const bits = forest.countBits;
  const mask: u32 = (1 << bits) - 1;
  const stride: usize = forest.stride;
  const classes = forest.classes;
  const sums = tree.sums; // rows above, weight below
  for (let i: u32 = 0; i < n; i++) {
    const target: u32 = load<u16>(targets);
    const place = sums + (<usize> ((<u32> load<u16>(codes) - lowest >> shift) * classes + (target >> bits)) << 3);
    store<u64>(place, load<u64>(place) + (<u64> 1 << 32 | <u64> (target & mask)));
    codes += stride;
    targets += stride;
  }
  const left = tree.left;
  const total = tree.total;
  memory.fill(left, 0, <usize> classes << 3);
  const minSamples = forest.minSamplesLeaf;
  const weight = nodeWeight;
  const least = minWeight;
  const span = (highest - lowest >> shift) + 1;
  let best = bestQuality;
  let found = false;
  let weightLeft: f64 = 0;
  let rowsLeft: u32 = 0;
  let previous: u32 = 0;
  let place = sums;
  for (let code: u32 = 0; code < span; code++) {
    let here: u64 = 0;
    for (let k: u32 = 0; k < classes; k++) here += load<u64>(place + (<usize> k << 3));
    if (here == 0) {
      place += <usize> classes << 3;
      continue;
    }
    if (rowsLeft >= minSamples && n - rowsLeft >= minSamples) {
      const right = weight - weightLeft;
      if (weightLeft >= least && right >= least) {
        let squaresLeft: f64 = 0;
        let squaresRight: f64 = 0;
        for (let k: usize = 0; k < <usize> classes << 3; k += 8) {
          const one = load<f64>(left + k);
          const other = load<f64>(total + k) - one;
          squaresLeft += one * one;
          squaresRight += other * other;
        }
        const quality = giniQuality(squaresLeft, squaresRight, weightLeft, right);
        if (quality > best) {
          best = quality;
          found = true;
          bestCut = previous;
          bestNext = code;
          bestRows = rowsLeft;
        }
      }
    }
    for (let k: usize = 0; k < <usize> classes << 3; k += 8, place += 8) {
      store<f64>(left + k, load<f64>(left + k) + <f64> (<u32> load<u64>(place)));
      store<u64>(place, 0);
    }
    weightLeft += <f64> (<u32> here);
    rowsLeft += u32(here >> 32);
    previous = code;
  }
  bestQuality = best;
  return found;
}

function scanCountedMoments(
  forest: Forest,
  tree: Tree,
  codes: usize,
  n: u32,
  lowest: u32,
  highest: u32,
  shift: u32,
): bool {
  const stride: usize = forest.stride;
  const sums = tree.sums;
  const rowsByCode = tree.rowsByCode;
  let moment = tree.moments;
  for (let i: u32 = 0; i < n; i++, codes += stride, moment += 16) {
    const code: usize = <u32> load<u16>(codes) - lowest >> shift;
    const place = sums + (code << 4);
    v128.store(place, f64x2.add(v128.load(place), v128.load(moment)));
    store<u32>(rowsByCode + (code << 2), load<u32>(rowsByCode + (code << 2)) + 1);
  }
  const minSamples = forest.minSamplesLeaf;
  const weight = nodeWeight;
  const sum = nodeSum;
  const least = minWeight;
  const span = (highest - lowest >> shift) + 1;
  let best = bestQuality;
  let found = false;
  let weightLeft: f64 = 0;
  let sumLeft: f64 = 0;
  let rowsLeft: u32 = 0;
  let previous: u32 = 0;
  for (let code: u32 = 0; code < span; code++) {
    const rows = load<u32>(rowsByCode + (<usize> code << 2));
    if (rows == 0) continue;
    if (rowsLeft >= minSamples && n - rowsLeft >= minSamples) {
      const right = weight - weightLeft;
      if (weightLeft >= least && right >= least) {
        const quality = varianceQuality(sumLeft, sum - sumLeft, weightLeft, right);
        if (quality > best) {
          best = quality;
          found = true;
          bestCut = previous;
          bestNext = code;
          bestRows = rowsLeft;
        }
      }
    }
    const place = sums + (<usize> code << 4);
    weightLeft += load<f64>(place);
    sumLeft += load<f64>(place, 8);
    v128.store(place, i64x2.splat(0));
    store<u32>(rowsByCode + (<usize> code << 2), 0);
    rowsLeft += rows;
    previous = code;
  }
  bestQuality = best;
  return found;
}

/** The cut of the k-th drawn feature, between its smallest and largest value in the node. */
@inline
function cutOf(tree: Tree, k: u32): i32 {
  const at = <usize> load<u32>(tree.drawn + (<usize> k << 2)) << 2;
  const lowest = load<i32>(tree.lowest + at);
  const low = valueOf(lowest);
  const high = valueOf(load<i32>(tree.highest + at));
  const share = load<f64>(tree.shares + (<usize> k << 3));
  const threshold = low * (1 - share) + high * share;
  return threshold >= high || threshold < low ? lowest : keyBelow(threshold);
}

function drawCuts(tree: Tree, count: u32): void {
  for (let k: u32 = 0; k < count; k++) store<i32>(tree.cuts + (<usize> k << 2), cutOf(tree, k));
  // Up to a multiple of four.
  for (let k = count; (k & 3) != 0; k++) {
    store<u32>(tree.drawn + (<usize> k << 2), load<u32>(tree.drawn));
    store<i32>(tree.cuts + (<usize> k << 2), i32.MIN_VALUE);
  }
}

@inline
function goesLeft(at: usize, cut: i32): u64 {
  const key = load<i32>(at);
  return u64(key <= cut);
}

/** Makes the k-th drawn feature with its cut that of the node, if it is the best so far and keeps the limits. */
function offer(forest: Forest, k: u32, n: u32, rows: u32, left: f64, ones: f64, quality: f64): void {
  const minSamples = forest.minSamplesLeaf;
  if (rows < minSamples || n - rows < minSamples) return;
  if (left < minWeight || nodeWeight - left < minWeight || !(quality > bestQuality)) return;
  bestQuality = quality;
  bestFeature = k;
  bestRows = rows;
  bestLeft = left;
  bestOnes = ones;
}

/** After the offers: `bestFeature` counts the drawn ones. */
function settle(tree: Tree): bool {
  if (bestQuality == -Infinity) return false;
  const cut = load<i32>(tree.cuts + (<usize> bestFeature << 2));
  bestFeature = load<u32>(tree.drawn + (<usize> bestFeature << 2));
  bestCut = cut;
  bestThreshold = lastOf(cut);
  return true;
}

/** Two rows: any threshold parts them, so only which one goes left matters, and that for the last bits alone. */
function splitTwo(forest: Forest, tree: Tree, from: usize, count: u32): bool {
  const stride: usize = forest.stride;
  const classes = forest.classes;
  const first = from + stride;
  const second = first + stride;
  let firstLeft: f64;
  let secondLeft: f64;
  let w0: f64;
  let w1: f64;
  let ones0: f64 = 0;
  let ones1: f64 = 0;
  if (classes == 0) {
    w0 = <f64> load<u32>(first - 4);
    w1 = <f64> load<u32>(second - 4);
    const y0 = w0 * load<f64>(first - 12);
    const y1 = w1 * load<f64>(second - 12);
    firstLeft = varianceQuality(y0, nodeSum - y0, w0, nodeWeight - w0);
    secondLeft = varianceQuality(y1, nodeSum - y1, w1, nodeWeight - w1);
  } else {
    const bits = forest.countBits;
    const mask: u32 = (1 << bits) - 1;
    w0 = <f64> (<u32> load<u16>(first - 2) & mask);
    w1 = <f64> (<u32> load<u16>(second - 2) & mask);
    ones0 = <f64> (<u32> load<u16>(first - 2) >> bits) * w0;
    ones1 = <f64> (<u32> load<u16>(second - 2) >> bits) * w1;
    firstLeft = giniQuality(w0 * w0, w1 * w1, w0, w1);
    secondLeft = giniQuality(w1 * w1, w0 * w0, w1, w0);
  }
  const isRandom = forest.isRandom != 0;
  for (let k: u32 = 0; k < count; k++) {
    const feature: usize = load<u32>(tree.drawn + (<usize> k << 2));
    const isFirst = isRandom
      ? load<i32>(from + (feature << 2)) == load<i32>(tree.lowest + (feature << 2))
      : load<u16>(from + (feature << 1)) == load<u16>(tree.lowest + (feature << 1));
    if (isFirst) offer(forest, k, 2, 1, w0, ones0, firstLeft);
    else offer(forest, k, 2, 1, w1, ones1, secondLeft);
  }
  if (bestQuality == -Infinity) return false;
  if (isRandom) {
    store<i32>(tree.cuts + (<usize> bestFeature << 2), cutOf(tree, bestFeature));
    return settle(tree);
  }
  bestFeature = load<u32>(tree.drawn + (<usize> bestFeature << 2));
  bestShift = 0;
  bestCut = load<u16>(tree.lowest + (<usize> bestFeature << 1));
  bestNext = load<u16>(tree.highest + (<usize> bestFeature << 1));
  settleBest(forest, from, 2);
  return true;
}

/** Of four features at a time: rows, weight and weight of class 1 on the left, 21 bits each. */
function tryRandomPair(forest: Forest, tree: Tree, from: usize, n: u32, count: u32): bool {
  const stride: usize = forest.stride;
  const bits = forest.countBits;
  const mask: u32 = (1 << bits) - 1;
  const end = from + <usize> n * stride;
  const target = stride - 2;
  drawCuts(tree, count);
  for (let k: u32 = 0; k < count; k += 4) {
    const drawn = tree.drawn + (<usize> k << 2);
    const offset0 = <usize> load<u32>(drawn) << 2;
    const offset1 = <usize> load<u32>(drawn, 4) << 2;
    const offset2 = <usize> load<u32>(drawn, 8) << 2;
    const offset3 = <usize> load<u32>(drawn, 12) << 2;
    const cuts = tree.cuts + (<usize> k << 2);
    const cut0 = load<i32>(cuts);
    const cut1 = load<i32>(cuts, 4);
    const cut2 = load<i32>(cuts, 8);
    const cut3 = load<i32>(cuts, 12);
    let left0: u64 = 0;
    let left1: u64 = 0;
    let left2: u64 = 0;
    let left3: u64 = 0;
    for (let at = from; at < end; at += stride) {
      const own: u64 = load<u16>(at + target);
      const weight = own & mask;
      const packed = u64(1) << 42 | weight << 21 | (weight & (0 - (own >> bits)));
      left0 += packed & (0 - goesLeft(at + offset0, cut0));
      left1 += packed & (0 - goesLeft(at + offset1, cut1));
      left2 += packed & (0 - goesLeft(at + offset2, cut2));
      left3 += packed & (0 - goesLeft(at + offset3, cut3));
    }
    offerPacked(forest, k, n, left0);
    if (k + 1 < count) offerPacked(forest, k + 1, n, left1);
    if (k + 2 < count) offerPacked(forest, k + 2, n, left2);
    if (k + 3 < count) offerPacked(forest, k + 3, n, left3);
  }
  return settle(tree);
}

@inline
function offerPacked(forest: Forest, k: u32, n: u32, packed: u64): void {
  const mask: u64 = (1 << 21) - 1;
  offerPair(forest, k, n, u32(packed >> 42), <f64> (packed >> 21 & mask), <f64> (packed & mask));
}

/** The same where each row counts once and 16 bits hold a sum: rows above, those of class 1 below. */
function tryRandomOnes(forest: Forest, tree: Tree, from: usize, n: u32, count: u32): bool {
  const stride: usize = forest.stride;
  const bits = forest.countBits;
  const end = from + <usize> n * stride;
  const target = stride - 2;
  drawCuts(tree, count);
  for (let k: u32 = 0; k < count; k += 4) {
    const drawn = tree.drawn + (<usize> k << 2);
    const offset0 = <usize> load<u32>(drawn) << 2;
    const offset1 = <usize> load<u32>(drawn, 4) << 2;
    const offset2 = <usize> load<u32>(drawn, 8) << 2;
    const offset3 = <usize> load<u32>(drawn, 12) << 2;
    const cuts = v128.load(tree.cuts + (<usize> k << 2));
    let left = i32x4.splat(0);
    for (let at = from; at < end; at += stride) {
      const own = i32x4.splat(65536 | <i32> (<u32> load<u16>(at + target) >> bits));
      let keys = v128.load32_zero(at + offset0);
      keys = v128.load_lane<i32>(at + offset1, keys, 1);
      keys = v128.load_lane<i32>(at + offset2, keys, 2);
      keys = v128.load_lane<i32>(at + offset3, keys, 3);
      left = i32x4.add(left, v128.andnot(own, i32x4.gt_s(keys, cuts)));
    }
    offerOnes(forest, k, n, i32x4.extract_lane(left, 0));
    if (k + 1 < count) offerOnes(forest, k + 1, n, i32x4.extract_lane(left, 1));
    if (k + 2 < count) offerOnes(forest, k + 2, n, i32x4.extract_lane(left, 2));
    if (k + 3 < count) offerOnes(forest, k + 3, n, i32x4.extract_lane(left, 3));
  }
  return settle(tree);
}

@inline
function offerOnes(forest: Forest, k: u32, n: u32, packed: u32): void {
  offerPair(forest, k, n, packed >> 16, <f64> (packed >> 16), <f64> (packed & 65535));
}

@inline
function offerPair(forest: Forest, k: u32, n: u32, rows: u32, left: f64, ones1: f64): void {
  const right = nodeWeight - left;
  const ones0 = left - ones1;
  const rest1 = nodeSum - ones1;
  const rest0 = right - rest1;
  const quality = giniQuality(ones0 * ones0 + ones1 * ones1, rest0 * rest0 + rest1 * rest1, left, right);
  offer(forest, k, n, rows, left, ones1, quality);
}

function tryRandomClasses(forest: Forest, tree: Tree, from: usize, n: u32, count: u32): bool {
  const stride: usize = forest.stride;
  const classes: usize = forest.classes;
  const bits = forest.countBits;
  const mask: u32 = (1 << bits) - 1;
  const end = from + <usize> n * stride;
  const target = stride - 2;
  const lefts = tree.left;
  drawCuts(tree, count);
  for (let k: u32 = 0; k < count; k++) {
    const offset = <usize> load<u32>(tree.drawn + (<usize> k << 2)) << 2;
    const cut = load<i32>(tree.cuts + (<usize> k << 2));
    memory.fill(lefts, 0, classes << 3);
    let rows: u32 = 0;
    let left: f64 = 0;
    for (let at = from; at < end; at += stride) {
      const goes = <u32> goesLeft(at + offset, cut);
      const own: u32 = load<u16>(at + target);
      const weight = <f64> (own & mask & (0 - goes));
      const place = lefts + (<usize> (own >> bits) << 3);
      rows += goes;
      left += weight;
      store<f64>(place, load<f64>(place) + weight);
    }
    let squaresLeft: f64 = 0;
    let squaresRight: f64 = 0;
    for (let at: usize = 0; at < classes << 3; at += 8) {
      const one = load<f64>(lefts + at);
      const other = load<f64>(tree.total + at) - one;
      squaresLeft += one * one;
      squaresRight += other * other;
    }
    const quality = giniQuality(squaresLeft, squaresRight, left, nodeWeight - left);
    offer(forest, k, n, rows, left, load<f64>(lefts, 8), quality);
  }
  return settle(tree);
}

/** Four features at a time. */
function tryRandomMoments(forest: Forest, tree: Tree, from: usize, n: u32, count: u32): bool {
  const stride: usize = forest.stride;
  const end = from + <usize> n * stride;
  drawCuts(tree, count);
  for (let k: u32 = 0; k < count; k += 4) {
    const drawn = tree.drawn + (<usize> k << 2);
    const offset0 = <usize> load<u32>(drawn) << 2;
    const offset1 = <usize> load<u32>(drawn, 4) << 2;
    const offset2 = <usize> load<u32>(drawn, 8) << 2;
    const offset3 = <usize> load<u32>(drawn, 12) << 2;
    const cuts = tree.cuts + (<usize> k << 2);
    const cut0 = v128.load32_splat(cuts);
    const cut1 = v128.load32_splat(cuts, 4);
    const cut2 = v128.load32_splat(cuts, 8);
    const cut3 = v128.load32_splat(cuts, 12);
    let left0 = f64x2.splat(0);
    let left1 = left0;
    let left2 = left0;
    let left3 = left0;
    let right0 = left0; // rows
    let right1 = left0;
    let right2 = left0;
    let right3 = left0;
    for (let at = from; at < end; at += stride) {
      const w = <f64> load<u32>(at + stride - 4);
      const moment = f64x2.replace_lane(f64x2.splat(w), 1, w * load<f64>(at + stride - 12));
      const over0 = i32x4.gt_s(v128.load32_splat(at + offset0), cut0);
      const over1 = i32x4.gt_s(v128.load32_splat(at + offset1), cut1);
      const over2 = i32x4.gt_s(v128.load32_splat(at + offset2), cut2);
      const over3 = i32x4.gt_s(v128.load32_splat(at + offset3), cut3);
      left0 = f64x2.add(left0, v128.andnot(moment, over0));
      left1 = f64x2.add(left1, v128.andnot(moment, over1));
      left2 = f64x2.add(left2, v128.andnot(moment, over2));
      left3 = f64x2.add(left3, v128.andnot(moment, over3));
      right0 = i32x4.sub(right0, over0);
      right1 = i32x4.sub(right1, over1);
      right2 = i32x4.sub(right2, over2);
      right3 = i32x4.sub(right3, over3);
    }
    offerMoments(forest, k, n, right0, left0);
    if (k + 1 < count) offerMoments(forest, k + 1, n, right1, left1);
    if (k + 2 < count) offerMoments(forest, k + 2, n, right2, left2);
    if (k + 3 < count) offerMoments(forest, k + 3, n, right3, left3);
  }
  return settle(tree);
}

@inline
function offerMoments(forest: Forest, k: u32, n: u32, right: v128, moment: v128): void {
  const rows = n - <u32> i32x4.extract_lane(right, 0);
  const left = f64x2.extract_lane(moment, 0);
  const sum = f64x2.extract_lane(moment, 1);
  offer(forest, k, n, rows, left, 0, varianceQuality(sum, nodeSum - sum, left, nodeWeight - left));
}

// --------------------------------------------------------------------------------------------------- sorting

/** So many keys are sorted by counting for each how many are smaller: no branch to guess, and four at a time. */
const FEW: u32 = 48;

function sortFew(tree: Tree, n: u32): usize {
  const keys = tree.keys;
  const unique = tree.buckets; // upper bits of the keys and their places, as signed numbers
  const spare = tree.spare;
  const end = unique + (<usize> n << 2);
  for (let i: u32 = 0; i < n; i++) {
    const at: usize = <usize> i << 2;
    store<u32>(unique + at, (load<u32>(keys + at) & 0xffff0000 | i) ^ 0x80000000);
  }
  v128.store(end, i32x4.splat(i32.MAX_VALUE));
  for (let i: usize = 0; i < <usize> n << 2; i += 4) {
    const own = v128.load32_splat(unique + i);
    let smaller = i32x4.splat(0);
    for (let at = unique; at < end; at += 16) {
      smaller = i32x4.sub(smaller, i32x4.lt_s(v128.load(at), own));
    }
    smaller = i32x4.add(smaller, i64x2.shr_u(smaller, 32));
    const place: usize = i32x4.extract_lane(smaller, 0) + i32x4.extract_lane(smaller, 2);
    store<u32>(spare + (place << 2), load<u32>(keys + i));
  }
  return spare;
}

/** Sorts keys by their upper 16 bits, which are at most `largest`, keeping the order of equals; where the result is. */
function sortKeys(tree: Tree, n: u32, largest: u32): usize {
  if (n <= FEW) return sortFew(tree, n);
  const keys = tree.keys;
  const end = keys + (<usize> n << 2);
  const bits = 32 - clz(largest);
  const spare = tree.spare;
  const first = tree.buckets;
  if (bits <= 8) {
    memory.fill(first, 0, 1024);
    for (let i = keys; i < end; i += 4) {
      const at = first + (<usize> (load<u32>(i) >> 16) << 2);
      store<u32>(at, load<u32>(at) + 1);
    }
    sumUp(first, 1 << bits);
    scatter(keys, end, spare, first, 16, 255);
    return spare;
  }
  const lower = bits >> 1;
  const upper = bits - lower;
  const mask: u32 = (1 << lower) - 1;
  const second = first + (4 << lower);
  memory.fill(first, 0, (4 << lower) + (4 << upper));
  for (let i = keys; i < end; i += 4) {
    const code = load<u32>(i) >> 16;
    const at = first + (<usize> (code & mask) << 2);
    store<u32>(at, load<u32>(at) + 1);
    const next = second + (<usize> (code >> lower) << 2);
    store<u32>(next, load<u32>(next) + 1);
  }
  sumUp(first, 1 << lower);
  sumUp(second, 1 << upper);
  scatter(keys, end, spare, first, 16, mask);
  scatter(spare, spare + (<usize> n << 2), keys, second, 16 + lower, 255);
  return keys;
}

@inline
function sumUp(table: usize, size: u32): void {
  let sum: u32 = 0;
  for (let at = table; at < table + (<usize> size << 2); at += 4) {
    const count = load<u32>(at);
    store<u32>(at, sum);
    sum += count;
  }
}

@inline
function scatter(from: usize, end: usize, to: usize, table: usize, shift: u32, mask: u32): void {
  for (; from < end; from += 4) {
    const key = load<u32>(from);
    const at = table + (<usize> ((key >> shift) & mask) << 2);
    const place = load<u32>(at);
    store<u32>(at, place + 1);
    store<u32>(to + (<usize> place << 2), key);
  }
}

// ------------------------------------------------------------------------------------------------------ tree

/** Leaves only their values, in place, and their numbers where a right child would stand; sums up the importance. */
function compact(forest: Forest, tree: Tree, nodes: u32): void {
  const outputs: usize = max<u32>(forest.classes, 1);
  const importance = tree.importance;
  const weight = tree.nodeWeight;
  const impurity = tree.nodeImpurity;
  memory.fill(importance, 0, <usize> forest.columns << 3);
  let to = tree.nodeValue;
  let leaves: u32 = 0;
  for (let node: u32 = 0; node < nodes; node++) {
    const word: usize = <usize> node << 2;
    const feature = load<i32>(tree.nodeFeature + word);
    if (feature < 0) {
      store<u32>(tree.nodeRight + word, leaves++);
      const from = tree.nodeValue + (<usize> node * outputs << 3);
      for (let k: usize = 0; k < outputs << 3; k += 8) store<f64>(to + k, load<f64>(from + k));
      to += outputs << 3;
      continue;
    }
    const left: usize = word + 4 << 1;
    const right: usize = <usize> load<u32>(tree.nodeRight + word) << 3;
    const at = importance + (<usize> feature << 3);
    const own = load<f64>(weight + (word << 1)) * load<f64>(impurity + (word << 1));
    const both = own - load<f64>(weight + left) * load<f64>(impurity + left);
    store<f64>(at, load<f64>(at) + (both - load<f64>(weight + right) * load<f64>(impurity + right)));
  }
}

/** Nodes of so many rows look whether the tree is still wanted. */
const LOOK_ROWS: u32 = 512;

/** Grows the tree depth first: its number of nodes, or 0 where a row was drawn too often to count it. */
export function forest_grow(forest: Forest, tree: Tree): u32 {
  a = tree.a;
  b = tree.b;
  c = tree.c;
  d = tree.d;
  const rows = drawRows(forest, tree);
  if (rows == 0) return 0;
  minWeight = forest.minWeightFraction * <f64> (forest.draws == 0 ? rows : forest.draws);
  for (let j: u32 = 0; j < forest.columns; j++) store<u32>(tree.features + (<usize> j << 2), j);
  const stride: usize = forest.stride;
  const outputs: usize = max<u32>(forest.classes, 1);
  let nodes: u32 = 0;
  // Nodes that wait: start, end, depth, parent, constants, and whether their records are in the back buffer; of two
  // classes, weight and sum.
  let top = tree.stack;
  store<u32>(top, 0);
  store<u32>(top, rows, 4);
  store<u32>(top, 0, 8);
  store<i32>(top, -1, 12);
  store<u32>(top, 0, 16);
  store<u32>(top, 0, 20);
  if (forest.classes == 2) enterRoot(forest, tree.front, rows);
  store<f64>(top, nodeWeight, 24);
  store<f64>(top, nodeSum, 32);
  top += 40;
  while (top > tree.stack) {
    top -= 40;
    const start = load<u32>(top);
    const end = load<u32>(top, 4);
    const depth = load<u32>(top, 8);
    const parent = load<i32>(top, 12);
    const known = load<u32>(top, 16);
    const isBack = load<u32>(top, 20);
    nodeWeight = load<f64>(top, 24);
    nodeSum = load<f64>(top, 32);
    const node = nodes++;
    const word: usize = <usize> node << 2;
    // The left child comes right after its parent.
    if (parent >= 0) {
      store<u32>((node == parent + 1 ? tree.nodeLeft : tree.nodeRight) + (<usize> parent << 2), node);
    }
    store<i32>(tree.nodeFeature + word, -1);
    store<i32>(tree.nodeLeft + word, -1);
    store<i32>(tree.nodeRight + word, -1);
    const n = end - start;
    if (n >= LOOK_ROWS && stopped()) unreachable();
    const from = (isBack ? tree.back : tree.front) + <usize> start * stride;
    enter(forest, tree, from, n);
    store<f64>(tree.nodeThreshold + (word << 1), 0);
    store<f64>(tree.nodeImpurity + (word << 1), nodeImpurity);
    store<f64>(tree.nodeWeight + (word << 1), nodeWeight);
    const value = tree.nodeValue + (<usize> node * outputs << 3);
    if (forest.classes == 0) store<f64>(value, (nodeSum / nodeWeight + forest.shift) * forest.scale);
    else {
      for (let k: usize = 0; k < outputs << 3; k += 8) {
        store<f64>(value + k, load<f64>(tree.total + k) / nodeWeight);
      }
    }
    if (
      isPure || depth >= forest.maxDepth || n < forest.minSamplesSplit || nodeWeight < 2 * minWeight ||
      !findSplit(forest, tree, from, n, known)
    ) continue;
    store<u32>(tree.nodeFeature + word, bestFeature);
    if (forest.isRandom != 0) store<f64>(tree.nodeThreshold + (word << 1), bestThreshold);
    else {
      store<u32>(tree.nodeThreshold + (word << 1), bestCut);
      store<u32>(tree.nodeThreshold + (word << 1), bestNext, 4);
    }
    const middle = start + bestRows;
    const other = isBack ? tree.front : tree.back;
    partition(
      forest,
      from,
      n,
      other + <usize> start * stride,
      other + <usize> middle * stride,
    );
    for (let child = 0; child < 2; child++, top += 40) {
      store<u32>(top, child ? start : middle);
      store<u32>(top, child ? middle : end, 4);
      store<u32>(top, depth + 1, 8);
      store<u32>(top, node, 12);
      store<u32>(top, constantFeatures, 16);
      store<u32>(top, isBack ^ 1, 20);
      store<f64>(top, child ? bestLeft : nodeWeight - bestLeft, 24);
      store<f64>(top, child ? bestOnes : nodeSum - bestOnes, 32);
    }
  }
  if (forest.isRandom == 0) placeThresholds(forest, tree, nodes);
  if (forest.isCompact != 0) compact(forest, tree, nodes);
  tree.nodes = nodes;
  return nodes;
}
