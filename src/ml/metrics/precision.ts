import { defineMetric } from "../metric.ts";
import { averageOverClasses, ratio } from "./truth.ts";

export const precision = defineMetric({
  name: "precision",
  title: "Precision",
  description:
    "Share of the rows predicted as a class that are of it: the second class when there are two, else the mean over classes; 1 is best.",
  source: "https://scikit-learn.org/stable/modules/generated/sklearn.metrics.precision_score.html",
  task: "classification",
  greater_is_better: true,
  compute: (truth) => averageOverClasses(truth, (counts) => ratio(counts.hit, counts.predicted)),
});
