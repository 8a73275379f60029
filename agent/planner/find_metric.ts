/** The number that the gate looks at, and how high it must be. */
import type { Assumption, Task } from "./plan.ts";

interface MetricFacts {
  /** What it can reach at best; for errors (rmse) less is better. */
  perfect: number;
  greater_is_better: boolean;
  /** What a guess gives that knows the mean; on few rows a baseline is below it by chance alone. */
  guess?: number;
}

const METRICS: Record<string, MetricFacts> = {
  accuracy: { perfect: 1, greater_is_better: true },
  balanced_accuracy: { perfect: 1, greater_is_better: true },
  f1: { perfect: 1, greater_is_better: true },
  precision: { perfect: 1, greater_is_better: true },
  recall: { perfect: 1, greater_is_better: true },
  roc_auc: { perfect: 1, greater_is_better: true },
  r2: { perfect: 1, greater_is_better: true, guess: 0 },
  log_loss: { perfect: 0, greater_is_better: false },
  mae: { perfect: 0, greater_is_better: false },
  rmse: { perfect: 0, greater_is_better: false },
  mape: { perfect: 0, greater_is_better: false },
};

export function greaterIsBetter(metric: string): boolean {
  return METRICS[metric]?.greater_is_better ?? true;
}

/** The smallest class has less than this share of an even split: accuracy would flatter. */
const UNEVEN = 0.5;

/** @param classes rows of each class, largest first; empty when they are not known */
export function findMetric(
  task: Task,
  given: string | undefined,
  classes: readonly number[],
): { metric: string; assumptions: Assumption[] } {
  if (given !== undefined) return { metric: given, assumptions: [] };
  const assume = (metric: string, reason: string) => ({
    metric,
    assumptions: [{ about: "metric", value: metric, reason }],
  });
  if (task === "regression") {
    return assume(
      "r2",
      "the share of the target's spread that is explained; 0 is what the mean reaches, 1 is perfect",
    );
  }
  const rows = classes.reduce((sum, count) => sum + count, 0);
  const smallest = classes.length > 1 ? classes[classes.length - 1] / (rows / classes.length) : 1;
  if (smallest >= UNEVEN) {
    return assume("accuracy", "the classes are about even, so the share of right answers says it all");
  }
  const share = `${(100 * classes[classes.length - 1] / rows).toFixed(1)} %`;
  return classes.length === 2
    ? assume("roc_auc", `the smaller class has only ${share} of the rows, so accuracy would flatter`)
    : assume(
      "balanced_accuracy",
      `the smallest class has only ${share} of the rows, so accuracy would flatter`,
    );
}

/** How far from the baseline to perfect a model must come. */
const MARGIN = 0.1;

export interface Threshold {
  min_score: number;
  reason: string;
}

/**
 * The least score worth deploying: a tenth of the way from the baseline (what a model that looks at no feature
 * reaches) to perfect, rounded to four digits towards perfect. Never from below what the mean alone reaches.
 */
export function thresholdAbove(metric: string, baseline: number): Threshold {
  const { perfect, greater_is_better, guess } = METRICS[metric] ?? { perfect: 1, greater_is_better: true };
  const start = guess === undefined ? baseline : Math.max(baseline, guess);
  const exact = start + MARGIN * (perfect - start);
  const min_score = greater_is_better
    ? Math.ceil(exact * 1e4 - 1e-6) / 1e4
    : Math.floor(exact * 1e4 + 1e-6) / 1e4;
  return {
    min_score,
    reason: start === baseline
      ? `a tenth of the way from the baseline's ${Number(baseline.toFixed(4))} to perfect (${perfect})`
      : `a tenth of the way from ${guess}, what the mean alone reaches, to perfect (${perfect})`,
  };
}
