/**
 * Growing one boosted tree: the leaf whose split lowers the loss most is split next.
 *
 * Source: scikit-learn, `_hist_gradient_boosting/grower.py`.
 */
import { checkStop } from "@/kernels/stop.ts";
import { Random } from "@/shared/random.ts";
import { Heap } from "../tree/heap.ts";
import type { Binning } from "./boosting_bins.ts";
import {
  type BinTree,
  type BoostingEngine,
  type Expanded,
  type FoundSplit,
  type Histogram,
  slotsOf,
  type SplitLimits,
  type SplitRequest,
  type Sums,
} from "./boosting_engine.ts";
import { nodeValue, soften } from "./boosting_split.ts";
import type { BoostedTrees } from "./boosting_state.ts";

export interface GrowerLimits extends SplitLimits {
  /** Infinity: no limit. */
  maxLeafNodes: number;
  maxDepth: number;
  /** Share of the tree's columns that each split looks at, up to 1. */
  maxFeatures: number;
  /** Share of the columns that a tree uses, up to 1. */
  treeFeatures: number;
  learningRate: number;
}

export interface Constraints {
  /** (cols) -1, 0 or 1. */
  monotonic: Int8Array | undefined;
  /** Columns that may be used together, as lists; all columns are in one. */
  interaction: readonly (readonly number[])[] | undefined;
}

interface Node {
  start: number;
  end: number;
  depth: number;
  sums: Sums;
  value: number;
  /** Bounds from monotonic constraints. */
  lower: number;
  upper: number;
  /** The lists of `Constraints.interaction` that hold all columns used above. */
  groups: readonly (readonly number[])[] | undefined;
  split: FoundSplit | undefined;
  histogram: Histogram | undefined;
  /** Its split is done or under way. */
  begun: { expanded: Expanded; children: [Node, Node] } | undefined;
  left: Node | undefined;
  right: Node | undefined;
  /** Numbers the node by its path: the chance of its columns does not depend on when it is split. */
  stream: number;
}

/** Leaves that must still be free for a node to be split ahead of its turn: else it may stay a leaf. */
const LOOK_AHEAD = 4;

export class BoostingGrower {
  /** (cols) the sum of the gains of all splits of all trees so far. */
  readonly gain: Float64Array;
  readonly #engine: BoostingEngine;
  readonly #binning: Binning;
  readonly #limits: GrowerLimits;
  readonly #constraints: Constraints;
  readonly #slots: Int32Array;
  readonly #mayLookAhead: boolean;
  #seed = 0;
  /** (slots) 1 for the columns of this tree. */
  #columns: Uint8Array | undefined;
  #tree = 0;
  #isPart = false;
  #root: Node | undefined;
  #leaves: Node[] = [];

  /** @param mayLookAhead nodes may be split ahead of their turn: the order of rows in a leaf does not matter */
  constructor(
    engine: BoostingEngine,
    binning: Binning,
    limits: GrowerLimits,
    constraints: Constraints,
    mayLookAhead: boolean,
  ) {
    this.#mayLookAhead = mayLookAhead;
    this.#engine = engine;
    this.#binning = binning;
    this.#limits = limits;
    this.#constraints = constraints;
    this.#slots = slotsOf(binning);
    this.gain = new Float64Array(binning.cols);
  }

  /**
   * Grows tree k of the round from its derivatives.
   * @param rows ascending; absent: all
   * @param seed draws columns
   */
  grow(tree: number, rows: Int32Array | undefined, seed: number): void {
    const { maxLeafNodes, minSamplesLeaf, minHessian, treeFeatures } = this.#limits;
    this.#tree = tree;
    this.#isPart = rows !== undefined;
    this.#seed = seed;
    this.#columns = treeFeatures < 1 ? this.#draw(undefined, treeFeatures, 0) : undefined;
    this.#leaves = [];
    const sums = this.#engine.begin(tree, rows);
    const root = newNode(0, sums.rows, 0, sums, 1);
    root.groups = this.#constraints.interaction;
    this.#root = root;
    const heap = new Heap<Node>((node) => node.split!.gain);
    if (
      this.#slots.length === 0 || sums.rows < 2 * minSamplesLeaf ||
      sums.hessian * this.#engine.hessianUnit < minHessian
    ) {
      this.#leaves.push(root);
      return;
    }
    const { histogram, found } = this.#engine.root(this.#request(root));
    root.histogram = histogram;
    this.#take(root, found, heap);
    for (let node = heap.pop(); node !== undefined; node = heap.pop()) {
      checkStop();
      const leaves = this.#leaves.length + heap.size + 2;
      const isLast = leaves >= maxLeafNodes;
      this.#begin(node, isLast);
      if (!isLast) this.#lookAhead(node, heap, leaves);
      const { expanded, children: [left, right] } = node.begun!;
      const result = expanded.finish();
      this.gain[this.#slots[node.split!.slot]] += node.split!.gain;
      [node.left, node.right] = [left, right];
      left.histogram = result.left.histogram;
      right.histogram = result.right.histogram;
      this.#take(left, isLast ? undefined : result.left.found, heap);
      this.#take(right, isLast ? undefined : result.right.found, heap);
      if (!isLast) continue;
      for (const waiting of heap.items) this.#giveUp(waiting);
      break;
    }
  }

  /** A node that is not split after all, even if that was done ahead: its rows still stand together. */
  #giveUp(node: Node): void {
    if (node.begun !== undefined) {
      const { left, right } = node.begun.expanded.finish();
      for (const { histogram } of [left, right]) {
        if (histogram !== undefined) this.#engine.release(histogram);
      }
      node.begun = undefined;
    }
    node.split = undefined;
    this.#finish(node);
  }

