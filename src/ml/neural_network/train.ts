/** The epochs of a network: batches, learning rate, and when to stop, as scikit-learn's _fit_stochastic. */
import { power } from "@/kernels/exp_log.ts";
import { checkStop } from "@/kernels/stop.ts";
import type { Arena } from "@/kernels/solo.ts";
import { AppError } from "@/shared/errors.ts";
import { Random } from "@/shared/random.ts";
import type { Checkpoint } from "../estimator.ts";
import { type Activation, padded } from "./layers.ts";
import { type Step, TrainingNetwork } from "./network.ts";

export interface TrainParams {
  activation: Activation;
  solver: "adam" | "sgd";
  alpha: number;
  batch_size: number | "auto";
  learning_rate: "constant" | "invscaling" | "adaptive";
  learning_rate_init: number;
  power_t: number;
  max_iter: number;
  shuffle: boolean;
  tol: number;
  momentum: number;
  nesterovs_momentum: boolean;
  n_iter_no_change: number;
  beta_1: number;
  beta_2: number;
  epsilon: number;
  dropout: number;
}

export interface TrainProblem {
  sizes: readonly number[];
  /** 0: a number, squared loss. 1: two classes. Else softmax of so many. */
  classes: number;
  /** (rows, padded(sizes[0])) */
  X: Float32Array;
  /** (rows) */
  y: Float32Array;
  /** (rows) or absent */
  weight?: Float32Array;
  /** The rows to learn from. */
  train: Int32Array;
  /** The score of rows that were set aside, greater is better; absent: the training loss decides. */
  validate?: (weights: Float32Array) => number;
  seed: number;
  progress(done: number, total: number, score?: number): void;
  checkpoint?: Checkpoint;
}

/** Where training is after an epoch. */
export type Progress = {
  weights: Float32Array;
  /** The moments of the optimizer; null: they begin anew. */
  first: Float32Array | null;
  second: Float32Array | null;
  /** Adam's beta_1 and beta_2 to the power of the steps. */
  decay: { first: number; second: number };
  rate: number;
  losses: number[];
  scores: number[];
  /** The lowest loss or negative score, and the epochs since it was improved by tol. */
  best: number;
  waited: number;
  /** The weights of the best score; null without `validate`. */
  kept: Float32Array | null;
};

/** Before the first epoch. */
export function startProgress(weights: Float32Array, { learning_rate_init }: TrainParams): Progress {
  return {
    ...{ weights, first: null, second: null, decay: { first: 1, second: 1 }, rate: learning_rate_init },
    ...{ losses: [], scores: [], best: Infinity, waited: 0, kept: null },
  };
}

export interface Trained {
  weights: Float32Array;
  /** Of each epoch, penalty included. */
  losses: number[];
  /** Of each epoch, with `validate`. */
  scores: number[];
  /** False when max_iter came first. */
  converged: boolean;
}

/** A learning rate smaller than this ends `adaptive`. */
const LEAST_RATE = 1e-6;

/** Streams of chance: each epoch has its own, so that one can go on at any of them. */
const EPOCHS = 16;

export function train(
  arena: Arena,
  problem: TrainProblem,
  params: TrainParams,
  start: Progress,
): Trained {
  const { train, y, weight, sizes, classes } = problem;
  const batch = Math.min(params.batch_size === "auto" ? 200 : params.batch_size, train.length);
  const { activation, alpha, dropout } = params;
  const network = new TrainingNetwork(arena, { sizes, activation, batch, classes, alpha, dropout });
  network.weights.set(start.weights);
  network.moments.forEach((moment, i) => moment.set([start.first, start.second][i] ?? []));
  const rows = arena.integers(batch);
  const truths = arena.floats(batch);
  const weights = weight ? arena.floats(batch) : undefined;
  const width = padded(sizes[0]);

  const losses = [...start.losses];
  const scores = [...start.scores];
  let { best, waited, rate } = start;
  let kept = start.kept ?? start.weights;
  const decay = { ...start.decay };
  let converged = false;
  const piece = (): Progress => {
    const [first, second] = network.moments.map((moment) => moment.slice());
    return {
      ...{ weights: network.weights.slice(), first, second, decay: { ...decay }, rate },
      ...{ losses: [...losses], scores: [...scores], best, waited },
      kept: problem.validate ? kept : null,
    };
  };
  if (losses.length > 0) problem.progress(losses.length, params.max_iter, scores.at(-1) ?? losses.at(-1));
  for (let epoch = losses.length; epoch < params.max_iter && !converged; epoch++) {
    const random = new Random(problem.seed, EPOCHS + epoch);
    const order = train.slice();
    if (params.shuffle) random.shuffle(order);
    let loss = 0;
    for (let from = 0; from < order.length; from += batch) {
      checkStop();
      const m = Math.min(batch, order.length - from);
      let total = m;
      rows.set(order.subarray(from, from + m));
      for (let i = 0; i < m; i++) truths[i] = y[rows[i]];
      if (weights && weight) {
        total = 0;
        for (let i = 0; i < m; i++) total += weights[i] = weight[rows[i]];
        if (total === 0) continue;
      }
      arena.kernels.matrix_gather(
        ...[network.values[0].byteOffset, problem.X.byteOffset, rows.byteOffset, m, width] as const,
      );
      const penalty = network.penalty();
      const step = nextStep(params, rate, decay);
      const seed = dropout > 0 ? random.uint32() : 0;
      const sum = network.learn(m, truths.byteOffset, weights?.byteOffset ?? 0, total, step, seed);
      loss += (sum + penalty) / total * m;
    }
    loss /= order.length;
    if (!Number.isFinite(loss)) throw diverged(epoch + 1, params);
    losses.push(loss);

    let value = loss;
    if (problem.validate) {
      scores.push(problem.validate(network.weights));
      value = -scores[epoch];
    }
    waited = value > best - params.tol ? waited + 1 : 0;
    if (value < best) {
      best = value;
      if (problem.validate) kept = network.weights.slice();
    }
    problem.progress(epoch + 1, params.max_iter, problem.validate ? scores[epoch] : loss);
    if (params.solver === "sgd" && params.learning_rate === "invscaling") {
      rate = params.learning_rate_init / power((epoch + 1) * order.length + 1, params.power_t);
    }
    if (waited > params.n_iter_no_change) {
      waited = 0;
      if (params.solver === "sgd" && params.learning_rate === "adaptive" && rate > LEAST_RATE) rate /= 5;
      else converged = true;
    }
    if (!converged) problem.checkpoint?.(piece, true);
  }
  const final = problem.validate ? kept : network.weights.slice();
  if (!final.every(Number.isFinite)) throw diverged(losses.length, params);
  return { weights: final.slice(), losses, scores, converged };
}

function nextStep(params: TrainParams, rate: number, decay: { first: number; second: number }): Step {
  if (params.solver === "sgd") {
    return { solver: "sgd", rate, momentum: params.momentum, nesterov: params.nesterovs_momentum };
  }
  const { beta_1, beta_2, epsilon } = params;
  decay.first *= beta_1;
  decay.second *= beta_2;
  return {
    solver: "adam",
    rate: rate * Math.sqrt(1 - decay.second) / (1 - decay.first),
    beta_1,
    beta_2,
    epsilon,
  };
}

function diverged(epoch: number, params: TrainParams): AppError {
  return new AppError(
    "invalid_argument",
    `Cannot fit mlp: the weights grew beyond all numbers in epoch ${epoch} with learning_rate_init ${params.learning_rate_init}`,
    { hint: "Use a smaller learning_rate_init, solver adam, or smaller sample weights." },
  );
}
