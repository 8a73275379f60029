/** The best of all splits of a column: its rows are counted by code where that is cheap, else sorted by it. */
import { layMarks } from "./forest_node.as";
import { classesQuality, giniQuality, pairQuality, varianceQuality } from "./forest_quality.as";
import { sortKeys } from "./forest_sort.as";
import { Best, Forest, isPair, Node, Tree } from "./forest_state.as";

/** What is added up: counts of two classes, weights of classes, or weights and targets. */
const PAIR: u32 = 0;
const CLASSES: u32 = 1;
const MOMENTS: u32 = 2;

/** A node is counted by code when that touches at most this many numbers a row; else its rows are sorted. */
const COUNT_LIMIT: u32 = 4;

/** Of more rows a key can't hold the number. */
const MAX_SORTED: u32 = 65536;

const BIN_BITS: u32 = 8;

/** Tries all splits of the drawn features; true when there is one. */
export function tryBest(forest: Forest, tree: Tree, from: usize, n: u32, count: u32): bool {
  const kind = isPair(forest) ? PAIR : forest.classes > 0 ? CLASSES : MOMENTS;
  if (kind != PAIR) layMarks(forest, tree, from, n);
  let found = false;
  for (let k: u32 = 0; k < count; k++) {
    const feature = load<u32>(tree.drawn + (<usize> k << 2));
    const lowest: u32 = load<u16>(tree.lowest + (<usize> feature << 1));
    const highest: u32 = load<u16>(tree.highest + (<usize> feature << 1));
    if (tryFeature(forest, tree, kind, feature, from, n, lowest, highest)) found = true;
  }
  if (found) settleBins(forest, from, n);
  return found;
}

function tryFeature(
  forest: Forest,
  tree: Tree,
  kind: u32,
  feature: u32,
  from: usize,
  n: u32,
  lowest: u32,
  highest: u32,
): bool {
  const codes = from + (<usize> feature << 1);
  const width = forest.classes == 0 ? 2 : forest.classes;
  const isCounted = (highest - lowest + 1) * width <= COUNT_LIMIT * n;
  const isBinned = !isCounted && n >= forest.binnedRows;
  let shift: u32 = 0;
  let isBetter: bool;
  if (isCounted || isBinned || n > MAX_SORTED) {
    if (isBinned) shift = max<i32>(0, 32 - clz(highest - lowest) - BIN_BITS);
    isBetter = kind == PAIR
      ? scanCountedPair(forest, tree, codes, n, lowest, highest, shift)
      : kind == CLASSES
      ? scanCountedClasses(forest, tree, codes, n, lowest, highest, shift)
      : scanCountedMoments(forest, tree, codes, n, lowest, highest, shift);
  } else {
    isBetter = kind == PAIR
      ? scanSortedPair(forest, tree, codes, n, lowest, highest)
      : kind == CLASSES
      ? scanSortedClasses(forest, tree, codes, n, lowest, highest)
      : scanSortedMoments(forest, tree, codes, n, lowest, highest);
  }
  if (!isBetter) return false;
  Best.feature = feature;
  Best.shift = shift;
  Best.cut = lowest + ((Best.cut + 1) << shift) - 1;
  Best.next += lowest;
  return true;
}

/** Sets the codes on both sides of a cut between two bins. */
function settleBins(forest: Forest, from: usize, n: u32): void {
  if (Best.shift == 0) return;
  const cut = Best.cut;
  const stride: usize = forest.stride;
  const end = from + <usize> n * stride;
  let low: u32 = 0;
  let high: u32 = 65535;
  for (let at = from + (<usize> Best.feature << 1); at < end; at += stride) {
    const code: u32 = load<u16>(at);
    low = max<u32>(low, select<u32>(code, 0, code <= cut));
    high = min<u32>(high, select<u32>(65535, code, code <= cut));
  }
  Best.cut = low;
  Best.next = high;
}

// ---------------------------------------------------------------------------------------------------- sorted

function scanSortedPair(forest: Forest, tree: Tree, codes: usize, n: u32, lowest: u32, highest: u32): bool {
  return scanSorted(PAIR, forest, tree, codes, n, lowest, highest);
}

function scanSortedClasses(forest: Forest, tree: Tree, codes: usize, n: u32, lowest: u32, highest: u32): bool {
  return scanSorted(CLASSES, forest, tree, codes, n, lowest, highest);
}

