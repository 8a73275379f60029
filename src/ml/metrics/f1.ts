import { defineMetric } from "../metric.ts";
import { averageOverClasses, ratio } from "./truth.ts";

export const f1 = defineMetric({
  name: "f1",
  title: "F1",
  description:
    "Harmonic mean of precision and recall: of the second class when there are two, else the mean over classes; 1 is best.",
  source: "https://scikit-learn.org/stable/modules/generated/sklearn.metrics.f1_score.html",
  task: "classification",
  greater_is_better: true,
  compute: (truth) =>
    averageOverClasses(truth, (counts) => ratio(2 * counts.hit, counts.actual + counts.predicted)),
});
