import { AppError } from "@/shared/errors.ts";
import { z } from "zod";
import { defineEstimator } from "../estimator.ts";
import { columnView } from "../matrix.ts";
import { checkColumns, checkFeatures, checkTraining } from "../tree/checks.ts";

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
  needs: { missing: "impute", missing_indicator: false, categories: "one_hot", scaling: false },
  params: { classification: params },

  fit(X, y, params, context) {
    checkTraining(X, y, context, "gaussian_nb", false);
    const classes = context.n_classes;
    const weight = context.sample_weight ?? new Float64Array(X.rows).fill(1);
    const counts = new Float64Array(classes);
    for (let i = 0; i < X.rows; i++) counts[y[i]] += weight[i];
    const mean = new Float64Array(classes * X.cols);
    const variance = new Float64Array(classes * X.cols);
    let largest = 0;
    for (let j = 0; j < X.cols; j++) {
      const column = columnView(X, j);
      largest = Math.max(largest, varianceOf(column));
      for (let i = 0; i < X.rows; i++) mean[y[i] * X.cols + j] += weight[i] * column[i];
      for (let k = 0; k < classes; k++) mean[k * X.cols + j] /= counts[k] || 1;
      for (let i = 0; i < X.rows; i++) {
        variance[y[i] * X.cols + j] += weight[i] * (column[i] - mean[y[i] * X.cols + j]) ** 2;
      }
      for (let k = 0; k < classes; k++) variance[k * X.cols + j] /= counts[k] || 1;
    }
    // Where nothing varies, or smoothing is 0, the least variance keeps the logarithm finite.
    const added = params.var_smoothing * largest;
    for (let at = 0; at < variance.length; at++) variance[at] = Math.max(variance[at] + added, 1e-300);
    context.progress(1, 1);
    return { prior: priorOf(params.priors, counts), mean, variance };
  },

  predict(X, state) {
    const classes = state.prior.length;
    const { rows, cols } = X;
    checkColumns(X, state.mean.length / classes, "gaussian_nb");
    checkFeatures(X, "predict with gaussian_nb", false);
    const scores = new Float64Array(rows * classes);
    for (let k = 0; k < classes; k++) {
      let constant = Math.log(state.prior[k]);
      for (let j = 0; j < cols; j++) constant -= Math.log(2 * Math.PI * state.variance[k * cols + j]) / 2;
      for (let i = 0; i < rows; i++) scores[i * classes + k] = constant;
      for (let j = 0; j < cols; j++) {
        const column = columnView(X, j);
        const mean = state.mean[k * cols + j];
        const twice = 2 * state.variance[k * cols + j];
        for (let i = 0; i < rows; i++) scores[i * classes + k] -= (column[i] - mean) ** 2 / twice;
      }
    }
    for (let i = 0; i < rows; i++) normalize(scores.subarray(i * classes, (i + 1) * classes), state.prior);
    return scores;
  },
});

/** Log likelihoods to probabilities; the priors where every class is infinitely unlikely. */
function normalize(logs: Float64Array, prior: Float64Array): void {
  const most = logs.reduce((a, b) => Math.max(a, b));
  if (most === -Infinity) return logs.set(prior);
  let sum = 0;
  for (let k = 0; k < logs.length; k++) sum += logs[k] = Math.exp(logs[k] - most);
  for (let k = 0; k < logs.length; k++) logs[k] /= sum;
}

function priorOf(given: number[] | null, counts: Float64Array): Float64Array {
  if (given === null) {
    const total = counts.reduce((sum, count) => sum + count, 0);
    return counts.map((count) => count / total);
  }
  const sum = given.reduce((a, b) => a + b, 0);
  if (given.length !== counts.length || Math.abs(sum - 1) > 1e-8) {
    throw new AppError(
      "invalid_argument",
      `Cannot train gaussian_nb: parameter priors has ${given.length} numbers with sum ${sum}`,
      { hint: `Give ${counts.length} numbers, one a class, with sum 1.` },
    );
  }
  return Float64Array.from(given);
}

function varianceOf(column: Float64Array): number {
  let mean = 0;
  for (const value of column) mean += value;
  mean /= column.length;
  let squares = 0;
  for (const value of column) squares += (value - mean) ** 2;
  return squares / column.length;
}
