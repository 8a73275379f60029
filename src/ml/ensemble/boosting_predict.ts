/**
 * Prediction with boosted trees: no object a row, and no branch that a processor must guess.
 *
 * A leaf leads to itself, so that all paths are as long as the tree is deep and four are walked at once. A missing value
 * stands as infinity in one copy of the row and as minus infinity in another: a node reads the copy that sends it its way.
 */
import { columnView, type Matrix } from "../matrix.ts";
import { isCode } from "./boosting_bins.ts";
import { scoreRows } from "./boosting_scorer.ts";
import type { BoostingState } from "./boosting_state.ts";

/** A model's trees for walking. */
interface Walks {
  /** (nodes) the place of the value to look at in a row's two copies. */
  place: Int32Array;
  /** (nodes) */
  threshold: Float64Array;
  /** (nodes * 2) where values above the threshold go, then the others: nodes. */
  next: Int32Array;
  /** The same, each with the place that the node looks at, and (trees) the roots so: one look less a step. */
  packed: Int32Array;
  start: Int32Array;
  /** (trees) steps to the deepest leaf. */
  depth: Int32Array;
  /** Nodes and places are few enough to be packed. */
  isPacked: boolean;
  hasSets: boolean;
  /** (nodes) where a node's set of bins begins in `sets`; 0, where an empty one is, for numbers. */
  setStart: Int32Array;
  /** 8 words a set: a bit a bin, and the last for missing values and unknown categories. */
  sets: Uint32Array;
  /** Room for the copies of one row. */
  one: Float64Array;
}

const NODE_BITS = 20;
const NODE = 2 ** NODE_BITS - 1;
const PLACE_BITS = 32 - NODE_BITS;

const walksOf = new WeakMap<BoostingState, Walks>();

function prepare(state: BoostingState): Walks {
  const known = walksOf.get(state);
  if (known !== undefined) return known;
  const { feature, threshold, right, missing_left, set, root, n_features } = state;
  const nodes = feature.length;
  const walks: Walks = {
    place: new Int32Array(nodes),
    threshold: new Float64Array(nodes),
    next: new Int32Array(2 * nodes),
    depth: new Int32Array(root.length),
    packed: new Int32Array(2 * nodes),
    start: new Int32Array(root.length),
    isPacked: nodes <= NODE && 2 * n_features <= 2 ** PLACE_BITS,
    hasSets: set.some((place) => place >= 0),
    setStart: Int32Array.from(set, (place) => 8 * (place + 1)),
    sets: new Uint32Array(8 + state.sets.length),
    one: new Float64Array(2 * n_features),
  };
  for (let word = 0; word < state.sets.length; word++) {
    // The last bit is not one of at most 255 bins.
    walks.sets[8 + word] = word % 8 === 7 ? state.sets[word] & 0x7fffffff : state.sets[word];
  }
  const level = new Int32Array(nodes);
  let tree = -1;
  for (let node = 0; node < nodes; node++) {
    if (node === root[tree + 1]) {
      tree++;
      level[node] = 0;
    }
    if (set[node] >= 0 && missing_left[node] === 1) walks.sets[walks.setStart[node] + 7] |= 1 << 31;
    if (feature[node] < 0) {
      walks.next.fill(node, 2 * node, 2 * node + 2);
      continue;
    }
    level[node + 1] = level[right[node]] = level[node] + 1;
    walks.depth[tree] = Math.max(walks.depth[tree], level[node] + 1);
    walks.place[node] = feature[node] + (missing_left[node] === 1 ? n_features : 0);
    walks.threshold[node] = Math.min(threshold[node], Number.MAX_VALUE);
    walks.next[2 * node] = right[node];
    walks.next[2 * node + 1] = node + 1;
  }
  const pack = (node: number) => walks.place[node] << NODE_BITS | node;
  for (let k = 0; k < 2 * nodes; k++) walks.packed[k] = pack(walks.next[k]);
  for (let t = 0; t < root.length; t++) walks.start[t] = pack(root[t]);
  walksOf.set(state, walks);
  return walks;
}

/** From so many rows on the kernels are quicker. */
const SCORED_ROWS = 32;
/** Rows at once: their values stay in the cache while all trees see them. */
const BATCH = 64;

