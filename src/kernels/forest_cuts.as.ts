/** Random splits: a cut is drawn for each feature, and all features are looked at together. */
import { layMarks } from "./forest_node.as";
import { drawCut, drawnAt, goesLeft, offer, offsetAt, RUN, settleCut } from "./forest_offer.as";
import { classesQuality, pairQuality, varianceQuality } from "./forest_quality.as";
import { cutSegments } from "./forest_segments.as";
import { Best, Forest, isPair, isSegmented, Node, Tree } from "./forest_state.as";

/** Tries the drawn features with their cuts; true when one keeps the limits. */
export function tryCuts(forest: Forest, tree: Tree, from: usize, n: u32, count: u32): bool {
  for (let k = count; (k & 3) != 0; k++) store<u32>(tree.drawn + (<usize> k << 2), load<u32>(tree.drawn));
  const isCounted = isSegmented(forest);
  if (!isCounted) { for (let k: u32 = 0; k < count; k++) drawCut(forest, tree, k); }
  if (isCounted) cutSegments(forest, tree, from, n, count);
  else if (isPair(forest) && Node.weight < 2097152) cutPair(forest, tree, from, n, count);
  else if (forest.classes > 0) cutClasses(forest, tree, from, n, count);
  else if ((forest.isWeighted | forest.draws) == 0 && count > forest.columns >> 1) {
    cutTargets(forest, tree, from, n, count);
  } else cutMoments(forest, tree, from, n, count);
  if (Best.quality == -Infinity) return false;
  settleCut(forest, tree, Best.feature);
  return true;
}

// ---------------------------------------------------------------------------------------------------- counts

