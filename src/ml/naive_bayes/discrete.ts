/** What naive Bayes of counts and of yes or no share: their log likelihoods are linear in the columns. */
import { z } from "zod";
import type { Matrix } from "../matrix.ts";
import { linearScores } from "../linear_model/linear_state.ts";
import { checkColumns, checkFeatures } from "../tree/checks.ts";
import { normalizeRows, priorOf } from "./log_scores.ts";

export const DISCRETE_PARAMS = {
  alpha: z.number().min(0).default(1).describe(
    "Added to every count, so that nothing is impossible: 1 is Laplace's rule. Less than 1e-10 counts as 1e-10.",
  ),
  fit_prior: z.boolean().default(true).describe(
    "Whether classes are as likely as in the training rows; false: all the same.",
  ),
  class_prior: z.array(z.number().min(0)).nullable().default(null).describe(
    "Probability of each class, in the sorted order of the classes, summing to 1. null: as fit_prior says.",
  ),
};

export type DiscreteState = {
  /** (classes) */
  prior: Float64Array;
  /** (classes * cols): what a unit of the column adds to the log likelihood. */
  coef: Float64Array;
  /** (classes) */
  intercept: Float64Array;
};

export const LEAST_ALPHA = 1e-10;

export function discretePrior(
  params: { fit_prior: boolean; class_prior: number[] | null },
  counts: Float64Array,
  algorithm: string,
): Float64Array {
  const same = params.fit_prior ? counts : new Float64Array(counts.length).fill(1);
  return priorOf(params.class_prior, same, algorithm, "class_prior");
}

export function predictDiscrete(X: Matrix, state: DiscreteState, name: string): Float64Array {
  const classes = state.prior.length;
  checkColumns(X, state.coef.length / classes, name);
  checkFeatures(X, `predict with ${name}`, false);
  const columns = linearScores(X, state.coef, state.intercept);
  const scores = new Float64Array(columns.length);
  for (let k = 0; k < classes; k++) {
    for (let i = 0; i < X.rows; i++) scores[i * classes + k] = columns[k * X.rows + i];
  }
  normalizeRows(scores, state.prior);
  return scores;
}
