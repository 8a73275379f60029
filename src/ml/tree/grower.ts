/**
 * Growing one tree, in plain TypeScript: for small data, and to the bit what src/kernels/forest.as.ts grows: depth first, or best split first when the number of leaves is limited.
 *
 * Source: scikit-learn, `DepthFirstTreeBuilder` and `BestFirstTreeBuilder` of `_tree.pyx`.
 */
import type { Random } from "@/shared/random.ts";
import type { Matrix } from "../matrix.ts";
import type { Criterion, SideLimits } from "./criterion.ts";
import { GrownTree } from "./grown_tree.ts";
import { Heap } from "./heap.ts";
import type { TreeLimits } from "./params.ts";
import type { Ranks } from "./ranks.ts";
import { Splitter } from "./splitter.ts";

/** Rounding that a comparison with `min_impurity_decrease` forgives. */
const EPSILON = 2 ** -52;

/** A node that may be split. */
interface Frontier {
  node: number;
  start: number;
  /** Where the right side starts; `end` for a leaf. */
  middle: number;
  end: number;
  depth: number;
  improvement: number;
}

export class Grower {
  readonly tree: GrownTree;
  #criterion: Criterion;
  #splitter: Splitter;
  #limits: TreeLimits;
  #sides: SideLimits;
  #totalWeight = 0;

  /**
   * @param ranks of X for exact best splits; absent: random thresholds
   * @param isExact also large nodes are looked at value by value, not by 256 bins
   */
  constructor(
    X: Matrix,
    criterion: Criterion,
    limits: TreeLimits,
    ranks: Ranks | undefined,
    isExact: boolean,
  ) {
    this.tree = new GrownTree(criterion.outputs);
    this.#criterion = criterion;
    this.#splitter = new Splitter(X, criterion, ranks, limits.maxFeatures, isExact);
    this.#limits = limits;
    this.#sides = { minSamples: limits.minSamplesLeaf, minWeight: 0 };
  }

  /** Grows `tree` anew on the rows whose weight is above zero. */
  grow(weight: Float64Array, random: Random): void {
    this.tree.clear();
    this.#criterion.setWeights(weight);
    const rows = this.#splitter.reset(weight);
    this.#totalWeight = 0;
    for (let i = 0; i < weight.length; i++) this.#totalWeight += weight[i];
    this.#sides.minWeight = this.#limits.minWeightFractionLeaf * this.#totalWeight;
    if (this.#limits.maxLeafNodes === Infinity) this.#depthFirst(rows, random);
    else this.#bestFirst(rows, random);
  }

  #depthFirst(rows: number, random: Random): void {
    const { tree } = this;
    const splitter = this.#splitter;
    // start, end, depth, parent, constants: five numbers a node that waits.
    const stack: number[] = [0, rows, 0, -1, 0];
    while (stack.length > 0) {
      const constants = stack.pop()!;
      const parent = stack.pop()!;
      const depth = stack.pop()!;
      const end = stack.pop()!;
      const start = stack.pop()!;
      const node = this.#addNode(start, end);
      // The left child comes right after its parent, so a parent that has one already gets its right child.
      if (parent >= 0) {
        if (tree.left[parent] < 0) tree.left[parent] = node;
        else tree.right[parent] = node;
      }
      splitter.constants = constants;
      const middle = this.#split(node, start, end, depth, random);
      if (middle < 0) continue;
      stack.push(middle, end, depth + 1, node, splitter.constants);
      stack.push(start, middle, depth + 1, node, splitter.constants);
    }
  }

  #bestFirst(rows: number, random: Random): void {
    const { tree } = this;
    const heap = new Heap<Frontier>((item) => item.improvement);
    const add = (start: number, end: number, depth: number): number => {
      const node = this.#addNode(start, end);
      this.#splitter.constants = 0;
      const middle = this.#split(node, start, end, depth, random);
      if (middle >= 0) {
        heap.push({ node, start, middle, end, depth, improvement: this.#improvement });
      }
      return node;
    };
    add(0, rows, 0);
    let leaves = 1;
    while (leaves < this.#limits.maxLeafNodes) {
      const best = heap.pop();
      if (best === undefined) break;
      const left = add(best.start, best.middle, best.depth + 1);
      const right = add(best.middle, best.end, best.depth + 1);
      tree.left[best.node] = left;
      tree.right[best.node] = right;
      leaves++;
    }
    // Splits found but not taken.
    for (const { node } of heap.items) {
      tree.feature[node] = -1;
      tree.threshold[node] = 0;
    }
  }

  #addNode(start: number, end: number): number {
    const criterion = this.#criterion;
    criterion.enter(this.#splitter.rows, start, end);
    const node = this.tree.add(criterion.impurity, criterion.weight);
    criterion.value(this.tree.value, node * criterion.outputs);
    return node;
  }

  #improvement = 0;

  /**
   * Splits the node that the criterion has entered and partitions its rows.
   * @returns where the right side starts, or -1 if the node stays a leaf
   */
  #split(node: number, start: number, end: number, depth: number, random: Random): number {
    const criterion = this.#criterion;
    const splitter = this.#splitter;
    const limits = this.#limits;
    if (
      criterion.pure || depth >= limits.maxDepth || end - start < limits.minSamplesSplit ||
      criterion.weight < 2 * this.#sides.minWeight || !splitter.find(start, end, this.#sides, random)
    ) return -1;
    const middle = splitter.partition(start, end);
    if (limits.minImpurityDecrease > 0 || limits.maxLeafNodes !== Infinity) {
      const { impurity, weight } = criterion;
      criterion.enter(splitter.rows, start, middle);
      const left = criterion.weight / weight * criterion.impurity;
      criterion.enter(splitter.rows, middle, end);
      const right = criterion.weight / weight * criterion.impurity;
      this.#improvement = weight / this.#totalWeight * (impurity - right - left);
      if (this.#improvement + EPSILON < limits.minImpurityDecrease) return -1;
    }
    this.tree.feature[node] = splitter.feature;
    this.tree.threshold[node] = splitter.threshold;
    return middle;
  }
}