function scanSortedMoments(forest: Forest, tree: Tree, codes: usize, n: u32, lowest: u32, highest: u32): bool {
  return scanSorted(MOMENTS, forest, tree, codes, n, lowest, highest);
}

/** Written once for all kinds: each caller gives its own, and the compiler leaves out the rest. */
@inline
function scanSorted(kind: u32, forest: Forest, tree: Tree, codes: usize, n: u32, lowest: u32, highest: u32): bool {
  const bits = forest.countBits;
  const mask: u32 = (1 << bits) - 1;
  const stride: usize = forest.stride;
  const target = stride - 2 - (codes - Node.record);
  let to = tree.keys;
  // With a pair's key goes its target, with others the number of the row.
  for (let i: u32 = 0; i < n; i++, codes += stride, to += 4) {
    const own: u32 = kind == PAIR ? <u32> load<u16>(codes + target) : i;
    store<u32>(to, (<u32> load<u16>(codes) - lowest) << 16 | own);
  }
  let at = sortKeys(tree, n, highest - lowest);
  const minSamples = forest.minSamplesLeaf;
  const weight = Node.weight;
  const sum = Node.sum;
  const least = Node.minWeight;
  const last = n - minSamples;
  const isEntropy = forest.isEntropy != 0;
  let best = Best.quality;
  let found = false;
  let all: u32 = 0; // of a pair: the weight on the left and that of class 1
  let ones: u32 = 0;
  let left: f64 = 0;
  let sumLeft: f64 = 0;
  let squaresLeft: f64 = 0;
  let squaresRight: f64 = 0;
  if (kind == CLASSES) squaresRight = clearLeft(forest, tree);
  let next = load<u32>(at);
  for (let i: u32 = 1; i <= last; i++) {
    const key = next;
    at += 4;
    next = load<u32>(at);
    const mark = tree.marks + (<usize> (key & 65535) << 4);
    if (kind == PAIR) {
      const count = key & mask;
      all += count;
      ones += count & (0 - ((key >> bits) & 1));
    } else {
      const w = load<f64>(mark);
      left += w;
      if (kind == MOMENTS) sumLeft += load<f64>(mark, 8);
      else {
        const k: usize = load<u32>(mark, 8);
        const before = load<f64>(tree.left + k);
        squaresLeft += w * (2 * before + w);
        squaresRight -= w * (2 * (load<f64>(tree.total + k) - before) - w);
        store<f64>(tree.left + k, before + w);
      }
    }
    if ((key ^ next) < 65536 || i < minSamples) continue;
    if (kind == PAIR) left = <f64> all;
    const right = weight - left;
    if (left < least || right < least) continue;
    const quality = kind == PAIR
      ? pairQuality(left, <f64> ones)
      : kind == MOMENTS
      ? varianceQuality(sumLeft, sum - sumLeft, left, right)
      : isEntropy
      ? classesQuality(forest, tree, left, right)
      : giniQuality(squaresLeft, squaresRight, left, right);
    if (quality > best) {
      best = quality;
      found = true;
      Best.left = left;
      Best.ones = <f64> ones;
      Best.cut = key >> 16;
      Best.next = next >> 16;
      Best.rows = i;
    }
  }
  Best.quality = best;
  return found;
}

/** Nothing is on the left yet: the sum of the squares on the right. */
function clearLeft(forest: Forest, tree: Tree): f64 {
  let squares: f64 = 0;
  for (let k: usize = 0; k < <usize> forest.classes << 3; k += 8) {
    const weight = load<f64>(tree.total + k);
    squares += weight * weight;
    store<f64>(tree.left + k, 0);
  }
  return squares;
}

// --------------------------------------------------------------------------------------------------- counted

function scanCountedPair(
  forest: Forest, tree: Tree, codes: usize, n: u32, lowest: u32, highest: u32, shift: u32,
): bool {
  return scanCounted(PAIR, forest, tree, codes, n, lowest, highest, shift);
}

function scanCountedClasses(
  forest: Forest, tree: Tree, codes: usize, n: u32, lowest: u32, highest: u32, shift: u32,
): bool {
  return scanCounted(CLASSES, forest, tree, codes, n, lowest, highest, shift);
}

