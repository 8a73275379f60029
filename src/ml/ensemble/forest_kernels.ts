/**
 * Forests by the kernels (src/kernels/forest.as.ts): every tree is one task, on any thread. A tree has its own random
 * numbers, so the bytes do not depend on the threads. What the kernels can't grow is left to src/ml/tree/grower.ts,
 * which on the same values gives the same trees.
 */
import { KernelError, openThreads, type Threads } from "@/kernels/threads.ts";
import { Random } from "@/shared/random.ts";
import { columnView, type Matrix } from "../matrix.ts";
import { GrownTree } from "../tree/grown_tree.ts";
import { limitsFor, type TreeParams } from "../tree/params.ts";
import { scaleTarget } from "../tree/regression_criterion.ts";
import { BINNED_ROWS } from "../tree/splitter.ts";
import type { CompactTree } from "../tree/trees_state.ts";
import { FOREST, treeBytes, TreeRoom, type TreeShape } from "./forest_memory.ts";

/** Codes of 16 bits. */
const MAX_CODES = 65536;
/** A class and how often a row was drawn share 16 bits. */
const MAX_CLASSES = 64;
/** Whole records move at each split: with more columns than this that costs more than it saves. */
const MAX_COLUMNS = 512;
/** Of the kernels' 4 GiB. */
const MAX_BYTES = 3 * 2 ** 30;
/** With fewer rows, over all trees, the kernels' start (about 1 ms) would cost more than they save. */
const FEW_ROWS = 3000;
/** With fewer cells, over all trees, the threads' start (about 15 ms) would. */
const FEW_CELLS = 2_000_000;

export interface ForestTask {
  X: Matrix;
  y: Float64Array;
  params: TreeParams & { n_estimators: number };
  /** 0 for regression. */
  n_classes: number;
  seed: number;
  splitter: "best" | "random";
  /** The number of the first tree to grow: those before it are there. */
  first?: number;
  /** Rows drawn for each tree; 0: each learns from all rows. */
  draws: number;
  /** (rows) sums of the weights up to each row, by which rows are drawn; absent: all are equally likely. */
  cumulative?: Float64Array;
  /** (rows) weights, where each tree learns from all rows; absent: all weigh the same. */
  weight?: Float64Array;
  /** Each tree weighs its rows so that the classes among them weigh the same. */
  isSubsample?: boolean;
  /** Also large nodes are looked at value by value, not by 256 bins. */
  isExact?: boolean;
  /** Threads, with the caller's. */
  threads: number;
}

/** What is called with each tree, in order: one of the two. */
export interface TakeTree {
  /** A tree that is kept as it is. */
  compact?(tree: CompactTree): void;
  /** A tree with all that is known of its nodes, and how often each row was drawn. Both change with the next call. */
  grown?(tree: GrownTree, counts: Int32Array): void;
}

/** Whether the kernels can grow this forest, and quicker. */
export function suitsKernels({ X, params, n_classes }: ForestTask): boolean {
  return X.rows * params.n_estimators >= FEW_ROWS && X.cols <= MAX_COLUMNS && n_classes <= MAX_CLASSES;
}

/**
 * Grows the forest; false when it does not fit into the kernels' memory, or a row was drawn too often to count it:
 * `take` may then have been called.
 * @param maxCodes most codes of a column
 */
export function growByKernels(task: ForestTask, take: TakeTree, maxCodes = MAX_CODES): boolean {
  const shape = shapeOf(task);
  if (forestBytes(task, shape) + treeBytes(shape) > MAX_BYTES) return false;
  const rooms = Math.max(1, Math.floor((MAX_BYTES - forestBytes(task, shape)) / treeBytes(shape)));
  let threads: Threads | undefined;
  try {
    const isFew = task.X.rows * task.X.cols * task.params.n_estimators < FEW_CELLS;
    threads = openThreads(isFew ? 1 : Math.min(task.threads, task.params.n_estimators, rooms));
    return grow(threads, task, shape, Math.min(rooms, task.params.n_estimators), take, maxCodes);
  } catch (error) {
    // No memory for the kernels here.
    if (
      error instanceof KernelError || error instanceof WebAssembly.RuntimeError || error instanceof RangeError
    ) return false;
    throw error;
  } finally {
    threads?.close();
  }
}

function hasWeights({ weight, isSubsample }: ForestTask): boolean {
  return weight !== undefined || isSubsample === true;
}

function shapeOf(task: ForestTask): TreeShape {
  const { X, n_classes, params } = task;
  const nodes = 2 * Math.min(X.rows, params.max_leaf_nodes ?? X.rows);
  const target = (n_classes > 0 ? 2 : 12) + (hasWeights(task) ? n_classes > 0 ? 8 : 4 : 0);
  return {
    rows: X.rows,
    cols: X.cols,
    stride: Math.ceil((X.cols * 2 + target) / 16) * 16,
    outputs: Math.max(1, n_classes),
    nodes,
    // Depth first a level has one of its two that waits; best first all splits that were found.
    waiting: params.max_leaf_nodes === null ? X.rows + 1 : nodes,
  };
}

function forestBytes({ X }: ForestTask, { rows, stride }: TreeShape): number {
  return rows * stride + 2 * X.cols * 8 * Math.min(rows, MAX_CODES) + 64 * rows + 2 ** 20;
}

