import { AppError } from "@/shared/errors.ts";
import { z } from "zod";
import { isPlaced } from "@/kernels/solo.ts";
import { defineEstimator } from "../estimator.ts";
import { sumOf } from "../sums.ts";
import { checkColumns, checkFeatures, checkTraining } from "../tree/checks.ts";
import { balancedWeights, multiplyWeights } from "../tree/class_weight.ts";
import { minimize } from "./lbfgs.ts";
import { minimizeL1 } from "./owl_qn.ts";
import {
  linearImportances,
  linearScores,
  type LinearState,
  quickProbabilities,
  spreadOf,
} from "./linear_state.ts";
import { logisticProbabilities, withLoss } from "./linear_loss.ts";

const params = z.strictObject({
  C: z.number().positive().default(1).describe(
    "Inverse of the strength of the penalty, above 0; smaller keeps the weights smaller.",
  ),
  penalty: z.enum(["l2", "l1", "elasticnet", "none"]).default("l2").describe(
    "l2: keep the weights small. l1: make those of useless columns 0. elasticnet: both, by l1_ratio. none: neither.",
  ),
  l1_ratio: z.number().min(0).max(1).nullable().default(null).describe(
    "Share of the l1 penalty, 0 to 1. null: as penalty says (0 for l2, 1 for l1, 0.5 for elasticnet).",
  ),
  tol: z.number().positive().default(1e-4).describe(
    "The fit ends when no element of the gradient of the mean loss is larger.",
  ),
  max_iter: z.int().min(1).default(100).describe(
    "Most iterations of the solver: L-BFGS, with an l1 penalty OWL-QN.",
  ),
  fit_intercept: z.boolean().default(true).describe("Whether each class has an offset."),
  class_weight: z.enum(["balanced"]).nullable().default(null).describe(
    "balanced: every class counts the same however rare. null: every row counts the same.",
  ),
});

type LogisticState = LinearState & { iterations: number; converged: boolean };

/** Two classes: one sigmoid. More: multinomial (softmax), not one against the rest. */
export const logisticRegression = defineEstimator<z.infer<typeof params>, LogisticState>({
  name: "logistic_regression",
  title: "Logistic regression",
  description:
    "Probabilities from a weighted sum of the columns. Quick, easy to read and hard to overfit; misses interactions.",
  source: "https://scikit-learn.org/stable/modules/generated/sklearn.linear_model.LogisticRegression.html",
  needs: { missing: "impute", categories: "one_hot", scaling: true, kernels: true },
  params: { classification: params },

  fit(X, y, params, context) {
    checkTraining(X, y, context, "logistic_regression", false);
    const outputs = context.n_classes === 2 ? 1 : context.n_classes;
    const balanced = params.class_weight === "balanced"
      ? balancedWeights(y, context.n_classes, context.sample_weight)
      : undefined;
    const weight = multiplyWeights(context.sample_weight, balanced);
    const strength = params.penalty === "none" ? 0 : 1 / (params.C * (weight ? sumOf(weight) : X.rows));
    const ratio = l1Ratio(params);
    const size = outputs * X.cols;
    const l1 = new Float64Array(size + outputs).fill(strength * ratio, 0, size);
    const problem = {
      X,
      y,
      weight,
      outputs,
      loss: outputs === 1 ? "logistic" as const : "softmax" as const,
      fit_intercept: params.fit_intercept,
      penalty: strength * (1 - ratio),
    };
    const options = {
      tol: params.tol,
      max_iter: params.max_iter,
      onIteration: (iteration: number, loss: number) => context.progress(iteration, params.max_iter, loss),
    };
    const start = new Float64Array(size + outputs);
    const { x, iterations, converged } = withLoss(
      problem,
      (evaluate) =>
        ratio > 0 && strength > 0
          ? minimizeL1(start, evaluate, l1, options)
          : minimize(start, evaluate, options),
    );
    return {
      coef: x.slice(0, outputs * X.cols),
      intercept: x.slice(outputs * X.cols),
      spread: spreadOf(X),
      iterations,
      converged,
    };
  },

  predict(X, state) {
    checkColumns(X, state.spread.length, "logistic_regression");
    checkFeatures(X, "predict with logistic_regression", false);
    const { coef, intercept } = state;
    if (intercept.length === 1 && isPlaced(X.data)) return quickProbabilities(X, coef, intercept);
    return logisticProbabilities(linearScores(X, coef, intercept), intercept.length);
  },

  importances: linearImportances,
});

/** @throws AppError invalid_argument where l1_ratio contradicts the penalty */
function l1Ratio({ penalty, l1_ratio }: z.infer<typeof params>): number {
  if (l1_ratio === null) return { l2: 0, l1: 1, elasticnet: 0.5, none: 0 }[penalty];
  if (penalty === "l1" && l1_ratio !== 1 || penalty === "none" && l1_ratio !== 0) {
    throw new AppError(
      "invalid_argument",
      `Cannot train logistic_regression: parameter l1_ratio is ${l1_ratio}, but the penalty is ${penalty}`,
      { hint: "Use penalty elasticnet to mix both penalties, or leave l1_ratio out." },
    );
  }
  return l1_ratio;
}
