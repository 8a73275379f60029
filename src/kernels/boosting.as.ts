/**
 * The inner loops of gradient boosting that grow a tree: histograms, the best split, moving rows.
 * src/ml/ensemble/boosting_plain.ts does the same in plain TypeScript.
 *
 * Gradients and hessians are summed as whole numbers, so that the order of rows and threads moves no bit. A bin is 16
 * bytes: the sum of gradients, then (sum of hessians << shift) + rows; one vector addition a row and column.
 *
 * Source: scikit-learn, `_hist_gradient_boosting`; Ke et al., "LightGBM", 2017.
 */
import { kept } from "./memory.as";

/** What is the same for a whole tree; the layout is that of boosting_memory.ts. */
@unmanaged
export class Grid {
  /** Whole numbers are real ones times the scales, and back by the units. */
  gradientScale: f64;
  hessianScale: f64;
  gradientUnit: f64;
  hessianUnit: f64;
  l1: f64;
  l2: f64;
  minHessian: f64;
  minGain: f64;
  /** (rows) all columns' bins of a row, `stride` bytes each. */
  rowBins: usize;
  /** (slots) the same column by column, `rows` bytes each. */
  columnBins: usize;
  rows: u32;
  /** The columns that can be split. */
  slots: u32;
  stride: u32;
  histogramBytes: u32;
  /** (slots) bins of a column, without the one for missing values, which is the next. */
  counts: usize;
  /** (slots + 1) where a column's bins start in a histogram, in bytes. */
  starts: usize;
  /** (slots) bytes: 1 has missing values, 2 is of categories. */
  flags: usize;
  /** (slots) bytes: -1, 0 or 1, how the prediction must move with the column. */
  monotonic: usize;
  /** (rows) gradient and hessian of the tree that is grown, two 32-bit floats a row. */
  slopes: usize;
  /** (rows of the tree) row numbers, each node's together; and as much to move them. */
  order: usize;
  spare: usize;
  /** 1 while `order` is 0, 1, 2, …: rows need no gathering. */
  isIdentity: u32;
  shift: u32;
  minRows: u32;
  isBounded: u32;
  /** What a row adds to a bin besides: 0 and 1. */
  none: i64;
  one: i64;
}

/** A node for which a split is wanted. */
@unmanaged
class Request {
  gradient: i64;
  hessian: i64;
  lossHere: f64;
  lower: f64;
  upper: f64;
  histogram: usize;
  /** (slots) bytes: 1 for the columns to look at; no array: all. */
  allowed: usize;
  rows: u32;
}

/** The children of a split node, or the root alone. */
@unmanaged
class Children {
  /** Becomes the larger child; 0 for the root. */
  parent: usize;
  small: usize;
  /** Pointers to histograms that other threads made of the smaller child. */
  partial: usize;
  partials: u32;
  /** 0: no split is wanted. */
  smallRequest: usize;
  largeRequest: usize;
  /** 1: `parent` is the larger child already. */
  isSubtracted: u32;
}

/** The best split of some columns. */
@unmanaged
class Found {
  gain: f64;
  gradientLeft: i64;
  hessianLeft: i64;
  set0: u64;
  set1: u64;
  set2: u64;
  set3: u64;
  /** -1: none. */
  slot: i32;
  bin: u32;
  rowsLeft: u32;
  missingLeft: u32;
}

// ------------------------------------------------------------------------------------------- histograms

/** Rows at once: their bins stay in the first cache. */
const CHUNK: u32 = 512;

/** Bytes of scratch that a thread needs. */
export function boost_scratch(grid: Grid): u32 {
  return max(CHUNK * (16 + grid.stride) + 64, 8192);
}

/** Adding it to a number below 2^51 rounds it, halves to even, and puts it into the low bits. */
const ROUND: f64 = 6755399441055744;

@inline
function toWhole(values: v128, round: v128): v128 {
  return i64x2.sub(f64x2.add(values, round), round);
}