/** Adds what each tree says about every row of X to raw, (trees a round * rows). */
export function addTrees(X: Matrix, state: BoostingState, raw: Float64Array): void {
  const { rows, cols } = X;
  if (rows === 0 || (rows >= SCORED_ROWS && scoreRows(X, state, raw))) return;
  const walks = prepare(state);
  const batch = rows === 1 ? walks.one : new Float64Array(Math.min(BATCH, rows) * 2 * cols);
  for (let first = 0; first < rows; first += BATCH) {
    const n = Math.min(BATCH, rows - first);
    for (let j = 0; j < cols; j++) {
      const column = columnView(X, j);
      for (let i = 0, at = j; i < n; i++, at += 2 * cols) {
        const value = column[first + i];
        const isMissing = value !== value;
        batch[at] = isMissing ? Infinity : value;
        batch[at + cols] = isMissing ? -Infinity : value;
      }
    }
    if (!walks.isPacked || (walks.hasSets && n === 1)) {
      addOneByOne(walks, state, batch, n, raw, rows, first);
    } else if (walks.hasSets) addWithSets(walks, state, batch, n, raw, rows, first);
    else if (n === 1) addToOne(walks, state, batch, raw, rows, first);
    else addToBatch(walks, state, batch, n, raw, rows, first);
  }
}

/** Four trees at once. */
function addToOne(
  walks: Walks,
  state: BoostingState,
  values: Float64Array,
  raw: Float64Array,
  rows: number,
  at: number,
): void {
  const { packed, start, threshold, depth } = walks;
  const { threshold: leaf } = state;
  const perRound = state.baseline.length;
  const trees = start.length;
  let t = 0;
  for (; t + 4 <= trees; t += 4) {
    let a = start[t];
    let b = start[t + 1];
    let c = start[t + 2];
    let d = start[t + 3];
    const steps = Math.max(depth[t], depth[t + 1], depth[t + 2], depth[t + 3]);
    for (let k = 0; k < steps; k++) {
      a = packed[2 * (a & NODE) + +(values[a >>> NODE_BITS] <= threshold[a & NODE])];
      b = packed[2 * (b & NODE) + +(values[b >>> NODE_BITS] <= threshold[b & NODE])];
      c = packed[2 * (c & NODE) + +(values[c >>> NODE_BITS] <= threshold[c & NODE])];
      d = packed[2 * (d & NODE) + +(values[d >>> NODE_BITS] <= threshold[d & NODE])];
    }
    raw[(t % perRound) * rows + at] += leaf[a & NODE];
    raw[((t + 1) % perRound) * rows + at] += leaf[b & NODE];
    raw[((t + 2) % perRound) * rows + at] += leaf[c & NODE];
    raw[((t + 3) % perRound) * rows + at] += leaf[d & NODE];
  }
  for (; t < trees; t++) {
    let a = start[t];
    for (let k = 0; k < depth[t]; k++) {
      a = packed[2 * (a & NODE) + +(values[a >>> NODE_BITS] <= threshold[a & NODE])];
    }
    raw[(t % perRound) * rows + at] += leaf[a & NODE];
  }
}

/** Four rows at once. */
function addToBatch(
  walks: Walks,
  state: BoostingState,
  values: Float64Array,
  n: number,
  raw: Float64Array,
  rows: number,
  first: number,
): void {
  const { packed, start, threshold, depth } = walks;
  const { threshold: leaf, n_features } = state;
  const perRound = state.baseline.length;
  const width = 2 * n_features;
  for (let t = 0; t < start.length; t++) {
    const from = start[t];
    const steps = depth[t];
    const out = (t % perRound) * rows + first;
    let i = 0;
    for (; i + 4 <= n; i += 4) {
      const p = i * width;
      const q = p + width;
      const r = q + width;
      const s = r + width;
      let a = from;
      let b = from;
      let c = from;
      let d = from;
      for (let k = 0; k < steps; k++) {
        a = packed[2 * (a & NODE) + +(values[p + (a >>> NODE_BITS)] <= threshold[a & NODE])];
        b = packed[2 * (b & NODE) + +(values[q + (b >>> NODE_BITS)] <= threshold[b & NODE])];
        c = packed[2 * (c & NODE) + +(values[r + (c >>> NODE_BITS)] <= threshold[c & NODE])];
        d = packed[2 * (d & NODE) + +(values[s + (d >>> NODE_BITS)] <= threshold[d & NODE])];
      }
      raw[out + i] += leaf[a & NODE];
      raw[out + i + 1] += leaf[b & NODE];
      raw[out + i + 2] += leaf[c & NODE];
      raw[out + i + 3] += leaf[d & NODE];
    }
    for (; i < n; i++) {
      let a = from;
      for (let k = 0; k < steps; k++) {
        a = packed[2 * (a & NODE) + +(values[i * width + (a >>> NODE_BITS)] <= threshold[a & NODE])];
      }
      raw[out + i] += leaf[a & NODE];
    }
  }
}

