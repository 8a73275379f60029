/**
 * Learned trees as flat arrays, all trees one after the other.
 *
 * Nodes stand in preorder, so the left child of node i is node i + 1 and only the right child is stored.
 */
import { checkStop } from "@/kernels/stop.ts";
import type { Matrix } from "../matrix.ts";
import type { State } from "../state.ts";
import type { GrownTree } from "./grown_tree.ts";
import { scoreTrees } from "./trees_scorer.ts";

export type TreesState = State & {
  /** 0 for regression. */
  n_classes: number;
  n_features: number;
  /** (trees) the number of each tree's first node. */
  root: Int32Array;
  /** (nodes) the column a node looks at; -1 for a leaf. */
  feature: Int32Array;
  /** (nodes) values <= threshold go left. */
  threshold: Float64Array;
  /** (nodes) the right child, or a leaf's number. */
  right: Int32Array;
  /** (leaves * max(1, n_classes)) what each leaf predicts. */
  value: Float64Array;
  /** (columns) sum over the trees of each one's shares of the decrease in impurity; of old models their mean. */
  importance: Float64Array;
  /** Accuracy or R2 on the rows that each tree did not see; null unless asked for. */
  oob_score: number | null;
};

/** Collects grown trees into one state. */
export class TreesBuilder {
  #nClasses: number;
  #outputs: number;
  #cols: number;
  #root: number[] = [];
  #feature: Int32Array[] = [];
  #threshold: Float64Array[] = [];
  #right: Int32Array[] = [];
  #value: Float64Array[] = [];
  #nodes = 0;
  #leaves = 0;
  #importance: Float64Array;
  #oobScore: number | null = null;
  /** What `piece` has given: trees, and parts of the arrays. */
  #given = { trees: 0, parts: 0 };

  /** @param before trees that stand in front, in pieces */
  constructor(n_classes: number, cols: number, before: readonly TreesState[] = []) {
    this.#nClasses = n_classes;
    this.#outputs = Math.max(1, n_classes);
    this.#cols = cols;
    this.#importance = before.at(-1)?.importance.slice() ?? new Float64Array(cols);
    for (const piece of before) {
      for (const first of piece.root) this.#root.push(first);
      this.#keep(piece);
    }
    this.#given = { trees: this.#root.length, parts: before.length };
  }

