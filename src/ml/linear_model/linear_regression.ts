import { z } from "zod";
import { defineEstimator } from "../estimator.ts";
import { checkColumns, checkFeatures, checkTraining } from "../tree/checks.ts";
import { solveLeastSquares } from "./least_squares.ts";
import { linearImportances, linearScores, type LinearState, spreadOf } from "./linear_state.ts";

const params = z.strictObject({
  fit_intercept: z.boolean().default(true).describe("Whether the line may have an offset."),
});

/** Ordinary least squares; of equally good solutions the one of smallest norm. */
export const linearRegression = defineEstimator<z.infer<typeof params>, LinearState>({
  name: "linear_regression",
  title: "Linear regression",
  description:
    "A weighted sum of the columns, by least squares. Quick and easy to read; prefer ridge with many or related columns.",
  source: "https://scikit-learn.org/stable/modules/generated/sklearn.linear_model.LinearRegression.html",
  needs: { missing: "impute", categories: "one_hot", scaling: true, kernels: true },
  params: { regression: params },

  fit(X, y, params, context) {
    checkTraining(X, y, context, "linear_regression", false);
    const { coef, intercept } = solveLeastSquares(X, y, {
      ...params,
      alpha: 0,
      weight: context.sample_weight,
    });
    context.progress(1, 1);
    return { coef, intercept: Float64Array.of(intercept), spread: spreadOf(X) };
  },

  predict(X, state) {
    checkColumns(X, state.spread.length, "linear_regression");
    checkFeatures(X, "predict with linear_regression", false);
    return linearScores(X, state.coef, state.intercept);
  },

  importances: linearImportances,
});
