import { defineMetric } from "../metric.ts";
import { weightedMean } from "./truth.ts";

export const rmse = defineMetric({
  name: "rmse",
  title: "Root mean squared error",
  description:
    "Root of the mean squared distance of the prediction from the truth, in units of the target; 0 is best.",
  source: "https://scikit-learn.org/stable/modules/generated/sklearn.metrics.root_mean_squared_error.html",
  task: "regression",
  greater_is_better: false,
  compute: (truth) => Math.sqrt(weightedMean(truth, (i) => (truth.y[i] - truth.scores[i]) ** 2)),
});
