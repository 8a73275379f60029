/**
 * The work over rows by the kernels (src/kernels/boosting*.as.ts), on one thread or more. Gives the same bits as
 * boosting_plain.ts: sums are of whole numbers, or in blocks whose order is kept.
 */
import { type Kernel, KernelError, openThreads, type Threads } from "@/kernels/threads.ts";
import type { Random } from "@/shared/random.ts";
import type { Binning } from "./boosting_bins.ts";
import {
  type BinTree,
  type BoostingEngine,
  type FoundSplit,
  scales,
  type SplitRequest,
  type Sums,
  type Targets,
} from "./boosting_engine.ts";
import { binOnThreads, type KernelBins } from "./boosting_kernel_bins.ts";
import { BLOCK, type Loss, totalWeight } from "./boosting_loss.ts";
import { BoostingMemory, CHILDREN, FOUND, GRID, REQUEST, Struct, TARGETS } from "./boosting_memory.ts";
import type { Labelled, Opened, Setup } from "./boosting_setup.ts";

/** What one thread does in less time than it takes to tell another. */
const UPDATES_A_TASK = 60_000;
const ROWS_A_TASK = 8192;
const SLOTS_A_TASK = 6;
const ROWS_TO_SPLIT_ON_THREADS = 512;
/** Leaves whose values are not added yet. */
const MAX_PENDING = 200;
const NODE_BYTES = 48;

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
    threads = openThreads(size);
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
    if (error instanceof KernelError || error instanceof WebAssembly.RuntimeError) return undefined;
    throw error;
  }
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
  readonly #gradient: number;
  readonly #hessian: number;
  readonly #order: Int32Array;
  readonly #spare: Int32Array;
  #size = 0;
  readonly #histogramBytes: number;
  readonly #free: number[] = [];
  /** One for each thread. */
  readonly #scratch: number[];
  readonly #partials: number[] = [];
  readonly #partialList: Int32Array;
  readonly #out: number[];
  /** Of the smaller child and of the larger: one for each thread. */
  readonly #found: Struct<typeof FOUND>[][];
  readonly #total: number[];
  readonly #children: Struct<typeof CHILDREN>;
  readonly #requests: Struct<typeof REQUEST>[];
  readonly #allowed: Uint8Array[];
  readonly #left: Uint8Array;
  readonly #leafValues: Float64Array;
  readonly #pending: number[] = [];
  #nodes = { pointer: 0, capacity: 0 };

  /** For tests: tasks are cut for all threads, however short. */
  readonly #isCutFine: boolean;

  constructor(
    memory: BoostingMemory,
    bins: KernelBins,
    { train, watched, loss, limits, monotonic }: Setup,
    isCutFine: boolean,
  ) {
    this.#isCutFine = isCutFine;
    this.#memory = memory;
    this.#threads = memory.threads;
    this.#loss = loss;
    this.#binning = bins.binning;
    this.#slots = bins.slots;
    this.#grid = bins.grid;
    this.#stride = bins.stride;
    this.#columnBins = bins.columnBins;
    const rows = train.y.length;
    const even = rows + rows % 2;
    this.#gradient = memory.take(4 * even * loss.trees);
    this.#hessian = loss.constantHessian ? 0 : memory.take(4 * even * loss.trees);
    this.train = this.#side(train, bins.rowBins, this.#gradient, this.#hessian);
    this.watched = watched && this.#side(watched, bins.watchedBins, 0, 0);
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
    this.#histogramBytes = starts[slots];
    this.#grid.set({
      l1: limits.l1,
      l2: limits.l2,
      minHessian: limits.minHessian,
      minGain: limits.minGain,
      rows,
      slots,
      histogramBytes: this.#histogramBytes,
      starts: words,
      counts: words + 4 * (slots + 1),
      flags: bytes,
      monotonic: bytes + slots,
      sums: memory.take(16 * rows),
      order,
      spare,
      minRows: limits.minSamplesLeaf,
      isBounded: monotonic ? 1 : 0,
    });
    const each = <T>(make: (i: number) => T) => Array.from({ length: this.#threads.size }, (_, i) => make(i));
    const scratchBytes = this.#threads.kernels.boost_scratch(this.#grid.pointer);
    this.#scratch = each(() => memory.take(scratchBytes));
    this.#out = each(() => memory.take(8192));
    this.#found = [0, 128].map((offset) => each((i) => new Struct(memory, FOUND, this.#out[i] + offset)));
    this.#total = each(() => memory.take(16));
    this.#partials = each((i) => i === 0 ? 0 : memory.take(this.#histogramBytes)).slice(1);
    const list = memory.take(4 * this.#threads.size);
    this.#partialList = memory.words(list, this.#threads.size);
    this.#partialList.set(this.#partials);
    this.#children = new Struct(memory, CHILDREN).set({ partial: list });
    this.#requests = [0, 1].map(() => new Struct(memory, REQUEST));
    this.#allowed = [0, 1].map(() => memory.bytes(memory.take(slots), slots));
    this.#left = memory.bytes(memory.take(256), 256);
    this.#leafValues = memory.doubles(memory.take(8 * MAX_PENDING), MAX_PENDING);
  }

  #side({ y, weight }: Labelled, rowBins: number, gradient: number, hessian: number): Side {
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
      gradient,
      hessian,
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
    this.#share("boost_derive", blocks, 2, (from, to) => [this.train.struct.pointer, from, to]);
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
    const { gradientScale, hessianScale, shift } = scales(n, gradients, hessians, this.#hessian === 0);
    this.gradientUnit = 1 / gradientScale;
    this.hessianUnit = 1 / hessianScale;
    this.#grid.set({
      gradientScale,
      hessianScale,
      gradientUnit: this.gradientUnit,
      hessianUnit: this.hessianUnit,
      shift,
      gradient: this.#gradient + 4 * tree * stride,
      hessian: this.#hessian === 0 ? 0 : this.#hessian + 4 * tree * stride,
      isIdentity: rows === undefined ? 1 : 0,
    });
    const grid = this.#grid.pointer;
    let parts = this.#share(
      "boost_quantise",
      n,
      ROWS_A_TASK,
      (from, to, i) => [grid, from, to, this.#total[i]],
    );
    this.#size = n;
    if (rows !== undefined) {
      this.#order.set(rows);
      this.#size = rows.length;
      parts = this.#share(
        "boost_total",
        rows.length,
        ROWS_A_TASK,
        (from, to, i) => [grid, from, to, this.#total[i]],
      );
    }
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
    const histogram = this.#newHistogram();
    const partials = this.#sum(histogram, 0, this.#size);
    this.#grid.set({ isIdentity: 0 });
    const [found] = this.#split(0, histogram, partials, request, undefined);
    return { histogram, found };
  }

  children(
    large: number,
    from: number,
    to: number,
    smallRequest: SplitRequest | undefined,
    largeRequest: SplitRequest | undefined,
  ) {
    const small = this.#newHistogram();
    const partials = this.#sum(small, from, to);
    const [foundSmall, foundLarge] = this.#split(large, small, partials, smallRequest, largeRequest);
    return { small, large, foundSmall, foundLarge };
  }

  release(histogram: number): void {
    this.#free.push(histogram);
  }

  partition(slot: number, left: Uint8Array, from: number, to: number): number {
    this.#left.set(left);
    const column = this.#columnBins + slot * this.train.rows;
    const bounds: [number, number][] = [];
    const lefts: number[] = [];
    this.#share("boost_partition", to - from, ROWS_A_TASK, (first, last, i) => {
      bounds[i] = [from + first, from + last];
      return [this.#grid.pointer, column, this.#left.byteOffset, from + first, from + last];
    }, lefts);
    let end = from;
    bounds.forEach(([first], i) => {
      if (end !== first) this.#order.copyWithin(end, first, first + lefts[i]);
      end += lefts[i];
    });
    const middle = end;
    bounds.forEach(([first, last], i) => {
      const rights = last - first - lefts[i];
      this.#order.set(this.#spare.subarray(first, first + rights), end);
      end += rights;
    });
    return middle;
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
    this.#share("boost_add_tree", side.rows, ROWS_A_TASK, (from, to) => [
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
    this.#share("boost_loss", blocks, 2, (from, to) => [side.struct.pointer, from, to]);
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

  /**
   * Runs a kernel on parts of 0..total, this thread the first; returns how many parts there were.
   * @param least what a part must hold to be worth another thread
   */
  #share(
    kernel: Kernel,
    total: number,
    least: number,
    args: (from: number, to: number, part: number) => number[],
    results: number[] = [],
  ): number {
    const T0 = performance.now(); const G=(globalThis as any).TT ??= {};
    const parts = Math.max(
      1,
      Math.min(this.#threads.size, Math.floor(total / (this.#isCutFine ? 1 : least))),
    );
    const cut = (part: number) => Math.floor(total * part / parts);
    const tasks: number[] = [];
    const own = args(0, cut(1), 0);
    for (let part = 1; part < parts; part++) {
      tasks.push(this.#threads.submit(kernel, ...args(cut(part), cut(part + 1), part)));
    }
    results[0] = (this.#threads.kernels[kernel] as (...args: number[]) => number)(...own);
    tasks.forEach((task, i) => results[i + 1] = this.#threads.wait(task));
    (G[kernel]??=[0,0,0,0]); G[kernel][0]+=performance.now()-T0; G[kernel][1]++; if(parts>1)G[kernel][2]++; G[kernel][3]+=total;
    return parts;
  }

  #newHistogram(): number {
    return this.#free.pop() ?? this.#memory.take(this.#histogramBytes);
  }

  /** Sums rows into a histogram and, by other threads, partial ones: returns how many. */
  #sum(histogram: number, from: number, to: number): number {
    const least = Math.ceil(UPDATES_A_TASK / this.#slots.length);
    return this.#share("boost_histogram", to - from, least, (first, last, i) => [
      this.#grid.pointer,
      i === 0 ? histogram : this.#partials[i - 1],
      from + first,
      from + last,
      this.#scratch[i],
    ]) - 1;
  }

  #split(
    parent: number,
    small: number,
    partials: number,
    smallRequest: SplitRequest | undefined,
    largeRequest: SplitRequest | undefined,
  ): (FoundSplit | undefined)[] {
    this.#children.set({
      parent,
      small,
      partials,
      smallRequest: smallRequest ? this.#ask(0, smallRequest, small) : 0,
      largeRequest: largeRequest ? this.#ask(1, largeRequest, parent) : 0,
    });
    const rows = largeRequest?.sums.rows ?? smallRequest?.sums.rows ?? 0;
    const least = rows < ROWS_TO_SPLIT_ON_THREADS ? Infinity : SLOTS_A_TASK;
    const parts = this.#share("boost_split", this.#slots.length, least, (first, last, i) => [
      this.#grid.pointer,
      this.#children.pointer,
      first,
      last,
      this.#out[i],
    ]);
    return [smallRequest && this.#best(parts, 0), largeRequest && this.#best(parts, 1)];
  }

  #ask(which: 0 | 1, { sums, lossHere, lower, upper, allowed }: SplitRequest, histogram: number): number {
    if (allowed !== undefined) this.#allowed[which].set(allowed);
    return this.#requests[which].set({
      gradient: sums.gradient,
      hessian: sums.hessian,
      rows: sums.rows,
      lossHere,
      lower,
      upper,
      histogram,
      allowed: allowed === undefined ? 0 : this.#allowed[which].byteOffset,
    }).pointer;
  }

  /** The best of what the threads found; of equal gains the first. */
  #best(parts: number, which: 0 | 1): FoundSplit | undefined {
    let best: FoundSplit | undefined;
    for (let i = 0; i < parts; i++) {
      const found = this.#found[which][i];
      const slot = found.get("slot") | 0;
      const gain = found.get("gain");
      if (slot < 0 || (best !== undefined && !(gain > best.gain))) continue;
      const set = new Uint32Array(this.#threads.memory.buffer, found.pointer + 24, 8);
      best = {
        gain,
        slot,
        bin: found.get("bin"),
        missingLeft: found.get("missingLeft") === 1,
        set: this.#binning.categorical[this.#slots[slot]] === 1 ? set.slice() : undefined,
        left: {
          gradient: found.get("gradientLeft"),
          hessian: found.get("hessianLeft"),
          rows: found.get("rowsLeft"),
        },
      };
    }
    return best;
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