@inline
function toDoubles(whole: v128, round: v128): v128 {
  return f64x2.sub(i64x2.add(whole, round), round);
}

/** What a row adds to a bin, from its two floats. @param shift of hessians, above the count of rows */
@inline
function wholeOf(slopes: v128, scales: v128, round: v128, shift: i32, one: v128): v128 {
  const both = toWhole(f64x2.mul(f64x2.promote_low_f32x4(slopes), scales), round);
  return i64x2.add(v128.shuffle<i64>(both, i64x2.shl(both, shift), 0, 3), one);
}

@inline
function scalesOf(grid: Grid): v128 {
  return v128.load(changetype<usize>(grid) + offsetof<Grid>("gradientScale"));
}

@inline
function oneOf(grid: Grid): v128 {
  return v128.load(changetype<usize>(grid) + offsetof<Grid>("none"));
}

/** Writes the order 0, 1, 2, … of rows from..to. */
export function boost_order(grid: Grid, from: u32, to: u32): void {
  for (let i = from; i < to; i++) store<u32>(grid.order + (usize(i) << 2), i);
}

/** The sum over order[from..to) to `total`. */
export function boost_total(grid: Grid, from: u32, to: u32, total: usize): void {
  const slopes = grid.slopes;
  const scales = scalesOf(grid);
  const one = oneOf(grid);
  const shift: i32 = grid.shift;
  const round = kept(ROUND);
  let sum = i64x2.splat(0);
  const end = grid.order + (usize(to) << 2);
  for (let at = grid.order + (usize(from) << 2); at < end; at += 4) {
    const row = slopes + (usize(load<u32>(at)) << 3);
    sum = i64x2.add(sum, wholeOf(v128.load64_zero(row), scales, round, shift, one));
  }
  v128.store(total, sum);
}

/** Sums order[from..to) into a histogram that is zeroed first. */
export function boost_histogram(grid: Grid, histogram: usize, from: u32, to: u32, scratch: usize): void {
  memory.fill(histogram, 0, grid.histogramBytes);
  const stride = grid.stride;
  const gathered = scratch + CHUNK * 16;
  for (let at = from; at < to; at += CHUNK) {
    const n = min(CHUNK, to - at);
    if (grid.isIdentity) {
      convert(grid, at, n, scratch);
      addRows(grid, histogram, n, scratch, grid.rowBins + usize(at) * stride, stride);
    } else {
      gather(grid, grid.order + (usize(at) << 2), n, scratch, gathered);
      addRows(grid, histogram, n, scratch, gathered, stride);
    }
  }
}

/** So few rows are taken from a histogram one by one sooner than bin by bin; no more than CHUNK. */
const FEW_ROWS: u32 = 100;

function subtractRows(grid: Grid, histogram: usize, from: u32, n: u32, scratch: usize): void {
  const rows = grid.order + (usize(from) << 2);
  const gathered = scratch + CHUNK * 16;
  gather(grid, rows, n, scratch, gathered);
  for (let at = scratch, end = scratch + (usize(n) << 4); at < end; at += 16) {
    v128.store(at, i64x2.neg(v128.load(at)));
  }
  addRows(grid, histogram, n, scratch, gathered, grid.stride);
}

/** What the rows from `first` on add to a bin. */
function convert(grid: Grid, first: u32, n: u32, sums: usize): void {
  const scales = scalesOf(grid);
  const one = oneOf(grid);
  const shift: i32 = grid.shift;
  const round = kept(ROUND);
  let slopes = grid.slopes + (usize(first) << 3);
  for (const end = slopes + (usize(n) << 3); slopes < end; slopes += 8, sums += 16) {
    v128.store(sums, wholeOf(v128.load64_zero(slopes), scales, round, shift, one));
  }
}

/**
 * Takes what rows add to a bin, and copies their bins. Bins go sixteen bytes at a time: what is read and written behind
 * a row's end is written again, or not used.
 */
