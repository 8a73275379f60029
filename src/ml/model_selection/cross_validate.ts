import { kFoldSplits } from "@/dataset/split.ts";
import { columnOf, type Table, takeRows } from "@/dataset/table.ts";
import { AppError } from "@/shared/errors.ts";
import { metricOf } from "../metrics.ts";
import { scoreAll } from "../metrics/score_all.ts";
import { type FitOptions, fitPipeline } from "../pipeline.ts";
import { readSampleWeight } from "../preprocessing/sample_weight.ts";
import { type TargetSpec, targetSpec } from "../preprocessing/target.ts";
import type { State } from "../state.ts";
import { rowsWithTarget, scoresFor, truthOf } from "./scored_rows.ts";

export interface CrossValidation {
  metric: string;
  /** One a fold, in units of the metric. */
  fold_scores: number[];
  mean: number;
  /** Standard deviation of the fold scores (divided by n). */
  std: number;
  /** Every metric of the task, the mean over the folds; null where one is not defined in a fold. */
  metrics: Record<string, number | null>;
  /** Rows of the smallest training fold. */
  fit_rows: number;
}

/** As Truth has them. */
export type FoldTruth = { y: Float64Array; scores: Float64Array };

/** What a fold came to. */
type Fold = { score: number; metrics: Record<string, number | null>; truth: FoldTruth | null };

/** What a checkpoint keeps: a piece of a fold's fit; the first piece of each, a whole one, has the folds before it. */
type Piece = State & { folds: Fold[]; fit: State | null };

/** Every fold is fitted from the start. */
export interface CrossValidateOptions extends Omit<FitOptions, "continue_from"> {
  folds: number;
  /** A name of METRICS. */
  metric: string;
  /** The group of each row: no group is in training and test of one fold. */
  groups?: Int32Array;
  /** The time of each row: training is earlier than the test. Not together with `groups`. */
  order?: Float64Array;
  /** Folds done, the part of the one at hand included, of all; `score` of the last that is done. */
  progress?: (done: number, total: number, score?: number) => void;
  /** At the end, for each fold: what was predicted for its test rows, and what is true of them. */
  onTruth?: (truth: FoldTruth, target: TargetSpec) => void;
}

/**
 * Scores an algorithm on rows it has not seen, fold by fold. The whole pipeline, preparation too, is fitted inside
 * each fold. Stratified for classification, except by time. Sample weights count in the fit and in the score.
 *
 * Source: https://scikit-learn.org/stable/modules/cross_validation.html
 * @throws AppError as `fitPipeline`; invalid_argument when rows, groups or classes are too few for the folds, or
 * the metric is not defined in a fold
 */
export function crossValidate(table: Table, options: CrossValidateOptions): CrossValidation {
  const { task, folds, seed } = options;
  const metric = metricOf(options.metric, task);
  const target = targetSpec(columnOf(table, options.target), task);
  const known = rowsWithTarget(table, target);
  const weight = options.sample_weight === undefined
    ? undefined
    : readSampleWeight(columnOf(known.table, options.sample_weight));
  const { groups, order } = options;
  const splits = kFoldSplits({
    rows: known.y.length,
    folds,
    seed,
    strata: task === "classification" && !order ? known.y : undefined,
    groups: groups && Int32Array.from(known.rows, (row) => groups[row]),
    order: order && Float64Array.from(known.rows, (row) => order[row]),
  });
  const pieces = (options.resume ?? []) as Piece[];
  const done = pieces.flatMap(({ folds }) => folds);
  let resume = pieces.flatMap(({ fit }): State[] => fit ? [fit] : []);
  for (const { train, test } of splits.slice(done.length)) {
    if (task === "classification") requireTwoClasses(known.y, train, target, folds);
    const { checkpoint, progress } = options;
    let isFirst = resume.length === 0;
    const pipeline = fitPipeline(takeRows(known.table, train), {
      ...options,
      resume,
      checkpoint: checkpoint && ((piece, isWhole) => {
        const isBegin = isWhole || isFirst;
        checkpoint(() => {
          isFirst = false;
          return { folds: isBegin ? [...done] : [], fit: piece() };
        }, isBegin);
      }),
      progress: progress &&
        ((steps, total) => progress(done.length + steps / total, folds, done.at(-1)?.score)),
    });
    resume = [];
    const tested = takeRows(known.table, test);
    const y = Float64Array.from(test, (row) => known.y[row]);
    const testWeight = weight && Float64Array.from(test, (row) => weight[row]);
    const truth = truthOf(y, scoresFor(pipeline, tested, target), target, testWeight);
    const score = metric.compute(truth);
    if (!Number.isFinite(score)) {
      throw new AppError(
        "invalid_argument",
        `Cannot score fold ${done.length + 1} of ${folds} by ${metric.name}: it is not defined for its ` +
          `${test.length} test rows`,
        { hint: "A class may be missing there. Use fewer folds or another metric." },
      );
    }
    done.push({
      score,
      metrics: scoreAll(task, truth).metrics,
      truth: options.onTruth ? { y, scores: truth.scores } : null,
    });
    progress?.(done.length, folds, score);
    checkpoint?.(() => ({ folds: [...done], fit: null }), true);
  }
  for (const { truth } of done) if (truth) options.onTruth?.(truth, target);
  const fold_scores = done.map(({ score }) => score);
  const mean = fold_scores.reduce((sum, score) => sum + score, 0) / folds;
  const std = Math.sqrt(fold_scores.reduce((sum, score) => sum + (score - mean) ** 2, 0) / folds);
  const fit_rows = Math.min(...splits.map(({ train }) => train.length));
  return {
    metric: metric.name,
    fold_scores,
    mean,
    std,
    metrics: meanOfEach(done.map(({ metrics }) => metrics)),
    fit_rows,
  };
}

function meanOfEach(folds: readonly Record<string, number | null>[]): Record<string, number | null> {
  return Object.fromEntries(
    Object.keys(folds[0]).map((name) => {
      const values = folds.map((metrics) => metrics[name]);
      const defined = values.filter((value) => value !== null);
      const sum = defined.reduce((total, value) => total + value, 0);
      return [name, defined.length === values.length ? sum / values.length : null];
    }),
  );
}

function requireTwoClasses(y: Float64Array, train: Uint32Array, target: TargetSpec, folds: number): void {
  const first = y[train[0]];
  if (train.some((row) => y[row] !== first)) return;
  const counts = new Float64Array(target.classes.length);
  for (const value of y) counts[value]++;
  const rare = target.classes.map((name, k) => `${JSON.stringify(name)} has ${counts[k]}`).slice(0, 10);
  throw new AppError(
    "invalid_argument",
    `Cannot cross-validate in ${folds} folds: the training rows of one fold are all of class ` +
      JSON.stringify(target.classes[first]),
    {
      hint: `Rows by class: ${
        rare.join(", ")
      }. Every class needs rows in every fold: add rows or use fewer folds.`,
    },
  );
}
