/** What is drawn and offered for a node's split. */
import { cutOf, drawnThreshold } from "./forest_codes.as";
import { Best, Forest, Node, Tree } from "./forest_state.as";

/** Counts up to this, and one more row, fit into 16 bits. */
export const RUN: usize = 65534;

@inline
export function drawnAt(tree: Tree, k: u32): u32 {
  return load<u32>(tree.drawn + (<usize> k << 2));
}

/** Draws the cut of the k-th drawn feature. */
@inline
export function drawCut(forest: Forest, tree: Tree, k: u32): void {
  const feature = drawnAt(tree, k);
  const lowest: u32 = load<u16>(tree.lowest + (<usize> feature << 1));
  const highest: u32 = load<u16>(tree.highest + (<usize> feature << 1));
  const cut = cutOf(forest, feature, lowest, highest, load<u32>(tree.shares + (<usize> k << 2)));
  store<u16>(tree.cuts + (<usize> k << 1), <u16> cut);
}

/** Makes the k-th drawn feature with its cut that of the node. */
export function settleCut(forest: Forest, tree: Tree, k: u32): void {
  const feature = drawnAt(tree, k);
  const lowest: u32 = load<u16>(tree.lowest + (<usize> feature << 1));
  const highest: u32 = load<u16>(tree.highest + (<usize> feature << 1));
  Best.feature = feature;
  Best.cut = load<u16>(tree.cuts + (<usize> k << 1));
  Best.threshold = drawnThreshold(forest, feature, lowest, highest, load<u32>(tree.shares + (<usize> k << 2)));
}

/** The same where the best is known without its cut. */
export function settleDrawn(forest: Forest, tree: Tree, k: u32): void {
  drawCut(forest, tree, k);
  settleCut(forest, tree, k);
}

/** Makes the k-th drawn feature the best so far, if it is and keeps the limits. */
export function offer(forest: Forest, k: u32, n: u32, rows: u32, left: f64, ones: f64, quality: f64): void {
  const minSamples = forest.minSamplesLeaf;
  if (rows < minSamples || n - rows < minSamples) return;
  if (left < Node.minWeight || Node.weight - left < Node.minWeight || !(quality > Best.quality)) return;
  Best.quality = quality;
  Best.feature = k;
  Best.rows = rows;
  Best.left = left;
  Best.ones = ones;
}

@inline
export function offsetAt(tree: Tree, k: u32): usize {
  return <usize> drawnAt(tree, k) << 1;
}

@inline
export function goesLeft(at: usize, cut: u32): u64 {
  return u64(<u32> load<u16>(at) <= cut);
}
