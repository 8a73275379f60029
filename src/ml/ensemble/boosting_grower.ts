/**
 * Growing one boosted tree: the leaf whose split lowers the loss most is split next.
 *
 * Source: scikit-learn, `_hist_gradient_boosting/grower.py`.
 */
import type { Random } from "@/shared/random.ts";
import { Heap } from "../tree/heap.ts";
import type { Bins } from "./boosting_bins.ts";
import { type Histogram, HistogramBuilder } from "./boosting_histogram.ts";
import { MIN_HESSIAN, type NodeSums, type Split, SplitFinder, type SplitLimits } from "./boosting_split.ts";
import type { BoostedTrees } from "./boosting_state.ts";

export interface GrowerLimits extends SplitLimits {
  /** Infinity: no limit. */
  maxLeafNodes: number;
  maxDepth: number;
  /** Share of the columns that each split looks at, up to 1. */
  maxFeatures: number;
  learningRate: number;
}

interface Node {
  start: number;
  end: number;
  depth: number;
  sums: NodeSums;
  split: Split | undefined;
  histogram: Histogram | undefined;
  left: Node | undefined;
  right: Node | undefined;
}

export class BoostingGrower {
  #bins: Bins;
  #limits: GrowerLimits;
  #builder: HistogramBuilder;
  #finder: SplitFinder;
  #random: Random;
  #rows: Int32Array;
  #spare: Int32Array;
  #root: Node | undefined;
  #leaves: Node[] = [];
  #gain: Float64Array;

  /** @param random draws the columns of each split */
  constructor(bins: Bins, limits: GrowerLimits, random: Random) {
    this.#bins = bins;
    this.#limits = limits;
    this.#builder = new HistogramBuilder(bins);
    this.#finder = new SplitFinder(bins, this.#builder.start, limits);
    this.#random = random;
    this.#rows = new Int32Array(bins.rows);
    this.#spare = new Int32Array(bins.rows);
    this.#gain = new Float64Array(bins.cols);
  }

  /** (cols) the sum of the gains of all splits of all trees so far. */
  get gain(): Float64Array {
    return this.#gain;
  }

  /** Grows a tree. @param hessian absent: every row counts 1 */
  grow(gradient: Float32Array, hessian: Float32Array | undefined): void {
    const { maxLeafNodes, maxDepth, minSamplesLeaf } = this.#limits;
    const n = this.#rows.length;
    for (let i = 0; i < n; i++) this.#rows[i] = i;
    this.#leaves = [];
    const root = newNode(0, n, 0, rootSums(gradient, hessian));
    this.#root = root;
    const heap = new Heap<Node>((node) => node.split!.gain);
    if (n < 2 * minSamplesLeaf || root.sums.hessian < MIN_HESSIAN) {
      this.#leaves.push(root);
      return;
    }
    root.histogram = this.#builder.build(this.#rows, 0, n, gradient, hessian);
    this.#consider(root, heap);
    for (let node = heap.pop(); node !== undefined; node = heap.pop()) {
      const split = node.split!;
      const middle = this.#partition(node, split);
      const left = newNode(node.start, middle, node.depth + 1, split.left);
      const right = newNode(middle, node.end, node.depth + 1, split.right);
      node.left = left;
      node.right = right;
      this.#gain[split.feature] += split.gain;
      // Without missing values in training they go with the majority.
      if (this.#bins.missing[split.feature] === 0) split.missingLeft = split.left.rows > split.right.rows;
      const leafCount = this.#leaves.length + heap.size + 2;
      if (leafCount >= maxLeafNodes) {
        this.#finish(left);
        this.#finish(right);
        this.#release(node);
        for (const waiting of heap.items) {
          waiting.split = undefined;
          this.#finish(waiting);
        }
        break;
      }
      const splitLeft = left.depth < maxDepth && left.sums.rows >= 2 * minSamplesLeaf;
      const splitRight = right.depth < maxDepth && right.sums.rows >= 2 * minSamplesLeaf;
      if (splitLeft || splitRight) this.#histograms(node, left, right, gradient, hessian);
      else this.#release(node);
      if (splitLeft) this.#consider(left, heap);
      else this.#finish(left);
      if (splitRight) this.#consider(right, heap);
      else this.#finish(right);
    }
  }

  /** Gives every leaf the value that `value` makes of its rows. */
  setLeaves(value: (rows: Int32Array) => number): void {
    for (const leaf of this.#leaves) leaf.sums.value = value(this.#rows.subarray(leaf.start, leaf.end));
  }

  /** Adds the tree's (shrunk) leaf values to raw[at + row] of every training row. */
  addTo(raw: Float64Array, at: number): void {
    for (const leaf of this.#leaves) {
      const step = leaf.sums.value * this.#limits.learningRate;
      for (let p = leaf.start; p < leaf.end; p++) raw[at + this.#rows[p]] += step;
    }
  }

  /** The tree as flat arrays. @param scale multiplies the leaf values */
  toArrays(scale: number): BoostedTrees {
    const nodes = 2 * this.#leaves.length - 1;
    const tree = {
      feature: new Int32Array(nodes).fill(-1),
      threshold: new Float64Array(nodes),
      right: new Int32Array(nodes),
      missing_left: new Uint8Array(nodes),
      set: new Int32Array(nodes).fill(-1),
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
        tree.threshold[at] = node.sums.value * this.#limits.learningRate * scale;
        continue;
      }
      tree.feature[at] = split.feature;
      tree.missing_left[at] = split.missingLeft ? 1 : 0;
      if (split.set !== undefined) tree.set[at] = sets.push(split.set) - 1;
      else {
        const lastBin = split.bin === this.#bins.count[split.feature] - 1;
        tree.threshold[at] = lastBin ? Infinity : this.#bins.cuts[split.feature][split.bin];
      }
      stack.push({ node: right, rightOf: at }, { node: left, rightOf: -1 });
    }
    const words = new Uint32Array(8 * sets.length);
    sets.forEach((set, k) => words.set(set, 8 * k));
    return { ...tree, sets: words };
  }

  #consider(node: Node, heap: Heap<Node>): void {
    node.split = this.#finder.find(node.histogram!, node.sums, this.#drawColumns());
    if (node.split === undefined) this.#finish(node);
    else heap.push(node);
  }

  #finish(leaf: Node): void {
    this.#leaves.push(leaf);
    this.#release(leaf);
  }