const UNKNOWN = 255;

/**
 * Four rows at once; categories are no numbers here but bins, so that both kinds of nodes take the same step: a number
 * is in no set, and a category not below a threshold.
 */
function addWithSets(
  walks: Walks,
  state: BoostingState,
  values: Float64Array,
  n: number,
  raw: Float64Array,
  rows: number,
  first: number,
): void {
  const { packed, start, threshold, depth, setStart, sets } = walks;
  const { threshold: leaf, n_features } = state;
  const perRound = state.baseline.length;
  const width = 2 * n_features;
  const bins = binsOf(state, values, n);
  const goes = (at: number, link: number): number => {
    const node = link & NODE;
    const place = at + (link >>> NODE_BITS);
    const bin = bins[place];
    return packed[
      2 * node +
      (+(values[place] <= threshold[node]) | (sets[setStart[node] + (bin >> 5)] >>> (bin & 31) & 1))
    ];
  };
  for (let t = 0; t < start.length; t++) {
    const from = start[t];
    const steps = depth[t];
    const out = (t % perRound) * rows + first;
    let i = 0;
    for (; i + 4 <= n; i += 4) {
      const p = i * width;
      const q = p + width;
      const r = q + width;
      const s = r + width;
      let a = from;
      let b = from;
      let c = from;
      let d = from;
      for (let k = 0; k < steps; k++) {
        a = goes(p, a);
        b = goes(q, b);
        c = goes(r, c);
        d = goes(s, d);
      }
      raw[out + i] += leaf[a & NODE];
      raw[out + i + 1] += leaf[b & NODE];
      raw[out + i + 2] += leaf[c & NODE];
      raw[out + i + 3] += leaf[d & NODE];
    }
    for (; i < n; i++) {
      let a = from;
      for (let k = 0; k < steps; k++) a = goes(i * width, a);
      raw[out + i] += leaf[a & NODE];
    }
  }
}

/** The bins of the categories in rows of values, whose codes become NaN; 0 for numbers. */
function binsOf(state: BoostingState, values: Float64Array, n: number): Uint8Array {
  const { category_bin, category_offset, n_features } = state;
  const bins = new Uint8Array(n * 2 * n_features);
  for (let j = 0; j < n_features; j++) {
    const offset = category_offset[j];
    const codes = category_offset[j + 1] - offset;
    if (codes === 0) continue;
    for (let i = 0; i < n; i++) {
      const at = i * 2 * n_features + j;
      const bin = isCode(values[at], codes) ? category_bin[offset + values[at]] : -1;
      bins[at] = bins[at + n_features] = bin < 0 ? UNKNOWN : bin;
      values[at] = values[at + n_features] = NaN;
    }
  }
  return bins;
}

/** One by one: a split of categories asks for the bin of a code. */
function addOneByOne(
  { place, threshold, next }: Walks,
  state: BoostingState,
  values: Float64Array,
  n: number,
  raw: Float64Array,
  rows: number,
  first: number,
): void {
  const { root, feature, set, threshold: leaf, n_features } = state;
  const perRound = state.baseline.length;
  for (let t = 0; t < root.length; t++) {
    const out = (t % perRound) * rows + first;
    for (let i = 0; i < n; i++) {
      const start = i * 2 * n_features;
      let node = root[t];
      while (feature[node] >= 0) {
        const value = values[start + place[node]];
        const isLeft = set[node] < 0 ? value <= threshold[node] : isInSet(state, node, value);
        node = next[2 * node + +isLeft];
      }
      raw[out + i] += leaf[node];
    }
  }
}

/** @param value a code; infinite: missing */
function isInSet(state: BoostingState, node: number, value: number): boolean {
  const { feature, category_bin, category_offset, missing_left, set, sets } = state;
  const offset = category_offset[feature[node]];
  const codes = category_offset[feature[node] + 1] - offset;
  const bin = isCode(value, codes) ? category_bin[offset + value] : -1;
  return bin < 0 ? missing_left[node] === 1 : (sets[set[node] * 8 + (bin >> 5)] >>> (bin & 31) & 1) === 1;
}
