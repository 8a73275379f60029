/**
 * The rows of a node as records that lie together: a row's codes, and at the end its target. A split writes the records
 * of its children, in order, into a second buffer, so all reading is in a row, and small nodes stay in the nearest cache.
 *
 * For classes the target is 16 bits at the end, the class above `countBits` bits for how often the row was drawn;
 * before it stands, where records hold one, a weight of 8 bytes. For regression it is the target in 8 bytes and before
 * the end how often the row was drawn in 4, or a weight in 8.
 */
import { below, float } from "./forest_random.as";
import { Best, Forest, isSegmented, Node, Tree } from "./forest_state.as";

/** The class of a record, by its end. */
@inline
export function classOf(forest: Forest, end: usize): u32 {
  return <u32> load<u16>(end - 2) >> forest.countBits;
}

@inline
export function targetOf(end: usize, isWeighted: bool): f64 {
  return load<f64>(end - (isWeighted ? 16 : 12));
}

/** The weight of a record of a regression. */
@inline
export function targetWeight(end: usize, isWeighted: bool): f64 {
  return isWeighted ? load<f64>(end - 8) : <f64> load<u32>(end - 4);
}

export function weightOf(forest: Forest, end: usize): f64 {
  const isWeighted = forest.isWeighted != 0;
  if (forest.classes == 0) return targetWeight(end, isWeighted);
  return isWeighted ? load<f64>(end - 10) : <f64> (<u32> load<u16>(end - 2) & ((1 << forest.countBits) - 1));
}

/** Fills the front buffer with the tree's rows: how many, or 0 where a row was drawn too often to count it. */
export function drawRows(forest: Forest, tree: Tree): u32 {
  if (forest.draws == 0) return takeRows(forest, tree);
  const rows = forest.rows;
  const stride: usize = forest.stride;
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
    copyRecord(to, from, stride, false);
    to += stride;
    if (classes == 0) store<u32>(to - 4, count);
    else store<u16>(to - 2, <u16> (load<u16>(to - 2) & ~limit | count));
  }
  if (forest.isSubsample != 0) weighClasses(forest, tree, to);
  return u32((to - tree.front) / stride);
}

/** All rows that have a weight; those of class 0 before those of class 1 where a node is to be so. */
function takeRows(forest: Forest, tree: Tree): u32 {
  const stride: usize = forest.stride;
  const size = <usize> forest.rows * stride;
  const end = forest.records + size;
  if (isSegmented(forest)) {
    const ones = tree.front + <usize> forest.zeros * stride;
    partRun(forest.records, end, stride, stride - 2, (1 << forest.countBits) - 1, tree.front, ones);
    return forest.rows;
  }
  if (forest.isWeighted == 0) {
    memory.copy(tree.front, forest.records, size);
    return forest.rows;
  }
  let to = tree.front;
  for (let from = forest.records; from < end; from += stride) {
    if (weightOf(forest, from + stride) == 0) continue;
    copyRecord(to, from, stride, false);
    to += stride;
  }
  return u32((to - tree.front) / stride);
}

/** Gives the drawn rows weights by which all classes that occur among them weigh the same. */
function weighClasses(forest: Forest, tree: Tree, end: usize): void {
  const stride: usize = forest.stride;
  const sums = tree.total;
  const mask: u32 = (1 << forest.countBits) - 1;
  memory.fill(sums, 0, <usize> forest.classes << 3);
  for (let at = tree.front + stride; at <= end; at += stride) {
    const place = sums + (<usize> classOf(forest, at) << 3);
    store<f64>(place, load<f64>(place) + <f64> (<u32> load<u16>(at - 2) & mask));
  }
  let present: f64 = 0;
  for (let k: u32 = 0; k < forest.classes; k++) present += f64(load<f64>(sums + (<usize> k << 3)) > 0);
  for (let at = tree.front + stride; at <= end; at += stride) {
    const sum = load<f64>(sums + (<usize> classOf(forest, at) << 3));
    store<f64>(at - 10, <f64> (<u32> load<u16>(at - 2) & mask) * (<f64> forest.draws / (present * sum)));
  }
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

/** Copies a record; without a loop where the compiler knows the stride, a multiple of 16 up to 64. */
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
}

/** Writes the records whose number at an offset is at most the cut to `left`, the others to `right`, both in order. */
@inline
function part(
  from: usize, end: usize, stride: usize, isKnown: bool, offset: usize, cut: u32, left: usize, right: usize,
): void {
  // What has not gone left has gone right.
  const both = right - from + left;
  for (; from + stride < end; from += 2 * stride) {
    left = place(from, stride, isKnown, offset, cut, left, both);
    left = place(from + stride, stride, isKnown, offset, cut, left, both);
  }
  if (from < end) place(from, stride, isKnown, offset, cut, left, both);
}

/** Writes one record: where the next goes on the left. */
@inline
function place(
  from: usize, stride: usize, isKnown: bool, offset: usize, cut: u32, left: usize, both: usize,
): usize {
  const goes: bool = <u32> load<u16>(from + offset) <= cut;
  copyRecord(select<usize>(left, both + from - left, goes), from, stride, isKnown);
  return left + (stride & (0 - usize(goes)));
}

function partRun(from: usize, end: usize, stride: usize, offset: usize, cut: u32, left: usize, right: usize): void {
  if (stride == 16) part(from, end, 16, true, offset, cut, left, right);
  else if (stride == 32) part(from, end, 32, true, offset, cut, left, right);
  else if (stride == 48) part(from, end, 48, true, offset, cut, left, right);
  else if (stride == 64) part(from, end, 64, true, offset, cut, left, right);
  else part(from, end, stride, false, offset, cut, left, right);
}

/** Parts a node by its best split. */
export function partition(forest: Forest, from: usize, n: u32, left: usize, right: usize): void {
  const stride: usize = forest.stride;
  const end = from + <usize> n * stride;
  const offset = <usize> Best.feature << 1;
  const cut = Best.cut;
  if (!isSegmented(forest)) {
    partRun(from, end, stride, offset, cut, left, right);
    return;
  }
  const zeros = u32(Node.weight - Node.sum);
  const middle = from + <usize> zeros * stride;
  const zerosLeft = u32(Best.left - Best.ones);
  partRun(from, middle, stride, offset, cut, left, right);
  left += <usize> zerosLeft * stride;
  right += <usize> (zeros - zerosLeft) * stride;
  partRun(middle, end, stride, offset, cut, left, right);
}
