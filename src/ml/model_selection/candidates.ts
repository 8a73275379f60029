import type { Task } from "../estimator.ts";

export interface Candidate {
  algorithm: string;
  /** What differs from the algorithm's defaults. */
  params: Record<string, unknown>;
  /** Why it is tried, and what it costs. */
  note: string;
}

export interface CandidateQuestion {
  task: Task;
  /** Rows to learn from. */
  rows: number;
  /** Feature columns of the table. */
  features: number;
  /** 0 for regression. */
  n_classes: number;
  /** Rows have weights: algorithms without use for them are left out. */
  weighted?: boolean;
}

/** From here on forests draw this many rows a tree, so that their cost grows no further. */
const FOREST_ROWS = 50_000;
const NEIGHBOR_ROWS = 5_000;
const SVM_ROWS = 1_000;
/** Beyond either an epoch takes more than a second. */
const NETWORK_ROWS = 100_000;
const NETWORK_FEATURES = 200;
/** Below it a leaf of 20 rows may be too coarse for boosting, below the other it is. */
const SMALL_ROWS = 1_000;
const FEW_ROWS = 500;
/** Boosting grows one tree a class and round. */
const BOOSTING_CLASSES = 30;
const FINE_BOOSTING_CLASSES = 5;

/**
 * The few algorithms that `auto` tries, the cheap ones first, so that a small budget still sees several kinds.
 * The costs are of one fit on one core for 20,000 rows and 20 numeric columns; cross-validation multiplies them by
 * the folds.
 */
export function candidatesFor({ task, rows, features, n_classes, weighted }: CandidateQuestion): Candidate[] {
  const candidates: Candidate[] = [];
  const add = (algorithm: string, params: Record<string, unknown>, note: string) =>
    candidates.push({ algorithm, params, note });
  const forest = rows > FOREST_ROWS ? { bootstrap: true, max_samples: FOREST_ROWS, min_samples_leaf: 2 } : {};
  const boosting = n_classes <= BOOSTING_CLASSES;

  if (task === "classification") add("logistic_regression", {}, "the plain one to beat; below a second");
  else add("ridge", {}, "the plain one to beat; below a second");
  if (boosting) {
    if (rows < SMALL_ROWS) {
      add("gradient_boosting", { max_depth: 3, min_samples_leaf: 5 }, "shallow trees for few rows; a second");
    }
    if (rows >= FEW_ROWS) add("gradient_boosting", {}, "usually the best on tables; some seconds");
  }
  if (task === "classification") add("gaussian_nb", {}, "good with very few rows; below a second");
  if (rows >= 10 && rows <= NEIGHBOR_ROWS && !weighted) {
    add("k_neighbors", {}, "similar rows; quick to fit, slow to predict with many rows");
  }
  if (task === "classification" && rows >= 10 && rows <= SVM_ROWS && n_classes <= FINE_BOOSTING_CLASSES) {
    add("svm", {}, "smooth borders from few rows; below a second");
  }
  if (rows >= SMALL_ROWS && rows <= NETWORK_ROWS && features <= NETWORK_FEATURES) {
    add("mlp", { early_stopping: true }, "smooth relations that trees cut into steps; a second");
  }
  // scikit-learn's default for regression, all columns, costs three times as much for about the same score.
  const trees = task === "regression" && features > 3 ? { max_features: 0.33, ...forest } : forest;
  add("random_forest", trees, "robust without tuning; a second or two");
  add("extra_trees", trees, "as random_forest with random thresholds; a second or two");
  if (rows >= SMALL_ROWS && n_classes <= FINE_BOOSTING_CLASSES) {
    add(
      "gradient_boosting",
      { learning_rate: 0.05, max_iter: 300, max_leaf_nodes: 15 },
      "slower and finer steps; three times the first boosting",
    );
  }
  return candidates;
}
