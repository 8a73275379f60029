import { type Arena, withArena } from "@/kernels/solo.ts";
import { AppError } from "@/shared/errors.ts";
import { Random } from "@/shared/random.ts";
import { z } from "zod";
import { holdOut } from "../ensemble/holdout.ts";
import { type Continuation, defineEstimator, type FitContext } from "../estimator.ts";
import type { Matrix } from "../matrix.ts";
import { checkColumns, checkFeatures, checkTraining } from "../tree/checks.ts";
import { ACTIVATIONS, inputOf, layersOf, padded } from "./layers.ts";
import { networkOutput, type NetworkState, predictNetwork, rowScores } from "./predict.ts";
import { type Progress, startProgress, train } from "./train.ts";

const params = z.strictObject({
  hidden_layer_sizes: z.array(z.int().min(1).max(8192)).max(16).default([100]).describe(
    "Units of each hidden layer, 1 to 8192 each; at most 16 layers.",
  ),
  activation: z.enum(ACTIVATIONS).default("relu").describe("Of the hidden layers."),
  solver: z.enum(["adam", "sgd"]).default("adam").describe("adam, or sgd with momentum."),
  alpha: z.number().min(0).default(1e-4).describe(
    "Strength of the L2 penalty (weight decay), 0 or more, divided by the rows of the batch.",
  ),
  batch_size: z.union([z.int().min(1), z.literal("auto")]).default("auto").describe(
    "Rows of a step, from 1 up. auto: the smaller of 200 and all rows.",
  ),
  learning_rate: z.enum(["constant", "invscaling", "adaptive"]).default("constant").describe(
    "Of sgd. invscaling: falls with the rows seen to the power power_t. adaptive: a fifth each time the loss stalls.",
  ),
  learning_rate_init: z.number().positive().default(1e-3).describe("Step size, above 0."),
  power_t: z.number().min(0).default(0.5).describe("Exponent of invscaling, 0 or more."),
  max_iter: z.int().min(1).default(200).describe("Most epochs (passes over the rows), from 1 up."),
  shuffle: z.boolean().default(true).describe("Whether each epoch takes the rows in another order."),
  tol: z.number().min(0).default(1e-4).describe(
    "What counts as an improvement of the loss or the score, 0 or more; for numbers in variances of the target.",
  ),
  momentum: z.number().min(0).max(1).default(0.9).describe("Of sgd, 0 to 1."),
  nesterovs_momentum: z.boolean().default(true).describe("Whether sgd's momentum is Nesterov's."),
  early_stopping: z.boolean().default(false).describe(
    "Whether a share of the rows is set aside and its score ends the fit; the best weights are kept.",
  ),
  validation_fraction: z.number().gt(0).lt(1).default(0.1).describe(
    "Share of the rows that early_stopping sets aside, between 0 and 1.",
  ),
  n_iter_no_change: z.int().min(1).default(10).describe(
    "Epochs without an improvement of tol before the fit ends, from 1 up.",
  ),
  beta_1: z.number().min(0).lt(1).default(0.9).describe("Decay of adam's first moment, 0 to below 1."),
  beta_2: z.number().min(0).lt(1).default(0.999).describe("Decay of adam's second moment, 0 to below 1."),
  epsilon: z.number().positive().default(1e-8).describe("Keeps adam from dividing by 0, above 0."),
  dropout: z.number().min(0).lt(1).default(0).describe(
    "Share of the hidden units that each step leaves out, 0 to below 1.",
  ),
});

type MlpParams = z.infer<typeof params>;

const CONTINUES: Continuation = {
  steps: "max_iter",
  done: (state) => (state as NetworkState).losses.length,
  free: [
    ...["solver", "alpha", "batch_size", "learning_rate", "learning_rate_init", "power_t", "shuffle", "tol"],
    ...["momentum", "nesterovs_momentum", "n_iter_no_change", "beta_1", "beta_2", "epsilon", "dropout"],
  ],
};

/** Half of what the kernels can address. */
const MAX_BYTES = 2 ** 31;