function gather(grid: Grid, rows: usize, n: u32, sums: usize, bins: usize): void {
  const stride = grid.stride;
  const slopes = grid.slopes;
  const allBins = grid.rowBins;
  const scales = scalesOf(grid);
  const one = oneOf(grid);
  const shift: i32 = grid.shift;
  const round = kept(ROUND);
  for (const end = rows + (usize(n) << 2); rows < end; rows += 4, sums += 16, bins += stride) {
    const row: usize = load<u32>(rows);
    v128.store(sums, wholeOf(v128.load64_zero(slopes + (row << 3)), scales, round, shift, one));
    const from = allBins + row * stride;
    v128.store(bins, v128.load(from));
    for (let k: u32 = 16; k < stride; k += 16) v128.store(bins + k, v128.load(from + k));
  }
}

/**
 * Adds a row to one bin of each of four columns. The four places are computed together, and all bins are read before
 * any is written: V8 checks a place once, and reads how large the memory is once, as long as nothing is written.
 */
@inline
function addFour(starts: v128, four: v128, values: v128): void {
  const wide = i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(four));
  const places = i32x4.add(i32x4.shl(wide, 4), starts);
  const ab = i64x2.extract_lane(places, 0);
  const cd = i64x2.extract_lane(places, 1);
  const a = usize(ab);
  const b = usize(u64(ab) >> 32);
  const c = usize(cd);
  const d = usize(u64(cd) >> 32);
  const inA = v128.load(a);
  const inB = v128.load(b);
  const inC = v128.load(c);
  const inD = v128.load(d);
  v128.store(a, i64x2.add(inA, values));
  v128.store(b, i64x2.add(inB, values));
  v128.store(c, i64x2.add(inC, values));
  v128.store(d, i64x2.add(inD, values));
}

/** Four columns a pass: their bins stay in the first cache. */
function addRows(grid: Grid, histogram: usize, n: u32, sums: usize, bins: usize, stride: u32): void {
  const slots = grid.slots;
  const end = sums + (usize(n) << 4);
  let slot: u32 = 0;
  for (; slot + 4 <= slots; slot += 4) {
    const starts = i32x4.add(i32x4.splat(histogram), v128.load(grid.starts + (usize(slot) << 2)));
    let row = bins + slot;
    let at = sums;
    // Two rows a turn.
    for (; at + 32 <= end; at += 32, row += stride << 1) {
      addFour(starts, v128.load32_zero(row), v128.load(at));
      addFour(starts, v128.load32_zero(row + stride), v128.load(at, 16));
    }
    if (at < end) addFour(starts, v128.load32_zero(row), v128.load(at));
  }
  for (; slot < slots; slot++) {
    const a = histogram + load<u32>(grid.starts + (usize(slot) << 2));
    let row = bins + slot;
    for (let at = sums; at < end; at += 16, row += stride) {
      const bin = a + (usize(load<u8>(row)) << 4);
      v128.store(bin, i64x2.add(v128.load(bin), v128.load(at)));
    }
  }
}

// ------------------------------------------------------------------------------------------------ splits

/**
 * Completes the children's histograms for the columns first..last and finds their best splits: the smaller child's to
 * `out`, the larger's behind it. Scratch follows at out + 256.
 */
export function boost_split(grid: Grid, children: Children, first: u32, last: u32, out: usize): void {
  const from = load<u32>(grid.starts + (usize(first) << 2));
  const to = load<u32>(grid.starts + (usize(last) << 2));
  for (let p: u32 = 0; p < children.partials; p++) {
    addAll(children.small, load<u32>(children.partial + (p << 2)), from, to);
  }
  if (children.parent && !children.isSubtracted) subtractAll(children.parent, children.small, from, to);
  const small = children.smallRequest;
  if (small) find(grid, changetype<Request>(small), first, last, changetype<Found>(out), out + 256);
  const large = children.largeRequest;
  if (large) find(grid, changetype<Request>(large), first, last, changetype<Found>(out + 128), out + 256);
}