  /** Gives every leaf the value that `value` makes of its rows. */
  setLeaves(value: (rows: Int32Array) => number): void {
    const { order } = this.#engine;
    for (const leaf of this.#leaves) {
      leaf.value = Math.min(Math.max(value(order.subarray(leaf.start, leaf.end)), leaf.lower), leaf.upper);
    }
  }

  /** Adds the tree to the raw predictions. @returns it, its leaves times `scale` */
  add(scale: number): BoostedTrees {
    const isForBins = this.#isPart || this.#engine.watched !== undefined;
    const { tree, bins } = this.#toArrays(scale, isForBins);
    if (this.#isPart) this.#engine.addTree(this.#tree, bins, "train");
    else {
      for (const leaf of this.#leaves) {
        this.#engine.addLeaf(this.#tree, leaf.value * this.#limits.learningRate, leaf.start, leaf.end);
      }
    }
    if (this.#engine.watched !== undefined) this.#engine.addTree(this.#tree, bins, "watched");
    return tree;
  }

  #take(node: Node, found: FoundSplit | undefined, heap: Heap<Node>): void {
    node.split = found;
    if (found === undefined) this.#finish(node);
    else heap.push(node);
  }

  #finish(leaf: Node): void {
    this.#leaves.push(leaf);
    this.#release(leaf);
  }

