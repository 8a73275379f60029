/** More rounds on a model that was fitted before: the same bytes as if it had never stopped. */
import { AppError } from "@/shared/errors.ts";
import type { Matrix } from "../matrix.ts";
import type { BoostingEngine, Targets } from "./boosting_engine.ts";
import type { GradientBoostingParams } from "./boosting_params.ts";
import { addTrees } from "./boosting_predict.ts";
import type { BoostedTrees, BoostingState } from "./boosting_state.ts";
import type { Labelled } from "./boosting_setup.ts";

/** Where the rounds begin. */
export interface Continued {
  /** (trees a round) of the scaled target. */
  baseline: Float64Array;
  trees: (BoostedTrees & { root: Int32Array }) | undefined;
  rounds: number;
  losses: ArrayLike<number> & Iterable<number>;
  gain: ArrayLike<number>;
  /** Writes the raw predictions so far. */
  fill(engine: BoostingEngine): void;
}

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
  const rounds = before.root.length / before.baseline.length;
  if (rounds > params.max_iter) refuse(`the model has ${rounds} rounds, max_iter is ${params.max_iter}`);
}

/** @param scale what the target was divided by */
export function continuedFrom(
  before: BoostingState,
  train: Labelled,
  watched: Labelled | undefined,
  scale: number,
): Continued {
  const baseline = before.baseline.map((value) => value / scale);
  const fill = (data: Labelled, { raw, rows, stride }: Targets) => {
    const trees = before.baseline.length;
    const sums = new Float64Array(trees * data.X.rows);
    before.baseline.forEach((value, k) => sums.fill(value, k * data.X.rows, (k + 1) * data.X.rows));
    addTrees(data.X, before, sums);
    for (let k = 0; k < trees; k++) {
      for (let i = 0; i < rows; i++) {
        raw[k * stride + i] = sums[k * data.X.rows + (data.rows ? data.rows[i] : i)] / scale;
      }
    }
  };
  return {
    baseline,
    trees: before,
    rounds: before.root.length / before.baseline.length,
    losses: before.stopping_loss,
    gain: before.gain ?? before.importance,
    fill(engine) {
      fill(train, engine.train);
      if (watched && engine.watched) fill(watched, engine.watched);
    },
  };
}
