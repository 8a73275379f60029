import { defineMetric } from "../metric.ts";
import { countClasses } from "./truth.ts";

export const balancedAccuracy = defineMetric({
  name: "balanced_accuracy",
  title: "Balanced accuracy",
  description:
    "Mean over the classes of the share predicted right, so that a rare class counts as much; 1 is best.",
  source: "https://scikit-learn.org/stable/modules/generated/sklearn.metrics.balanced_accuracy_score.html",
  task: "classification",
  greater_is_better: true,
  compute(truth) {
    const there = countClasses(truth).filter((counts) => counts.actual > 0);
    return there.reduce((sum, counts) => sum + counts.hit / counts.actual, 0) / there.length;
  },
});
