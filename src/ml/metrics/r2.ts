import { defineMetric } from "../metric.ts";
import { weightedMean } from "./truth.ts";

export const r2 = defineMetric({
  name: "r2",
  title: "R²",
  description:
    "Share of the variance of the target that the predictions explain; 1 is best, 0 is as good as the mean.",
  source: "https://scikit-learn.org/stable/modules/generated/sklearn.metrics.r2_score.html",
  task: "regression",
  greater_is_better: true,
  compute(truth) {
    if (truth.y.length < 2) return NaN;
    const mean = weightedMean(truth, (i) => truth.y[i]);
    const residual = weightedMean(truth, (i) => (truth.y[i] - truth.scores[i]) ** 2);
    const total = weightedMean(truth, (i) => (truth.y[i] - mean) ** 2);
    // A target that does not vary: 1 when predicted exactly, else 0 (`force_finite`).
    if (total === 0) return residual === 0 ? 1 : Number.isNaN(residual) ? NaN : 0;
    return 1 - residual / total;
  },
});