/** Of four features at a time: rows, weight and weight of class 1 on the left, 21 bits each. */
function cutPair(forest: Forest, tree: Tree, from: usize, n: u32, count: u32): void {
  const stride: usize = forest.stride;
  const bits = forest.countBits;
  const mask: u32 = (1 << bits) - 1;
  const end = from + <usize> n * stride;
  const target = stride - 2;
  for (let k: u32 = 0; k < count; k += 4) {
    const offset0 = offsetAt(tree, k);
    const offset1 = offsetAt(tree, k + 1);
    const offset2 = offsetAt(tree, k + 2);
    const offset3 = offsetAt(tree, k + 3);
    const cuts = tree.cuts + (<usize> k << 1);
    const cut0: u32 = load<u16>(cuts);
    const cut1: u32 = load<u16>(cuts, 2);
    const cut2: u32 = load<u16>(cuts, 4);
    const cut3: u32 = load<u16>(cuts, 6);
    let left0: u64 = 0;
    let left1: u64 = 0;
    let left2: u64 = 0;
    let left3: u64 = 0;
    for (let at = from; at < end; at += stride) {
      const own: u32 = load<u16>(at + target);
      const weight = own & mask;
      const packed = <u64> 1 << 42 | <u64> weight << 21 | <u64> (weight & (0 - (own >> bits)));
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
}

@inline
function offerPacked(forest: Forest, k: u32, n: u32, packed: u64): void {
  const mask: u64 = (1 << 21) - 1;
  const left = <f64> (packed >> 21 & mask);
  const ones = <f64> (packed & mask);
  offer(forest, k, n, u32(packed >> 42), left, ones, pairQuality(left, ones));
}

function cutClasses(forest: Forest, tree: Tree, from: usize, n: u32, count: u32): void {
  const stride: usize = forest.stride;
  const lefts = tree.left;
  layMarks(forest, tree, from, n);
  for (let k: u32 = 0; k < count; k++) {
    const cut: u32 = load<u16>(tree.cuts + (<usize> k << 1));
    memory.fill(lefts, 0, <usize> forest.classes << 3);
    let rows: u32 = 0;
    let left: f64 = 0;
    let mark = tree.marks;
    const end = from + offsetAt(tree, k) + <usize> n * stride;
    for (let at = from + offsetAt(tree, k); at < end; at += stride, mark += 16) {
      const goes = goesLeft(at, cut);
      const weight = reinterpret<f64>(load<u64>(mark) & (0 - goes));
      const place = lefts + <usize> load<u32>(mark, 8);
      rows += <u32> goes;
      left += weight;
      store<f64>(place, load<f64>(place) + weight);
    }
    offer(forest, k, n, rows, left, 0, classesQuality(forest, tree, left, Node.weight - left));
  }
}

// --------------------------------------------------------------------------------------------------- targets

/** Four features at a time. */
function cutMoments(forest: Forest, tree: Tree, from: usize, n: u32, count: u32): void {
  const stride: usize = forest.stride;
  const end = from + <usize> n * stride;
  layMarks(forest, tree, from, n);
  for (let k: u32 = 0; k < count; k += 4) {
    const offset0 = offsetAt(tree, k);
    const offset1 = offsetAt(tree, k + 1);
    const offset2 = offsetAt(tree, k + 2);
    const offset3 = offsetAt(tree, k + 3);
    const cuts = tree.cuts + (<usize> k << 1);
    const cut0 = v128.load16_splat(cuts);
    const cut1 = v128.load16_splat(cuts, 2);
    const cut2 = v128.load16_splat(cuts, 4);
    const cut3 = v128.load16_splat(cuts, 6);
    let left0 = f64x2.splat(0);
    let left1 = left0;
    let left2 = left0;
    let left3 = left0;
    let rows0 = left0;
    let rows1 = left0;
    let rows2 = left0;
    let rows3 = left0;
    let mark = tree.marks;
    for (let at = from; at < end; at += stride, mark += 16) {
      const moment = v128.load(mark);
      const goes0 = i16x8.le_u(v128.load16_splat(at + offset0), cut0);
      const goes1 = i16x8.le_u(v128.load16_splat(at + offset1), cut1);
      const goes2 = i16x8.le_u(v128.load16_splat(at + offset2), cut2);
      const goes3 = i16x8.le_u(v128.load16_splat(at + offset3), cut3);
      left0 = f64x2.add(left0, v128.and(moment, goes0));
      left1 = f64x2.add(left1, v128.and(moment, goes1));
      left2 = f64x2.add(left2, v128.and(moment, goes2));
      left3 = f64x2.add(left3, v128.and(moment, goes3));
      rows0 = i32x4.sub(rows0, goes0);
      rows1 = i32x4.sub(rows1, goes1);
      rows2 = i32x4.sub(rows2, goes2);
      rows3 = i32x4.sub(rows3, goes3);
    }
    offerMoments(forest, k, n, rows0, left0);
    if (k + 1 < count) offerMoments(forest, k + 1, n, rows1, left1);
    if (k + 2 < count) offerMoments(forest, k + 2, n, rows2, left2);
    if (k + 3 < count) offerMoments(forest, k + 3, n, rows3, left3);
  }
}

@inline
function offerMoments(forest: Forest, k: u32, n: u32, rows: v128, moment: v128): void {
  const left = f64x2.extract_lane(moment, 0);
  const sum = f64x2.extract_lane(moment, 1);
  const quality = varianceQuality(sum, Node.sum - sum, left, Node.weight - left);
  offer(forest, k, n, i32x4.extract_lane(rows, 0), left, 0, quality);
}

/** Where each row counts once and most columns were drawn: eight columns at a time, as they stand in the records. */
function cutTargets(forest: Forest, tree: Tree, from: usize, n: u32, count: u32): void {
  const columnCuts = tree.columnCuts;
  for (let k: u32 = 0; k < count; k++) {
    store<u16>(columnCuts + offsetAt(tree, k), load<u16>(tree.cuts + (<usize> k << 1)));
  }
  for (let column: u32 = 0; column < forest.columns; column += 8) {
    const columns = forest.columns - column;
    if (columns > 4) sumColumns(forest, tree, from, n, column, 4);
    else if (columns > 2) sumColumns(forest, tree, from, n, column, 2);
    else sumColumns(forest, tree, from, n, column, 1);
  }
  for (let k: u32 = 0; k < count; k++) {
    const feature: usize = drawnAt(tree, k);
    const rows = load<u32>(tree.leftRows + (feature << 2));
    const left = <f64> rows;
    const sum = load<f64>(tree.leftSums + (feature << 3));
    offer(forest, k, n, rows, left, 0, varianceQuality(sum, Node.sum - sum, left, Node.weight - left));
  }
}

/** Sets rows and sums of targets on the left, of so many pairs of columns. */
@inline
function sumColumns(forest: Forest, tree: Tree, from: usize, n: u32, column: u32, pairs: u32): void {
  const stride: usize = forest.stride;
  const target = stride - 12;
  const offset = <usize> column << 1;
  const end = from + <usize> n * stride;
  const cuts = v128.load(tree.columnCuts + offset);
  let sums0 = f64x2.splat(0);
  let sums1 = sums0;
  let sums2 = sums0;
  let sums3 = sums0;
  let low = i32x4.splat(0);
  let high = low;
  let at = from;
  while (at < end) {
    const stop = min<usize>(end, at + RUN * stride);
    let counts = i16x8.splat(0);
    for (; at < stop; at += stride) {
      const y = v128.load64_splat(at + target);
      const goes = i16x8.le_u(v128.load(at + offset), cuts);
      counts = i16x8.sub(counts, goes);
      const first = i32x4.extend_low_i16x8_s(goes);
      sums0 = f64x2.add(sums0, v128.and(y, i64x2.extend_low_i32x4_s(first)));
      if (pairs > 1) sums1 = f64x2.add(sums1, v128.and(y, i64x2.extend_high_i32x4_s(first)));
      if (pairs > 2) {
        const last = i32x4.extend_high_i16x8_s(goes);
        sums2 = f64x2.add(sums2, v128.and(y, i64x2.extend_low_i32x4_s(last)));
        sums3 = f64x2.add(sums3, v128.and(y, i64x2.extend_high_i32x4_s(last)));
      }
    }
    low = i32x4.add(low, i32x4.extend_low_i16x8_u(counts));
    high = i32x4.add(high, i32x4.extend_high_i16x8_u(counts));
  }
  const rows = tree.leftRows + (<usize> column << 2);
  const sums = tree.leftSums + (<usize> column << 3);
  v128.store(rows, low);
  v128.store(rows, high, 16);
  v128.store(sums, sums0);
  v128.store(sums, sums1, 16);
  v128.store(sums, sums2, 32);
  v128.store(sums, sums3, 48);
}
