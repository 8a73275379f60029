import { log } from "@/kernels/exp_log.ts";
import { z } from "zod";
import { defineEstimator } from "../estimator.ts";
import type { Matrix } from "../matrix.ts";
import { checkFeatures, checkTraining } from "../tree/checks.ts";
import { isPlaced, withArena } from "@/kernels/solo.ts";
import { classCounts, classSums } from "./class_sums.ts";
import {
  DISCRETE_PARAMS,
  discretePrior,
  type DiscreteState,
  LEAST_ALPHA,
  predictDiscrete,
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
  needs: {
    missing: "impute",
    missing_indicator: false,
    categories: "one_hot",
    scaling: false,
    kernels: true,
  },
  params: { classification: params },

  fit(X, y, params, context) {
    checkTraining(X, y, context, "bernoulli_nb", false);
    const { cols } = X;
    const { n_classes, sample_weight: weight } = context;
    const options = { kinds: Int32Array.from(y), n_classes, weight };
    const counts = classCounts(options);
    const sums = withBinary(X, params.binarize, (yes) => classSums(yes, options));
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

  predict(X, state) {
    checkFeatures(X, "predict with bernoulli_nb", false);
    return withBinary(X, state.binarize, (yes) => predictDiscrete(yes, state, "bernoulli_nb"));
  },
});

/** Gives `work` 1 where X is above the limit, else 0; in the kernels' memory where X lies there. */
function withBinary<T>(X: Matrix, limit: number, work: (yes: Matrix) => T): T {
  if (!isPlaced(X.data)) {
    const data = new Float64Array(X.data.length);
    plainBinary(X.data, limit, data);
    return work({ ...X, data });
  }
  return withArena(({ kernels, room }) => {
    const data = room(X.data.length);
    kernels.column_binarize(data.byteOffset, X.data.byteOffset, data.length, limit);
    return work({ ...X, data });
  });
}

/** By the sign bit: a branch would be guessed wrong half of the time. */
function plainBinary(values: Float64Array, limit: number, to: Float64Array): void {
  for (let at = 0; at < to.length; at++) to[at] = limit - values[at];
  const words = new Uint32Array(to.buffer);
  for (let at = 0; at < to.length; at++) to[at] = words[2 * at + 1] >>> 31;
}
