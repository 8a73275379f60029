/** How large forests get, before they are grown. */
import type { FitShape } from "../estimator.ts";
import type { ForestParams } from "./forest.ts";

/** A node in the state, and once more while its tree is joined to the others; with what is left over, as measured. */
const NODE_BYTES = 2 * 20;

/** Codes of the columns, the trees' nodes and their leaves' values. Trees of noise are the largest: a leaf a few rows. */
export function forestMemory({ rows, cols, n_classes }: FitShape, params: ForestParams): number {
  const { n_estimators, max_samples, bootstrap, max_leaf_nodes, max_depth, min_samples_leaf } = params;
  const drawn = !bootstrap || max_samples === null
    ? rows
    : max_samples < 1
    ? rows * max_samples
    : Math.min(rows, max_samples);
  const leaves = Math.min(
    // A draw with replacement holds 63 % of the rows; classes, even of noise, end in leaves of two rows and more.
    drawn * (bootstrap ? 0.64 : 1) * (n_classes > 0 ? 0.5 : 1) /
      Math.max(1, min_samples_leaf < 1 ? min_samples_leaf * rows : min_samples_leaf),
    max_leaf_nodes ?? Infinity,
    max_depth === null ? Infinity : 2 ** Math.min(max_depth, 60),
  );
  const treeBytes = leaves * (2 * NODE_BYTES + 2 * 8 * Math.max(1, n_classes));
  return rows * cols * 4 + n_estimators * treeBytes;
}
