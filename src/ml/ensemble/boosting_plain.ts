/** The work over rows in plain TypeScript: for small data, and the referee of boosting_kernels.ts. */
import { roundEven } from "@/kernels/exp_log.ts";
import type { Binning } from "./boosting_bins.ts";
import {
  type BinTree,
  type BoostingEngine,
  type Expanded,
  type Expansion,
  type FoundSplit,
  scales,
  slotsOf,
  type SplitLimits,
  type SplitRequest,
  type Sums,
  type Targets,
} from "./boosting_engine.ts";
import { deriveAll, type Loss, meanLoss } from "./boosting_loss.ts";
import { SplitFinder } from "./boosting_split.ts";

/** Bins of rows, column by column of the matrix, and the targets. */
export interface BinnedRows {
  data: Uint8Array;
  targets: Targets;
}

/** Three numbers a bin: the sums of gradients, hessians and rows. */
export class PlainEngine implements BoostingEngine {
  readonly train: Targets;
  readonly watched: Targets | undefined;
  gradientUnit = 1;
  hessianUnit = 1;
  order: Int32Array;
  #slots: Int32Array;
  #rows: { train: BinnedRows; watched: BinnedRows | undefined };
  #loss: Loss;
  #finder: SplitFinder;
  /** (slots + 1) */
  #start: Int32Array;
  #gradient: Float32Array;
  #hessian: Float32Array | undefined;
  /** Sums of sizes of each tree: gradients, hessians. */
  #sizes: [number, number][] = [];
  #wholeGradient: Float64Array;
  #wholeHessian: Float64Array;
  #spare: Int32Array;
  #free: Float64Array[] = [];

  constructor(
    binning: Binning,
    train: BinnedRows,
    watched: BinnedRows | undefined,
    loss: Loss,
    limits: SplitLimits,
    monotonic: Int8Array | undefined,
  ) {
    this.train = train.targets;
    this.watched = watched?.targets;
    this.#rows = { train, watched };
    this.#loss = loss;
    this.#slots = slotsOf(binning);
    this.#start = new Int32Array(this.#slots.length + 1);
    this.#slots.forEach((j, slot) => this.#start[slot + 1] = this.#start[slot] + 3 * (binning.count[j] + 1));
    this.#finder = new SplitFinder(
      binning,
      this.#slots,
      this.#start,
      limits,
      monotonic && Int8Array.from(this.#slots, (j) => monotonic[j]),
    );
    const { rows } = this.train;
    this.#gradient = new Float32Array(rows * loss.trees);
    this.#hessian = loss.constantHessian ? undefined : new Float32Array(rows * loss.trees);
    this.#wholeGradient = new Float64Array(rows);
    this.#wholeHessian = new Float64Array(rows).fill(1);
    this.order = new Int32Array(rows);
    this.#spare = new Int32Array(rows);
  }

  derive(alpha: number): void {
    this.#sizes = deriveAll(this.#loss, this.train, alpha, this.#gradient, this.#hessian);
  }

