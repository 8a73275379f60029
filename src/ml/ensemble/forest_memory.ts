/** The structures of forest.as.ts in the memory of the kernels. */
import type { Threads } from "@/kernels/threads.ts";
import type { CompactTree } from "../tree/trees_state.ts";

/** Byte offsets of the fields: the first three are doubles, the others 32-bit words. */
export const FOREST = {
  minWeightFraction: 0,
  scale: 8,
  shift: 16,
  rows: 24,
  columns: 28,
  stride: 32,
  classes: 36,
  records: 40,
  low: 44,
  high: 48,
  capacity: 52,
  maxFeatures: 56,
  maxDepth: 60,
  minSamplesSplit: 64,
  minSamplesLeaf: 68,
  isRandom: 72,
  draws: 76,
  cumulative: 80,
  countBits: 84,
  isCompact: 88,
  bytes: 96,
} as const;

const TREE = {
  seeds: 0,
  front: 16,
  back: 20,
  counts: 24,
  keys: 28,
  spare: 32,
  moments: 36,
  sums: 40,
  rowsByCode: 44,
  features: 48,
  constants: 52,
  drawn: 56,
  shares: 60,
  cuts: 64,
  lowest: 68,
  highest: 72,
  total: 76,
  left: 80,
  stack: 84,
  buckets: 88,
  nodes: 92,
  nodeFeature: 96,
  nodeThreshold: 100,
  nodeLeft: 104,
  nodeRight: 108,
  nodeImpurity: 112,
  nodeWeight: 116,
  nodeValue: 120,
  importance: 124,
  bytes: 128,
} as const;

export interface TreeShape {
  rows: number;
  cols: number;
  stride: number;
  outputs: number;
  isRegression: boolean;
}

/** The kernels read so far behind records. */
const PADDING = 128;

/** Where each piece of a tree's room is: its field, its bytes, and whether it must begin as zeros. */
function piecesOf({ rows, cols, stride, outputs, isRegression }: TreeShape): [number, number, boolean?][] {
  const ranges = Math.ceil(cols * 4 / 80) * 80 + 48;
  const nodes = 2 * rows;
  return [
    [TREE.front, rows * stride + PADDING],
    [TREE.back, rows * stride + PADDING],
    [TREE.counts, rows * 4],
    [TREE.keys, rows * 4],
    [TREE.spare, rows * 4],
    [TREE.moments, isRegression ? rows * 16 : 0],
    [TREE.sums, Math.max(rows * 32, 256 * 8 * Math.max(2, outputs)), true],
    [TREE.rowsByCode, isRegression ? Math.max(rows * 8, 256 * 4) : 0, true],
    [TREE.features, cols * 4],
    [TREE.constants, cols * 4],
    [TREE.drawn, (cols + 3) * 4],
    [TREE.shares, cols * 8],
    [TREE.cuts, (cols + 3) * 4],
    [TREE.lowest, ranges],
    [TREE.highest, ranges],
    [TREE.total, outputs * 8],
    [TREE.left, outputs * 8],
    [TREE.stack, (rows + 2) * 40],
    [TREE.buckets, 2048],
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
