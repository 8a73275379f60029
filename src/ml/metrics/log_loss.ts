import { log } from "@/kernels/exp_log.ts";
import { defineMetric } from "../metric.ts";
import { weightedMean } from "./truth.ts";

export const logLoss = defineMetric({
  name: "log_loss",
  title: "Log loss",
  description: "Mean of minus the logarithm of the probability given to the right class; 0 is best.",
  source: "https://scikit-learn.org/stable/modules/generated/sklearn.metrics.log_loss.html",
  task: "classification",
  greater_is_better: false,
  compute(truth) {
    const { y, scores, n_classes } = truth;
    return weightedMean(truth, (i) => {
      const p = scores[i * n_classes + y[i]];
      return -log(Math.min(Math.max(p, Number.EPSILON), 1 - Number.EPSILON));
    });
  },
});
