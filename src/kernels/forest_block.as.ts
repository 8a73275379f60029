/**
 * Small nodes of two classes whose rows are only counted: up to 32 rows, laid out by column, are looked at with all
 * their descendants where they are. A node is a mask of its rows, and nothing is moved.
 */
import { drawCut, offer, settleCut } from "./forest_offer.as";
import { pairQuality } from "./forest_quality.as";
import { Best, Forest, Node, Tree } from "./forest_state.as";

export const BLOCK_ROWS: u32 = 32;
/** Bytes of a column. */
const COLUMN: usize = 64;

/** Vectors of 8 rows that are in use. */
let vectors: u32 = 0;
/** The rows of class 1. */
let onesMask: u32 = 0;

/** Lays out a node, whose rows of class 0 come first: its mask. Reads whole vectors of 8 rows and of 8 columns. */
export function fillBlock(forest: Forest, tree: Tree, from: usize, n: u32): u32 {
  const stride: usize = forest.stride;
  vectors = (n + 7) >> 3;
  for (let column: u32 = 0; column < forest.columns; column += 8) {
    for (let vector: u32 = 0; vector < vectors; vector++) {
      const records = from + <usize> (vector << 3) * stride + (<usize> column << 1);
      transpose(records, stride, tree.block + <usize> column * COLUMN + (<usize> vector << 4));
    }
  }
  const mask: u32 = <u32> ((u64(1) << n) - 1);
  onesMask = mask & ~((1 << u32(Node.weight - Node.sum)) - 1);
  return mask;
}

/** Eight rows of eight codes. */
@inline
function transpose(from: usize, stride: usize, to: usize): void {
  const r0 = v128.load(from);
  const r1 = v128.load(from + stride);
  const r2 = v128.load(from + 2 * stride);
  const r3 = v128.load(from + 3 * stride);
  const r4 = v128.load(from + 4 * stride);
  const r5 = v128.load(from + 5 * stride);
  const r6 = v128.load(from + 6 * stride);
  const r7 = v128.load(from + 7 * stride);
  const a0 = i16x8.shuffle(r0, r1, 0, 8, 1, 9, 2, 10, 3, 11);
  const a1 = i16x8.shuffle(r0, r1, 4, 12, 5, 13, 6, 14, 7, 15);
  const a2 = i16x8.shuffle(r2, r3, 0, 8, 1, 9, 2, 10, 3, 11);
  const a3 = i16x8.shuffle(r2, r3, 4, 12, 5, 13, 6, 14, 7, 15);
  const a4 = i16x8.shuffle(r4, r5, 0, 8, 1, 9, 2, 10, 3, 11);
  const a5 = i16x8.shuffle(r4, r5, 4, 12, 5, 13, 6, 14, 7, 15);
  const a6 = i16x8.shuffle(r6, r7, 0, 8, 1, 9, 2, 10, 3, 11);
  const a7 = i16x8.shuffle(r6, r7, 4, 12, 5, 13, 6, 14, 7, 15);
  const b0 = i32x4.shuffle(a0, a2, 0, 4, 1, 5);
  const b1 = i32x4.shuffle(a0, a2, 2, 6, 3, 7);
  const b2 = i32x4.shuffle(a1, a3, 0, 4, 1, 5);
  const b3 = i32x4.shuffle(a1, a3, 2, 6, 3, 7);
  const b4 = i32x4.shuffle(a4, a6, 0, 4, 1, 5);
  const b5 = i32x4.shuffle(a4, a6, 2, 6, 3, 7);
  const b6 = i32x4.shuffle(a5, a7, 0, 4, 1, 5);
  const b7 = i32x4.shuffle(a5, a7, 2, 6, 3, 7);
  v128.store(to, i64x2.shuffle(b0, b4, 0, 2));
  v128.store(to, i64x2.shuffle(b0, b4, 1, 3), COLUMN);
  v128.store(to, i64x2.shuffle(b1, b5, 0, 2), 2 * COLUMN);
  v128.store(to, i64x2.shuffle(b1, b5, 1, 3), 3 * COLUMN);
  v128.store(to, i64x2.shuffle(b2, b6, 0, 2), 4 * COLUMN);
  v128.store(to, i64x2.shuffle(b2, b6, 1, 3), 5 * COLUMN);
  v128.store(to, i64x2.shuffle(b3, b7, 0, 2), 6 * COLUMN);
  v128.store(to, i64x2.shuffle(b3, b7, 1, 3), 7 * COLUMN);
}

