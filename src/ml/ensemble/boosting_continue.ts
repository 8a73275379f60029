/** More rounds on a model that was fitted before, or on a fit that was cut off: the same bytes as if it had never stopped. */
import { AppError } from "@/shared/errors.ts";
import type { Continuation } from "../estimator.ts";
import type { Matrix } from "../matrix.ts";
import type { State } from "../state.ts";
import type { BoostingEngine, Targets } from "./boosting_engine.ts";
import type { GradientBoostingParams } from "./boosting_params.ts";
import { addTrees } from "./boosting_predict.ts";
import { type BoostedTrees, type BoostingState, type JoinedTrees, joinTrees } from "./boosting_state.ts";
import type { Labelled } from "./boosting_setup.ts";

/** Where the rounds begin. */
export interface Continued {
  /** (trees a round) of the scaled target. */
  baseline: Float64Array;
  trees: JoinedTrees | undefined;
  rounds: number;
  losses: readonly number[];
  gain: ArrayLike<number>;
  /** Writes the raw predictions so far. */
  fill(engine: BoostingEngine): void;
}

/** What would make other trees than the first ones, or undo what they promise, must stay. */
export const CONTINUES: Continuation = {
  steps: "max_iter",
  done: (state) => roundsOf(state as BoostingState),
  free: [
    ...[
      "learning_rate",
      "max_leaf_nodes",
      "max_depth",
      "min_samples_leaf",
      "min_child_weight",
      "min_split_gain",
    ],
    ...["l2_regularization", "reg_alpha", "subsample", "colsample_bytree", "max_features"],
    ...["early_stopping", "n_iter_no_change", "tol"],
  ],
};

function roundsOf({ root, baseline }: BoostingState): number {
  return root.length / baseline.length;
}

/** What a checkpoint adds to the ones before. */
export type Piece = State & JoinedTrees & {
  /** Of all rounds so far. */
  gain: Float64Array;
  /** Of the rounds since the last piece. */
  stopping_loss: Float64Array;
};

export function pieceOf(
  trees: readonly BoostedTrees[],
  gain: Float64Array,
  losses: readonly number[],
): Piece {
  return { ...joinTrees(trees), gain: gain.slice(), stopping_loss: Float64Array.from(losses) };
}

/** What a model has before its first round. */
export type BeforeRounds = Pick<
  BoostingState,
  "loss" | "n_classes" | "n_features" | "baseline" | "category_bin" | "category_offset"
>;

/** @throws AppError failed_precondition for a model of other columns, classes or loss, or of more rounds than wanted */
export function checkContinues(
  before: BoostingState,
  X: Matrix,
  params: GradientBoostingParams,
  n_classes: number,
): void {
  const refuse = (state: string) => {
    throw new AppError("failed_precondition", `Cannot continue gradient_boosting: ${state}`, {
      hint: "Continue with the columns, classes and parameters of the first fit, and a larger max_iter.",
    });
  };
  if (before.n_features !== X.cols) {
    refuse(`the model has ${before.n_features} features, the data ${X.cols}`);
  }
  if (before.n_classes !== n_classes) {
    refuse(`the model has ${before.n_classes} classes, the data ${n_classes}`);
  }
  if (before.loss !== params.loss) refuse(`the model has loss ${before.loss}, not ${params.loss}`);
  for (let j = 0; j < X.cols; j++) {
    const codes = before.category_offset[j + 1] - before.category_offset[j];
    if (codes !== X.categories[j]) {
      refuse(`"${X.names[j]}" has ${X.categories[j]} categories, and ${codes} in the model`);
    }
  }
  const rounds = roundsOf(before);
  if (rounds > params.max_iter) refuse(`the model has ${rounds} rounds, max_iter is ${params.max_iter}`);
}

/**
 * @param pieces a model or what checkpoints kept, in order; at least one
 * @param scale what the target was divided by
 */
export function continuedFrom(
  model: BeforeRounds,
  pieces: readonly (BoostingState | Piece)[],
  train: Labelled,
  watched: Labelled | undefined,
  scale: number,
): Continued {
  const last = pieces[pieces.length - 1];
  // Models of the first release have shares of the gain only.
  const gain = last.gain ?? (last as BoostingState).importance;
  const joined = joinTrees(pieces);
  const losses = pieces.flatMap(({ stopping_loss }) => [...stopping_loss]);
  const before: BoostingState = {
    ...model,
    ...joined,
    importance: gain,
    stopping_loss: Float64Array.from(losses),
  };
  const baseline = before.baseline.map((value) => value / scale);
  return {
    baseline,
    trees: joined,
    rounds: roundsOf(before),
    losses,
    gain,
    fill(engine) {
      const { X } = train;
      const sums = new Float64Array(before.baseline.length * X.rows);
      before.baseline.forEach((value, k) => sums.fill(value, k * X.rows, (k + 1) * X.rows));
      addTrees(X, before, sums);
      const take = (of: Int32Array | undefined, { raw, rows, stride }: Targets) => {
        for (let k = 0; k < before.baseline.length; k++) {
          for (let i = 0; i < rows; i++) raw[k * stride + i] = sums[k * X.rows + (of ? of[i] : i)] / scale;
        }
      };
      take(train.rows, engine.train);
      if (watched && engine.watched) take(watched.rows, engine.watched);
    },
  };
}
