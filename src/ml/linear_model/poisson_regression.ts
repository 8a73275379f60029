import { exp, log } from "@/kernels/exp_log.ts";
import { AppError } from "@/shared/errors.ts";
import { z } from "zod";
import { defineEstimator, type FitContext } from "../estimator.ts";
import { sumOf } from "../sums.ts";
import { checkTraining } from "../tree/checks.ts";
import { predictLinear } from "./elastic_net.ts";
import { minimize } from "./lbfgs.ts";
import { withLoss } from "./linear_loss.ts";
import { linearImportances, type LinearState, spreadOf } from "./linear_state.ts";

const params = z.strictObject({
  alpha: z.number().min(0).default(1).describe("Strength of the L2 penalty, 0 or more; larger is smoother."),
  fit_intercept: z.boolean().default(true).describe("Whether the logarithm of the mean has an offset."),
  max_iter: z.int().min(1).default(100).describe("Most iterations of L-BFGS, from 1 up."),
  tol: z.number().positive().default(1e-4).describe(
    "The fit ends when no element of the gradient of the mean loss is larger.",
  ),
});

type PoissonState = LinearState & { iterations: number; converged: boolean };

/** A linear model of the logarithm of the mean, by Poisson's likelihood. */
export const poissonRegression = defineEstimator<z.infer<typeof params>, PoissonState>({
  name: "poisson_regression",
  title: "Poisson regression",
  description:
    "For counts and other targets of 0 or more: columns multiply the mean. Predictions are always above 0.",
  source: "https://scikit-learn.org/stable/modules/generated/sklearn.linear_model.PoissonRegressor.html",
  needs: { missing: "impute", categories: "one_hot", scaling: true, kernels: true },
  demands: { target: "not_negative" },
  params: { regression: params },

  fit(X, y, params, context) {
    checkTraining(X, y, context, "poisson_regression", false);
    const mean = meanCount(y, context);
    const start = new Float64Array(X.cols + 1);
    if (params.fit_intercept) start[X.cols] = log(mean);
    const problem = {
      X,
      y,
      weight: context.sample_weight,
      loss: "poisson" as const,
      outputs: 1,
      fit_intercept: params.fit_intercept,
      penalty: params.alpha,
    };
    const { x, iterations, converged } = withLoss(problem, (evaluate) =>
      minimize(start, evaluate, {
        tol: params.tol,
        max_iter: params.max_iter,
        onIteration: (iteration, loss) => context.progress(iteration, params.max_iter, loss),
      }));
    context.progress(params.max_iter, params.max_iter);
    return {
      coef: x.slice(0, X.cols),
      intercept: x.slice(X.cols),
      spread: spreadOf(X),
      iterations,
      converged,
    };
  },

  predict: (X, state) => predictLinear(X, state, "poisson_regression").map(exp),

  importances: linearImportances,
});

/** @throws AppError invalid_argument for a target below 0, or of nothing but 0 */
function meanCount(y: Float64Array, { sample_weight }: FitContext): number {
  const wrong = y.findIndex((value) => value < 0);
  if (wrong >= 0) {
    throw new AppError(
      "invalid_argument",
      `Cannot fit poisson_regression: the target of row ${wrong + 1} is ${
        y[wrong]
      }, and targets must be 0 or more`,
      { hint: "Use it for counts and amounts; for numbers of both signs take ridge or gradient_boosting." },
    );
  }
  const weighted = sample_weight ? y.map((value, i) => value * sample_weight[i]) : y;
  const mean = sumOf(weighted) / (sample_weight ? sumOf(sample_weight) : y.length);
  if (mean > 0) return mean;
  throw new AppError("invalid_argument", "Cannot fit poisson_regression: every target is 0", {
    hint: "At least one row needs a target above 0.",
  });
}
