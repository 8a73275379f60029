/** Prediction with trees by the kernels (src/kernels/forest_predict.as.ts), for many rows. */
import { openThreads } from "@/kernels/threads.ts";
import { checkStop } from "@/kernels/stop.ts";
import type { Kernels } from "@/kernels/kernels.ts";
import { columnView, type Matrix } from "../matrix.ts";
import type { TreesState } from "./trees_state.ts";

/** From so many walks on the kernels are quicker, if their start is not too dear: see `suits`. */
const ENOUGH_WALKS = 5000;
/** Doubles of a block of rows: many rows share the way of a tree's nodes through the caches; 2 MiB bound the memory. */
const BLOCK_VALUES = 262_144;
const MOST_ROWS = 16_384;
/** Trees between two looks at the stop word. */
const STRETCH = 64;
const NODE_BYTES = 16;
/** Of nodes, leaves and trees: larger models are walked row by row. */
const MOST_BYTES = 2 ** 30;

/** A model in a memory of its own, which ends with the model. */
interface Scorer {
  kernels: Kernels;
  pointer: number;
  /** Rows at once, a multiple of 8. */
  block: number;
  /** (block, columns) */
  values: Float64Array;
  /** (block, outputs) */
  sums: Float64Array;
}

const scorers = new WeakMap<TreesState, Scorer | null>();

/**
 * Adds what each tree says about every row of X to `result`, (rows * outputs) row-major.
 * @returns false when it is not for so few rows, or there is no room
 */
export function scoreTrees(X: Matrix, state: TreesState, result: Float64Array): boolean {
  if (!suits(X.rows, state)) return false;
  let scorer = scorers.get(state);
  if (scorer === undefined) scorers.set(state, scorer = prepare(state));
  if (scorer === null) return false;
  const { kernels, pointer, block, values, sums } = scorer;
  const { rows, cols } = X;
  const trees = state.root.length;
  const outputs = result.length / rows;
  for (let first = 0; first < rows; first += block) {
    const count = Math.min(block, rows - first);
    for (let j = 0; j < cols; j++) {
      const column = columnView(X, j);
      for (let i = 0, at = j; i < count; i++, at += cols) values[at] = column[first + i];
    }
    const padded = (count + 7) & ~7;
    sums.fill(0, 0, padded * outputs);
    for (let tree = 0; tree < trees; tree += STRETCH) {
      checkStop();
      kernels.forest_score(pointer, tree, Math.min(trees, tree + STRETCH), padded);
    }
    result.set(sums.subarray(0, count * outputs), first * outputs);
  }
  return true;
}

/** A model that is not laid out yet must have enough rows to be worth it. */
function suits(rows: number, state: TreesState): boolean {
  const trees = state.root.length;
  return rows * trees >= ENOUGH_WALKS && (scorers.has(state) || rows >= 16);
}

function prepare(state: TreesState): Scorer | null {
  const { root, feature, value, n_features: cols } = state;
  const outputs = Math.max(1, state.n_classes);
  const nodes = feature.length + root.length;
  if (nodes * NODE_BYTES + value.byteLength > MOST_BYTES) return null;
  const block = Math.min(MOST_ROWS, Math.max(8, Math.floor(BLOCK_VALUES / Math.max(1, cols)) & ~7));
  let threads;
  try {
    threads = openThreads(1);
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
  const { kernels, memory } = threads;
  const place = (bytes: number) => kernels.reserve(bytes) >>> 0;
  const at = place(nodes * NODE_BYTES);
  const roots = place(root.length * 4);
  const leaves = place(value.byteLength);
  const values = place(block * cols * 8);
  const sums = place(block * outputs * 8);
  const pointer = place(6 * 4);
  const { buffer } = memory;
  layNodes(state, at, new Int32Array(buffer, at, nodes * 4), new Int32Array(buffer, roots, root.length));
  new Float64Array(buffer, leaves, value.length).set(value);
  new Int32Array(buffer, pointer, 6).set([values, cols * 8, roots, leaves, outputs, sums]);
  return {
    kernels,
    pointer,
    block,
    values: new Float64Array(buffer, values, block * cols),
    sums: new Float64Array(buffer, sums, block * outputs),
  };
}

/** The high word of a NaN. */
const NAN = 0x7ff80000;

/** Nodes as the kernel takes them: children in pairs, the right one first; a tree starts with a place left empty. */
function layNodes(state: TreesState, start: number, words: Int32Array, roots: Int32Array): void {
  const { root, feature, threshold, right } = state;
  const pair = new Int32Array(new Float64Array(1).buffer);
  const double = new Float64Array(pair.buffer);
  const places = new Int32Array(feature.length);
  let free = 0;
  let tree = 0;
  for (let node = 0; node < feature.length; node++) {
    if (node === root[tree]) {
      places[node] = free + 1;
      roots[tree++] = start + places[node] * NODE_BYTES;
      free += 2;
    }
    const word = 4 * places[node];
    if (feature[node] < 0) {
      words[word] = right[node];
      words[word + 1] = NAN;
      words[word + 2] = 0;
      words[word + 3] = start + places[node] * NODE_BYTES;
      continue;
    }
    double[0] = threshold[node];
    words[word] = pair[0];
    words[word + 1] = pair[1];
    words[word + 2] = 8 * feature[node];
    words[word + 3] = start + free * NODE_BYTES;
    places[right[node]] = free;
    places[node + 1] = free + 1;
    free += 2;
  }
}