function addAll(to: usize, other: usize, from: u32, end: u32): void {
  for (let at = from; at < end; at += 16) {
    v128.store(to + at, i64x2.add(v128.load(to + at), v128.load(other + at)));
  }
}

function subtractAll(to: usize, other: usize, from: u32, end: u32): void {
  for (let at = from; at < end; at += 16) {
    v128.store(to + at, i64x2.sub(v128.load(to + at), v128.load(other + at)));
  }
}

@inline
function missingBin(grid: Grid, node: Request, slot: u32): usize {
  const count = load<u32>(grid.counts + (usize(slot) << 2));
  return node.histogram + load<u32>(grid.starts + (usize(slot) << 2)) + (usize(count) << 4);
}

function find(grid: Grid, node: Request, first: u32, last: u32, found: Found, scratch: usize): void {
  found.gain = grid.minGain;
  found.slot = -1;
  const isPlain = grid.l1 == 0 && !grid.isBounded;
  for (let slot = first; slot < last; slot++) {
    if (node.allowed && !load<u8>(node.allowed + slot)) continue;
    const flags: u32 = load<u8>(grid.flags + slot);
    if (flags & 2) {
      categories(grid, node, slot, flags & 1, found, scratch);
      continue;
    }
    // Without missing values in the node both directions give the same splits.
    const isBoth = (flags & 1) != 0 && v128.any_true(v128.load(missingBin(grid, node, slot)));
    if (isPlain) {
      scan(grid, node, slot, flags & 1, false, true, found);
      if (isBoth) scan(grid, node, slot, 1, true, true, found);
    } else {
      scan(grid, node, slot, flags & 1, false, false, found);
      if (isBoth) scan(grid, node, slot, 1, true, false, found);
    }
  }
}

/** The values of two children of (softened) gradients and hessians. @param l2 with 1e-15 */
@inline
function valuesOf(g: v128, h: v128, l2: v128, isBounded: bool, lower: v128, upper: v128): v128 {
  const value = f64x2.div(f64x2.neg(g), f64x2.add(h, l2));
  return isBounded ? f64x2.pmin(f64x2.pmax(value, lower), upper) : value;
}

/** Gradients drawn to 0 by l1. */
@inline
function soften(g: v128, l1: f64): v128 {
  if (l1 == 0) return g;
  const size = f64x2.pmax(f64x2.sub(f64x2.abs(g), f64x2.splat(l1)), f64x2.splat(0));
  return v128.or(size, v128.and(g, f64x2.splat(-0.0)));
}

@inline
function anyOf4(bins: usize): bool {
  return v128.any_true(v128.or(
    v128.or(v128.load(bins), v128.load(bins, 16)),
    v128.or(v128.load(bins, 32), v128.load(bins, 48)),
  ));
}

/**
 * Numbers: bins up to one go left. Upwards the missing values, in the last bin, go right; downwards, from high bins to
 * low ones, they go left.
 */