  #release(node: Node): void {
    if (node.histogram !== undefined) this.#builder.release(node.histogram);
    node.histogram = undefined;
  }

  /** The smaller child's rows are summed; the larger child is what remains of the parent. */
  #histograms(
    node: Node,
    left: Node,
    right: Node,
    gradient: Float32Array,
    hessian: Float32Array | undefined,
  ): void {
    const [small, large] = left.sums.rows < right.sums.rows ? [left, right] : [right, left];
    small.histogram = this.#builder.build(this.#rows, small.start, small.end, gradient, hessian);
    large.histogram = this.#builder.subtract(node.histogram!, small.histogram);
    node.histogram = undefined;
  }

  /** Moves the rows that go left to the front, keeping their order. Returns where the right side starts. */
  #partition(node: Node, split: Split): number {
    const { rows, data, count } = this.#bins;
    const column = data.subarray(split.feature * rows, (split.feature + 1) * rows);
    const goesLeft = new Uint8Array(256);
    const missing = count[split.feature];
    if (split.set === undefined) {
      goesLeft.fill(1, 0, split.bin + 1);
      if (split.missingLeft) goesLeft[missing] = 1;
    } else {
      for (let bin = 0; bin <= missing; bin++) goesLeft[bin] = split.set[bin >> 5] >>> (bin & 31) & 1;
    }
    const order = this.#rows;
    const right = this.#spare;
    let left = node.start;
    let rightCount = 0;
    for (let p = node.start; p < node.end; p++) {
      const row = order[p];
      const goes = goesLeft[column[row]];
      order[left] = row; // both written, one counter moves: no branch to guess
      right[rightCount] = row;
      left += goes;
      rightCount += 1 - goes;
    }
    order.set(right.subarray(0, rightCount), left);
    return left;
  }

  /** (cols) 1 for the columns that the next split may use; undefined for all. */
  #drawColumns(): Uint8Array | undefined {
    const { maxFeatures } = this.#limits;
    if (maxFeatures >= 1) return undefined;
    const mask = new Uint8Array(this.#bins.cols);
    mask.fill(1, 0, Math.max(1, Math.ceil(maxFeatures * mask.length)));
    return this.#random.shuffle(mask);
  }
}

function newNode(start: number, end: number, depth: number, sums: NodeSums): Node {
  return {
    start,
    end,
    depth,
    sums,
    split: undefined,
    histogram: undefined,
    left: undefined,
    right: undefined,
  };
}

function rootSums(gradient: Float32Array, hessian: Float32Array | undefined): NodeSums {
  let g = 0;
  let h = 0;
  for (let i = 0; i < gradient.length; i++) {
    g += gradient[i];
    h += hessian === undefined ? 1 : hessian[i];
  }
  return { gradient: g, hessian: h, rows: gradient.length, value: 0 };
}
