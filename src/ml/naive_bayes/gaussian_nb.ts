import { log } from "@/kernels/exp_log.ts";
import { z } from "zod";
import { defineEstimator } from "../estimator.ts";
import { columnView } from "../matrix.ts";
import { sumOf, sumsFrom } from "../sums.ts";
import { checkColumns, checkFeatures, checkTraining } from "../tree/checks.ts";
import { classCounts, classSums } from "./class_sums.ts";
import { logOf, normalizeRows, priorOf } from "./log_scores.ts";

const params = z.strictObject({
  var_smoothing: z.number().min(0).default(1e-9).describe(
    "Share of the largest variance of all columns that is added to every variance, 0 or more.",
  ),
  priors: z.array(z.number().min(0)).nullable().default(null).describe(
    "Probability of each class, in the sorted order of the classes, summing to 1. null: as in the training rows.",
  ),
});

type GaussianState = {
  /** (classes) */
  prior: Float64Array;
  /** (classes * cols) row-major */
  mean: Float64Array;
  /** (classes * cols) row-major, above 0 */
  variance: Float64Array;
};

/** A normal distribution a class and column, the columns taken as independent. */
export const gaussianNb = defineEstimator<z.infer<typeof params>, GaussianState>({
  name: "gaussian_nb",
  title: "Gaussian naive Bayes",
  description:
    "Takes each column as normally distributed in each class. Very quick, good with few rows; its probabilities are too sure.",
  source: "https://scikit-learn.org/stable/modules/generated/sklearn.naive_bayes.GaussianNB.html",
  // A 0/1 column that hardly varies would outweigh all others in a product of densities.
  needs: {
    missing: "impute",
    missing_indicator: false,
    categories: "one_hot",
    scaling: false,
    kernels: true,
  },
  params: { classification: params },

  fit(X, y, params, context) {
    checkTraining(X, y, context, "gaussian_nb", false);
    const classes = context.n_classes;
    const weight = context.sample_weight;
    const { rows, cols } = X;
    const options = { kinds: Int32Array.from(y), n_classes: classes, weight };
    const counts = classCounts(options);
    const mean = classSums(X, options).map((sum, at) => sum / (counts[Math.floor(at / cols)] || 1));
    const variance = classSums(X, { ...options, means: mean })
      .map((sum, at) => sum / (counts[Math.floor(at / cols)] || 1));
    let largest = 0;
    for (let j = 0; j < cols; j++) {
      const column = columnView(X, j);
      largest = Math.max(largest, sumsFrom(column, sumOf(column) / rows).squares / rows);
    }
    // Where nothing varies, or smoothing is 0, the least variance keeps the logarithm finite.
    const added = params.var_smoothing * largest;
    for (let at = 0; at < variance.length; at++) variance[at] = Math.max(variance[at] + added, 1e-300);
    context.progress(1, 1);
    return { prior: priorOf(params.priors, counts, "gaussian_nb", "priors"), mean, variance };
  },

  predict(X, state) {
    const classes = state.prior.length;
    const { rows, cols } = X;
    checkColumns(X, state.mean.length / classes, "gaussian_nb");
    checkFeatures(X, "predict with gaussian_nb", false);
    const scores = new Float64Array(rows * classes);
    for (let k = 0; k < classes; k++) {
      let constant = logOf(state.prior[k]);
      for (let j = 0; j < cols; j++) constant -= log(2 * Math.PI * state.variance[k * cols + j]) / 2;
      for (let i = 0; i < rows; i++) scores[i * classes + k] = constant;
      for (let j = 0; j < cols; j++) {
        const column = columnView(X, j);
        const mean = state.mean[k * cols + j];
        const twice = 2 * state.variance[k * cols + j];
        for (let i = 0; i < rows; i++) scores[i * classes + k] -= (column[i] - mean) ** 2 / twice;
      }
    }
    normalizeRows(scores, state.prior);
    return scores;
  },
});
