import { log } from "@/kernels/math.ts";
import { z } from "zod";
import { defineEstimator } from "../estimator.ts";
import type { Matrix } from "../matrix.ts";
import { checkFeatures, checkTraining } from "../tree/checks.ts";
import {
  DISCRETE_PARAMS,
  discretePrior,
  type DiscreteState,
  LEAST_ALPHA,
  predictDiscrete,
  sumsByClass,
} from "./discrete.ts";
import { logOf } from "./log_scores.ts";

const params = z.strictObject({
  ...DISCRETE_PARAMS,
  binarize: z.number().default(0).describe("A column counts as 1 where it is above this number, else as 0."),
});

type BernoulliState = DiscreteState & { binarize: number };

/** Yes or no in each column, drawn by a chance that differs between the classes. */
export const bernoulliNb = defineEstimator<z.infer<typeof params>, BernoulliState>({
  name: "bernoulli_nb",
  title: "Bernoulli naive Bayes",
  description:
    "For columns of yes or no, such as categories: classes differ by how often each is a yes. Numbers are cut at binarize.",
  source: "https://scikit-learn.org/stable/modules/generated/sklearn.naive_bayes.BernoulliNB.html",
  needs: { missing: "impute", missing_indicator: false, categories: "one_hot", scaling: false },
  params: { classification: params },

  fit(X, y, params, context) {
    checkTraining(X, y, context, "bernoulli_nb", false);
    const { cols } = X;
    const { sums, counts } = sumsByClass(binary(X, params.binarize, "fit bernoulli_nb"), y, context);
    const prior = discretePrior(params, counts, "bernoulli_nb");
    const alpha = Math.max(params.alpha, LEAST_ALPHA);
    const coef = new Float64Array(sums.length);
    const intercept = prior.map(logOf);
    for (let k = 0; k < context.n_classes; k++) {
      const total = log(counts[k] + 2 * alpha);
      for (let j = 0; j < cols; j++) {
        const yes = log(sums[k * cols + j] + alpha) - total;
        const no = log(counts[k] - sums[k * cols + j] + alpha) - total;
        coef[k * cols + j] = yes - no;
        intercept[k] += no;
      }
    }
    context.progress(1, 1);
    return { prior, coef, intercept, binarize: params.binarize };
  },

  predict: (X, state) =>
    predictDiscrete(binary(X, state.binarize, "predict with bernoulli_nb"), state, "bernoulli_nb"),
});

/** 1 above the limit, else 0, by the sign bit: a branch would be guessed wrong half of the time. */
function binary(X: Matrix, limit: number, action: string): Matrix {
  checkFeatures(X, action, false);
  const data = new Float64Array(X.data.length);
  for (let at = 0; at < data.length; at++) data[at] = limit - X.data[at];
  const words = new Uint32Array(data.buffer);
  for (let at = 0; at < data.length; at++) data[at] = words[2 * at + 1] >>> 31;
  return { ...X, data };
}
