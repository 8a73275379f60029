import { z } from "zod";
import { defineEstimator } from "../estimator.ts";
import { fitElasticNet, type NetState, PENALTY_PARAMS, predictLinear } from "./elastic_net.ts";
import { linearImportances } from "./linear_state.ts";

const params = z.strictObject(PENALTY_PARAMS);

/** Least squares with an L1 penalty: the elastic net of l1_ratio 1. */
export const lasso = defineEstimator<z.infer<typeof params>, NetState>({
  name: "lasso",
  title: "Lasso",
  description: "Linear regression that gives useless columns the weight 0, so that few are left to read.",
  source: "https://scikit-learn.org/stable/modules/generated/sklearn.linear_model.Lasso.html",
  needs: { missing: "impute", categories: "one_hot", scaling: true, kernels: true },
  params: { regression: params },
  fit: (X, y, params, context) => fitElasticNet(X, y, "lasso", { ...params, l1_ratio: 1 }, context),
  predict: (X, state) => predictLinear(X, state, "lasso"),
  importances: linearImportances,
});
