import { z } from "zod";
import { defineEstimator } from "../estimator.ts";
import { checkTraining } from "../tree/checks.ts";
import { predictLinear } from "./elastic_net.ts";
import { linearImportances, type LinearState, spreadOf } from "./linear_state.ts";
import { solveQuantile } from "./quantile_solver.ts";

const params = z.strictObject({
  quantile: z.number().gt(0).lt(1).default(0.5).describe(
    "Share of the targets that lie below the prediction, between 0 and 1; 0.5 is the median.",
  ),
  alpha: z.number().min(0).default(1).describe(
    "Strength of the L1 penalty, 0 or more; larger makes more weights 0.",
  ),
  fit_intercept: z.boolean().default(true).describe("Whether the line may have an offset."),
});

type QuantileState = LinearState & { iterations: number; converged: boolean };

/** Linear regression of a quantile: the pinball loss with an L1 penalty. */
export const quantileRegression = defineEstimator<z.infer<typeof params>, QuantileState>({
  name: "quantile_regression",
  title: "Quantile regression",
  description:
    "A weighted sum of the columns below which a chosen share of the targets lies. Not moved by outliers; set alpha to 0 or small.",
  source: "https://scikit-learn.org/stable/modules/generated/sklearn.linear_model.QuantileRegressor.html",
  needs: { missing: "impute", categories: "one_hot", scaling: true, kernels: true },
  params: { regression: params },

  fit(X, y, params, context) {
    checkTraining(X, y, context, "quantile_regression", false);
    const { coef, intercept, iterations, converged } = solveQuantile(X, y, {
      ...params,
      weight: context.sample_weight,
      progress: context.progress,
    });
    return { coef, intercept: Float64Array.of(intercept), spread: spreadOf(X), iterations, converged };
  },

  predict: (X, state) => predictLinear(X, state, "quantile_regression"),

  importances: linearImportances,
});
