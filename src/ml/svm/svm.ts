import { withArena } from "@/kernels/solo.ts";
import { AppError } from "@/shared/errors.ts";
import { z } from "zod";
import { defineEstimator } from "../estimator.ts";
import type { Matrix } from "../matrix.ts";
import { sumOf, sumsFrom } from "../sums.ts";
import { checkColumns, checkFeatures, checkTraining } from "../tree/checks.ts";
import { balancedWeights, multiplyWeights } from "../tree/class_weight.ts";
import { fitClassifier, fitRegressor } from "./fit.ts";
import { KERNELS } from "./kernel_rows.ts";
import { predictSvm, type SvmState } from "./predict.ts";

const shared = {
  C: z.number().positive().default(1).describe(
    "What an error costs against a simple border, above 0; smaller is smoother.",
  ),
  kernel: z.enum(KERNELS).default("rbf").describe("How rows are compared."),
  degree: z.int().min(0).max(100).default(3).describe("Exponent of the poly kernel, 0 to 100."),
  gamma: z.union([z.number().min(0), z.enum(["scale", "auto"])]).default("scale").describe(
    "Factor in rbf, poly and sigmoid, 0 or more. scale: 1 / (columns * variance of all numbers). auto: 1 / columns.",
  ),
  coef0: z.number().default(0).describe("Added in poly and sigmoid."),
  tol: z.number().positive().default(1e-3).describe("The fit ends when no change gains more than this."),
  cache_size: z.number().positive().max(2000).default(200).describe(
    "Megabytes for compared rows, up to 2000; more is quicker with many rows.",
  ),
  max_iter: z.int().min(-1).default(-1).describe("Most changes of two coefficients a fit. -1: no limit."),
};

const classifierParams = z.strictObject({
  ...shared,
  class_weight: z.enum(["balanced"]).nullable().default(null).describe(
    "balanced: every class counts the same however rare. null: every row counts the same.",
  ),
  probability: z.boolean().default(true).describe(
    "Whether probabilities are calibrated on five folds. false: quicker, and only the order of scores means something.",
  ),
});

const regressorParams = z.strictObject({
  ...shared,
  epsilon: z.number().min(0).default(0.1).describe(
    "Errors up to it cost nothing, in units of the target, 0 or more.",
  ),
});

type Params = z.infer<typeof classifierParams> & z.infer<typeof regressorParams>;

/** Comparing all rows with all grows with their square: 50,000 x 20 took 40 seconds. */
const MAX_ROWS = 50_000;

/** Support vector machines: C-SVC, one class against one, and epsilon-SVR. */
export const svm = defineEstimator<Params, SvmState>({
  name: "svm",
  title: "Support vector machine",
  description:
    "A smooth border (or curve) held by the rows next to it. Good with up to some thousand rows of numbers; slow with many.",
  source: "https://scikit-learn.org/stable/modules/generated/sklearn.svm.SVC.html",
  needs: { missing: "impute", categories: "one_hot", scaling: true },
  params: {
    classification: classifierParams as unknown as z.ZodType<Params>,
    regression: regressorParams as unknown as z.ZodType<Params>,
  },

  fit(X, y, params, context) {
    checkTraining(X, y, context, "svm", false);
    checkRows(X.rows);
    const { n_classes } = context;
    const spec = {
      kernel: params.kernel,
      gamma: gammaOf(X, params.gamma),
      coef0: params.coef0,
      degree: params.degree,
    };
    const balanced = params.class_weight === "balanced" ? balancedWeights(y, n_classes) : undefined;
    const weight = multiplyWeights(context.sample_weight, balanced);
    const problem = { X, y, weight, spec, params, context };
    return withArena((arena) => n_classes > 0 ? fitClassifier(arena, problem) : fitRegressor(arena, problem));
  },

  predict(X, state) {
    checkColumns(X, state.cols, "svm");
    checkFeatures(X, "predict with svm", false);
    return predictSvm(X, state);
  },
});

/** @throws AppError resource_exhausted */
function checkRows(rows: number): void {
  if (rows <= MAX_ROWS) return;
  throw new AppError(
    "resource_exhausted",
    `Cannot fit svm: ${rows} rows are more than ${MAX_ROWS}, and ${
      (rows * rows / 1e9).toFixed(1)
    } billion pairs of rows would have to be compared`,
    { hint: `Use a sample of at most ${MAX_ROWS} rows, or gradient_boosting or mlp for all of them.` },
  );
}

function gammaOf(X: Matrix, gamma: number | "scale" | "auto"): number {
  if (typeof gamma === "number") return gamma;
  if (gamma === "auto") return 1 / X.cols;
  const mean = sumOf(X.data) / X.data.length;
  const variance = sumsFrom(X.data, mean).squares / X.data.length;
  return variance > 0 ? 1 / (X.cols * variance) : 1;
}
