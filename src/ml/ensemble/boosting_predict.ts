/**
 * Prediction with boosted trees: no object a row, and no branch that a processor must guess. Many rows are the work of
 * boosting_scorer.ts; here are few rows, and models that it does not take.
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
    one: new Float64Array(2 * n_features),
  };
  const level = new Int32Array(nodes);
  let tree = -1;
  for (let node = 0; node < nodes; node++) {
    if (node === root[tree + 1]) {
      tree++;
      level[node] = 0;
    }
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
    if (!walks.isPacked || walks.hasSets) addOneByOne(walks, state, batch, n, raw, rows, first);
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