/** Makes lanes of a node's mask, for `findBlockRange`: all ones where a row is another's. */
export function enterMask(tree: Tree, mask: u32): void {
  const bits = i16x8(1, 2, 4, 8, 16, 32, 64, 128);
  for (let vector: u32 = 0; vector < vectors; vector++) {
    const own = i16x8.splat(<i16> (mask >> (vector << 3) & 255));
    v128.store(tree.others + (<usize> vector << 4), i16x8.eq(v128.and(own, bits), i16x8.splat(0)));
  }
}

/** Sets the smallest and the largest code of a column in the node. */
@inline
export function findBlockRange(tree: Tree, column: u32): void {
  const codes = tree.block + <usize> column * COLUMN;
  let low = i16x8.splat(-1);
  let high = low; // of the complements
  for (let at: usize = 0; at < <usize> vectors << 4; at += 16) {
    const other = v128.load(tree.others + at);
    const code = v128.load(codes + at);
    low = i16x8.min_u(low, v128.or(code, other));
    high = i16x8.min_u(high, v128.or(v128.not(code), other));
  }
  let both = i16x8.min_u(
    i16x8.shuffle(low, high, 0, 8, 1, 9, 2, 10, 3, 11),
    i16x8.shuffle(low, high, 4, 12, 5, 13, 6, 14, 7, 15),
  );
  both = i16x8.min_u(both, i32x4.shuffle(both, both, 2, 3, 2, 3));
  both = i16x8.min_u(both, i32x4.shuffle(both, both, 1, 1, 1, 1));
  store<u16>(tree.lowest + (<usize> column << 1), i16x8.extract_lane_u(both, 0));
  store<u16>(tree.highest + (<usize> column << 1), ~i16x8.extract_lane_u(both, 1));
}

/** Tries a random cut of each drawn feature: the mask of the rows that go left, or 0 if none keeps the limits. */
export function tryMasks(forest: Forest, tree: Tree, mask: u32, n: u32, count: u32): u32 {
  for (let k: u32 = 0; k < count; k++) {
    drawCut(forest, tree, k);
    const codes = tree.block + <usize> load<u32>(tree.drawn + (<usize> k << 2)) * COLUMN;
    const cut = v128.load16_splat(tree.cuts + (<usize> k << 1));
    const left = mask & bitsBelow(codes, cut);
    store<u32>(tree.leftRows + (<usize> k << 2), left);
    const rows = popcnt(left);
    const ones = <f64> popcnt(left & onesMask);
    offer(forest, k, n, rows, <f64> rows, ones, pairQuality(<f64> rows, ones));
  }
  if (Best.quality == -Infinity) return 0;
  const left = load<u32>(tree.leftRows + (<usize> Best.feature << 2));
  settleCut(forest, tree, Best.feature);
  return left;
}

@inline
function bitsBelow(codes: usize, cut: v128): u32 {
  const goes0 = i16x8.le_u(v128.load(codes), cut);
  if (vectors == 1) return i16x8.bitmask(goes0);
  const goes1 = i16x8.le_u(v128.load(codes, 16), cut);
  const low: u32 = i8x16.bitmask(i8x16.narrow_i16x8_s(goes0, goes1));
  if (vectors == 2) return low;
  const goes2 = i16x8.le_u(v128.load(codes, 32), cut);
  const goes3 = i16x8.le_u(v128.load(codes, 48), cut);
  return low | i8x16.bitmask(i8x16.narrow_i16x8_s(goes2, goes3)) << 16;
}
