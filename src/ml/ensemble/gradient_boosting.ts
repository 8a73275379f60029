import { z } from "zod";
import { AppError } from "@/shared/errors.ts";
import { Random } from "@/shared/random.ts";
import { defineEstimator, type FitContext } from "../estimator.ts";
import { type Matrix, takeMatrixRows } from "../matrix.ts";
import { checkColumns, checkFeatures, checkTraining } from "../tree/checks.ts";
import { balancedWeights, multiplyWeights } from "../tree/class_weight.ts";
import { scaleOf } from "../tree/regression_criterion.ts";
import { normalise } from "../tree/trees_state.ts";
import { binCategories, binColumns } from "./boosting_bins.ts";
import { BoostingGrower } from "./boosting_grower.ts";
import {
  absoluteError,
  binaryLogLoss,
  type Loss,
  multiclassLogLoss,
  poisson,
  squaredError,
} from "./boosting_loss.ts";
import {
  addTree,
  type BoostedTrees,
  type BoostingState,
  joinTrees,
  predictBoosting,
} from "./boosting_state.ts";
import { holdOut } from "./holdout.ts";

const shared = {
  learning_rate: z.number().gt(0).default(0.1)
    .describe("How much of each tree is added. Smaller needs more rounds and often predicts better."),
  max_iter: z.int().min(1).max(100_000).default(100).describe(
    "Most rounds; a round adds one tree, or one a class.",
  ),
  max_leaf_nodes: z.int().min(2).nullable().default(31).describe("Most leaves of a tree; null: no limit."),
  max_depth: z.int().min(1).nullable().default(null).describe("Largest depth of a tree; null: no limit."),
  min_samples_leaf: z.int().min(1).default(20)
    .describe("Fewest rows in a leaf. Lower it for data sets of less than some hundred rows."),
  l2_regularization: z.number().min(0).default(0).describe("Shrinks leaves with few rows; 0: not at all."),
  max_features: z.number().gt(0).max(1).default(1)
    .describe("Share of the features, above 0 up to 1, that each split looks at, drawn at random."),
  max_bins: z.int().min(2).max(255).default(255)
    .describe("Most bins for the values of a feature, not counting the one for missing values."),
  early_stopping: z.union([z.literal("auto"), z.boolean()]).default("auto")
    .describe("Stop when the loss no longer falls; auto: if there are more than 10,000 rows."),
  scoring: z.enum(["loss"]).default("loss").describe("What early stopping watches: the loss."),
  validation_fraction: z.number().gt(0).lt(1).nullable().default(0.1)
    .describe("Share of the rows set aside for early stopping; null: watch the loss of the training rows."),
  n_iter_no_change: z.int().min(1).default(10).describe("Rounds without improvement before stopping early."),
  tol: z.number().min(0).default(1e-7).describe(
    "An improvement of the loss counts if it is larger than this.",
  ),
};

const classification = z.strictObject({
  loss: z.enum(["log_loss"]).default("log_loss").describe("The loss to minimise: log loss (cross-entropy)."),
  ...shared,
  class_weight: z.enum(["balanced"]).nullable().default(null)
    .describe("balanced: all classes weigh the same, however rare; null: all rows weigh the same."),
});
const regression = z.strictObject({
  loss: z.enum(["squared_error", "absolute_error", "poisson"]).default("squared_error")
    .describe(
      "The loss to minimise: squared_error (mean), absolute_error (median) or poisson (counts, targets >= 0).",
    ),
  ...shared,
});

export type GradientBoostingParams = z.output<typeof classification> | z.output<typeof regression>;

/** Streams of chance, so that one choice does not move another. */
const STREAM = { bins: 1, holdout: 2, columns: 3 };
const AUTO_STOPPING_ROWS = 10_000;

/**
 * Histogram-based gradient boosting, as scikit-learn's HistGradientBoostingClassifier and -Regressor.
 * Missing values and categories are native: each split learns where they go.
 */
export const gradientBoosting = defineEstimator<GradientBoostingParams, BoostingState>({
  name: "gradient_boosting",
  title: "Gradient boosting",
  description:
    "Many small trees, each mending the errors of those before. Usually the most accurate choice for tables; takes missing values and categories as they are.",
  source: "https://scikit-learn.org/stable/modules/ensemble.html#histogram-based-gradient-boosting",
  needs: { missing: "native", categories: "native", scaling: false },
  params: { classification, regression },

  fit(X, y, params, context) {
    checkTraining(X, y, context, "gradient_boosting", true);
    checkLoss(y, params.loss);
    const balanced = "class_weight" in params && params.class_weight === "balanced"
      ? balancedWeights(y, context.n_classes)
      : undefined;
    const weight = multiplyWeights(context.sample_weight, balanced);
    return boost(X, y, weight, params, context);
  },

  predict(X, state) {
    checkColumns(X, state.n_features, "gradient_boosting");
    checkFeatures(X, "predict with gradient_boosting", true);
    return predictBoosting(X, state);
  },

  importances: (state) => state.importance,
});

