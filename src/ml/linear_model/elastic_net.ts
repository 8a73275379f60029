import { z } from "zod";
import { defineEstimator, type FitContext } from "../estimator.ts";
import type { Matrix } from "../matrix.ts";
import { checkColumns, checkFeatures, checkTraining } from "../tree/checks.ts";
import { type ElasticNetOptions, solveElasticNet } from "./coordinate_descent.ts";
import { linearImportances, linearScores, type LinearState, spreadOf } from "./linear_state.ts";

/** What lasso and elastic_net share. */
export const PENALTY_PARAMS = {
  alpha: z.number().min(0).default(1).describe(
    "Strength of the penalty, 0 or more, in units of the target; larger makes more weights 0.",
  ),
  fit_intercept: z.boolean().default(true).describe("Whether the line may have an offset."),
  positive: z.boolean().default(false).describe("Whether weights must be 0 or more."),
  max_iter: z.int().min(1).default(1000).describe("Most passes over the columns, from 1 up."),
  tol: z.number().positive().default(1e-4).describe(
    "The fit ends when the duality gap is below this share of the target's sum of squares.",
  ),
};

const params = z.strictObject({
  ...PENALTY_PARAMS,
  l1_ratio: z.number().min(0).max(1).default(0.5).describe(
    "Share of the L1 penalty, 0 (as ridge) to 1 (as lasso).",
  ),
});

export type NetState = LinearState & { iterations: number; converged: boolean };

export function fitElasticNet(
  X: Matrix,
  y: Float64Array,
  name: string,
  params: Omit<ElasticNetOptions, "weight" | "progress">,
  context: FitContext,
): NetState {
  checkTraining(X, y, context, name, false);
  const { coef, intercept, iterations, converged } = solveElasticNet(X, y, name, {
    ...params,
    weight: context.sample_weight,
    progress: context.progress,
  });
  return { coef, intercept: Float64Array.of(intercept), spread: spreadOf(X), iterations, converged };
}

export function predictLinear(X: Matrix, state: LinearState, name: string): Float64Array {
  checkColumns(X, state.spread.length, name);
  checkFeatures(X, `predict with ${name}`, false);
  return linearScores(X, state.coef, state.intercept);
}

/** Least squares with a mix of L1 and L2 penalties. */
export const elasticNet = defineEstimator<z.infer<typeof params>, NetState>({
  name: "elastic_net",
  title: "Elastic net",
  description:
    "Linear regression that leaves useless columns out as lasso does, and shares weight among related ones as ridge does.",
  source: "https://scikit-learn.org/stable/modules/generated/sklearn.linear_model.ElasticNet.html",
  needs: { missing: "impute", categories: "one_hot", scaling: true, kernels: true },
  params: { regression: params },
  fit: (X, y, params, context) => fitElasticNet(X, y, "elastic_net", params, context),
  predict: (X, state) => predictLinear(X, state, "elastic_net"),
  importances: linearImportances,
});
