/** The structures of forest.as.ts in the memory of the kernels. */
import type { Threads } from "@/kernels/threads.ts";
import type { CompactTree } from "../tree/trees_state.ts";

/** Byte offsets of the fields: the first four are doubles, the others 32-bit words. */
export const FOREST = {
  minWeightFraction: 0,
  minImpurityDecrease: 8,
  scale: 16,
  shift: 24,
  rows: 32,
  columns: 36,
  stride: 40,
  classes: 44,
  records: 48,
  low: 52,
  high: 56,
  capacity: 60,
  steps: 64,
  maxFeatures: 68,
  maxDepth: 72,
  minSamplesSplit: 76,
  minSamplesLeaf: 80,
  maxLeafNodes: 84,
  isRandom: 88,
  isEntropy: 92,
  isWeighted: 96,
  isSubsample: 100,
  binnedRows: 104,
  draws: 108,
  cumulative: 112,
  countBits: 116,
  zeros: 120,
  isCompact: 124,
  bytes: 128,
} as const;

const TREE = {
  seeds: 0,
  front: 16,
  back: 20,
  counts: 24,
  keys: 28,
  spare: 32,
  marks: 36,
  sums: 40,
  rowsByCode: 44,
  features: 48,
  constants: 52,
  drawn: 56,
  shares: 60,
  cuts: 64,
  lowest: 68,
  highest: 72,
  columnCuts: 76,
  leftRows: 80,
  leftSums: 84,
  total: 88,
  left: 92,
  stack: 96,
  heap: 100,
  buckets: 104,
  block: 108,
  others: 112,
  nodes: 116,
  nodeFeature: 120,
  nodeThreshold: 124,
  nodeLeft: 128,
  nodeRight: 132,
  nodeImpurity: 136,
  nodeWeight: 140,
  nodeValue: 144,
  importance: 148,
  bytes: 160,
} as const;

export interface TreeShape {
  rows: number;
  cols: number;
  stride: number;
  outputs: number;
  /** Most nodes of a tree, and most that wait at a time. */
  nodes: number;
  waiting: number;
}

/** Rows of a block: the kernels read so many records behind the last. */
const BLOCK_ROWS = 32;
/** Of src/kernels/forest.as.ts: a node that waits; rows above which nodes are always counted by code. */
const WAITING_BYTES = 72;
const MAX_SORTED = 65536;

/** Where each piece of a tree's room is: its field, its bytes, and whether it must begin as zeros. */
function piecesOf({ rows, cols, stride, outputs, nodes, waiting }: TreeShape): [number, number, boolean?][] {
  const vectors = Math.ceil(cols / 8);
  const numbers = Math.max(
    4 * rows,
    256 * Math.max(2, outputs),
    rows > MAX_SORTED ? MAX_SORTED * outputs : 0,
  );
  return [
    [TREE.front, (rows + BLOCK_ROWS) * stride + 64],
    [TREE.back, (rows + BLOCK_ROWS) * stride + 64],
    [TREE.counts, rows * 4],
    [TREE.keys, rows * 4],
    [TREE.spare, rows * 4],
    [TREE.marks, rows * 16],
    [TREE.sums, numbers * 8, true],
    [TREE.rowsByCode, Math.max(numbers / Math.max(2, outputs), 256) * 4 + 4, true],
    [TREE.features, cols * 4],
    [TREE.constants, cols * 4],
    [TREE.drawn, (cols + 3) * 4],
    [TREE.shares, cols * 4],
    [TREE.cuts, (cols + 3) * 2],
    [TREE.lowest, vectors * 16],
    [TREE.highest, vectors * 16],
    [TREE.columnCuts, vectors * 16],
    [TREE.leftRows, vectors * 32],
    [TREE.leftSums, vectors * 64],
    [TREE.total, outputs * 8],
    [TREE.left, outputs * 8],
    [TREE.stack, waiting * WAITING_BYTES],
    [TREE.heap, waiting * 4],
    [TREE.buckets, 2048],
    [TREE.block, vectors * 8 * BLOCK_ROWS * 2],
    [TREE.others, BLOCK_ROWS * 2],
    [TREE.nodeFeature, nodes * 4],
    [TREE.nodeThreshold, nodes * 8],
    [TREE.nodeLeft, nodes * 4],
    [TREE.nodeRight, nodes * 4],
    [TREE.nodeImpurity, nodes * 8],
    [TREE.nodeWeight, nodes * 8],
    [TREE.nodeValue, nodes * outputs * 8],
    [TREE.importance, cols * 8],
  ];
}

/** Bytes that the room of one tree takes. */
export function treeBytes(shape: TreeShape): number {
  return piecesOf(shape).reduce<number>((sum, [, bytes]) => sum + bytes + 64, TREE.bytes);
}

/** The room of one tree at a time, and the last one grown there. */
export class TreeRoom {
  readonly pointer: number;
  readonly #threads: Threads;
  readonly #shape: TreeShape;

  constructor(threads: Threads, shape: TreeShape) {
    const { memory, kernels } = threads;
    this.#threads = threads;
    this.#shape = shape;
    this.pointer = kernels.reserve(TREE.bytes);
    const fields = piecesOf(shape).map(([field, bytes, isZero]) => {
      const piece = kernels.reserve(bytes);
      if (isZero) new Uint8Array(memory.buffer, piece, bytes).fill(0);
      return [field, piece] as const;
    });
    for (const [field, piece] of fields) this.#words(this.pointer + field, 1)[0] = piece;
  }

  #words(pointer: number, count: number): Uint32Array {
    return new Uint32Array(this.#threads.memory.buffer, pointer, count);
  }

  #pointer(field: number): number {
    return this.#words(this.pointer + field, 1)[0];
  }

  #integers(field: number, count: number): Int32Array {
    return new Int32Array(this.#threads.memory.buffer, this.#pointer(field), count);
  }

  #doubles(field: number, count: number): Float64Array {
    return new Float64Array(this.#threads.memory.buffer, this.#pointer(field), count);
  }

  set seeds(words: readonly number[]) {
    this.#words(this.pointer + TREE.seeds, 4).set(words);
  }

  /** (rows) how often each was drawn; a view, valid until the next tree. */
  get counts(): Int32Array {
    return this.#integers(TREE.counts, this.#shape.rows);
  }

  /** Copies of a tree that was grown compact. */
  get compact(): CompactTree {
    const nodes = this.#pointer(TREE.nodes);
    const leaves = (nodes + 1) / 2;
    return {
      feature: this.#integers(TREE.nodeFeature, nodes).slice(),
      threshold: this.#doubles(TREE.nodeThreshold, nodes).slice(),
      right: this.#integers(TREE.nodeRight, nodes).slice(),
      value: this.#doubles(TREE.nodeValue, leaves * this.#shape.outputs).slice(),
      importance: this.#doubles(TREE.importance, this.#shape.cols).slice(),
    };
  }

  /** Views of the tree, valid until the next one. */
  get nodes() {
    const count = this.#pointer(TREE.nodes);
    return {
      count,
      feature: this.#integers(TREE.nodeFeature, count),
      threshold: this.#doubles(TREE.nodeThreshold, count),
      left: this.#integers(TREE.nodeLeft, count),
      right: this.#integers(TREE.nodeRight, count),
      impurity: this.#doubles(TREE.nodeImpurity, count),
      weight: this.#doubles(TREE.nodeWeight, count),
      value: this.#doubles(TREE.nodeValue, count * this.#shape.outputs),
    };
  }
}
