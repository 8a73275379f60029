/** The table of metrics. A new metric is one file and one line here. */
import { AppError } from "@/shared/errors.ts";
import type { Task } from "./estimator.ts";
import type { Metric } from "./metric.ts";
import { accuracy } from "./metrics/accuracy.ts";
import { balancedAccuracy } from "./metrics/balanced_accuracy.ts";
import { f1 } from "./metrics/f1.ts";
import { logLoss } from "./metrics/log_loss.ts";
import { mae } from "./metrics/mae.ts";
import { mape } from "./metrics/mape.ts";
import { precision } from "./metrics/precision.ts";
import { r2 } from "./metrics/r2.ts";
import { recall } from "./metrics/recall.ts";
import { rmse } from "./metrics/rmse.ts";
import { rocAuc } from "./metrics/roc_auc.ts";

export const METRICS: readonly Metric[] = [
  accuracy,
  balancedAccuracy,
  f1,
  precision,
  recall,
  rocAuc,
  logLoss,
  r2,
  mae,
  rmse,
  mape,
];

/**
 * @param task if given, the metric must be one of this task
 * @throws AppError not_found, naming the metrics there are; invalid_argument for one of the other task
 */
export function metricOf(name: string, task?: Task): Metric {
  const found = METRICS.find((metric) => metric.name === name);
  const fitting = METRICS.filter((metric) => task === undefined || metric.task === task);
  const hint = `Metrics${task ? ` for ${task}` : ""}: ${fitting.map((metric) => metric.name).join(", ")}`;
  if (!found) {
    throw new AppError("not_found", `Cannot find metric "${name}": there is none of that name`, { hint });
  }
  if (task && found.task !== task) {
    throw new AppError(
      "invalid_argument",
      `Cannot score ${task} by ${name}: it is a metric for ${found.task}`,
      {
        hint,
      },
    );
  }
  return found;
}

/**
 * The metric when none is asked for: accuracy and R². They are scikit-learn's own `score` of a classifier and a
 * regressor, are read without explanation, and lie on one scale (1 is best), so that a threshold such as 0.8 has
 * a meaning on data never seen.
 */
export function defaultMetric(task: Task): string {
  return task === "regression" ? "r2" : "accuracy";
}

/** Whether a score passes: as good as the threshold, in the metric's own direction. */
export function passes(metric: string, score: number | null, threshold: number, strictly = false): boolean {
  if (score === null || Number.isNaN(score)) return false;
  const gain = metricOf(metric).greater_is_better ? score - threshold : threshold - score;
  return strictly ? gain > 0 : gain >= 0;
}
