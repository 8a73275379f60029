/**
 * Boosted trees for many rows: no path is walked. Numbers are ranks among the model's thresholds, a byte each, so a node
 * is asked for sixteen rows at once, whether they come by or not; then each node takes over the leaf of the child that
 * its rows go to, from the bottom up. src/ml/ensemble/boosting_predict.ts walks the paths, with the same bits.
 */

/** Rows at once. */
const BLOCK: u32 = 64;
/** A missing value's rank, above all others. */
const MISSING: i8 = -1;

/** A model and some rows; the layout is that of boosting_scorer.ts. */
@unmanaged
class Scorer {
  /** Of each column that is asked for `stride` bytes: ranks, or bins of categories. */
  ranks: usize;
  stride: u32;
  /** Words: twice the column, and 1 more where missing values are below all others. */
  planes: usize;
  planeCount: u32;
  /** (planes * 64) the ranks of a block. */
  block: usize;
  /** 64 bytes each: `leafSlots` of the numbers 0, 1, 2, …, then room for what each node says. */
  slots: usize;
  leafSlots: u32;
  /** Of all trees, children before parents. */
  nodes: usize;
  /** Pairs of words: nodes, and the number of the first leaf. */
  trees: usize;
  treeCount: u32;
  /** Doubles. */
  leaves: usize;
  /** 32 bytes each: a bit a bin. */
  sets: usize;
  /** Trees a round; `stride` numbers of `raw` each. */
  outputs: u32;
  raw: usize;
}

/** 16 bytes. Offsets in bytes: of the plane, of the children's slots. */
@unmanaged
class Node {
  plane: u32;
  left: u32;
  right: u32;
  /** Ranks up to it go left; of categories 256 and the number of the set. */
  threshold: u32;
}

/** Adds what each tree says about rows 0..rows to raw; ranks and raw have room up to a multiple of 64. */
export function boost_score(s: Scorer, rows: u32): void {
  for (let first: u32 = 0; first < rows; first += BLOCK) {
    fillPlanes(s, first);
    let node = s.nodes;
    let output: u32 = 0;
    const trees = s.trees;
    for (let t: u32 = 0; t < s.treeCount; t++) {
      const count = load<u32>(trees + (usize(t) << 3));
      const leaves = s.leaves + (usize(load<u32>(trees + (usize(t) << 3), 4)) << 3);
      const end = node + (usize(count) << 4);
      let says = s.slots + usize(s.leafSlots) * BLOCK;
      for (; node < end; node += 16, says += BLOCK) ask(s, changetype<Node>(node), says);
      addLeaves(count == 0 ? s.slots : says - BLOCK, leaves, s.raw + (usize(output * s.stride + first) << 3));
      if (++output == s.outputs) output = 0;
    }
  }
}

function fillPlanes(s: Scorer, first: u32): void {
  let to = s.block;
  for (let p: u32 = 0; p < s.planeCount; p++, to += BLOCK) {
    const plane = load<u32>(s.planes + (usize(p) << 2));
    const from = s.ranks + usize(plane >> 1) * s.stride + first;
    for (let k: u32 = 0; k < BLOCK; k += 16) {
      const ranks = v128.load(from + k);
      const isThere = i8x16.ne(ranks, i8x16.splat(MISSING));
      v128.store(to + k, plane & 1 ? v128.and(ranks, isThere) : ranks);
    }
  }
}

@inline
function ask(s: Scorer, node: Node, says: usize): void {
  const plane = s.block + node.plane;
  const left = s.slots + node.left;
  const right = s.slots + node.right;
  const threshold = node.threshold;
  if (threshold < 256) {
    const at = i8x16.splat(<i8> threshold);
    const a = i8x16.le_u(v128.load(plane), at);
    const b = i8x16.le_u(v128.load(plane, 16), at);
    const c = i8x16.le_u(v128.load(plane, 32), at);
    const d = i8x16.le_u(v128.load(plane, 48), at);
    choose(says, left, right, a, b, c, d);
  } else {
    const set = s.sets + (usize(threshold - 256) << 5);
    const low = v128.load(set);
    const high = v128.load(set, 16);
    const a = isIn(v128.load(plane), low, high);
    const b = isIn(v128.load(plane, 16), low, high);
    const c = isIn(v128.load(plane, 32), low, high);
    const d = isIn(v128.load(plane, 48), low, high);
    choose(says, left, right, a, b, c, d);
  }
}

@inline
function choose(says: usize, left: usize, right: usize, a: v128, b: v128, c: v128, d: v128): void {
  const la = v128.bitselect(v128.load(left), v128.load(right), a);
  const lb = v128.bitselect(v128.load(left, 16), v128.load(right, 16), b);
  const lc = v128.bitselect(v128.load(left, 32), v128.load(right, 32), c);
  const ld = v128.bitselect(v128.load(left, 48), v128.load(right, 48), d);
  v128.store(says, la);
  v128.store(says, lb, 16);
  v128.store(says, lc, 32);
  v128.store(says, ld, 48);
}

/** Which of sixteen bins have their bit set. */
@inline
function isIn(bins: v128, low: v128, high: v128): v128 {
  const byte = i8x16.shr_u(bins, 3);
  // A place that is not there gives 0.
  const bits = v128.or(i8x16.swizzle(low, byte), i8x16.swizzle(high, i8x16.sub(byte, i8x16.splat(16))));
  const powers = i8x16(1, 2, 4, 8, 16, 32, 64, -128, 0, 0, 0, 0, 0, 0, 0, 0);
  const bit = i8x16.swizzle(powers, v128.and(bins, i8x16.splat(7)));
  return i8x16.ne(v128.and(bits, bit), i8x16.splat(0));
}

@inline
function addLeaves(chosen: usize, leaves: usize, raw: usize): void {
  for (let i: u32 = 0; i < BLOCK; i += 4, raw += 32) {
    const four = load<u32>(chosen + i);
    const a = v128.load64_zero(leaves + (usize(four & 255) << 3));
    const b = v128.load64_zero(leaves + (usize(four >> 8 & 255) << 3));
    const c = v128.load64_zero(leaves + (usize(four >> 16 & 255) << 3));
    const d = v128.load64_zero(leaves + (usize(four >> 24) << 3));
    const ab = f64x2.add(v128.load(raw), v128.shuffle<i64>(a, b, 0, 2));
    const cd = f64x2.add(v128.load(raw, 16), v128.shuffle<i64>(c, d, 0, 2));
    v128.store(raw, ab);
    v128.store(raw, cd, 16);
  }
}