  begin(tree: number, rows: Int32Array | undefined): Sums {
    const n = this.train.rows;
    const [gradients, hessians] = this.#sizes[tree];
    const { gradientScale, hessianScale } = scales(n, gradients, hessians, this.#hessian === undefined);
    this.gradientUnit = 1 / gradientScale;
    this.hessianUnit = 1 / hessianScale;
    this.#finder.setUnits(this.gradientUnit, this.hessianUnit);
    for (let i = 0; i < n; i++) {
      this.#wholeGradient[i] = roundEven(this.#gradient[tree * n + i] * gradientScale);
    }
    if (this.#hessian !== undefined) {
      for (let i = 0; i < n; i++) {
        this.#wholeHessian[i] = roundEven(this.#hessian[tree * n + i] * hessianScale);
      }
    }
    this.order = rows === undefined ? Int32Array.from({ length: n }, (_, i) => i) : rows.slice();
    let gradient = 0;
    let hessian = 0;
    for (const row of this.order) {
      gradient += this.#wholeGradient[row];
      hessian += this.#wholeHessian[row];
    }
    return { gradient, hessian, rows: this.order.length };
  }

  root(request: SplitRequest): { histogram: Float64Array; found: FoundSplit | undefined } {
    const histogram = this.#build(0, this.order.length);
    return { histogram, found: this.#finder.find(histogram, request) };
  }

  expand(node: Expansion): Expanded {
    const { from, to, leftRows, leftRequest, rightRequest } = node;
    const middle = from + leftRows;
    this.#partition(node);
    const large = node.histogram as Float64Array;
    if (!leftRequest && !rightRequest) {
      this.release(large);
      const none = { histogram: undefined, found: undefined };
      return { finish: () => ({ left: none, right: none }) };
    }
    const isLeftSmall = leftRows < to - middle;
    const small = isLeftSmall ? this.#build(from, middle) : this.#build(middle, to);
    for (let b = 0; b < large.length; b++) large[b] -= small[b];
    const childOf = (histogram: Float64Array, request: SplitRequest | undefined) => ({
      histogram,
      found: request && this.#finder.find(histogram, request),
    });
    const left = childOf(isLeftSmall ? small : large, leftRequest);
    const right = childOf(isLeftSmall ? large : small, rightRequest);
    return { finish: () => ({ left, right }) };
  }

  idle(): number {
    return 0;
  }

  release(histogram: Float64Array): void {
    this.#free.push(histogram);
  }

  #partition({ slot, left, from, to }: Expansion): void {
    const column = this.#column(slot);
    const order = this.order;
    const right = this.#spare;
    let lefts = from;
    let rights = 0;
    for (let p = from; p < to; p++) {
      const row = order[p];
      const goes = left[column[row]];
      order[lefts] = row; // both written, one counter moves: no branch to guess
      right[rights] = row;
      lefts += goes;
      rights += 1 - goes;
    }
    order.set(right.subarray(0, rights), lefts);
  }

  addLeaf(tree: number, value: number, from: number, to: number): void {
    const { raw, stride } = this.train;
    for (let p = from; p < to; p++) raw[tree * stride + this.order[p]] += value;
  }

  addTree(tree: number, nodes: BinTree, which: "train" | "watched"): void {
    const { data, targets: { rows, raw, stride } } = this.#rows[which]!;
    const { slot, right, value, left } = nodes;
    for (let i = 0; i < rows; i++) {
      let node = 0;
      while (slot[node] >= 0) {
        const bin = data[this.#slots[slot[node]] * rows + i];
        node = left[8 * node + (bin >> 5)] >>> (bin & 31) & 1 ? node + 1 : right[node];
      }
      raw[tree * stride + i] += value[node];
    }
  }

  meanLoss(which: "train" | "watched", alpha: number): number {
    return meanLoss(this.#loss, this.#rows[which]!.targets, alpha);
  }

  close(): void {}

  #column(slot: number): Uint8Array {
    const { rows } = this.train;
    const j = this.#slots[slot];
    return this.#rows.train.data.subarray(j * rows, (j + 1) * rows);
  }

  #build(from: number, to: number): Float64Array {
    const histogram = this.#free.pop()?.fill(0) ?? new Float64Array(this.#start[this.#slots.length]);
    const { order } = this;
    const gradient = this.#wholeGradient;
    const hessian = this.#wholeHessian;
    for (let slot = 0; slot < this.#slots.length; slot++) {
      const column = this.#column(slot);
      const start = this.#start[slot];
      for (let p = from; p < to; p++) {
        const row = order[p];
        const b = start + 3 * column[row];
        histogram[b] += gradient[row];
        histogram[b + 1] += hessian[row];
        histogram[b + 2]++;
      }
    }
    return histogram;
  }
}