function scanCountedMoments(
  forest: Forest, tree: Tree, codes: usize, n: u32, lowest: u32, highest: u32, shift: u32,
): bool {
  return scanCounted(MOMENTS, forest, tree, codes, n, lowest, highest, shift);
}

/**
 * As `scanSorted`. The sums of a pair's code are two numbers, each with rows above and weight below, and those of
 * moments two doubles; classes have a double each.
 */
@inline
function scanCounted(
  kind: u32, forest: Forest, tree: Tree, codes: usize, n: u32, lowest: u32, highest: u32, shift: u32,
): bool {
  const bits = forest.countBits;
  const mask: u32 = (1 << bits) - 1;
  const stride: usize = forest.stride;
  const target = stride - 2 - (codes - Node.record);
  const sums = tree.sums;
  const rowsByCode = tree.rowsByCode;
  const width: usize = kind == CLASSES ? <usize> forest.classes << 3 : 16;
  let mark = tree.marks;
  for (let i: u32 = 0; i < n; i++, codes += stride, mark += 16) {
    const code: usize = <u32> load<u16>(codes) - lowest >> shift;
    const place = sums + code * width;
    if (kind == PAIR) {
      const own: u32 = load<u16>(codes + target);
      const half = place + (<usize> (own >> bits) << 3);
      store<u64>(half, load<u64>(half) + (<u64> 1 << 32 | <u64> (own & mask)));
      continue;
    }
    if (kind == MOMENTS) v128.store(place, f64x2.add(v128.load(place), v128.load(mark)));
    else {
      const own = place + <usize> load<u32>(mark, 8);
      store<f64>(own, load<f64>(own) + load<f64>(mark));
    }
    store<u32>(rowsByCode + (code << 2), load<u32>(rowsByCode + (code << 2)) + 1);
  }
  const minSamples = forest.minSamplesLeaf;
  const weight = Node.weight;
  const sum = Node.sum;
  const least = Node.minWeight;
  const span = (highest - lowest >> shift) + 1;
  let best = Best.quality;
  let found = false;
  let pairLeft: u64 = 0; // as the sums
  let pairOnes: u64 = 0;
  let left: f64 = 0;
  let sumLeft: f64 = 0;
  let rowsLeft: u32 = 0;
  let previous: u32 = 0;
  if (kind == CLASSES) clearLeft(forest, tree);
  let place = sums;
  for (let code: u32 = 0; code < span; code++, place += width) {
    const hereOnes: u64 = kind == PAIR ? load<u64>(place, 8) : 0;
    const here: u64 = kind == PAIR ? load<u64>(place) + hereOnes : load<u32>(rowsByCode + (<usize> code << 2));
    if (here == 0) continue;
    if (kind == PAIR) rowsLeft = u32(pairLeft >> 32);
    if (rowsLeft >= minSamples && n - rowsLeft >= minSamples) {
      if (kind == PAIR) left = <f64> (<u32> pairLeft);
      const right = weight - left;
      if (left >= least && right >= least) {
        const quality = kind == PAIR
          ? pairQuality(left, <f64> (<u32> pairOnes))
          : kind == MOMENTS
          ? varianceQuality(sumLeft, sum - sumLeft, left, right)
          : classesQuality(forest, tree, left, right);
        if (quality > best) {
          best = quality;
          found = true;
          Best.left = left;
          Best.ones = <f64> (<u32> pairOnes);
          Best.cut = previous;
          Best.next = code;
          Best.rows = rowsLeft;
        }
      }
    }
    if (kind == CLASSES) {
      for (let k: usize = 0; k < width; k += 8) {
        const w = load<f64>(place + k);
        store<f64>(tree.left + k, load<f64>(tree.left + k) + w);
        left += w;
        store<f64>(place + k, 0);
      }
    } else {
      if (kind == MOMENTS) {
        left += load<f64>(place);
        sumLeft += load<f64>(place, 8);
      } else {
        pairLeft += here;
        pairOnes += hereOnes;
      }
      v128.store(place, i64x2.splat(0));
    }
    if (kind != PAIR) {
      store<u32>(rowsByCode + (<usize> code << 2), 0);
      rowsLeft += u32(here);
    }
    previous = code;
  }
  Best.quality = best;
  return found;
}
