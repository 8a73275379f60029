import { defineMetric } from "../metric.ts";
import { predictedClass, weightedMean } from "./truth.ts";

export const accuracy = defineMetric({
  name: "accuracy",
  title: "Accuracy",
  description: "Share of the rows whose class is predicted right; 1 is best.",
  source: "https://scikit-learn.org/stable/modules/generated/sklearn.metrics.accuracy_score.html",
  task: "classification",
  greater_is_better: true,
  compute: (truth) => weightedMean(truth, (i) => predictedClass(truth, i) === truth.y[i] ? 1 : 0),
});
