import { defineMetric } from "../metric.ts";
import { averageOverClasses, ratio } from "./truth.ts";

export const recall = defineMetric({
  name: "recall",
  title: "Recall",
  description:
    "Share of the rows of a class that are predicted as it: the second class when there are two, else the mean over classes; 1 is best.",
  source: "https://scikit-learn.org/stable/modules/generated/sklearn.metrics.recall_score.html",
  task: "classification",
  greater_is_better: true,
  compute: (truth) => averageOverClasses(truth, (counts) => ratio(counts.hit, counts.actual)),
});
