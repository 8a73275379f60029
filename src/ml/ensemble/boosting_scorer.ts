/** Prediction with boosted trees by the kernels (src/kernels/boosting_predict.as.ts), for many rows. */
import { type Arena, withArena } from "@/kernels/solo.ts";
import { columnView, type Matrix } from "../matrix.ts";
import { positionOf } from "../tree/ranks.ts";
import type { BoostingState } from "./boosting_state.ts";

/** Leaves of a tree, and one more than the thresholds of a column: a byte numbers them. */
const MOST_LEAVES = 256;
const MOST_RANKS = 255;
const BLOCK = 64;
/** Rows whose ranks are made at once: they and their sums stay in the second cache. */
const CHUNK = 4096;
const MISSING = 255;

/** A model as the kernels take it; memory is taken when rows come. */
interface Scorer {
  /** The columns that are asked for: ascending thresholds, or the bins of a category's codes. */
  columns: { feature: number; cuts: Float64Array; bins: Uint8Array | undefined }[];
  planes: Int32Array;
  leafSlots: number;
  nodeSlots: number;
  /** (nodes * 4), (trees * 2) and what they point to: see the kernel. */
  nodes: Int32Array;
  trees: Int32Array;
  leaves: Float64Array;
  sets: Int32Array;
}

const scorers = new WeakMap<BoostingState, Scorer | null>();

/** Adds what each tree says about every row of X to raw, (trees a round * rows); false when the model is not for it. */
export function scoreRows(X: Matrix, state: BoostingState, raw: Float64Array): boolean {
  let scorer = scorers.get(state);
  if (scorer === undefined) scorers.set(state, scorer = prepare(state));
  if (scorer === null) return false;
  const ready = scorer;
  withArena((arena) => score(arena, ready, X, state, raw));
  return true;
}

function prepare(state: BoostingState): Scorer | null {
  const { feature, threshold, right, missing_left, set, root } = state;
  const columns = columnsOf(state);
  if (columns.some(({ cuts }) => cuts.length >= MOST_RANKS)) return null;
  const placeOf = new Map(columns.map((column, place) => [column.feature, place]));
  const planes: number[] = [];
  const planeOf = new Map<number, number>();
  const planeFor = (node: number) => {
    const isBelow = set[node] < 0 && missing_left[node] === 1;
    const plane = 2 * placeOf.get(feature[node])! + +isBelow;
    if (!planeOf.has(plane)) planeOf.set(plane, planes.push(plane) - 1);
    return planeOf.get(plane)!;
  };
  const rankOf = (node: number) => {
    if (set[node] >= 0) return 256 + set[node];
    if (!(threshold[node] <= Number.MAX_VALUE)) return MISSING - 1;
    return positionOf(columns[placeOf.get(feature[node])!].cuts, threshold[node]);
  };
  const bounds = [...root, feature.length];
  const leavesOf = (t: number) => (bounds[t + 1] - bounds[t] + 1) / 2;
  const leafSlots = root.reduce((most, _, t) => Math.max(most, leavesOf(t)), 0);
  if (leafSlots > MOST_LEAVES) return null;
  const nodes: number[] = [];
  const leaves: number[] = [];
  const trees: number[] = [];
  const slot = new Int32Array(feature.length);
  for (let t = 0; t < root.length; t++) {
    trees.push(leavesOf(t) - 1, leaves.length);
    let leaf = 0;
    let inner = leafSlots;
    // Children come behind their parent in the state.
    for (let node = bounds[t + 1] - 1; node >= bounds[t]; node--) {
      if (feature[node] < 0) {
        leaves.push(threshold[node]);
        slot[node] = leaf++;
        continue;
      }
      slot[node] = inner++;
      const plane = BLOCK * planeFor(node);
      nodes.push(plane, BLOCK * slot[node + 1], BLOCK * slot[right[node]], rankOf(node));
    }
  }
  return {
    columns,
    planes: Int32Array.from(planes),
    leafSlots,
    nodeSlots: Math.max(1, leafSlots - 1),
    nodes: Int32Array.from(nodes),
    trees: Int32Array.from(trees),
    leaves: Float64Array.from(leaves),
    sets: setsOf(state),
  };
}

