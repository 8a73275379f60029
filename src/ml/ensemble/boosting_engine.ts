/**
 * What growing boosted trees asks of the two that do the work over rows: boosting_plain.ts in plain TypeScript for small
 * data, boosting_kernels.ts in WebAssembly on several threads. Both give the same bits.
 *
 * Gradients and hessians are summed as whole numbers below 2^51, so that no order of adding shows in a sum.
 */
import { exponentOf, powerOf2 } from "@/kernels/exp_log.ts";

/** Sums over the rows of a node, in whole numbers. */
export interface Sums {
  gradient: number;
  hessian: number;
  rows: number;
}

/** A node for which a split is wanted. */
export interface SplitRequest {
  sums: Sums;
  /** The loss that a split must lower, in real numbers. */
  lossHere: number;
  /** Bounds of the children's values, from monotonic constraints. */
  lower: number;
  upper: number;
  /** (slots) 1 for the columns to look at; absent: all. */
  allowed: Uint8Array | undefined;
}

export interface FoundSplit {
  gain: number;
  slot: number;
  /** Bins up to this one go left; unused for categories. */
  bin: number;
  missingLeft: boolean;
  /** (8 words) the bins that go left, for categories. */
  set: Uint32Array | undefined;
  left: Sums;
}

export interface SplitLimits {
  minSamplesLeaf: number;
  /** Least sum of hessians of a child. */
  minHessian: number;
  /** A split must lower the loss by more. */
  minGain: number;
  l1: number;
  l2: number;
}

/** Belongs to the engine that made it. */
export type Histogram = Float64Array | number;

/** A node to be split: its rows are parted, keeping their order, and its children get histograms and splits. */
export interface Expansion {
  slot: number;
  /** (256) 1 for the bins that go left. */
  left: Uint8Array;
  /** Where the node's rows stand, and how many go left. */
  from: number;
  to: number;
  leftRows: number;
  histogram: Histogram;
  leftRequest: SplitRequest | undefined;
  rightRequest: SplitRequest | undefined;
}

export interface Children {
  left: { histogram: Histogram | undefined; found: FoundSplit | undefined };
  right: { histogram: Histogram | undefined; found: FoundSplit | undefined };
}

/** What was begun; another thread may be at it. */
export interface Expanded {
  finish(): Children;
}

/** Rows with what they should be and what is predicted for them. */
export interface Targets {
  readonly rows: number;
  readonly y: Float64Array;
  readonly weight: Float64Array | undefined;
  /** Raw predictions, those of tree k from k * stride on. */
  readonly raw: Float64Array;
  readonly stride: number;
}

/** A tree over bins: the left child of a node follows it. */
export interface BinTree {
  /** (nodes) -1 for leaves. */
  slot: Int32Array;
  right: Int32Array;
  value: Float64Array;
  /** (nodes * 8) one bit a bin, set for those that go left. */
  left: Uint32Array;
}

export interface BoostingEngine {
  readonly train: Targets;
  /** Rows set aside. */
  readonly watched: Targets | undefined;
  /** Of the tree that is grown: real numbers are whole ones times these. */
  readonly gradientUnit: number;
  readonly hessianUnit: number;
  /** Derivatives of the loss for the trees of a round. @param alpha the loss's own number */
  derive(alpha: number): void;
  /** Begins tree k of the round, on some rows (ascending) or all; returns their sums. */
  begin(tree: number, rows: Int32Array | undefined): Sums;
  /** The rows of the tree that is grown: those of each node stand together. */
  readonly order: Int32Array;
  /** The histogram of all rows of the tree, and its best split. */
  root(request: SplitRequest): { histogram: Histogram; found: FoundSplit | undefined };
  /** Begins to split a node. Its histogram is used up, unless no child wants a split: then it only parts the rows. */
  expand(node: Expansion): Expanded;
  /** Threads that would be idle while this one expands so small a node. */
  idle(rows: number): number;
  /** Gives a histogram back for reuse. */
  release(histogram: Histogram): void;
  /** Adds to the raw predictions of order[from..to). */
  addLeaf(tree: number, value: number, from: number, to: number): void;
  /** Adds what a tree says to all raw predictions. */
  addTree(tree: number, nodes: BinTree, targets: "train" | "watched"): void;
  /** The weighted mean loss. */
  meanLoss(targets: "train" | "watched", alpha: number): number;
  close(): void;
}

/** Exponents of two that bring a sum of sizes below 2^51 (and that of hessians, with the count, below 2^63). */
export function scales(
  rows: number,
  sumOfGradients: number,
  sumOfHessians: number,
  constantHessian: boolean,
): { gradientScale: number; hessianScale: number; shift: number } {
  const shift = 32 - Math.clz32(rows);
  return {
    gradientScale: scaleFor(sumOfGradients, 51, rows),
    hessianScale: constantHessian ? 1 : scaleFor(sumOfHessians, Math.min(51, 62 - shift), rows),
    shift,
  };
}

/** A power of two that keeps `sum` times it, and a rounding a row, below 2^bits. */
function scaleFor(sum: number, bits: number, rows: number): number {
  if (!(sum > 0)) return 1;
  const exponent = exponentOf((powerOf2(bits) - rows) / sum);
  return powerOf2(Math.max(-1000, Math.min(1000, exponent)));
}

/** Which columns can be split, categories before numbers: of equal gains the first wins. */
export function slotsOf(
  bins: { count: Int32Array; missing: Uint8Array; categorical: Uint8Array },
): Int32Array {
  const usable = Array.from(bins.count, (_, j) => j).filter((j) => bins.count[j] + bins.missing[j] > 1);
  return Int32Array.from([
    ...usable.filter((j) => bins.categorical[j] === 1),
    ...usable.filter((j) => bins.categorical[j] === 0),
  ]);
}