  #release(node: Node): void {
    if (node.histogram !== undefined) this.#engine.release(node.histogram);
    node.histogram = undefined;
  }

  /** Begins to split a node, if that was not done ahead. @param isLast its children stay leaves */
  #begin(node: Node, isLast: boolean): void {
    if (node.begun !== undefined) return;
    const split = node.split!;
    const column = this.#slots[split.slot];
    const right = {
      gradient: node.sums.gradient - split.left.gradient,
      hessian: node.sums.hessian - split.left.hessian,
      rows: node.sums.rows - split.left.rows,
    };
    // Without missing values in training they go with the majority.
    if (this.#binning.missing[column] === 0) split.missingLeft = split.left.rows > right.rows;
    const middle = node.start + split.left.rows;
    const children: [Node, Node] = [
      newNode(node.start, middle, node.depth + 1, split.left, node.stream * 2),
      newNode(middle, node.end, node.depth + 1, right, node.stream * 2 + 1),
    ];
    const groups = node.groups?.filter((group) => group.includes(column));
    for (const child of children) {
      child.groups = groups;
      child.lower = node.lower;
      child.upper = node.upper;
      child.value = Math.min(Math.max(this.#newton(child.sums), node.lower), node.upper);
    }
    const direction = this.#constraints.monotonic?.[column] ?? 0;
    if (direction !== 0) {
      const middle = (children[0].value + children[1].value) / 2;
      const [low, high] = direction > 0 ? children : [children[1], children[0]];
      low.upper = middle;
      high.lower = middle;
    }
    const { maxDepth, minSamplesLeaf } = this.#limits;
    const requests = children.map((child) =>
      !isLast && child.depth < maxDepth && child.sums.rows >= 2 * minSamplesLeaf
        ? this.#request(child)
        : undefined
    );
    const expanded = this.#engine.expand({
      slot: split.slot,
      left: this.#leftOf(split),
      from: node.start,
      to: node.end,
      leftRows: split.left.rows,
      histogram: node.histogram!,
      leftRequest: requests[0],
      rightRequest: requests[1],
    });
    node.histogram = undefined;
    node.begun = { expanded, children };
  }

  /** Lets idle threads split the nodes that come next, if nothing is left to choose. */
  #lookAhead(node: Node, heap: Heap<Node>, leaves: number): void {
    const { maxLeafNodes } = this.#limits;
    const idle = this.#mayLookAhead ? this.#engine.idle(node.end - node.start) : 0;
    for (const next of heap.items.slice(0, idle)) {
      if (leaves + LOOK_AHEAD > maxLeafNodes) return;
      if (next.begun === undefined && this.#engine.idle(next.end - next.start) > 0) this.#begin(next, false);
    }
  }

  #newton({ gradient, hessian }: Sums): number {
    const { gradientUnit, hessianUnit } = this.#engine;
    return nodeValue(
      soften(gradient * gradientUnit, this.#limits.l1),
      hessian * hessianUnit,
      this.#limits.l2,
    );
  }

  #request(node: Node): SplitRequest {
    const { l1, maxFeatures } = this.#limits;
    let allowed = this.#columns;
    if (node.groups !== undefined) {
      const usable = new Set(node.groups.flat());
      allowed = Uint8Array.from(this.#slots, (j, s) => usable.has(j) && this.#columns?.[s] !== 0 ? 1 : 0);
    }
    if (maxFeatures < 1) allowed = this.#draw(allowed, maxFeatures, node.stream);
    return {
      sums: node.sums,
      lossHere: node.value * soften(node.sums.gradient * this.#engine.gradientUnit, l1),
      lower: node.lower,
      upper: node.upper,
      allowed,
    };
  }

  /** (slots) 1 for a share of the columns, at least one. */
  #draw(of: Uint8Array | undefined, share: number, stream: number): Uint8Array {
    const pool: number[] = [];
    for (let slot = 0; slot < this.#slots.length; slot++) if (of?.[slot] !== 0) pool.push(slot);
    const drawn = new Uint8Array(this.#slots.length);
    const wanted = Math.min(pool.length, Math.max(1, Math.ceil(share * pool.length)));
    new Random(this.#seed, stream).shuffle(pool);
    for (const slot of pool.slice(0, wanted)) drawn[slot] = 1;
    return drawn;
  }

  /** (256) 1 for the bins that go left, that for missing values included. */
  #leftOf(split: FoundSplit): Uint8Array {
    const left = new Uint8Array(256);
    const missing = this.#binning.count[this.#slots[split.slot]];
    if (split.set === undefined) left.fill(1, 0, split.bin + 1);
    else for (let bin = 0; bin < missing; bin++) left[bin] = split.set[bin >> 5] >>> (bin & 31) & 1;
    left[missing] = split.missingLeft ? 1 : 0;
    return left;
  }

  /** The tree as flat arrays, for numbers and, if wanted, for bins. @param scale multiplies the values for numbers */
  #toArrays(scale: number, isForBins: boolean): { tree: BoostedTrees; bins: BinTree } {
    const nodes = 2 * this.#leaves.length - 1;
    const tree = {
      feature: new Int32Array(nodes).fill(-1),
      threshold: new Float64Array(nodes),
      right: new Int32Array(nodes),
      missing_left: new Uint8Array(nodes),
      set: new Int32Array(nodes).fill(-1),
    };
    const bins: BinTree = {
      slot: new Int32Array(nodes).fill(-1),
      right: tree.right,
      value: new Float64Array(nodes),
      left: new Uint32Array(isForBins ? 8 * nodes : 0),
    };
    const sets: Uint32Array[] = [];
    let place = 0;
    const stack: { node: Node; rightOf: number }[] = [{ node: this.#root!, rightOf: -1 }];
    for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
      const { node, rightOf } = next;
      const at = place++;
      if (rightOf >= 0) tree.right[rightOf] = at;
      const { split, left, right } = node;
      if (split === undefined || left === undefined || right === undefined) {
        bins.value[at] = node.value * this.#limits.learningRate;
        tree.threshold[at] = bins.value[at] * scale;
        continue;
      }
      const column = this.#slots[split.slot];
      bins.slot[at] = split.slot;
      if (isForBins) {
        this.#leftOf(split).forEach((goes, bin) => bins.left[8 * at + (bin >> 5)] |= goes << (bin & 31));
      }
      tree.feature[at] = column;
      tree.missing_left[at] = split.missingLeft ? 1 : 0;
      if (split.set !== undefined) tree.set[at] = sets.push(split.set) - 1;
      else {
        const lastBin = split.bin === this.#binning.count[column] - 1;
        tree.threshold[at] = lastBin ? Infinity : this.#binning.cuts[column][split.bin];
      }
      stack.push({ node: right, rightOf: at }, { node: left, rightOf: -1 });
    }
    const words = new Uint32Array(8 * sets.length);
    sets.forEach((set, k) => words.set(set, 8 * k));
    return { tree: { ...tree, sets: words }, bins };
  }
}

function newNode(start: number, end: number, depth: number, sums: Sums, stream: number): Node {
  return {
    start,
    end,
    depth,
    sums,
    value: 0,
    lower: -Infinity,
    upper: Infinity,
    groups: undefined,
    split: undefined,
    histogram: undefined,
    begun: undefined,
    left: undefined,
    right: undefined,
    stream: stream % 2 ** 31,
  };
}