function columnsOf(state: BoostingState): Scorer["columns"] {
  const { feature, threshold, set, category_bin, category_offset } = state;
  const isCategory = new Map<number, boolean>();
  const cuts = new Map<number, Set<number>>();
  for (let node = 0; node < feature.length; node++) {
    const j = feature[node];
    if (j < 0) continue;
    isCategory.set(j, set[node] >= 0);
    if (set[node] >= 0 || !(threshold[node] <= Number.MAX_VALUE)) continue;
    if (!cuts.has(j)) cuts.set(j, new Set());
    cuts.get(j)!.add(threshold[node]);
  }
  return [...isCategory.keys()].sort((a, b) => a - b).map((j) => ({
    feature: j,
    cuts: Float64Array.from(cuts.get(j) ?? []).sort(),
    bins: isCategory.get(j)
      ? Uint8Array.from(
        category_bin.subarray(category_offset[j], category_offset[j + 1]),
        (bin) => bin < 0 ? MISSING : bin,
      )
      : undefined,
  }));
}

/** 8 words a set: a bit a bin, and the last for missing values and unknown categories. */
function setsOf({ set, sets, missing_left }: BoostingState): Int32Array {
  const bits = Int32Array.from(sets);
  for (let node = 0; node < set.length; node++) {
    if (set[node] < 0) continue;
    const last = 8 * set[node] + 7;
    bits[last] = bits[last] & 0x7fffffff | (missing_left[node] === 1 ? 1 << 31 : 0);
  }
  return bits;
}

function score(arena: Arena, scorer: Scorer, X: Matrix, state: BoostingState, raw: Float64Array): void {
  const { columns, planes, leafSlots, nodeSlots } = scorer;
  const { rows } = X;
  const outputs = state.baseline.length;
  const stride = Math.min(CHUNK, Math.ceil(rows / BLOCK) * BLOCK);
  const put = (values: Int32Array) => {
    const array = arena.integers(values.length + 1);
    array.set(values);
    return array.byteOffset;
  };
  const ranks = arena.bytes(columns.length * stride + BLOCK);
  const slots = arena.bytes((leafSlots + nodeSlots) * BLOCK);
  const leaves = arena.doubles(scorer.leaves.length);
  leaves.set(scorer.leaves);
  const sums = arena.doubles(outputs * stride);
  const leafNumbers = new Uint8Array(leaves.buffer, slots, leafSlots * BLOCK);
  for (let leaf = 0; leaf < leafSlots; leaf++) leafNumbers.fill(leaf, leaf * BLOCK, (leaf + 1) * BLOCK);
  const pointer = put(Int32Array.of(
    ...[ranks, stride, put(planes), planes.length, arena.bytes(planes.length * BLOCK + BLOCK)],
    ...[slots, leafSlots, put(scorer.nodes), put(scorer.trees), state.root.length, leaves.byteOffset],
    ...[put(scorer.sets), outputs, sums.byteOffset],
  ));
  const rank = columns.map((column, place) => ranker(arena, column, ranks + place * stride, stride));
  for (let first = 0; first < rows; first += stride) {
    const n = Math.min(stride, rows - first);
    columns.forEach(({ feature }, place) => {
      rank[place](columnView(X, feature).subarray(first, first + n));
    });
    for (let k = 0; k < outputs; k++) {
      sums.set(raw.subarray(k * rows + first, k * rows + first + n), k * stride);
    }
    arena.kernels.boost_score(pointer, n);
    for (let k = 0; k < outputs; k++) {
      raw.set(sums.subarray(k * stride, k * stride + n), k * rows + first);
    }
  }
}

/** Writes the ranks of a column's values; -0 is 0. */
function ranker(
  arena: Arena,
  { cuts, bins }: Scorer["columns"][number],
  ranks: number,
  stride: number,
): (values: Float64Array) => void {
  const values = arena.doubles(stride);
  let size = 1;
  while (size <= cuts.length) size *= 2;
  const table = arena.doubles(Math.max(size, Math.ceil((bins?.length ?? 0) / 8)));
  if (bins === undefined) table.fill(Infinity).set(cuts);
  else new Uint8Array(table.buffer, table.byteOffset, bins.length).set(bins);
  const column = arena.integers(7);
  column.set([values.byteOffset, 0, table.byteOffset, bins?.length ?? 0, size, MISSING, ranks]);
  return (given) => {
    values.set(given);
    column[1] = given.length;
    arena.kernels.boost_bin(column.byteOffset);
  };
}