function boost(
  X: Matrix,
  target: Float64Array,
  weight: Float64Array | undefined,
  params: GradientBoostingParams,
  context: FitContext,
): BoostingState {
  const { n_classes, seed } = context;
  const categories = binCategories(X, params.max_bins);
  // Squared and absolute error keep their trees when the target is divided by a power of two; gradients then fit 32 bits.
  const scale = params.loss === "squared_error" || params.loss === "absolute_error" ? scaleOf(target) : 1;
  const all = { X, y: scale === 1 ? target : target.map((value) => value / scale), weight };
  const stopping = params.early_stopping === "auto" ? X.rows > AUTO_STOPPING_ROWS : params.early_stopping;
  const { train, watched } = stopping && params.validation_fraction !== null
    ? setAside(all, n_classes, params.validation_fraction, seed)
    : { train: all, watched: undefined };

  const loss = lossOf(params.loss, n_classes, weight !== undefined);
  const bins = binColumns(train.X, train.weight, categories, params.max_bins, new Random(seed, STREAM.bins));
  const grower = new BoostingGrower(bins, {
    maxLeafNodes: params.max_leaf_nodes ?? Infinity,
    maxDepth: params.max_depth ?? Infinity,
    minSamplesLeaf: params.min_samples_leaf,
    l2: params.l2_regularization,
    maxFeatures: params.max_features,
    learningRate: params.learning_rate,
  }, new Random(seed, STREAM.columns));

  const baseline = loss.baseline(train.y, train.weight);
  const rows = train.X.rows;
  const raw = spread(baseline, rows);
  const watchedRaw = watched === undefined ? undefined : spread(baseline, watched.X.rows);
  const lossNow = () =>
    watched === undefined || watchedRaw === undefined
      ? loss.mean(train.y, raw, train.weight)
      : loss.mean(watched.y, watchedRaw, watched.weight);
  const gradient = new Float32Array(rows * loss.trees);
  const hessian = new Float32Array(loss.constantHessian ? 0 : rows * loss.trees);
  const trees: BoostedTrees[] = [];
  const losses = [lossNow()];
  const rounds = n_classes === 1 ? 0 : params.max_iter;
  for (let round = 0; round < rounds; round++) {
    loss.derive(train.y, raw, train.weight, gradient, hessian);
    for (let k = 0; k < loss.trees; k++) {
      grower.grow(
        gradient.subarray(k * rows, (k + 1) * rows),
        loss.constantHessian ? undefined : hessian.subarray(k * rows, (k + 1) * rows),
      );
      if (loss.leafValue !== undefined) setResidualLeaves(grower, loss, train, raw);
      const tree = grower.toArrays(scale);
      trees.push(tree);
      grower.addTo(raw, k * rows);
      if (watched !== undefined && watchedRaw !== undefined) {
        addTree(watched.X, grower.toArrays(1), 0, categories, watchedRaw, k * watched.X.rows);
      }
    }
    losses.push(lossNow());
    context.progress(round + 1, rounds, losses[losses.length - 1]);
    if (stopping && shouldStop(losses, params.n_iter_no_change, params.tol)) break;
  }
  return {
    loss: params.loss,
    n_classes,
    n_features: X.cols,
    baseline: baseline.map((value) => value * scale),
    ...joinTrees(trees),
    category_bin: categories.bin,
    category_offset: categories.offset,
    importance: normalise(grower.gain),
    stopping_loss: Float64Array.from(stopping ? losses : []),
  };
}

interface Data {
  X: Matrix;
  y: Float64Array;
  weight: Float64Array | undefined;
}

function setAside(
  data: Data,
  n_classes: number,
  fraction: number,
  seed: number,
): { train: Data; watched: Data } {
  const { train, held } = holdOut(data.y, n_classes, fraction, new Random(seed, STREAM.holdout));
  const take = (rows: Int32Array): Data => ({
    X: takeMatrixRows(data.X, rows),
    y: Float64Array.from(rows, (row) => data.y[row]),
    weight: data.weight && Float64Array.from(rows, (row) => data.weight![row]),
  });
  return { train: take(train), watched: take(held) };
}

function setResidualLeaves(grower: BoostingGrower, loss: Loss, { y, weight }: Data, raw: Float64Array): void {
  grower.setLeaves((rows) =>
    loss.leafValue!(
      Float64Array.from(rows, (row) => y[row] - raw[row]),
      weight && Float64Array.from(rows, (row) => weight[row]),
    )
  );
}

/** True when none of the last `patience` losses is lower than the one before them by more than `tol`. */
function shouldStop(losses: readonly number[], patience: number, tol: number): boolean {
  if (losses.length < patience + 1) return false;
  const reference = losses[losses.length - patience - 1] - tol;
  return !losses.slice(-patience).some((loss) => loss < reference);
}

function lossOf(name: GradientBoostingParams["loss"], n_classes: number, weighted: boolean): Loss {
  switch (name) {
    case "squared_error":
      return squaredError(weighted);
    case "absolute_error":
      return absoluteError(weighted);
    case "poisson":
      return poisson();
    case "log_loss":
      return n_classes <= 2 ? binaryLogLoss() : multiclassLogLoss(n_classes);
  }
}

/** (trees * rows) each tree's baseline for every row. */
function spread(baseline: Float64Array, rows: number): Float64Array {
  const raw = new Float64Array(baseline.length * rows);
  baseline.forEach((value, k) => raw.fill(value, k * rows, (k + 1) * rows));
  return raw;
}

function checkLoss(y: Float64Array, loss: GradientBoostingParams["loss"]): void {
  if (loss !== "poisson") return;
  const refuse = (state: string) => {
    throw new AppError("invalid_argument", `Cannot fit gradient_boosting with loss poisson: ${state}`, {
      hint: "Use loss squared_error, or a target that counts something.",
    });
  };
  let sum = 0;
  for (let i = 0; i < y.length; i++) {
    if (y[i] < 0) refuse(`the target of row ${i + 1} is ${y[i]}, below 0`);
    if (y[i] > 1e30) refuse(`the target of row ${i + 1} is ${y[i]}, above 1e30`);
    sum += y[i];
  }
  if (sum === 0) refuse("all targets are 0");
}
