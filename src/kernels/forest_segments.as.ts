/** Random cuts of two classes whose rows are only counted: those of class 0 stand before those of class 1. */
import { drawCut, offer, offsetAt, RUN } from "./forest_offer.as";
import { pairQuality } from "./forest_quality.as";
import { Forest, Node, Tree } from "./forest_state.as";

/** Rows of one class are only counted; of four features at a time, whose codes are laid together. */
export function cutSegments(forest: Forest, tree: Tree, from: usize, n: u32, count: u32): void {
  const stride: usize = forest.stride;
  const middle = tree.marks + (<usize> (n - <u32> Node.sum) << 3);
  for (let k: u32 = 0; k < count; k += 4) {
    const end = layFour(tree, k, from, from + <usize> n * stride, stride);
    for (let i = k; i < min<u32>(k + 4, count); i++) drawCut(forest, tree, i);
    const cuts = v128.load64_splat(tree.cuts + (<usize> k << 1));
    const zeros = countFour(tree.marks, middle, cuts);
    const ones = countFour(middle, end, cuts);
    offerOnes(forest, k, n, i32x4.extract_lane(zeros, 0), i32x4.extract_lane(ones, 0));
    if (k + 1 < count) offerOnes(forest, k + 1, n, i32x4.extract_lane(zeros, 1), i32x4.extract_lane(ones, 1));
    if (k + 2 < count) offerOnes(forest, k + 2, n, i32x4.extract_lane(zeros, 2), i32x4.extract_lane(ones, 2));
    if (k + 3 < count) offerOnes(forest, k + 3, n, i32x4.extract_lane(zeros, 3), i32x4.extract_lane(ones, 3));
  }
}

@inline
function offerOnes(forest: Forest, k: u32, n: u32, zeros: u32, ones: u32): void {
  const rows = zeros + ones;
  offer(forest, k, n, rows, <f64> rows, <f64> ones, pairQuality(<f64> rows, <f64> ones));
}

@inline
function codesOfRow(codes: v128, at: usize, lane: u8, o0: usize, o1: usize, o2: usize, o3: usize): v128 {
  if (lane == 0) {
    codes = v128.load_lane<i16>(at + o0, codes, 0);
    codes = v128.load_lane<i16>(at + o1, codes, 1);
    codes = v128.load_lane<i16>(at + o2, codes, 2);
    return v128.load_lane<i16>(at + o3, codes, 3);
  }
  codes = v128.load_lane<i16>(at + o0, codes, 4);
  codes = v128.load_lane<i16>(at + o1, codes, 5);
  codes = v128.load_lane<i16>(at + o2, codes, 6);
  return v128.load_lane<i16>(at + o3, codes, 7);
}

/** Lays the codes of the four features from the k-th together, two rows at a time, and sets their ranges: the end. */
function layFour(tree: Tree, k: u32, from: usize, end: usize, stride: usize): usize {
  const o0 = offsetAt(tree, k);
  const o1 = offsetAt(tree, k + 1);
  const o2 = offsetAt(tree, k + 2);
  const o3 = offsetAt(tree, k + 3);
  let low = i16x8.splat(-1);
  let high = i16x8.splat(0);
  let to = tree.marks;
  let at = from;
  for (; at + stride < end; at += 2 * stride, to += 16) {
    let codes = codesOfRow(low, at, 0, o0, o1, o2, o3);
    codes = codesOfRow(codes, at + stride, 1, o0, o1, o2, o3);
    low = i16x8.min_u(low, codes);
    high = i16x8.max_u(high, codes);
    v128.store(to, codes);
  }
  if (at < end) {
    const codes = codesOfRow(low, at, 0, o0, o1, o2, o3);
    low = i16x8.min_u(low, codes);
    high = i16x8.max_u(high, i64x2.replace_lane(high, 0, i64x2.extract_lane(codes, 0)));
    v128.store(to, codes);
    to += 8;
  }
  low = i16x8.min_u(low, i64x2.shuffle(low, low, 1, 1));
  high = i16x8.max_u(high, i64x2.shuffle(high, high, 1, 1));
  setRange(tree, o0, i16x8.extract_lane_u(low, 0), i16x8.extract_lane_u(high, 0));
  setRange(tree, o1, i16x8.extract_lane_u(low, 1), i16x8.extract_lane_u(high, 1));
  setRange(tree, o2, i16x8.extract_lane_u(low, 2), i16x8.extract_lane_u(high, 2));
  setRange(tree, o3, i16x8.extract_lane_u(low, 3), i16x8.extract_lane_u(high, 3));
  return to;
}

@inline
function setRange(tree: Tree, offset: usize, lowest: u16, highest: u16): void {
  store<u16>(tree.lowest + offset, lowest);
  store<u16>(tree.highest + offset, highest);
}

/** How many of the rows laid out go left, of each feature. */
@inline
function countFour(from: usize, end: usize, cuts: v128): v128 {
  let total = i32x4.splat(0);
  let at = from;
  while (at < end) {
    const stop = min<usize>(end, at + (RUN << 4));
    let counts = i16x8.splat(0);
    for (; at + 8 < stop; at += 16) counts = i16x8.sub(counts, i16x8.le_u(v128.load(at), cuts));
    if (at < stop) {
      const codes = i64x2.replace_lane(i16x8.splat(-1), 0, load<i64>(at)); // the others are right of every cut
      counts = i16x8.sub(counts, i16x8.le_u(codes, cuts));
      at += 8;
    }
    total = i32x4.add(total, i32x4.extend_low_i16x8_u(counts));
    total = i32x4.add(total, i32x4.extend_high_i16x8_u(counts));
  }
  return total;
}
