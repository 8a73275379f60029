import { AppError } from "@/shared/errors.ts";
import { Random } from "@/shared/random.ts";
import { defineEstimator, type FitContext } from "../estimator.ts";
import type { Matrix } from "../matrix.ts";
import { checkColumns, checkFeatures, checkTraining } from "../tree/checks.ts";
import { balancedWeights, multiplyWeights } from "../tree/class_weight.ts";
import { scaleOf } from "../tree/regression_criterion.ts";
import { normalise } from "../tree/trees_state.ts";
import { binCategories } from "./boosting_bins.ts";
import { constraintsOf } from "./boosting_constraints.ts";
import type { BoostingEngine, Targets } from "./boosting_engine.ts";
import { BoostingGrower } from "./boosting_grower.ts";
import { type Loss, lossOf } from "./boosting_loss.ts";
import { classification, type GradientBoostingParams, regression } from "./boosting_params.ts";
import { isOutOfMemory } from "./boosting_kernels.ts";
import { AUTO, type Labelled, openEngine } from "./boosting_setup.ts";
import {
  checkContinues,
  type Continued,
  continuedFrom,
  CONTINUES,
  type Piece,
  pieceOf,
} from "./boosting_continue.ts";
import { type BoostedTrees, type BoostingState, joinTrees, predictBoosting } from "./boosting_state.ts";
import { holdOut } from "./holdout.ts";

/** Streams of chance, so that one choice does not move another; each round has its own. */
const STREAM = { bins: 1, holdout: 2, rounds: 16 };
const AUTO_STOPPING_ROWS = 10_000;
/** Without early stopping the loss is for the one who waits only. */
const ROUNDS_UNTIL_TOLD = 50;

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
  continues: CONTINUES,

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

/** The fit, of checked data. @param workers for tests */
export function boost(
  X: Matrix,
  target: Float64Array,
  weight: Float64Array | undefined,
  params: GradientBoostingParams,
  context: FitContext,
  workers = AUTO,
): BoostingState {
  const { n_classes, seed } = context;
  const constraints = constraintsOf(X, params, n_classes);
  const alpha = "alpha" in params ? params.alpha : 0;
  const loss = lossOf(params.loss, n_classes, weight !== undefined, alpha);
  const before = context.continue_from as BoostingState | undefined;
  if (before) checkContinues(before, X, params, n_classes);
  const pieces = [...before ? [before] : [], ...(context.resume ?? []) as Piece[]];
  const categories = before
    ? { bin: before.category_bin, offset: before.category_offset }
    : binCategories(X, params.max_bins);

  // The other losses keep their trees when the target is divided by a power of two; gradients then fit 32 bits.
  const scale = loss.isLog || n_classes > 0 ? 1 : scaleOf(target);
  const all = { X, y: scale === 1 ? target : target.map((value) => value / scale), weight };
  const stopping = params.early_stopping === "auto" ? X.rows > AUTO_STOPPING_ROWS : params.early_stopping;
  const { train, watched } = stopping && params.validation_fraction !== null
    ? setAside(all, n_classes, params.validation_fraction, seed)
    : { train: { ...all, rows: undefined }, watched: undefined };

  const limits = {
    maxLeafNodes: params.max_leaf_nodes ?? Infinity,
    maxDepth: params.max_depth ?? Infinity,
    minSamplesLeaf: params.min_samples_leaf,
    minHessian: params.min_child_weight,
    minGain: params.min_split_gain / scale / scale,
    l1: params.reg_alpha / scale,
    l2: params.l2_regularization,
    maxFeatures: params.max_features,
    treeFeatures: params.colsample_bytree,
    learningRate: params.learning_rate,
  };
  const { engine, binning } = openEngine(
    { train, watched, categories, loss, limits, monotonic: constraints.monotonic },
    params.max_bins,
    new Random(seed, STREAM.bins),
    context.threads ?? 1,
    workers,
  );
  try {
    const grower = new BoostingGrower(engine, binning, limits, constraints, loss.leafValue === undefined);
    const model = {
      loss: params.loss,
      n_classes,
      n_features: X.cols,
      baseline: before?.baseline ?? loss.baseline(train.y, train.weight).map((value) => value * scale),
      category_bin: categories.bin,
      category_offset: categories.offset,
    };
    const start = pieces.length > 0
      ? continuedFrom(model, pieces, train, watched, scale)
      : freshStart(model.baseline.map((value) => value / scale), engine);
    start.fill(engine);
    grower.gain.set(start.gain);
    const rounds = n_classes === 1 ? 0 : params.max_iter;
    const { trees, losses } = runRounds(
      { engine, grower, loss, train: engine.train, scale, params, context, stopping },
      start,
      rounds,
    );
    return {
      ...model,
      ...joinTrees(start.trees ? [start.trees, ...trees] : trees),
      importance: normalise(grower.gain.slice()),
      gain: grower.gain,
      stopping_loss: Float64Array.from(stopping ? losses : []),
    };
  } catch (error) {
    if (!isOutOfMemory(error)) throw error;
    throw new AppError(
      "resource_exhausted",
      `Cannot fit gradient_boosting: histograms of ${X.cols} columns for up to ${
        params.max_leaf_nodes ?? "any number of"
      } leaves take more than 4 GiB`,
      { hint: "Lower max_leaf_nodes or max_bins, set max_depth, or use fewer columns." },
    );
  } finally {
    engine.close();
  }
}

