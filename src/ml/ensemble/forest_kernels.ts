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
  /** Rows drawn for each tree; 0: each learns from all rows. */
  draws: number;
  /** (rows) sums of the weights up to each row, by which rows are drawn; absent: all are equally likely. */
  cumulative?: Float64Array;
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
  return X.rows * params.n_estimators >= FEW_ROWS &&
    X.cols <= MAX_COLUMNS && n_classes <= MAX_CLASSES &&
    (params.criterion === "gini" || params.criterion === "squared_error") &&
    params.max_leaf_nodes === null && params.min_impurity_decrease === 0;
}

/**
 * Grows the forest; false when it does not fit into the kernels' memory, a row was drawn too often to count it, or a
 * value is too large for single precision: `take` may then have been called.
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

function shapeOf({ X, n_classes, splitter }: ForestTask): TreeShape {
  const target = n_classes > 0 ? 2 : 12;
  return {
    rows: X.rows,
    cols: X.cols,
    stride: Math.ceil((X.cols * (splitter === "best" ? 2 : 4) + target) / 16) * 16,
    outputs: Math.max(1, n_classes),
    isRegression: n_classes === 0,
  };
}

function forestBytes({ X, splitter }: ForestTask, { rows, stride }: TreeShape): number {
  return rows * stride + (splitter === "best" ? 2 * X.cols * 8 * Math.min(rows, MAX_CODES) : 0) + 64 * rows;
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
  if (forest === undefined) return false;
  const free = Array.from(
    { length: Math.min(mostRooms, threads.size === 1 ? 1 : threads.size + 1) },
    () => new TreeRoom(threads, shape),
  );
  const waiting: { work: number; room: TreeRoom }[] = [];
  const tree = new GrownTree(shape.outputs);
  const trees = task.params.n_estimators;
  let isGrown = true;
  for (let next = 0; isGrown && (next < trees || waiting.length > 0);) {
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

/** Writes what all trees share; undefined when a value is too large for its key. */
function writeForest(
  threads: Threads,
  task: ForestTask,
  shape: TreeShape,
  maxCodes: number,
  isCompact: boolean,
): number | undefined {
  const { X, y, params, n_classes } = task;
  const { kernels } = threads;
  const { rows, stride } = shape;
  const target = n_classes > 0 ? { y, scale: 1, shift: 0 } : scaleTarget(y);
  const limits = limitsFor(params, rows, X.cols, target.scale);
  const capacity = task.splitter === "best" ? Math.min(rows, maxCodes) : 0;
  const countBits = 16 - Math.max(1, Math.ceil(Math.log2(Math.max(1, n_classes))));
  const forest = kernels.reserve(FOREST.bytes);
  const records = kernels.reserve(rows * stride + 64);
  const low = kernels.reserve(X.cols * capacity * 8);
  const high = kernels.reserve(X.cols * capacity * 8);
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
    maxFeatures: limits.maxFeatures,
    maxDepth: Math.min(limits.maxDepth, 2 ** 32 - 1),
    minSamplesSplit: limits.minSamplesSplit,
    minSamplesLeaf: limits.minSamplesLeaf,
    isRandom: task.splitter === "random" ? 1 : 0,
    draws: task.draws,
    cumulative,
    countBits,
    isCompact: isCompact ? 1 : 0,
  };
  const view = new DataView(threads.memory.buffer);
  for (const [name, word] of Object.entries(words)) {
    view.setUint32(forest + FOREST[name as keyof typeof FOREST], word, true);
  }
  view.setFloat64(forest + FOREST.minWeightFraction, limits.minWeightFractionLeaf, true);
  view.setFloat64(forest + FOREST.scale, target.scale, true);
  view.setFloat64(forest + FOREST.shift, target.shift, true);
  writeTargets(threads, task, records, shape, target.y, countBits);
  return writeColumns(threads, task, forest, maxCodes) ? forest : undefined;
}

function writeTargets(
  threads: Threads,
  { n_classes }: ForestTask,
  records: number,
  { rows, stride }: TreeShape,
  y: Float64Array,
  countBits: number,
): void {
  const view = new DataView(threads.memory.buffer, records, rows * stride);
  for (let i = 0; i < rows; i++) {
    const end = (i + 1) * stride;
    if (n_classes > 0) view.setUint16(end - 2, (y[i] << countBits) | 1, true);
    else {
      view.setFloat64(end - 12, y[i], true);
      view.setUint32(end - 4, 1, true);
    }
  }
}

/** Codes the columns, or writes their keys, on all threads. */
function writeColumns(
  threads: Threads,
  { X, splitter }: ForestTask,
  forest: number,
  maxCodes: number,
): boolean {
  const { kernels } = threads;
  const scratchBytes = splitter === "best" ? kernels.forest_code_scratch(X.rows) : 0;
  const mark = kernels.mark();
  const free = Array.from({ length: threads.size === 1 ? 1 : threads.size + 1 }, () => ({
    values: kernels.reserve(X.rows * 8),
    scratch: kernels.reserve(scratchBytes),
  }));
  const waiting: { work: number; place: typeof free[number] }[] = [];
  let areWritten = true;
  for (let j = 0; j < X.cols || waiting.length > 0;) {
    const place = j < X.cols ? free.pop() : undefined;
    if (place !== undefined) {
      const { values, scratch } = place;
      new Float64Array(threads.memory.buffer, values, X.rows).set(columnView(X, j));
      const work = splitter === "best"
        ? threads.submit("forest_code", forest, j, values, scratch, maxCodes)
        : threads.submit("forest_key", forest, j, values);
      waiting.push({ work, place });
      j++;
      continue;
    }
    const done = waiting.shift()!;
    if (threads.wait(done.work) === 0) areWritten = false;
    free.push(done.place);
  }
  kernels.rewind(mark);
  return areWritten;
}
