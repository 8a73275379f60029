/** Boosted trees as flat arrays, nodes in preorder: the left child of node i is node i + 1. */
import type { Matrix } from "../matrix.ts";
import type { State } from "../state.ts";
import { type CategoryBins, isCode } from "./boosting_bins.ts";
import { softmaxAt } from "./boosting_loss.ts";

/** The arrays of one or of all trees. */
export interface BoostedTrees {
  /** (nodes) the column a node looks at; -1 for a leaf. */
  feature: Int32Array;
  /** (nodes) numbers <= threshold go left; a leaf's contribution to the raw prediction. */
  threshold: Float64Array;
  /** (nodes) the right child. */
  right: Int32Array;
  /** (nodes) 1 where missing values and unknown categories go left. */
  missing_left: Uint8Array;
  /** (nodes) for a split of categories the place in `sets`, in units of 8 words; else -1. */
  set: Int32Array;
  /** (category splits * 8) one bit a bin, set for the bins that go left. */
  sets: Uint32Array;
}

export type BoostingState = State & {
  loss: string;
  /** 0 for regression. */
  n_classes: number;
  n_features: number;
  /** (trees a round) the raw prediction before the first tree. */
  baseline: Float64Array;
  /** (trees) the number of each tree's first node; the trees of a round stand together. */
  root: Int32Array;
  feature: Int32Array;
  threshold: Float64Array;
  right: Int32Array;
  missing_left: Uint8Array;
  set: Int32Array;
  sets: Uint32Array;
  /** The bin of each category code of all columns, -1 where training did not see it. */
  category_bin: Int32Array;
  /** (columns + 1) */
  category_offset: Int32Array;
  /** (columns) share of the total gain. */
  importance: Float64Array;
  /** Mean loss before the first round and after each, on the rows held out or else on all; empty unless stopping. */
  stopping_loss: Float64Array;
};

/** Joins the arrays of trees; returns them and where each starts. */
export function joinTrees(trees: readonly BoostedTrees[]): BoostedTrees & { root: Int32Array } {
  let nodes = 0;
  let words = 0;
  const root = new Int32Array(trees.length);
  trees.forEach((tree, t) => {
    root[t] = nodes;
    nodes += tree.feature.length;
    words += tree.sets.length;
  });
  const all = {
    root,
    feature: new Int32Array(nodes),
    threshold: new Float64Array(nodes),
    right: new Int32Array(nodes),
    missing_left: new Uint8Array(nodes),
    set: new Int32Array(nodes),
    sets: new Uint32Array(words),
  };
  let word = 0;
  trees.forEach((tree, t) => {
    const at = root[t];
    all.feature.set(tree.feature, at);
    all.threshold.set(tree.threshold, at);
    all.missing_left.set(tree.missing_left, at);
    all.sets.set(tree.sets, word);
    for (let node = 0; node < tree.feature.length; node++) {
      all.right[at + node] = tree.feature[node] < 0 ? 0 : at + tree.right[node];
      all.set[at + node] = tree.set[node] < 0 ? -1 : tree.set[node] + word / 8;
    }
    word += tree.sets.length;
  });
  return all;
}

/** Adds what one tree says about every row of X to raw[at…at + rows). */
export function addTree(
  X: Matrix,
  trees: BoostedTrees,
  root: number,
  categories: CategoryBins,
  raw: Float64Array,
  at: number,
): void {
  const { data, rows } = X;
  const { feature, threshold, right, missing_left, set, sets } = trees;
  const { bin, offset } = categories;
  for (let i = 0; i < rows; i++) {
    let node = root;
    let column = feature[node];
    while (column >= 0) {
      const value = data[column * rows + i];
      let left: boolean;
      if (value !== value) left = missing_left[node] === 1;
      else if (set[node] < 0) left = value <= threshold[node];
      else {
        const codes = offset[column + 1] - offset[column];
        const b = isCode(value, codes) ? bin[offset[column] + value] : -1;
        left = b < 0 ? missing_left[node] === 1 : (sets[set[node] * 8 + (b >> 5)] >>> (b & 31) & 1) === 1;
      }
      node = left ? node + 1 : right[node];
      column = feature[node];
    }
    raw[at + i] += threshold[node];
  }
}

/** @returns (rows) numbers, or (rows * n_classes) probabilities */
export function predictBoosting(X: Matrix, state: BoostingState): Float64Array {
  const { baseline, root, n_classes } = state;
  const { rows } = X;
  if (n_classes === 1) return new Float64Array(rows).fill(1);
  const perRound = baseline.length;
  const raw = new Float64Array(rows * perRound);
  for (let k = 0; k < perRound; k++) raw.fill(baseline[k], k * rows, (k + 1) * rows);
  const categories = { bin: state.category_bin, offset: state.category_offset };
  for (let t = 0; t < root.length; t++) addTree(X, state, root[t], categories, raw, (t % perRound) * rows);
  if (n_classes === 0) {
    if (state.loss === "poisson") { for (let i = 0; i < rows; i++) raw[i] = Math.exp(raw[i]); }
    return raw;
  }
  const result = new Float64Array(rows * n_classes);
  if (n_classes === 2) {
    for (let i = 0; i < rows; i++) {
      const share = 1 / (1 + Math.exp(-raw[i]));
      result[2 * i + 1] = share;
      result[2 * i] = 1 - share;
    }
    return result;
  }
  const shares = new Float64Array(n_classes);
  for (let i = 0; i < rows; i++) {
    softmaxAt(raw, i, rows, shares);
    result.set(shares, i * n_classes);
  }
  return result;
}