function freshStart(baseline: Float64Array, { train }: BoostingEngine): Continued {
  return {
    baseline,
    trees: undefined,
    rounds: 0,
    losses: [],
    gain: [],
    fill(engine) {
      for (const { raw, rows, stride } of [train, ...engine.watched ? [engine.watched] : []]) {
        baseline.forEach((value, k) => raw.fill(value, k * stride, k * stride + rows));
      }
    },
  };
}

interface Run {
  engine: BoostingEngine;
  grower: BoostingGrower;
  loss: Loss;
  train: Targets;
  scale: number;
  params: GradientBoostingParams;
  context: FitContext;
  stopping: boolean;
}

function runRounds(
  { engine, grower, loss, train, scale, params, context, stopping }: Run,
  start: Continued,
  rounds: number,
): { trees: BoostedTrees[]; losses: number[] } {
  const which = engine.watched ? "watched" : "train";
  const trees: BoostedTrees[] = [];
  let alpha = loss.alpha?.(train) ?? 0;
  // Without early stopping a loss is only told, so it need not be that of every round.
  const losses = stopping && start.losses.length === 0 ? [engine.meanLoss(which, alpha)] : [...start.losses];
  // A model, not a fit that was cut off: that one had no reason to stop.
  if (context.continue_from && stopping && shouldStop(losses, params.n_iter_no_change, params.tol)) {
    throw new AppError(
      "failed_precondition",
      `Cannot continue gradient_boosting: early_stopping ended it after ${start.rounds} rounds, since the loss no longer fell`,
      { hint: "Set early_stopping to false, or n_iter_no_change to more rounds." },
    );
  }
  const kept = { trees: 0, losses: start.losses.length };
  const piece = () => {
    const made = pieceOf(trees.slice(kept.trees), grower.gain, losses.slice(kept.losses));
    kept.trees = trees.length;
    kept.losses = losses.length;
    return made;
  };
  if (start.rounds > 0) context.progress(start.rounds, rounds, engine.meanLoss(which, alpha));
  for (let round = start.rounds; round < rounds; round++) {
    const random = new Random(context.seed, STREAM.rounds + round);
    const rows = params.subsample < 1 ? drawRows(train.rows, params.subsample, random) : undefined;
    if (round > start.rounds && loss.alpha) alpha = loss.alpha(train);
    engine.derive(alpha);
    for (let k = 0; k < loss.trees; k++) {
      grower.grow(k, rows, random.uint32());
      if (loss.leafValue !== undefined) setResidualLeaves(grower, loss, train, alpha);
      trees.push(grower.add(scale));
    }
    const isTold = stopping || round + 1 === rounds || (round + 1) % ROUNDS_UNTIL_TOLD === 0;
    const now = isTold ? engine.meanLoss(which, alpha) : undefined;
    context.progress(round + 1, rounds, now);
    if (stopping) {
      losses.push(now!);
      if (shouldStop(losses, params.n_iter_no_change, params.tol)) break;
    }
    context.checkpoint?.(piece, false);
  }
  return { trees, losses };
}

/** Rows drawn without putting back, ascending. */
function drawRows(rows: number, share: number, random: Random): Int32Array {
  let wanted = Math.max(1, Math.round(share * rows));
  const drawn = new Int32Array(wanted);
  let at = 0;
  for (let i = 0; i < rows && wanted > 0; i++) {
    if (random.float() * (rows - i) >= wanted) continue;
    drawn[at++] = i;
    wanted--;
  }
  return drawn;
}

function setAside(
  { X, y, weight }: Omit<Labelled, "rows">,
  n_classes: number,
  fraction: number,
  seed: number,
): { train: Labelled; watched: Labelled } {
  const { train, held } = holdOut(y, n_classes, fraction, new Random(seed, STREAM.holdout));
  const take = (rows: Int32Array): Labelled => ({
    X,
    rows,
    y: Float64Array.from(rows, (row) => y[row]),
    weight: weight && Float64Array.from(rows, (row) => weight[row]),
  });
  return { train: take(train), watched: take(held) };
}

function setResidualLeaves(grower: BoostingGrower, loss: Loss, train: Targets, alpha: number): void {
  const { y, raw, weight } = train;
  grower.setLeaves((rows) =>
    loss.leafValue!(
      Float64Array.from(rows, (row) => y[row] - raw[row]),
      weight && Float64Array.from(rows, (row) => weight[row]),
      alpha,
    )
  );
}

/** True when none of the last `patience` losses is lower than the one before them by more than `tol`. */
function shouldStop(losses: readonly number[], patience: number, tol: number): boolean {
  if (losses.length < patience + 1) return false;
  const reference = losses[losses.length - patience - 1] - tol;
  return !losses.slice(-patience).some((loss) => loss < reference);
}

/** What a loss demands of the targets. */
const LEAST_TARGET: Record<string, { refuses(value: number): boolean; rule: string }> = {
  poisson: { refuses: (value) => value < 0, rule: "below 0" },
  gamma: { refuses: (value) => value <= 0, rule: "not above 0" },
};

function checkLoss(y: Float64Array, loss: GradientBoostingParams["loss"]): void {
  const least = LEAST_TARGET[loss];
  if (least === undefined) return;
  const refuse = (state: string) => {
    throw new AppError("invalid_argument", `Cannot fit gradient_boosting with loss ${loss}: ${state}`, {
      hint: "Use loss squared_error, or a target that the loss is made for.",
    });
  };
  let sum = 0;
  for (let i = 0; i < y.length; i++) {
    if (least.refuses(y[i])) refuse(`the target of row ${i + 1} is ${y[i]}, ${least.rule}`);
    if (y[i] > 1e30) refuse(`the target of row ${i + 1} is ${y[i]}, above 1e30`);
    sum += y[i];
  }
  if (sum === 0) refuse("all targets are 0");
}
