/**
 * Growing whole trees of a forest, to the bit what src/ml/tree/grower.ts grows on the same codes.
 *
 * Source: Breiman, "Random Forests" (2001); Geurts, Ernst, Wehenkel, "Extremely randomized trees" (2006);
 * scikit-learn, `_splitter.pyx` and `_tree.pyx`.
 */
import { BLOCK_ROWS, fillBlock } from "./forest_block.as";
import { placeThresholds } from "./forest_codes.as";
import { compact } from "./forest_compact.as";
import { enter, enterRoot } from "./forest_node.as";
import { seed } from "./forest_random.as";
import { drawRows, partition, weightOf } from "./forest_rows.as";
import { constantFeatures, findMaskSplit, findSplit } from "./forest_split.as";
import { Best, Forest, isSegmented, Node, Tree } from "./forest_state.as";
import { clearHeap, heapSize, itemAt, popBest, pushBest, Waiting, WAITING } from "./forest_waiting.as";
import { stopped } from "./stop.as";

/** Places: a buffer of records, or the block, in which `start` is the mask of the rows. */
const FRONT: u32 = 0;
const BLOCK: u32 = 2;

/** Nodes of so many rows look whether the tree is still wanted. */
const LOOK_ROWS: u32 = 512;

/** Rounding that a comparison with `min_impurity_decrease` forgives. */
const EPSILON: f64 = 2.220446049250313e-16;

let nodes: u32 = 0;
let totalWeight: f64 = 0;
/** Of the last split: by how much it lowers the impurity of the tree. */
let improvement: f64 = 0;

/** Grows a tree: its number of nodes, or 0 where a row was drawn too often to count it. */
export function forest_grow(forest: Forest, tree: Tree): u32 {
  seed(changetype<usize>(tree));
  const rows = drawRows(forest, tree);
  if (rows == 0) return 0;
  for (let j: u32 = 0; j < forest.columns; j++) store<u32>(tree.features + (<usize> j << 2), j);
  nodes = 0;
  enterRoot(forest, tree.front, rows);
  weighRoot(forest, tree, rows);
  if (forest.maxLeafNodes == 0) growDepthFirst(forest, tree, rows);
  else growBestFirst(forest, tree, rows);
  if (forest.isRandom == 0) placeThresholds(forest, tree, nodes);
  if (forest.isCompact != 0) compact(forest, tree, nodes);
  tree.nodes = nodes;
  return nodes;
}

function weighRoot(forest: Forest, tree: Tree, rows: u32): void {
  if (forest.isWeighted == 0) totalWeight = <f64> (forest.draws == 0 ? rows : forest.draws);
  else {
    totalWeight = 0;
    const stride: usize = forest.stride;
    const end = tree.front + <usize> rows * stride;
    for (let at = tree.front + stride; at <= end; at += stride) totalWeight += weightOf(forest, at);
  }
  Node.minWeight = forest.minWeightFraction * totalWeight;
}

function growDepthFirst(forest: Forest, tree: Tree, rows: u32): void {
  const root = changetype<Waiting>(tree.stack);
  wait(root, Node.weight, Node.sum, 0, rows, 0, -1, 0, FRONT);
  let top = tree.stack + WAITING;
  while (top > tree.stack) {
    top -= WAITING;
    const item = changetype<Waiting>(top);
    const start = item.start;
    const end = item.end;
    const depth = item.depth;
    const parent = item.node;
    const place = item.place;
    Node.weight = item.weight;
    Node.sum = item.sum;
    const node = addNode(forest, tree, start, end, place);
    // The left child comes right after its parent.
    if (parent >= 0) {
      store<u32>((node == parent + 1 ? tree.nodeLeft : tree.nodeRight) + (<usize> parent << 2), node);
    }
    const weight = Node.weight;
    const sum = Node.sum;
    if (!split(forest, tree, node, start, end, depth, item.constants, place)) continue;
    const left = Best.left;
    const ones = Best.ones;
    const constants = constantFeatures;
    const next = changetype<Waiting>(top + WAITING);
    wait(item, weight - left, sum - ones, rightStart, end, depth + 1, node, constants, childPlace);
    wait(next, left, ones, leftStart, rightStart, depth + 1, node, constants, childPlace);
    top += 2 * WAITING;
  }
}

@inline
function wait(
  item: Waiting, weight: f64, sum: f64, start: u32, end: u32, depth: u32, node: i32, constants: u32, place: u32,
): void {
  item.weight = weight;
  item.sum = sum;
  item.start = start;
  item.end = end;
  item.depth = depth;
  item.node = node;
  item.constants = constants;
  item.place = place;
}

/** Enters a node and writes it as a leaf: its number. */
function addNode(forest: Forest, tree: Tree, start: u32, end: u32, place: u32): u32 {
  if (place != BLOCK && end - start >= LOOK_ROWS && stopped()) unreachable();
  const node = nodes++;
  const word: usize = <usize> node << 2;
  store<i32>(tree.nodeFeature + word, -1);
  store<i32>(tree.nodeLeft + word, -1);
  store<i32>(tree.nodeRight + word, -1);
  enter(forest, tree, recordsAt(forest, tree, start, place), end - start);
  store<f64>(tree.nodeThreshold + (word << 1), 0);
  store<f64>(tree.nodeImpurity + (word << 1), Node.impurity);
  store<f64>(tree.nodeWeight + (word << 1), Node.weight);
  const outputs: usize = max<u32>(forest.classes, 1);
  const value = tree.nodeValue + (<usize> node * outputs << 3);
  if (forest.classes == 0) store<f64>(value, (Node.sum / Node.weight + forest.shift) * forest.scale);
  else {
    for (let k: usize = 0; k < outputs << 3; k += 8) {
      store<f64>(value + k, load<f64>(tree.total + k) / Node.weight);
    }
  }
  return node;
}