function grow(
  threads: Threads,
  task: ForestTask,
  shape: TreeShape,
  mostRooms: number,
  take: TakeTree,
  maxCodes: number,
): boolean {
  const forest = writeForest(threads, task, shape, maxCodes, take.grown === undefined);
  const free = Array.from(
    { length: Math.min(mostRooms, threads.size === 1 ? 1 : threads.size + 1) },
    () => new TreeRoom(threads, shape),
  );
  const waiting: { work: number; room: TreeRoom }[] = [];
  const tree = new GrownTree(shape.outputs);
  const trees = task.params.n_estimators;
  let isGrown = true;
  for (let next = task.first ?? 0; isGrown && (next < trees || waiting.length > 0);) {
    const room = next < trees ? free.pop() : undefined;
    if (room !== undefined) {
      room.seeds = new Random(task.seed, next++).state;
      waiting.push({ work: threads.submit("forest_grow", forest, room.pointer), room });
      continue;
    }
    const { work, room: done } = waiting.shift()!;
    isGrown = threads.wait(work) > 0;
    if (isGrown) {
      if (take.grown) {
        tree.assign(done.nodes);
        take.grown(tree, done.counts);
      } else take.compact?.(done.compact);
      free.push(done);
    }
  }
  return isGrown;
}

/** Writes what all trees share. */
function writeForest(
  threads: Threads,
  task: ForestTask,
  shape: TreeShape,
  maxCodes: number,
  isCompact: boolean,
): number {
  const { X, y, params, n_classes } = task;
  const { kernels } = threads;
  const { rows, stride } = shape;
  const target = n_classes > 0 ? { y, scale: 1, shift: 0 } : scaleTarget(y);
  const limits = limitsFor(params, rows, X.cols, target.scale);
  const capacity = Math.min(rows, maxCodes);
  const countBits = 16 - Math.max(1, Math.ceil(Math.log2(Math.max(1, n_classes))));
  const forest = kernels.reserve(FOREST.bytes);
  const records = kernels.reserve(rows * stride + 64);
  const low = kernels.reserve(X.cols * capacity * 8);
  const high = kernels.reserve(X.cols * capacity * 8);
  const steps = kernels.reserve(X.cols * 16);
  const cumulative = task.cumulative ? kernels.reserve(rows * 8) : 0;
  if (task.cumulative) new Float64Array(threads.memory.buffer, cumulative, rows).set(task.cumulative);
  const words: Partial<Record<keyof typeof FOREST, number>> = {
    rows,
    columns: X.cols,
    stride,
    classes: n_classes,
    records,
    low,
    high,
    capacity,
    steps,
    maxFeatures: limits.maxFeatures,
    maxDepth: Math.min(limits.maxDepth, 2 ** 32 - 1),
    minSamplesSplit: limits.minSamplesSplit,
    minSamplesLeaf: limits.minSamplesLeaf,
    maxLeafNodes: params.max_leaf_nodes ?? 0,
    isRandom: Number(task.splitter === "random"),
    isEntropy: Number(n_classes > 0 && params.criterion !== "gini"),
    isWeighted: Number(hasWeights(task)),
    isSubsample: Number(task.isSubsample === true),
    binnedRows: task.isExact ? 2 ** 32 - 1 : BINNED_ROWS,
    draws: task.draws,
    cumulative,
    countBits,
    zeros: n_classes > 0 ? y.reduce((sum, value) => sum + Number(value === 0), 0) : 0,
    isCompact: Number(isCompact),
  };
  const view = new DataView(threads.memory.buffer);
  for (const [name, word] of Object.entries(words)) {
    view.setUint32(forest + FOREST[name as keyof typeof FOREST], word, true);
  }
  view.setFloat64(forest + FOREST.minWeightFraction, limits.minWeightFractionLeaf, true);
  view.setFloat64(forest + FOREST.minImpurityDecrease, limits.minImpurityDecrease, true);
  view.setFloat64(forest + FOREST.scale, target.scale, true);
  view.setFloat64(forest + FOREST.shift, target.shift, true);
  writeTargets(threads, task, records, shape, target.y, countBits);
  writeColumns(threads, task, forest, maxCodes);
  return forest;
}

function writeTargets(
  threads: Threads,
  task: ForestTask,
  records: number,
  { rows, stride }: TreeShape,
  y: Float64Array,
  countBits: number,
): void {
  const view = new DataView(threads.memory.buffer, records, rows * stride);
  const { n_classes, weight } = task;
  const isWeighted = hasWeights(task);
  for (let i = 0; i < rows; i++) {
    const end = (i + 1) * stride;
    if (n_classes > 0) {
      view.setUint16(end - 2, (y[i] << countBits) | 1, true);
      if (isWeighted) view.setFloat64(end - 10, weight?.[i] ?? 1, true);
    } else {
      view.setFloat64(end - (isWeighted ? 16 : 12), y[i], true);
      if (isWeighted) view.setFloat64(end - 8, weight?.[i] ?? 1, true);
      else view.setUint32(end - 4, 1, true);
    }
  }
}

/** Codes the columns, on all threads. */
function writeColumns(threads: Threads, { X }: ForestTask, forest: number, maxCodes: number): void {
  const { kernels } = threads;
  const scratchBytes = kernels.forest_code_scratch(X.rows);
  const mark = kernels.mark();
  const free = Array.from({ length: threads.size === 1 ? 1 : threads.size + 1 }, () => ({
    values: kernels.reserve(X.rows * 8),
    scratch: kernels.reserve(scratchBytes),
  }));
  const waiting: { work: number; place: typeof free[number] }[] = [];
  for (let j = 0; j < X.cols || waiting.length > 0;) {
    const place = j < X.cols ? free.pop() : undefined;
    if (place !== undefined) {
      const { values, scratch } = place;
      new Float64Array(threads.memory.buffer, values, X.rows).set(columnView(X, j));
      waiting.push({ work: threads.submit("forest_code", forest, j, values, scratch, maxCodes), place });
      j++;
      continue;
    }
    const done = waiting.shift()!;
    threads.wait(done.work);
    free.push(done.place);
  }
  kernels.rewind(mark);
}
