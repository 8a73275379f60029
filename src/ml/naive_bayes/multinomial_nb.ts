import { log } from "@/kernels/exp_log.ts";
import { isPlaced, withArena } from "@/kernels/solo.ts";
import { AppError } from "@/shared/errors.ts";
import { z } from "zod";
import { defineEstimator } from "../estimator.ts";
import { columnView, type Matrix } from "../matrix.ts";
import { checkTraining } from "../tree/checks.ts";
import { classCounts, classSums } from "./class_sums.ts";
import {
  DISCRETE_PARAMS,
  discretePrior,
  type DiscreteState,
  LEAST_ALPHA,
  predictDiscrete,
} from "./discrete.ts";
import { logOf } from "./log_scores.ts";

const params = z.strictObject(DISCRETE_PARAMS);

/** Counts of many things, drawn by shares that differ between the classes. */
export const multinomialNb = defineEstimator<z.infer<typeof params>, DiscreteState>({
  name: "multinomial_nb",
  title: "Multinomial naive Bayes",
  description:
    "For columns that count things, such as words: classes differ by the share of each. Numbers must be 0 or more.",
  source: "https://scikit-learn.org/stable/modules/generated/sklearn.naive_bayes.MultinomialNB.html",
  needs: {
    missing: "impute",
    missing_indicator: false,
    categories: "one_hot",
    scaling: false,
    kernels: true,
  },
  demands: { features: "not_negative" },
  params: { classification: params },

  fit(X, y, params, context) {
    checkTraining(X, y, context, "multinomial_nb", false);
    checkCounts(X);
    const { n_classes, sample_weight: weight } = context;
    const options = { kinds: Int32Array.from(y), n_classes, weight };
    const [sums, counts] = [classSums(X, options), classCounts(options)];
    const prior = discretePrior(params, counts, "multinomial_nb");
    const alpha = Math.max(params.alpha, LEAST_ALPHA);
    const coef = new Float64Array(sums.length);
    for (let k = 0; k < context.n_classes; k++) {
      const own = sums.subarray(k * X.cols, (k + 1) * X.cols);
      const total = own.reduce((sum, value) => sum + value + alpha, 0);
      own.forEach((value, j) => coef[k * X.cols + j] = log(value + alpha) - log(total));
    }
    context.progress(1, 1);
    return { prior, coef, intercept: prior.map(logOf) };
  },

  predict: (X, state) => predictDiscrete(X, state, "multinomial_nb"),
});

/** @throws AppError invalid_argument naming column and row of a number below 0 */
function checkCounts(X: Matrix): void {
  const { data } = X;
  if (isPlaced(data) && withArena(({ kernels }) => kernels.column_least(data.byteOffset, data.length)) >= 0) {
    return;
  }
  for (let j = 0; j < X.cols; j++) {
    const column = columnView(X, j);
    let row = 0;
    while (row < column.length && column[row] >= 0) row++;
    if (row === column.length) continue;
    throw new AppError(
      "invalid_argument",
      `Cannot fit multinomial_nb: column "${X.names[j]}" holds ${column[row]} in row ${
        row + 1
      }, and counts are 0 or more`,
      { hint: "Exclude the column, or use gaussian_nb." },
    );
  }
}
