import { z } from "zod";
import { defineEstimator } from "../estimator.ts";
import { checkColumns, checkFeatures, checkTraining } from "../tree/checks.ts";
import { solveLeastSquares } from "./least_squares.ts";
import { linearImportances, linearScores, type LinearState, spreadOf } from "./linear_state.ts";

const params = z.strictObject({
  alpha: z.number().min(0).default(1).describe(
    "Strength of the L2 penalty, 0 or more; larger is smoother, 0 is linear_regression.",
  ),
  fit_intercept: z.boolean().default(true).describe("Whether the line may have an offset."),
});

/** Least squares with an L2 penalty on the weights of the scaled columns. */
export const ridge = defineEstimator<z.infer<typeof params>, LinearState>({
  name: "ridge",
  title: "Ridge regression",
  description: "Linear regression that keeps the weights small, so that many or related columns do no harm.",
  source: "https://scikit-learn.org/stable/modules/generated/sklearn.linear_model.Ridge.html",
  needs: { missing: "impute", categories: "one_hot", scaling: true, kernels: true },
  params: { regression: params },

  fit(X, y, params, context) {
    checkTraining(X, y, context, "ridge", false);
    const { coef, intercept } = solveLeastSquares(X, y, { ...params, weight: context.sample_weight });
    context.progress(1, 1);
    return { coef, intercept: Float64Array.of(intercept), spread: spreadOf(X) };
  },

  predict(X, state) {
    checkColumns(X, state.spread.length, "ridge");
    checkFeatures(X, "predict with ridge", false);
    return linearScores(X, state.coef, state.intercept);
  },

  importances: linearImportances,
});
