import { defineMetric } from "../metric.ts";
import { weightedMean } from "./truth.ts";

export const mae = defineMetric({
  name: "mae",
  title: "Mean absolute error",
  description: "Mean distance of the prediction from the truth, in units of the target; 0 is best.",
  source: "https://scikit-learn.org/stable/modules/generated/sklearn.metrics.mean_absolute_error.html",
  task: "regression",
  greater_is_better: false,
  compute: (truth) => weightedMean(truth, (i) => Math.abs(truth.y[i] - truth.scores[i])),
});
