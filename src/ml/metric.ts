/** One number that says how good predictions are. */
import type { Task } from "./estimator.ts";

export interface Truth {
  /** (rows): numbers, or class indices. */
  y: Float64Array;
  /** What `Estimator.predict` gave: (rows) for regression, (rows * n_classes) probabilities for classification. */
  scores: Float64Array;
  /** 0 for regression. */
  n_classes: number;
  sample_weight?: Float64Array;
}

export interface Metric {
  /** scikit-learn's word: `roc_auc`. */
  name: string;
  title: string;
  description: string;
  source: string;
  task: Task;
  greater_is_better: boolean;
  /** NaN where it is not defined for this truth (one class only); never throws for valid shapes. */
  compute(truth: Truth): number;
}

export function defineMetric(metric: Metric): Metric {
  return metric;
}
