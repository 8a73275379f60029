/**
 * The work over rows by the kernels (src/kernels/boosting*.as.ts), on one thread or more. Gives the same bits as
 * boosting_plain.ts: sums are of whole numbers, or in blocks whose order is kept.
 */
import { openFixedMemory, openMemory } from "@/kernels/kernels_memory.ts";
import { KernelError, openThreads, type Threads } from "@/kernels/threads.ts";
import type { Random } from "@/shared/random.ts";
import type { Binning } from "./boosting_bins.ts";
import {
  type BinTree,
  type BoostingEngine,
  type Expanded,
  type Expansion,
  type FoundSplit,
  scales,
  type SplitRequest,
  type Sums,
  type Targets,
} from "./boosting_engine.ts";
import { Expander } from "./boosting_expander.ts";
import { binOnThreads, type KernelBins } from "./boosting_kernel_bins.ts";
import { BLOCK, type Loss, totalWeight } from "./boosting_loss.ts";
import { BoostingMemory, GRID, Struct, TARGETS } from "./boosting_memory.ts";
import { Share } from "./boosting_share.ts";
import type { Labelled, Opened, Setup } from "./boosting_setup.ts";

/** What one thread does in less time than it takes to tell another. */
const ROWS_A_TASK = 8192;
/** Leaves whose values are not added yet. */
const MAX_PENDING = 200;
const NODE_BYTES = 48;
/** From so many cells a memory of fixed size saves more than it costs to open. */
const FIXED_CELLS = 400_000;

