import type { Task } from "../estimator.ts";
import type { Truth } from "../metric.ts";
import { METRICS } from "../metrics.ts";
import { confusionMatrix } from "./confusion_matrix.ts";

/**
 * Every metric of the task.
 * @returns null for a metric that is not defined for this truth (roc_auc when one class only occurs);
 * `confusion_matrix` (n_classes, n_classes) for classification: row = true class, column = predicted class
 */
export function scoreAll(
  task: Task,
  truth: Truth,
): { metrics: Record<string, number | null>; confusion_matrix?: number[][] } {
  const metrics: Record<string, number | null> = {};
  for (const metric of METRICS) {
    if (metric.task !== task) continue;
    const score = metric.compute(truth);
    metrics[metric.name] = Number.isFinite(score) ? score : null;
  }
  return task === "classification" ? { metrics, confusion_matrix: confusionMatrix(truth) } : { metrics };
}
