/**
 * How good a split is. One object per fit holds the targets and the sums of the node that is looked at.
 *
 * The formulas, and so the choice among equally good splits, are those of scikit-learn's `_criterion.pyx`.
 * Source: Breiman, Friedman, Olshen, Stone, "Classification and Regression Trees", 1984.
 */

/** Least rows and weight of both sides of a split. */
export interface SideLimits {
  minSamples: number;
  minWeight: number;
}

export interface Criterion {
  /** Numbers a leaf predicts: 1, or one a class. */
  readonly outputs: number;
  /** Numbers a rank needs in a count of a node by rank. */
  readonly width: number;
  /** Of the node: weighted impurity, sum of weights, whether all targets are equal. */
  impurity: number;
  weight: number;
  pure: boolean;
  /** Of the best split found by `scan…`: its quality, larger is better, and the ranks beside it. */
  quality: number;
  lowRank: number;
  highRank: number;
  /** Gives every row its weight for the next tree. */
  setWeights(weight: Float64Array): void;
  /** Looks at the node with these rows. */
  enter(rows: Int32Array, start: number, end: number): void;
  /** Writes what the node predicts. */
  value(target: Float64Array, at: number): void;
  /**
   * Tries all splits of a node sorted by key. Sets quality and ranks and returns true if one beats `best`.
   */
  scanSorted(
    keys: Int32Array,
    rows: Int32Array,
    start: number,
    n: number,
    limits: SideLimits,
    best: number,
  ): boolean;
  /** The same for a node of which only the range of keys is known; counts by key. `keys` go with rows[start…]. */
  scanCounted(
    keys: Int32Array,
    rows: Int32Array,
    start: number,
    n: number,
    lowest: number,
    highest: number,
    limits: SideLimits,
    best: number,
  ): boolean;
  /** The quality of putting values <= threshold left, or NaN if that breaks a limit. `values` go with rows[start…]. */
  scanThreshold(
    values: Float64Array,
    threshold: number,
    rows: Int32Array,
    start: number,
    n: number,
    limits: SideLimits,
  ): number;
}