/** Undefined where the kernels' memory does not suffice. */
export function openKernelEngine(
  setup: Setup,
  maxBins: number,
  random: Random,
  size: number,
  isCutFine: boolean,
): Opened | undefined {
  let threads: Threads;
  try {
    const isLong = setup.train.y.length * setup.train.X.cols >= FIXED_CELLS;
    threads = openThreads(size, isLong ? openFixedMemory() : openMemory());
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
  try {
    const memory = new BoostingMemory(threads);
    const bins = binOnThreads(memory, setup, maxBins, random);
    return { engine: new KernelEngine(memory, bins, setup, isCutFine), binning: bins.binning };
  } catch (error) {
    threads.close();
    if (isOutOfMemory(error)) return undefined;
    throw error;
  }
}

/** The memory of the kernels was not enough: they trap then. */
export function isOutOfMemory(error: unknown): boolean {
  return error instanceof KernelError || error instanceof WebAssembly.RuntimeError;
}

/** Targets and the structure by which the kernels know them. */
interface Side extends Targets {
  struct: Struct<typeof TARGETS>;
  rawPointer: number;
  sums: Float64Array;
  totalWeight: number;
  rowBins: number;
}

class KernelEngine implements BoostingEngine {
  readonly train: Side;
  readonly watched: Side | undefined;
  gradientUnit = 1;
  hessianUnit = 1;
  readonly #memory: BoostingMemory;
  readonly #threads: Threads;
  readonly #loss: Loss;
  readonly #grid: Struct<typeof GRID>;
  readonly #binning: Binning;
  readonly #slots: Int32Array;
  readonly #stride: number;
  readonly #columnBins: number;
  readonly #slopes: number;
  readonly #order: Int32Array;
  readonly #spare: Int32Array;
  #size = 0;
  readonly #share: Share;
  readonly #expander: Expander;
  readonly #total: number[];
  readonly #leafValues: Float64Array;
  readonly #pending: number[] = [];
  #nodes = { pointer: 0, capacity: 0 };

  constructor(
    memory: BoostingMemory,
    bins: KernelBins,
    { train, watched, loss, limits, monotonic }: Setup,
    isCutFine: boolean,
  ) {
    this.#share = new Share(memory.threads, isCutFine);
    this.#memory = memory;
    this.#threads = memory.threads;
    this.#loss = loss;
    this.#binning = bins.binning;
    this.#slots = bins.slots;
    this.#grid = bins.grid;
    this.#stride = bins.stride;
    this.#columnBins = bins.columnBins;
    const rows = train.y.length;
    this.#slopes = memory.take(8 * (rows + rows % 2) * loss.trees);
    this.train = this.#side(train, bins.rowBins, this.#slopes);
    this.watched = watched && this.#side(watched, bins.watchedBins, 0);
    const order = memory.take(4 * rows);
    const spare = memory.take(4 * rows);
    this.#order = memory.words(order, rows);
    this.#spare = memory.words(spare, rows);

    const slots = this.#slots.length;
    const words = memory.take(4 * (2 * slots + 1));
    const starts = memory.words(words, slots + 1);
    const counts = memory.words(words + 4 * (slots + 1), slots);
    const bytes = memory.take(2 * slots);
    const flags = memory.bytes(bytes, slots);
    const directions = memory.bytes(bytes + slots, slots);
    starts[0] = 0;
    this.#slots.forEach((j, slot) => {
      counts[slot] = bins.binning.count[j];
      starts[slot + 1] = starts[slot] + 16 * (bins.binning.count[j] + 1);
      flags[slot] = bins.binning.missing[j] | bins.binning.categorical[j] << 1;
      directions[slot] = monotonic ? monotonic[j] : 0;
    });
    const histogramBytes = starts[slots];
    this.#grid.set({
      l1: limits.l1,
      l2: limits.l2,
      minHessian: limits.minHessian,
      minGain: limits.minGain,
      rows,
      slots,
      histogramBytes,
      starts: words,
      counts: words + 4 * (slots + 1),
      flags: bytes,
      monotonic: bytes + slots,
      order,
      spare,
      minRows: limits.minSamplesLeaf,
      isBounded: monotonic ? 1 : 0,
      none: 0,
      one: 1,
    });
    this.#expander = new Expander(
      memory,
      this.#share,
      bins,
      rows,
      histogramBytes,
      this.#order,
      this.#spare,
    );
    this.#total = Array.from({ length: this.#threads.size }, () => memory.take(16));
    this.#leafValues = memory.doubles(memory.take(8 * MAX_PENDING), MAX_PENDING);
  }

  #side({ y, weight }: Labelled, rowBins: number, slopes: number): Side {
    const { code, trees } = this.#loss;
    const rows = y.length;
    const stride = rows + rows % 2;
    const put = (values: Float64Array) => {
      const pointer = this.#memory.take(8 * stride);
      const array = this.#memory.doubles(pointer, stride).fill(0, rows);
      array.set(values);
      return { pointer, array: array.subarray(0, rows) };
    };
    const targets = put(y);
    const weights = weight && put(weight);
    const blocks = Math.ceil(rows / BLOCK);
    const raw = this.#memory.take(8 * stride * trees);
    const sums = this.#memory.take(16 * blocks * trees);
    const struct = new Struct(this.#memory, TARGETS).set({
      loss: code,
      trees,
      rows,
      stride,
      y: targets.pointer,
      weight: weights?.pointer ?? 0,
      raw,
      slopes,
      sums,
    });
    return {
      rows,
      y: targets.array,
      weight: weights?.array,
      raw: this.#memory.doubles(raw, stride * trees).fill(0),
      stride,
      struct,
      rawPointer: raw,
      sums: this.#memory.doubles(sums, 2 * blocks * trees),
      totalWeight: totalWeight(rows, weight),
      rowBins,
    };
  }

  get order(): Int32Array {
    return this.#order.subarray(0, this.#size);
  }

  derive(alpha: number): void {
    this.#settle();
    this.train.struct.set({ alpha });
    const blocks = Math.ceil(this.train.rows / BLOCK);
    this.#share.run("boost_derive", blocks, 2, (from, to) => [this.train.struct.pointer, from, to]);
  }

  begin(tree: number, rows: Int32Array | undefined): Sums {
    this.#settle();
    const { sums, stride, rows: n } = this.train;
    const blocks = Math.ceil(n / BLOCK);
    let gradients = 0;
    let hessians = 0;
    for (let block = 0; block < blocks; block++) {
      gradients += sums[2 * (tree * blocks + block)];
      hessians += sums[2 * (tree * blocks + block) + 1];
    }
    const { gradientScale, hessianScale, shift } = scales(n, gradients, hessians, this.#loss.constantHessian);
    this.gradientUnit = 1 / gradientScale;
    this.hessianUnit = 1 / hessianScale;
    this.#grid.set({
      gradientScale,
      hessianScale,
      gradientUnit: this.gradientUnit,
      hessianUnit: this.hessianUnit,
      shift,
      slopes: this.#slopes + 8 * tree * stride,
      isIdentity: rows === undefined ? 1 : 0,
    });
    const grid = this.#grid.pointer;
    this.#size = rows?.length ?? n;
    if (rows !== undefined) this.#order.set(rows);
    else this.#share.run("boost_order", n, ROWS_A_TASK, (from, to) => [grid, from, to]);
    const parts = this.#share.run(
      "boost_total",
      this.#size,
      ROWS_A_TASK,
      (from, to, i) => [grid, from, to, this.#total[i]],
    );
    let gradient = 0n;
    let both = 0n;
    for (let i = 0; i < parts; i++) {
      const total = new BigInt64Array(this.#threads.memory.buffer, this.#total[i], 2);
      gradient += total[0];
      both += total[1];
    }
    return { gradient: Number(gradient), hessian: Number(both >> BigInt(shift)), rows: this.#size };
  }

  root(request: SplitRequest): { histogram: number; found: FoundSplit | undefined } {
    return this.#expander.root(request);
  }

  expand(node: Expansion): Expanded {
    return this.#expander.expand(node);
  }

  idle(rows: number): number {
    return this.#expander.idle(rows);
  }

  release(histogram: number): void {
    this.#expander.release(histogram);
  }

  addLeaf(tree: number, value: number, from: number, to: number): void {
    if (this.#pending.length === MAX_PENDING) this.#settle();
    const place = this.#pending.length;
    this.#leafValues[place] = value;
    const args = [
      this.#grid.pointer,
      this.train.rawPointer + 8 * tree * this.train.stride,
      this.#leafValues.byteOffset + 8 * place,
      from,
      to,
    ] as const;
    if (this.#threads.size === 1 || to - from < ROWS_A_TASK / 4) {
      this.#threads.kernels.boost_add_leaf(...args);
    } else this.#pending.push(this.#threads.submit("boost_add_leaf", ...args));
  }

  addTree(tree: number, nodes: BinTree, which: "train" | "watched"): void {
    this.#settle();
    const side = this[which]!;
    const pointer = this.#writeNodes(nodes);
    const raw = side.rawPointer + 8 * tree * side.stride;
    this.#share.run("boost_add_tree", side.rows, ROWS_A_TASK, (from, to) => [
      side.rowBins + from * this.#stride,
      this.#stride,
      pointer,
      raw + 8 * from,
      to - from,
    ]);
  }

  meanLoss(which: "train" | "watched", alpha: number): number {
    this.#settle();
    const side = this[which]!;
    side.struct.set({ alpha });
    const blocks = Math.ceil(side.rows / BLOCK);
    this.#share.run("boost_loss", blocks, 2, (from, to) => [side.struct.pointer, from, to]);
    let sum = 0;
    for (let block = 0; block < blocks; block++) sum += side.sums[block];
    return sum / side.totalWeight;
  }

  close(): void {
    this.#threads.close();
  }

  /** Waits for leaves whose values are added by other threads. */
  #settle(): void {
    for (const task of this.#pending.splice(0)) this.#threads.wait(task);
  }

  #writeNodes({ slot, right, value, left }: BinTree): number {
    const bytes = slot.length * NODE_BYTES;
    if (this.#nodes.capacity < bytes) {
      this.#nodes = { pointer: this.#memory.take(2 * bytes), capacity: 2 * bytes };
    }
    const view = new DataView(this.#threads.memory.buffer, this.#nodes.pointer, bytes);
    for (let node = 0; node < slot.length; node++) {
      const at = node * NODE_BYTES;
      view.setFloat64(at, value[node], true);
      view.setInt32(at + 8, slot[node], true);
      view.setUint32(at + 12, right[node], true);
      for (let word = 0; word < 8; word++) view.setUint32(at + 16 + 4 * word, left[8 * node + word], true);
    }
    return this.#nodes.pointer;
  }
}
