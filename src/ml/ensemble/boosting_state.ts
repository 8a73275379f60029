/** Boosted trees as flat arrays, nodes in preorder: the left child of node i is node i + 1. */
import { exp } from "@/kernels/exp_log.ts";
import type { Matrix } from "../matrix.ts";
import type { State } from "../state.ts";
import { softmaxAt } from "./boosting_loss.ts";
import { addTrees } from "./boosting_predict.ts";

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
  /** (columns) the gain of all splits; models of the first release have none. */
  gain?: Float64Array;
  /** Mean loss before the first round and after each, on the rows held out or else on all; empty unless stopping. */
  stopping_loss: Float64Array;
};

/** Several trees, and where each starts. */
export type JoinedTrees = BoostedTrees & { root: Int32Array };

/** Joins the arrays of trees, and of those that are joined already. */
export function joinTrees(parts: readonly (BoostedTrees & { root?: Int32Array })[]): JoinedTrees {
  const root: number[] = [];
  let nodes = 0;
  let words = 0;
  for (const part of parts) {
    for (const first of part.root ?? [0]) root.push(nodes + first);
    nodes += part.feature.length;
    words += part.sets.length;
  }
  const all = {
    root: Int32Array.from(root),
    feature: new Int32Array(nodes),
    threshold: new Float64Array(nodes),
    right: new Int32Array(nodes),
    missing_left: new Uint8Array(nodes),
    set: new Int32Array(nodes),
    sets: new Uint32Array(words),
  };
  let at = 0;
  let word = 0;
  for (const { feature, threshold, right, missing_left, set, sets } of parts) {
    all.feature.set(feature, at);
    all.threshold.set(threshold, at);
    all.missing_left.set(missing_left, at);
    all.sets.set(sets, word);
    for (let node = 0; node < feature.length; node++) {
      all.right[at + node] = feature[node] < 0 ? 0 : at + right[node];
      all.set[at + node] = set[node] < 0 ? -1 : set[node] + word / 8;
    }
    at += feature.length;
    word += sets.length;
  }
  return all;
}

/** @returns (rows) numbers, or (rows * n_classes) probabilities */
export function predictBoosting(X: Matrix, state: BoostingState): Float64Array {
  const { baseline, n_classes } = state;
  const { rows } = X;
  if (n_classes === 1) return new Float64Array(rows).fill(1);
  const perRound = baseline.length;
  const raw = new Float64Array(rows * perRound);
  for (let k = 0; k < perRound; k++) raw.fill(baseline[k], k * rows, (k + 1) * rows);
  addTrees(X, state, raw);
  if (n_classes === 0) {
    if (LOG_LOSSES.includes(state.loss)) { for (let i = 0; i < rows; i++) raw[i] = exp(raw[i]); }
    return raw;
  }
  const result = new Float64Array(rows * n_classes);
  if (n_classes === 2) {
    for (let i = 0; i < rows; i++) {
      const share = 1 / (1 + exp(-raw[i]));
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

/** Their raw prediction is the logarithm of the mean. */
const LOG_LOSSES = ["poisson", "gamma"];