/** A network of fully connected layers in single precision, on the engine's own kernels. */
export const mlp = defineEstimator<MlpParams, NetworkState>({
  name: "mlp",
  title: "Neural network",
  description:
    "Layers of weighted sums (a multi-layer perceptron). Good on smooth relations in many rows of numbers; wants some tuning.",
  source: "https://scikit-learn.org/stable/modules/generated/sklearn.neural_network.MLPClassifier.html",
  needs: { missing: "impute", categories: "one_hot", scaling: true, kernels: true },
  params: { classification: params, regression: params },
  continues: CONTINUES,

  fit(X, y, params, context) {
    checkTraining(X, y, context, "mlp", false);
    const { n_classes, seed } = context;
    const outputs = n_classes > 2 ? n_classes : 1;
    const sizes = [X.cols, ...params.hidden_layer_sizes, outputs];
    checkMemory(X, sizes, params.batch_size);
    const random = new Random(seed);
    const rows = Array.from({ length: X.rows }, (_, i) => i);
    const { train: learned, held } = params.early_stopping
      ? holdOut(y, n_classes, params.validation_fraction, random, "mlp")
      : { train: Int32Array.from(rows), held: new Int32Array(0) };
    // The step size is made for numbers of about 1; without this a target in thousands would take thousands of steps.
    const before = context.continue_from as NetworkState | undefined;
    if (before) checkContinues(before, sizes, params, n_classes);
    const { mean, scale } = before ??
      (n_classes > 0 ? { mean: 0, scale: 1 } : momentsOf(y, context.sample_weight));
    const model = { sizes, activation: params.activation, mean, scale, n_classes };

    return withArena((arena) => {
      const trained = train(
        arena,
        {
          sizes,
          classes: n_classes === 0 ? 0 : outputs,
          X: floatRows(arena, X),
          y: Float32Array.from(y, (value) => (value - mean) / scale),
          weight: context.sample_weight && Float32Array.from(context.sample_weight),
          train: learned,
          validate: params.early_stopping ? validation(arena, X, y, held, model, context) : undefined,
          seed,
          progress: context.progress,
          checkpoint: context.checkpoint,
        },
        params,
        context.resume?.at(-1) as Progress | undefined ??
          (before
            ? goOn(before, params)
            : startProgress(startWeights(sizes, params.activation === "logistic" ? 2 : 6, random), params)),
      );
      const { weights, losses, scores, converged } = trained;
      return { ...model, weights, losses, scores, converged };
    });
  },

  predict(X, state) {
    checkColumns(X, state.sizes[0], "mlp");
    checkFeatures(X, "predict with mlp", false);
    return predictNetwork(X, state);
  },
});

/** As scikit-learn's warm_start: the weights stay, the optimizer begins anew. */
function goOn({ weights, losses, scores }: NetworkState, params: MlpParams): Progress {
  const values = params.early_stopping ? scores.map((score) => -score) : losses;
  return { ...startProgress(weights, params), losses, scores, best: Math.min(...values) };
}

function checkContinues(
  before: NetworkState,
  sizes: readonly number[],
  params: MlpParams,
  n_classes: number,
): void {
  const refuse = (state: string) => {
    throw new AppError("failed_precondition", `Cannot continue mlp: ${state}`, {
      hint: "Continue with the columns, classes and layers of the first fit, and a larger max_iter.",
    });
  };
  if (before.n_classes !== n_classes) {
    refuse(`the model has ${before.n_classes} classes, the data ${n_classes}`);
  }
  if (before.sizes.join() !== sizes.join()) {
    refuse(`the model has units ${before.sizes.join(", ")}, not ${sizes.join(", ")}`);
  }
  if (before.losses.length > params.max_iter) {
    refuse(`the model has ${before.losses.length} epochs, max_iter is ${params.max_iter}`);
  }
}

/** Uniform within sqrt(factor / (inputs + outputs)), offsets too (Glorot and Bengio 2010, as scikit-learn's). */
function startWeights(sizes: readonly number[], factor: number, random: Random): Float32Array {
  const { layers, length } = layersOf(sizes);
  const weights = new Float32Array(length);
  for (const layer of layers) {
    const bound = Math.sqrt(factor / (layer.inputs + layer.outputs));
    for (let i = 0; i <= layer.inputs; i++) {
      for (let j = 0; j < layer.outputs; j++) {
        weights[layer.weights + i * layer.stride + j] = (2 * random.float() - 1) * bound;
      }
    }
  }
  return weights;
}