@inline
function scan(grid: Grid, node: Request, slot: u32, missing: u32, isDown: bool, isPlain: bool, found: Found): void {
  const shift = grid.shift;
  const mask: i64 = (i64(1) << shift) - 1;
  const rows: i64 = node.rows;
  const minRows: i64 = grid.minRows;
  const minHessian = f64x2.splat(grid.minHessian);
  const l1 = grid.l1;
  const l2 = f64x2.splat(grid.l2 + 1e-15);
  const lossHere = node.lossHere;
  const isBounded = !isPlain && grid.isBounded != 0;
  const lower = f64x2.splat(node.lower);
  const upper = f64x2.splat(node.upper);
  const gradientUnit = f64x2.splat(grid.gradientUnit);
  const hessianUnit = f64x2.splat(grid.hessianUnit);
  const monotonic: i32 = isBounded ? load<i8>(grid.monotonic + slot) : 0;
  const start = node.histogram + load<u32>(grid.starts + (usize(slot) << 2));
  const count = load<u32>(grid.counts + (usize(slot) << 2));
  const all = i64x2(node.gradient, (node.hessian << shift) + rows);
  const round = kept(ROUND);
  let sums = i64x2.splat(0);
  let best = found.gain;
  let bestBin: i32 = -1;
  let bestSums = sums;
  const isSparse = node.rows < count;
  const end: i32 = isDown ? 0 : count - 1 + missing;
  for (let bin: i32 = isDown ? count - 1 : 0; isDown ? bin > end : bin < end; isDown ? bin-- : bin++) {
    const here = v128.load(start + (usize(bin) << 4));
    if (!v128.any_true(here)) { // no rows: the gain is that of the bin before
      if (isSparse) {
        if (isDown) { while (bin - 4 > end && !anyOf4(start + (usize(bin - 4) << 4))) bin -= 4; }
        else { while (bin + 4 < end && !anyOf4(start + (usize(bin + 1) << 4))) bin += 4; }
      }
      continue;
    }
    sums = i64x2.add(sums, here);
    const rowsHere = i64x2.extract_lane(sums, 1) & mask;
    if (rowsHere < minRows) continue;
    if (rows - rowsHere < minRows) break;
    const rest = i64x2.sub(all, sums);
    const h = f64x2.mul(toDoubles(i64x2.shr_u(v128.shuffle<i64>(sums, rest, 1, 3), shift), round), hessianUnit);
    if (v128.any_true(f64x2.lt(h, minHessian))) {
      if (f64x2.extract_lane(h, 0) < f64x2.extract_lane(minHessian, 0)) continue;
      break;
    }
    let g = f64x2.mul(toDoubles(v128.shuffle<i64>(sums, rest, 0, 2), round), gradientUnit);
    if (!isPlain) g = soften(g, l1);
    const value = valuesOf(g, h, l2, isBounded, lower, upper);
    const loss = f64x2.mul(value, g);
    const gain = isDown
      ? lossHere - f64x2.extract_lane(loss, 1) - f64x2.extract_lane(loss, 0)
      : lossHere - f64x2.extract_lane(loss, 0) - f64x2.extract_lane(loss, 1);
    if (!(gain > best)) continue;
    if (monotonic != 0) {
      const step = f64x2.extract_lane(value, 1) - f64x2.extract_lane(value, 0);
      if ((monotonic > 0) != isDown ? step < 0 : step > 0) continue;
    }
    best = gain;
    bestBin = bin;
    bestSums = sums;
  }
  if (bestBin < 0) return;
  if (isDown) bestSums = i64x2.sub(all, bestSums);
  keep(found, best, slot, isDown ? bestBin - 1 : bestBin, isDown, bestSums, shift, mask);
}

@inline
function keep(found: Found, gain: f64, slot: u32, bin: u32, left: u32, sums: v128, shift: u32, mask: i64): void {
  found.gain = gain;
  found.slot = slot;
  found.bin = bin;
  found.missingLeft = left;
  found.gradientLeft = i64x2.extract_lane(sums, 0);
  found.hessianLeft = i64x2.extract_lane(sums, 1) >> shift;
  found.rowsLeft = u32(i64x2.extract_lane(sums, 1) & mask);
}

/** A category counts on its own from this many rows (by hessian); it also damps the order of categories. */
const CATEGORY_SUPPORT: f64 = 10;

/** Shell's sort of pairs of value and bin: values ascending, of equal ones the lower bin first. */
function sortByValue(pairs: usize, count: u32): void {
  const end = pairs + (usize(count) << 4);
  for (let gap: usize = 57; gap > 0; gap = gap > 1 ? gap * 4 / 9 : 0) {
    const step = gap << 4;
    for (let from = pairs + step; from < end; from += 16) {
      const pair = v128.load(from);
      const value = load<f64>(from);
      const bin = load<u32>(from, 8);
      let at = from;
      for (; at >= pairs + step; at -= step) {
        const other = load<f64>(at - step);
        if (other < value || (other == value && load<u32>(at - step, 8) < bin)) break;
        v128.store(at, v128.load(at - step));
      }
      v128.store(at, pair);
    }
  }
}

