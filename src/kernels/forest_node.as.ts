/** Looking at a node before its split is sought: its sums and impurity, and which codes it has of each column. */
import { logDoubles } from "./exp_log.as";
import { classOf, targetOf, targetWeight, weightOf } from "./forest_rows.as";
import { Forest, isPair, Node, Tree } from "./forest_state.as";

/** Sets weight and sum of the root of a pair; those of its children follow from its split. */
export function enterRoot(forest: Forest, from: usize, n: u32): void {
  if (!isPair(forest)) return;
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
  Node.weight = <f64> all;
  Node.sum = <f64> ones;
}

/** Looks at the targets of a node; of a pair, weight and sum are known. */
export function enter(forest: Forest, tree: Tree, from: usize, n: u32): void {
  if (forest.classes == 0) enterTargets(forest, from, n);
  else enterClasses(forest, tree, from, n);
}

function enterTargets(forest: Forest, from: usize, n: u32): void {
  const isWeighted = forest.isWeighted != 0;
  const stride: usize = forest.stride;
  const end = from + <usize> n * stride;
  let weight: f64 = 0;
  let sum: f64 = 0;
  let squares: f64 = 0;
  let lowest: f64 = Infinity;
  let highest: f64 = -Infinity;
  for (let at = from + stride; at <= end; at += stride) {
    const value = targetOf(at, isWeighted);
    const w = targetWeight(at, isWeighted);
    const weighted = w * value;
    weight += w;
    sum += weighted;
    squares += weighted * value;
    lowest = select<f64>(value, lowest, value < lowest);
    highest = select<f64>(value, highest, value > highest);
  }
  Node.weight = weight;
  Node.sum = sum;
  Node.isPure = lowest == highest;
  const mean = sum / weight;
  Node.impurity = Node.isPure ? 0 : max<f64>(0, squares / weight - mean * mean);
}

function enterClasses(forest: Forest, tree: Tree, from: usize, n: u32): void {
  const total = tree.total;
  const end: usize = <usize> forest.classes << 3;
  if (isPair(forest)) {
    store<f64>(total, Node.weight - Node.sum);
    store<f64>(total, Node.sum, 8);
  } else {
    const stride: usize = forest.stride;
    memory.fill(total, 0, end);
    let all: f64 = 0;
    for (let at = from + stride, last = from + <usize> n * stride; at <= last; at += stride) {
      const place = total + (<usize> classOf(forest, at) << 3);
      const w = weightOf(forest, at);
      store<f64>(place, load<f64>(place) + w);
      all += w;
    }
    Node.weight = all;
  }
  let present: u32 = 0;
  let squares: f64 = 0;
  for (let k: usize = 0; k < end; k += 8) {
    const weight = load<f64>(total + k);
    present += u32(weight > 0);
    squares += weight * weight;
  }
  Node.isPure = present <= 1;
  if (forest.isEntropy == 0) {
    Node.impurity = 1 - squares / (Node.weight * Node.weight);
    return;
  }
  let entropy: f64 = 0;
  for (let k: usize = 0; k < end; k += 8) {
    const share = load<f64>(total + k) / Node.weight;
    if (share > 0) entropy -= share * f64x2.extract_lane(logDoubles(f64x2.splat(share)), 0);
  }
  Node.impurity = entropy;
}

/** Lays what is added up together: see Tree.marks. */
export function layMarks(forest: Forest, tree: Tree, from: usize, n: u32): void {
  const isWeighted = forest.isWeighted != 0;
  const stride: usize = forest.stride;
  const end = from + <usize> n * stride;
  let to = tree.marks;
  if (forest.classes == 0) {
    for (let at = from + stride; at <= end; at += stride, to += 16) {
      const w = targetWeight(at, isWeighted);
      store<f64>(to, w);
      store<f64>(to, w * targetOf(at, isWeighted), 8);
    }
    return;
  }
  for (let at = from + stride; at <= end; at += stride, to += 16) {
    store<f64>(to, weightOf(forest, at));
    store<u32>(to, classOf(forest, at) << 3, 8);
  }
}

/** The smallest and the largest code of every column in the node; reads up to 48 bytes behind the records. */
export function findRanges(forest: Forest, tree: Tree, from: usize, n: u32): void {
  const end = from + <usize> n * <usize> forest.stride;
  const bytes: usize = forest.columns << 1;
  let k: usize = 0;
  for (; k + 32 < bytes; k += 48) findRange(forest, tree, from + k, end, k, 3);
  if (k + 16 < bytes) findRange(forest, tree, from + k, end, k, 2);
  else if (k < bytes) findRange(forest, tree, from + k, end, k, 1);
}

/** Of so many vectors of 8 columns from an offset. */
@inline
function findRange(forest: Forest, tree: Tree, from: usize, end: usize, offset: usize, vectors: u32): void {
  const stride: usize = forest.stride;
  let low0 = i16x8.splat(-1);
  let low1 = low0;
  let low2 = low0;
  let high0 = i16x8.splat(0);
  let high1 = high0;
  let high2 = high0;
  for (let at = from; at < end; at += stride) {
    const v0 = v128.load(at);
    low0 = i16x8.min_u(low0, v0);
    high0 = i16x8.max_u(high0, v0);
    if (vectors > 1) {
      const v1 = v128.load(at, 16);
      low1 = i16x8.min_u(low1, v1);
      high1 = i16x8.max_u(high1, v1);
    }
    if (vectors > 2) {
      const v2 = v128.load(at, 32);
      low2 = i16x8.min_u(low2, v2);
      high2 = i16x8.max_u(high2, v2);
    }
  }
  const lowest = tree.lowest + offset;
  const highest = tree.highest + offset;
  v128.store(lowest, low0);
  v128.store(highest, high0);
  if (vectors > 1) {
    v128.store(lowest, low1, 16);
    v128.store(highest, high1, 16);
  }
  if (vectors > 2) {
    v128.store(lowest, low2, 32);
    v128.store(highest, high2, 32);
  }
}