@inline
function recordsAt(forest: Forest, tree: Tree, start: u32, place: u32): usize {
  return (place == FRONT ? tree.front : tree.back) + <usize> start * <usize> forest.stride;
}

/** The children of the last split: where they start, and the place of both. */
let leftStart: u32 = 0;
let rightStart: u32 = 0;
let childPlace: u32 = 0;

/** Splits the node that was entered; false if it stays a leaf. */
function split(
  forest: Forest, tree: Tree, node: u32, start: u32, end: u32, depth: u32, constants: u32, place: u32,
): bool {
  const n = place == BLOCK ? popcnt(start) : end - start;
  if (
    Node.isPure || depth >= forest.maxDepth || n < forest.minSamplesSplit || Node.weight < 2 * Node.minWeight
  ) return false;
  if (place != BLOCK && n <= BLOCK_ROWS && isSegmented(forest) && forest.maxLeafNodes == 0) {
    start = fillBlock(forest, tree, recordsAt(forest, tree, start, place), n);
    place = BLOCK;
  }
  if (place == BLOCK) {
    leftStart = findMaskSplit(forest, tree, start, constants);
    if (leftStart == 0) return false;
    rightStart = start & ~leftStart;
    childPlace = BLOCK;
  } else {
    const from = recordsAt(forest, tree, start, place);
    if (!findSplit(forest, tree, from, n, constants)) return false;
    leftStart = start;
    rightStart = start + Best.rows;
    childPlace = place ^ 1;
    const left = recordsAt(forest, tree, leftStart, childPlace);
    partition(forest, from, n, left, recordsAt(forest, tree, rightStart, childPlace));
  }
  if (forest.minImpurityDecrease > 0 || forest.maxLeafNodes != 0) {
    measureSplit(forest, tree, n);
    if (improvement + EPSILON < forest.minImpurityDecrease) return false;
  }
  const word: usize = <usize> node << 2;
  store<u32>(tree.nodeFeature + word, Best.feature);
  if (forest.isRandom != 0) store<f64>(tree.nodeThreshold + (word << 1), Best.threshold);
  else {
    store<u32>(tree.nodeThreshold + (word << 1), Best.cut);
    store<u32>(tree.nodeThreshold + (word << 1), Best.next, 4);
  }
  return true;
}

/** Sets `improvement`. */
function measureSplit(forest: Forest, tree: Tree, n: u32): void {
  const impurity = Node.impurity;
  const weight = Node.weight;
  const sum = Node.sum;
  Node.weight = Best.left;
  Node.sum = Best.ones;
  enter(forest, tree, recordsAt(forest, tree, leftStart, childPlace), Best.rows);
  const leftShare = Node.weight / weight * Node.impurity;
  Node.weight = weight - Best.left;
  Node.sum = sum - Best.ones;
  enter(forest, tree, recordsAt(forest, tree, rightStart, childPlace), n - Best.rows);
  const rightShare = Node.weight / weight * Node.impurity;
  improvement = weight / totalWeight * (impurity - rightShare - leftShare);
}

// ------------------------------------------------------------------------------------------------ best first

/** The next place among those that wait. */
let places: u32 = 0;

function growBestFirst(forest: Forest, tree: Tree, rows: u32): void {
  places = 0;
  clearHeap();
  addSplit(forest, tree, Node.weight, Node.sum, 0, rows, 0, FRONT);
  for (let leaves: u32 = 1; leaves < forest.maxLeafNodes && heapSize > 0; leaves++) {
    const best = popBest(tree);
    const place = best.place;
    const left = addSplit(forest, tree, best.left, best.ones, best.start, best.middle, best.depth + 1, place ^ 1);
    const right = addSplit(
      forest, tree, best.weight - best.left, best.sum - best.ones, best.middle, best.end, best.depth + 1, place ^ 1,
    );
    store<u32>(tree.nodeLeft + (<usize> best.node << 2), left);
    store<u32>(tree.nodeRight + (<usize> best.node << 2), right);
  }
  // Splits found but not taken.
  for (let i: u32 = 0; i < heapSize; i++) {
    const word = <usize> itemAt(tree, i).node << 2;
    store<i32>(tree.nodeFeature + word, -1);
    store<f64>(tree.nodeThreshold + (word << 1), 0);
  }
}

/** Adds a node, and its split to the heap if it has one: its number. */
function addSplit(
  forest: Forest, tree: Tree, weight: f64, sum: f64, start: u32, end: u32, depth: u32, place: u32,
): u32 {
  Node.weight = weight;
  Node.sum = sum;
  const node = addNode(forest, tree, start, end, place);
  const ownWeight = Node.weight;
  const ownSum = Node.sum;
  if (!split(forest, tree, node, start, end, depth, 0, place)) return node;
  const item = changetype<Waiting>(tree.stack + <usize> places * WAITING);
  wait(item, ownWeight, ownSum, start, end, depth, node, 0, place);
  item.middle = rightStart;
  item.left = Best.left;
  item.ones = Best.ones;
  item.improvement = improvement;
  pushBest(tree, places++);
  return node;
}
