import { z } from "zod";
import { defineEstimator } from "../estimator.ts";
import { checkColumns, checkFeatures, checkTraining } from "../tree/checks.ts";
import { balancedWeights, multiplyWeights } from "../tree/class_weight.ts";
import { minimize } from "./lbfgs.ts";
import { linearImportances, linearScores, type LinearState, spreadOf } from "./linear_state.ts";
import { logisticLoss, logisticProbabilities } from "./logistic_loss.ts";

const params = z.strictObject({
  C: z.number().positive().default(1).describe(
    "Inverse of the strength of the penalty, above 0; smaller keeps the weights smaller.",
  ),
  penalty: z.enum(["l2", "none"]).default("l2").describe("l2: keep the weights small. none: do not."),
  tol: z.number().positive().default(1e-4).describe(
    "The fit ends when no element of the gradient of the mean loss is larger.",
  ),
  max_iter: z.int().min(1).default(100).describe("Most iterations of L-BFGS."),
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
  needs: { missing: "impute", categories: "one_hot", scaling: true },
  params: { classification: params },

  fit(X, y, params, context) {
    checkTraining(X, y, context, "logistic_regression", false);
    const outputs = context.n_classes === 2 ? 1 : context.n_classes;
    const balanced = params.class_weight === "balanced"
      ? balancedWeights(y, context.n_classes, context.sample_weight)
      : undefined;
    const weight = multiplyWeights(context.sample_weight, balanced) ?? new Float64Array(X.rows).fill(1);
    const total = weight.reduce((sum, w) => sum + w, 0);
    const problem = {
      X,
      y,
      weight,
      outputs,
      fit_intercept: params.fit_intercept,
      penalty: params.penalty === "l2" ? 1 / (params.C * total) : 0,
    };
    const start = new Float64Array(outputs * (X.cols + 1));
    const { x, iterations, converged } = minimize(
      start,
      (theta, gradient) => logisticLoss(problem, theta, gradient),
      {
        tol: params.tol,
        max_iter: params.max_iter,
        onIteration: (iteration, loss) => context.progress(iteration, params.max_iter, loss),
      },
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
    return logisticProbabilities(linearScores(X, state.coef, state.intercept), state.intercept.length);
  },

  importances: linearImportances,
});
