import { defineMetric } from "../metric.ts";
import { weightedMean } from "./truth.ts";

export const mape = defineMetric({
  name: "mape",
  title: "Mean absolute percentage error",
  description:
    "Mean of the distance from the truth divided by the truth (0.1 is ten per cent); huge where the truth is 0; 0 is best.",
  source:
    "https://scikit-learn.org/stable/modules/generated/sklearn.metrics.mean_absolute_percentage_error.html",
  task: "regression",
  greater_is_better: false,
  compute: (truth) =>
    weightedMean(
      truth,
      (i) => Math.abs(truth.y[i] - truth.scores[i]) / Math.max(Math.abs(truth.y[i]), Number.EPSILON),
    ),
});