/**
 * Categories sorted by gradient per hessian, split like numbers, from both ends up to the middle. Categories with
 * little support go right, with the larger half. Missing values are one more category.
 */
function categories(grid: Grid, node: Request, slot: u32, missing: u32, found: Found, scratch: usize): void {
  const shift = grid.shift;
  const mask: i64 = (i64(1) << shift) - 1;
  const rows: i64 = node.rows;
  const minRows: i64 = grid.minRows;
  const start = node.histogram + load<u32>(grid.starts + (usize(slot) << 2));
  const count = load<u32>(grid.counts + (usize(slot) << 2));
  const all = i64x2(node.gradient, (node.hessian << shift) + rows);
  const support = f64(node.rows) / (f64(node.hessian) * grid.hessianUnit);
  let used: u32 = 0;
  for (let bin: u32 = 0; bin < count + missing; bin++) {
    const h = f64(load<i64>(start + (usize(bin) << 4), 8) >> shift) * grid.hessianUnit;
    if (!(h * support >= CATEGORY_SUPPORT)) continue;
    const value = f64(load<i64>(start + (usize(bin) << 4))) * grid.gradientUnit / (h + CATEGORY_SUPPORT);
    store<f64>(scratch + (usize(used) << 4), value);
    store<u32>(scratch + (usize(used++) << 4), bin, 8);
  }
  if (used < 2) return;
  sortByValue(scratch, used);
  const round = kept(ROUND);
  let best = found.gain;
  let bestSize: i32 = 0;
  let bestDown = false;
  let bestSums = i64x2.splat(0);
  for (let down: u32 = 0; down < 2; down++) {
    const middle = ((used + 1) >> 1) - down;
    let sums = i64x2.splat(0);
    for (let i: u32 = 0; i < middle; i++) {
      const bin = load<u32>(scratch + (usize(down ? used - 1 - i : i) << 4), 8);
      sums = i64x2.add(sums, v128.load(start + (usize(bin) << 4)));
      const rest = i64x2.sub(all, sums);
      const rowsHere = i64x2.extract_lane(sums, 1) & mask;
      const h = f64x2.mul(
        toDoubles(i64x2.shr_u(v128.shuffle<i64>(sums, rest, 1, 3), shift), round),
        f64x2.splat(grid.hessianUnit),
      );
      if (rowsHere < minRows || f64x2.extract_lane(h, 0) < grid.minHessian) continue;
      if (rows - rowsHere < minRows || f64x2.extract_lane(h, 1) < grid.minHessian) break;
      const real = f64x2.mul(toDoubles(v128.shuffle<i64>(sums, rest, 0, 2), round), f64x2.splat(grid.gradientUnit));
      const g = soften(real, grid.l1);
      const value = valuesOf(
        g,
        h,
        f64x2.splat(grid.l2 + 1e-15),
        grid.isBounded != 0,
        f64x2.splat(node.lower),
        f64x2.splat(node.upper),
      );
      const loss = f64x2.mul(value, g);
      const gain = node.lossHere - f64x2.extract_lane(loss, 0) - f64x2.extract_lane(loss, 1);
      if (!(gain > best)) continue;
      best = gain;
      bestSize = i + 1;
      bestDown = down != 0;
      bestSums = sums;
    }
  }
  if (bestSize == 0) return;
  found.set0 = 0;
  found.set1 = 0;
  found.set2 = 0;
  found.set3 = 0;
  const set = changetype<usize>(found) + offsetof<Found>("set0");
  let missingLeft: u32 = 0;
  for (let i: i32 = 0; i < bestSize; i++) {
    const bin = load<u32>(scratch + (usize(bestDown ? <i32> used - 1 - i : i) << 4), 8);
    const word = set + (bin >> 5 << 2);
    store<u32>(word, load<u32>(word) | (u32(1) << (bin & 31)));
    if (bin == count) missingLeft = 1;
  }
  keep(found, best, slot, 0, missingLeft, bestSums, shift, mask);
}

