/**
 * The one interface of every learning algorithm: a value with two functions.
 *
 * `fit` is pure: no clock, disk, network or Math.random; chance comes from `context.seed`.
 * It calls `context.progress` now and then. Cancelling is done from outside, by ending the Worker.
 */
import type { z } from "zod";
import type { Matrix } from "./matrix.ts";
import type { State } from "./state.ts";

export type Task = "classification" | "regression";

/** What the preparation must do to the columns before this algorithm sees them. */
export interface Needs {
  /** `native`: NaN may stay. `impute`: every value is filled in first. */
  missing: "native" | "impute";
  /** False: an imputed column gets no 0/1 column beside it that tells where values were missing. */
  missing_indicator?: boolean;
  /** `native`: category codes, marked in `Matrix.categories`. `one_hot`: one 0/1 column a category. */
  categories: "native" | "one_hot";
  /** Columns are brought to mean 0 and variance 1. */
  scaling: boolean;
  /** The kernels work on X where it is: it is then prepared in their memory, which is given back after the fit. */
  kernels?: boolean;
}

export interface FitContext {
  task: Task;
  /** Number of classes; 0 for regression. */
  n_classes: number;
  seed: number;
  /** One weight a row, >= 0. Absent: every row counts 1. */
  sample_weight?: Float64Array;
  /** Threads it may use, itself included; what it learns does not depend on it. Absent: 1. */
  threads?: number;
  /** What an earlier fit of the same algorithm learned, to go on from; only for one that `continues`. */
  continue_from?: State;
  /** What `checkpoint` got from the same fit before it was cut off, in order: it goes on there, to the same bytes. */
  resume?: readonly State[];
  /**
   * Offers to keep where the fit is, after each step. Whoever waits asks for `piece` now and then: what was learned
   * since the last one, or, if `isWhole`, all that is needed to go on, so that the pieces before are forgotten.
   */
  checkpoint?: Checkpoint;
  /** Steps done of all (trees, rounds, iterations); `score` is the validation or training loss so far. */
  progress(done: number, total: number, score?: number): void;
}

export type Checkpoint = (piece: () => State, isWhole: boolean) => void;

/** How a fitted model gets more steps. */
export interface Continuation {
  /** The parameter that counts the steps, those of the first fit included. */
  steps: string;
  /** Steps that a model has. */
  done(state: State): number;
  /** Parameters that may differ from the first fit's; the others must be the same. */
  free: readonly string[];
}

/** What is known of a fit before it starts. */
export interface FitShape {
  rows: number;
  /** Of the prepared matrix. */
  cols: number;
  /** 0 for regression. */
  n_classes: number;
}

export interface Estimator<P = Record<string, unknown>, S extends State = State> {
  /** scikit-learn's word in snake_case: `random_forest`. */
  name: string;
  title: string;
  /** One or two sentences for a person or a model that must choose. */
  description: string;
  /** scikit-learn's page or the paper. */
  source: string;
  needs: Needs;
  /** Absent: it starts anew each time. */
  continues?: Continuation;
  /** What the data must be beyond being numbers; another is refused, naming row and value. */
  demands?: { features?: "not_negative"; target?: "not_negative" };
  /** The tasks it can do, each with its strict zod schema of parameters (scikit-learn's names and defaults). */
  params: Partial<Record<Task, z.ZodType<P>>>;
  /**
   * @param X (rows, cols), prepared as `needs` says
   * @param y (rows): numbers, or class indices 0..n_classes-1
   */
  fit(X: Matrix, y: Float64Array, params: P, context: FitContext): S;
  /**
   * @returns regression: (rows). Classification: probabilities, row-major (rows * n_classes), each row sums to 1.
   */
  predict(X: Matrix, state: S): Float64Array;
  /** Bytes that `fit` takes beside X, what it learns included, as an upper estimate. Absent: as much as X. */
  memory?(shape: FitShape, params: P): number;
  /** How much each column of X moved the fit, >= 0, summing to 1 (or all 0). */
  importances?(state: S): Float64Array;
}

/** Checks the shape of an algorithm by type; returns it as the table's element type. */
export function defineEstimator<P, S extends State>(estimator: Estimator<P, S>): Estimator {
  return estimator as unknown as Estimator;
}