/** (rows, padded(cols)) row-major. */
function floatRows(arena: Arena, X: Matrix): Float32Array {
  const width = padded(X.cols);
  const result = arena.floats(X.rows * width);
  for (let from = 0; from < X.rows; from += 512) {
    const to = Math.min(from + 512, X.rows);
    for (let j = 0; j < X.cols; j++) {
      for (let i = from; i < to; i++) result[i * width + j] = inputOf(X.data[j * X.rows + i]);
    }
  }
  return result;
}

type Model = Omit<NetworkState, "weights" | "losses" | "scores" | "converged">;

/** Accuracy or R² of the rows set aside. */
function validation(
  arena: Arena,
  X: Matrix,
  y: Float64Array,
  held: Int32Array,
  model: Model,
  { sample_weight, n_classes }: FitContext,
): (weights: Float32Array) => number {
  const truths = Float64Array.from(held, (row) => y[row]);
  const weights = Float64Array.from(held, (row) => sample_weight?.[row] ?? 1);
  const total = weights.reduce((sum, w) => sum + w, 0) || 1;
  const mean = truths.reduce((sum, value, i) => sum + weights[i] * value, 0) / total;
  const spread = truths.reduce((sum, value, i) => sum + weights[i] * (value - mean) ** 2, 0);
  const scores = rowScores(arena, X, held, model);
  return (current) => {
    const output = networkOutput(scores(current), model);
    let sum = 0;
    for (let i = 0; i < held.length; i++) {
      if (n_classes === 0) sum += weights[i] * (output[i] - truths[i]) ** 2;
      else {
        const row = output.subarray(i * n_classes, (i + 1) * n_classes);
        sum += row.every((p) => p <= row[truths[i]]) ? weights[i] : 0;
      }
    }
    return n_classes > 0 ? sum / total : spread > 0 ? 1 - sum / spread : -sum;
  };
}

function momentsOf(y: Float64Array, weight?: Float64Array): { mean: number; scale: number } {
  const total = weight?.reduce((sum, w) => sum + w, 0) ?? y.length;
  const share = (i: number) => (weight?.[i] ?? 1) / total;
  let mean = 0;
  for (let i = 0; i < y.length; i++) mean += share(i) * y[i];
  let largest = 0;
  for (const value of y) largest = Math.max(largest, Math.abs(value - mean));
  // Squares of targets near 1e300 would overflow.
  let squares = 0;
  if (largest > 0) {
    for (let i = 0; i < y.length; i++) {
      squares += share(i) * ((y[i] - mean) / largest) ** 2;
    }
  }
  const scale = Math.sqrt(squares) * largest;
  return { mean, scale: scale > Number.EPSILON * Math.abs(mean) ? scale : 1 };
}

/** @throws AppError resource_exhausted with the figure */
function checkMemory(X: Matrix, sizes: readonly number[], batch: number | "auto"): void {
  const rows = batch === "auto" ? 200 : Math.min(batch, X.rows);
  const units = sizes.reduce((sum, size) => sum + padded(size), 0);
  const largest = 4 * Math.max(X.rows * padded(X.cols), layersOf(sizes).length, rows * Math.max(...sizes));
  const bytes = 4 * (X.rows * padded(X.cols) + 6 * layersOf(sizes).length + 5 * rows * units);
  // Pieces of memory are powers of two, up to twice what is used.
  if (bytes < MAX_BYTES && largest < MAX_BYTES / 2) return;
  throw new AppError(
    "resource_exhausted",
    `Cannot fit mlp: ${X.rows} rows of ${X.cols} columns and layers of ${sizes.slice(1).join(", ")} take ${
      (bytes / 2 ** 30).toFixed(1)
    } GiB of at most 2`,
    { hint: "Use fewer rows, fewer columns (exclude those with many categories) or smaller layers." },
  );
}