// --------------------------------------------------------------------------------------------------- rows

/**
 * Parts order[from..to): the rows that go left stay in front, the others go to the spare rows from `from` on; both
 * keep their order. Returns how many go left.
 * @param column its bins; @param left (256) bytes, 1 for bins that go left
 */
function part(grid: Grid, column: usize, left: usize, from: u32, to: u32): u32 {
  const start = grid.order + (usize(from) << 2);
  const end = grid.order + (usize(to) << 2);
  let lefts = start;
  let rights = grid.spare + (usize(from) << 2);
  for (let at = start; at < end; at += 4) {
    const row = load<u32>(at);
    const goes: usize = load<u8>(left + load<u8>(column + row));
    store<u32>(lefts, row); // both written, one moves: no branch to guess
    store<u32>(rights, row);
    lefts += goes << 2;
    rights += (1 - goes) << 2;
  }
  return u32((lefts - start) >> 2);
}

/** A node to split at once, on one thread: its rows are parted and its children get histograms and splits. */
@unmanaged
class Expansion {
  column: usize;
  left: usize;
  from: u32;
  to: u32;
  isLeftSmall: u32;
  scratch: usize;
  out: usize;
  children: Children;
}

/** Parts order[from..to) of the node and returns how many go left; of the last such part the others follow them at once. */
export function boost_partition(grid: Grid, node: Expansion, from: u32, to: u32, isLast: u32): u32 {
  const lefts = part(grid, node.column, node.left, from, to);
  if (isLast) {
    const rights = grid.spare + (usize(from) << 2);
    memory.copy(grid.order + (usize(from + lefts) << 2), rights, (to - from - lefts) << 2);
  }
  return lefts;
}

/** Only parts the rows when no child wants a split. */
export function boost_expand(grid: Grid, node: Expansion): void {
  const from = node.from;
  const to = node.to;
  const middle = from + boost_partition(grid, node, from, to, 1);
  const children = node.children;
  if (!children.smallRequest && !children.largeRequest) return;
  const first = node.isLeftSmall ? from : middle;
  const last = node.isLeftSmall ? middle : to;
  boost_histogram(grid, children.small, first, last, node.scratch);
  children.isSubtracted = u32(last - first < FEW_ROWS);
  if (children.isSubtracted) subtractRows(grid, children.parent, first, last - first, node.scratch);
  boost_split(grid, children, 0, grid.slots, node.out);
}

/** Adds the value to raw[order[i]] for i from..to. @param value points to a double */
export function boost_add_leaf(grid: Grid, raw: usize, value: usize, from: u32, to: u32): void {
  const step = load<f64>(value);
  const end = grid.order + (usize(to) << 2);
  for (let at = grid.order + (usize(from) << 2); at < end; at += 4) {
    const cell = raw + (usize(load<u32>(at)) << 3);
    store<f64>(cell, load<f64>(cell) + step);
  }
}

/** A node of a tree for rows of bins: 48 bytes, the left child follows. */
@unmanaged
class Node {
  value: f64;
  /** -1: a leaf. */
  slot: i32;
  right: u32;
  /** 32 bytes: one bit a bin, set for those that go left. */
  bits0: u64;
  bits1: u64;
  bits2: u64;
  bits3: u64;
}

/** Adds the tree's value to raw[i] for rows from..to. */
export function boost_add_tree(bins: usize, stride: u32, nodes: usize, raw: usize, rows: u32): void {
  for (let i: u32 = 0; i < rows; i++, bins += stride, raw += 8) {
    let node = nodes;
    for (;;) {
      const slot = changetype<Node>(node).slot;
      if (slot < 0) break;
      const bin: u32 = load<u8>(bins + slot);
      const goes = load<u8>(node + 16 + (bin >> 3)) >> u8(bin & 7) & 1;
      node = goes ? node + 48 : nodes + usize(changetype<Node>(node).right) * 48;
    }
    store<f64>(raw, load<f64>(raw) + changetype<Node>(node).value);
  }
}
