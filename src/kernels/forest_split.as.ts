/**
 * The search for a node's split: features are drawn one by one until `maxFeatures` of them were looked at and one was
 * not constant. What is constant in a node is known to its children.
 */
import { tryBest } from "./forest_best.as";
import { enterMask, findBlockRange, tryMasks } from "./forest_block.as";
import { tryCuts } from "./forest_cuts.as";
import { findRanges } from "./forest_node.as";
import { offer, settleDrawn } from "./forest_offer.as";
import { giniQuality, varianceQuality } from "./forest_quality.as";
import { below, uint32 } from "./forest_random.as";
import { classOf, targetOf, weightOf } from "./forest_rows.as";
import { Best, Forest, isSegmented, Node, Tree } from "./forest_state.as";

/** Features that are constant in the last node. */
export let constantFeatures: u32 = 0;

/** Finds the node's split, given how many features are known to be constant; false if there is none. */
export function findSplit(forest: Forest, tree: Tree, from: usize, n: u32, known: u32): bool {
  Node.record = from;
  Best.quality = -Infinity;
  if (isSegmented(forest)) {
    const count = drawFeatures(forest, tree, known, DIFFER, from + <usize> n * <usize> forest.stride);
    return count != 0 && tryCuts(forest, tree, from, n, count);
  }
  findRanges(forest, tree, from, n);
  const count = drawFeatures(forest, tree, known, KNOWN, 0);
  if (count == 0) return false;
  // Sums of weights round, so there the order of adding would show.
  if (n == 2 && Node.minWeight == 0 && (forest.isEntropy | forest.isWeighted) == 0) {
    return splitTwo(forest, tree, from, count);
  }
  return forest.isRandom != 0 ? tryCuts(forest, tree, from, n, count) : tryBest(forest, tree, from, n, count);
}

/** The same of a node in the block: the mask of the rows that go left, or 0. */
export function findMaskSplit(forest: Forest, tree: Tree, mask: u32, known: u32): u32 {
  enterMask(tree, mask);
  const count = drawFeatures(forest, tree, known, IN_BLOCK, 0);
  Best.quality = -Infinity;
  return count == 0 ? 0 : tryMasks(forest, tree, mask, popcnt(mask), count);
}

/** How it is seen that a feature is constant: by ranges that are known, by that in the block, by rows that differ. */
const KNOWN: u32 = 0;
const IN_BLOCK: u32 = 1;
const DIFFER: u32 = 2;

/** Sets `tree.drawn`: how many. */
@inline
function drawFeatures(forest: Forest, tree: Tree, known: u32, how: u32, end: usize): u32 {
  const features = tree.features;
  const constants = tree.constants;
  let undrawn = forest.columns; // those behind were drawn and are not constant
  let visited: u32 = 0;
  let foundConstants: u32 = 0;
  let drawnConstants: u32 = 0;
  let all = known;
  let count: u32 = 0;
  const isRandom = forest.isRandom != 0;
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
    const range = <usize> feature << 1;
    if (how == IN_BLOCK) findBlockRange(tree, feature);
    const isConstant = how == DIFFER
      ? !differs(Node.record + range, end, forest.stride)
      : load<u16>(tree.lowest + range) == load<u16>(tree.highest + range);
    if (isConstant) {
      swap(features, drawn, all);
      foundConstants++;
      all++;
      continue;
    }
    undrawn--;
    swap(features, undrawn, drawn);
    store<u32>(tree.drawn + (<usize> count << 2), feature);
    if (isRandom) store<u32>(tree.shares + (<usize> count << 2), uint32());
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
  return count;
}

/** Whether two rows have different codes: most often the first two do. */
function differs(from: usize, end: usize, stride: usize): bool {
  const first = load<u16>(from);
  for (let at = from + stride; at < end; at += stride) if (load<u16>(at) != first) return true;
  return false;
}

@inline
function swap(items: usize, i: u32, j: u32): void {
  const p = items + (<usize> i << 2);
  const q = items + (<usize> j << 2);
  const x = load<u32>(p);
  store<u32>(p, load<u32>(q));
  store<u32>(q, x);
}

/** Two rows: any threshold parts them, so only which one goes left matters, and that for the last bits alone. */
function splitTwo(forest: Forest, tree: Tree, from: usize, count: u32): bool {
  const stride: usize = forest.stride;
  const first = from + stride;
  const second = first + stride;
  const w0 = weightOf(forest, first);
  const w1 = weightOf(forest, second);
  let firstLeft: f64;
  let secondLeft: f64;
  let ones0: f64 = 0;
  let ones1: f64 = 0;
  if (forest.classes == 0) {
    const y0 = w0 * targetOf(first, forest.isWeighted != 0);
    const y1 = w1 * targetOf(second, forest.isWeighted != 0);
    firstLeft = varianceQuality(y0, Node.sum - y0, w0, Node.weight - w0);
    secondLeft = varianceQuality(y1, Node.sum - y1, w1, Node.weight - w1);
  } else {
    ones0 = <f64> classOf(forest, first) * w0;
    ones1 = <f64> classOf(forest, second) * w1;
    firstLeft = giniQuality(w0 * w0, w1 * w1, w0, w1);
    secondLeft = giniQuality(w1 * w1, w0 * w0, w1, w0);
  }
  for (let k: u32 = 0; k < count; k++) {
    const feature: usize = <usize> load<u32>(tree.drawn + (<usize> k << 2)) << 1;
    const isFirst = load<u16>(from + feature) == load<u16>(tree.lowest + feature);
    if (isFirst) offer(forest, k, 2, 1, w0, ones0, firstLeft);
    else offer(forest, k, 2, 1, w1, ones1, secondLeft);
  }
  if (Best.quality == -Infinity) return false;
  if (forest.isRandom != 0) {
    settleDrawn(forest, tree, Best.feature);
    return true;
  }
  Best.feature = load<u32>(tree.drawn + (<usize> Best.feature << 2));
  Best.shift = 0;
  Best.cut = load<u16>(tree.lowest + (<usize> Best.feature << 1));
  Best.next = load<u16>(tree.highest + (<usize> Best.feature << 1));
  return true;
}
