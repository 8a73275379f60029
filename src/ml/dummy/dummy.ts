import { z } from "zod";
import { defineEstimator } from "../estimator.ts";

type DummyState = {
  /** Regression: the one number. Classification: the probability of each class. */
  values: Float64Array;
};

const classificationParams = z.strictObject({
  strategy: z.enum(["prior", "most_frequent"]).default("prior").describe(
    "prior: the most frequent class, with the class shares as probabilities. most_frequent: the same class with probability 1.",
  ),
});

const regressionParams = z.strictObject({
  strategy: z.enum(["mean", "median"]).default("mean").describe("Which number of the target is predicted."),
});

type DummyParams = { strategy: "prior" | "most_frequent" | "mean" | "median" };

/** The baseline that any model must beat: it never looks at the features. */
export const dummy = defineEstimator<DummyParams, DummyState>({
  name: "dummy",
  title: "Baseline",
  description:
    "Predicts the most frequent class or the mean, whatever the row. Any useful model must be better.",
  source: "https://scikit-learn.org/stable/modules/generated/sklearn.dummy.DummyClassifier.html",
  needs: { missing: "native", categories: "native", scaling: false },
  params: { classification: classificationParams, regression: regressionParams },

  fit(_X, y, params, context) {
    const weight = context.sample_weight ?? new Float64Array(y.length).fill(1);
    if (context.task === "regression") {
      const value = params.strategy === "median" ? weightedMedian(y, weight) : weightedMean(y, weight);
      return { values: Float64Array.of(value) };
    }
    const values = new Float64Array(context.n_classes);
    let sum = 0;
    for (let i = 0; i < y.length; i++) {
      values[y[i]] += weight[i];
      sum += weight[i];
    }
    if (params.strategy === "most_frequent") {
      const most = values.indexOf(values.reduce((a, b) => Math.max(a, b)));
      values.fill(0);
      values[most] = 1;
    } else {
      for (let k = 0; k < values.length; k++) values[k] /= sum;
    }
    return { values };
  },

  predict(X, state) {
    const width = state.values.length;
    const scores = new Float64Array(X.rows * width);
    for (let i = 0; i < X.rows; i++) scores.set(state.values, i * width);
    return scores;
  },
});

function weightedMean(y: Float64Array, weight: Float64Array): number {
  let sum = 0;
  let total = 0;
  for (let i = 0; i < y.length; i++) {
    sum += weight[i] * y[i];
    total += weight[i];
  }
  return sum / total;
}

/** The middle value by weight; the mean of the two middle ones when the half falls between them. */
function weightedMedian(y: Float64Array, weight: Float64Array): number {
  const order = Uint32Array.from(y, (_, i) => i).filter((i) => weight[i] > 0).sort((a, b) => y[a] - y[b]);
  let total = 0;
  for (const i of order) total += weight[i];
  let below = 0;
  for (let at = 0; at < order.length; at++) {
    below += weight[order[at]];
    if (below === total / 2 && at + 1 < order.length) return (y[order[at]] + y[order[at + 1]]) / 2;
    if (below > total / 2) return y[order[at]];
  }
  return y[order[order.length - 1]];
}