  #keep({ feature, threshold, right, value }: Omit<CompactTree, "importance">): void {
    this.#feature.push(feature);
    this.#threshold.push(threshold);
    this.#right.push(right);
    this.#value.push(value);
    this.#nodes += feature.length;
    this.#leaves += value.length / this.#outputs;
  }

  /** Adds a tree, leaving out nodes that can't be reached. */
  add(tree: GrownTree): void {
    if (isPreorder(tree)) this.#addPreorder(tree);
    else this.#addReached(tree);
  }

  /** Grown depth first and not pruned: the nodes stand as they must. */
  #addPreorder(tree: GrownTree): void {
    const outputs = this.#outputs;
    const { count: nodes, weight, impurity } = tree;
    const leaves = (nodes + 1) / 2;
    const right = new Int32Array(nodes);
    const value = new Float64Array(leaves * outputs);
    const importance = new Float64Array(this.#cols);
    let leaf = 0;
    for (let node = 0; node < nodes; node++) {
      const column = tree.feature[node];
      if (column < 0) {
        right[node] = leaf;
        for (let k = 0; k < outputs; k++) value[leaf * outputs + k] = tree.value[node * outputs + k];
        leaf++;
        continue;
      }
      const r = tree.right[node];
      right[node] = r;
      importance[column] += weight[node] * impurity[node] - weight[node + 1] * impurity[node + 1] -
        weight[r] * impurity[r];
    }
    const feature = tree.feature.slice(0, nodes);
    const threshold = tree.threshold.slice(0, nodes);
    this.addCompact({ feature, threshold, right, value, importance });
  }

  #addReached(tree: GrownTree): void {
    const outputs = this.#outputs;
    const feature = new Int32Array(tree.count);
    const threshold = new Float64Array(tree.count);
    const right = new Int32Array(tree.count);
    const value = new Float64Array((tree.count + 1) / 2 * outputs);
    const importance = new Float64Array(this.#cols);
    let nodes = 0;
    let leaves = 0;
    // Pairs: the node, and the place whose right child it is (-1 for a left child).
    const stack: number[] = [0, -1];
    while (stack.length > 0) {
      const rightOf = stack.pop()!;
      const node = stack.pop()!;
      const place = nodes++;
      if (rightOf >= 0) right[rightOf] = place;
      const column = tree.feature[node];
      feature[place] = column;
      if (column < 0) {
        right[place] = leaves;
        for (let k = 0; k < outputs; k++) value[leaves * outputs + k] = tree.value[node * outputs + k];
        leaves++;
        continue;
      }
      const l = tree.left[node];
      const r = tree.right[node];
      threshold[place] = tree.threshold[node];
      importance[column] += tree.weight[node] * tree.impurity[node] - tree.weight[l] * tree.impurity[l] -
        tree.weight[r] * tree.impurity[r];
      stack.push(r, place, l, -1);
    }
    this.addCompact({
      feature: feature.slice(0, nodes),
      threshold: threshold.slice(0, nodes),
      right: right.slice(0, nodes),
      value: value.slice(0, leaves * outputs),
      importance,
    });
  }

  /** Adds a tree as the state keeps it, and keeps its arrays. */
  addCompact({ feature, threshold, right, value, importance }: CompactTree): void {
    for (let node = 0; node < right.length; node++) {
      right[node] += feature[node] < 0 ? this.#leaves : this.#nodes;
    }
    this.#root.push(this.#nodes);
    this.#keep({ feature, threshold, right, value });
    if (feature.length > 1) {
      normalise(importance);
      for (let j = 0; j < importance.length; j++) this.#importance[j] += importance[j];
    }
  }

  finish(oobScore: number | null): TreesState {
    this.#oobScore = oobScore;
    return this.#stateFrom({ trees: 0, parts: 0 });
  }

  /** The trees since the last piece. Nodes and leaves keep their numbers among all trees. */
  piece(): TreesState {
    const state = this.#stateFrom(this.#given);
    this.#given = { trees: this.#root.length, parts: this.#feature.length };
    return state;
  }

  #stateFrom({ trees, parts }: { trees: number; parts: number }): TreesState {
    return {
      n_classes: this.#nClasses,
      n_features: this.#cols,
      root: Int32Array.from(this.#root.slice(trees)),
      feature: joined(this.#feature.slice(parts), Int32Array),
      threshold: joined(this.#threshold.slice(parts), Float64Array),
      right: joined(this.#right.slice(parts), Int32Array),
      value: joined(this.#value.slice(parts), Float64Array),
      importance: this.#importance.slice(),
      oob_score: this.#oobScore,
    };
  }
}

/** The fields of TreesState for one tree: numbers of nodes and leaves begin at 0. */
export interface CompactTree {
  feature: Int32Array;
  threshold: Float64Array;
  right: Int32Array;
  value: Float64Array;
  /** (columns) decrease in impurity, not normalised */
  importance: Float64Array;
}

function isPreorder({ count, feature, left }: GrownTree): boolean {
  for (let node = 0; node < count; node++) {
    if (left[node] !== (feature[node] < 0 ? -1 : node + 1)) return false;
  }
  return true;
}

/** Divides by the sum, in place; all zeros stay. */
export function normalise(values: Float64Array): Float64Array {
  let sum = 0;
  for (let j = 0; j < values.length; j++) {
    values[j] = Math.max(0, values[j]);
    sum += values[j];
  }
  if (sum > 0) { for (let j = 0; j < values.length; j++) values[j] /= sum; }
  return values;
}

function joined<T extends Int32Array | Float64Array>(parts: T[], kind: new (length: number) => T): T {
  const whole = new kind(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** The number of the leaf that row i of X reaches, from a root. */
export function leafOf(X: Matrix, i: number, state: TreesState, root: number): number {
  const { data, rows } = X;
  const { feature, threshold, right } = state;
  let node = root;
  let column = feature[node];
  while (column >= 0) {
    node = data[column * rows + i] <= threshold[node] ? node + 1 : right[node];
    column = feature[node];
  }
  return right[node];
}

/**
 * The mean of all trees.
 * @returns (rows) or, row-major, (rows * n_classes)
 */
export function predictTrees(X: Matrix, state: TreesState): Float64Array {
  const trees = state.root.length;
  const result = new Float64Array(X.rows * Math.max(1, state.n_classes));
  if (!scoreTrees(X, state, result)) walkTrees(X, state, result);
  if (trees > 1) { for (let i = 0; i < result.length; i++) result[i] /= trees; }
  return result;
}

/** Adds what each tree says about every row of X to `result`. */
export function walkTrees(X: Matrix, state: TreesState, result: Float64Array): void {
  const outputs = Math.max(1, state.n_classes);
  const { rows, data } = X;
  const { root, feature, threshold, right, value } = state;
  for (let t = 0; t < root.length; t++) {
    checkStop();
    const first = root[t];
    for (let i = 0; i < rows; i++) {
      let node = first;
      let column = feature[node];
      while (column >= 0) {
        node = data[column * rows + i] <= threshold[node] ? node + 1 : right[node];
        column = feature[node];
      }
      const from = right[node] * outputs;
      const to = i * outputs;
      for (let k = 0; k < outputs; k++) result[to + k] += value[from + k];
    }
  }
}
