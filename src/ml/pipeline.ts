/**
 * Preparation and estimator as one value: a table in, predictions out.
 *
 * Everything it knows is learned from the rows given to `fitPipeline`, so a fold or a holdout that was not
 * given cannot leak in.
 */
import { withArena } from "@/kernels/solo.ts";
import { checkStop } from "@/kernels/stop.ts";
import { type Column, columnOf, type Table, takeRows } from "@/dataset/table.ts";
import { AppError } from "@/shared/errors.ts";
import { checkParams } from "./check_params.ts";
import type { Checkpoint, Estimator, Needs, Task } from "./estimator.ts";
import { estimatorOf } from "./estimators.ts";
import { type Matrix, matrixOfColumns } from "./matrix.ts";
import { chooseFeatures, type FeatureSpec } from "./preprocessing/choose_features.ts";
import { matchColumn } from "./preprocessing/match_column.ts";
import { readSampleWeight } from "./preprocessing/sample_weight.ts";
import { continuedTarget, encodeTarget, type TargetSpec, targetSpec } from "./preprocessing/target.ts";
import type { State } from "./state.ts";
import { transformerOf } from "./transformers.ts";

export { checkParams, continuedTarget, encodeTarget, targetSpec };
export type { FeatureSpec, TargetSpec };

/** One column's preparation: a step of TRANSFORMERS and what it learned. */
export interface PreparedColumn {
  column: string;
  transformer: string;
  state: State;
}

/** A trained model as plain data. */
export interface FittedPipeline {
  task: Task;
  algorithm: string;
  /** Complete: the defaults are filled in. */
  params: Record<string, unknown>;
  seed: number;
  target: TargetSpec;
  /** The columns a table must have for predicting. */
  features: FeatureSpec[];
  /** One a feature, in the same order. */
  prepared: PreparedColumn[];
  matrix_names: string[];
  matrix_categories: number[];
  dropped: { column: string; reason: string }[];
  /** Every other column of the training table, the target included: a row may carry it, and it is not read. */
  ignored: string[];
  /** Rows that were learned from; rows without a target are not. */
  fit_rows: number;
  rows_without_target: number;
  state: State;
}

export interface FitOptions {
  target: string;
  task: Task;
  /** A name of ESTIMATORS. */
  algorithm: string;
  params?: Record<string, unknown>;
  /** Default: every column but the target, identifiers and free text. Naming one keeps it whatever its type. */
  features?: string[];
  exclude?: string[];
  /** Columns that the table had before they were taken out: rows may carry them. */
  left_out?: string[];
  seed: number;
  /** A column of weights (>= 0); it is then not a feature. */
  sample_weight?: string;
  /** Threads that the fit may use; the model does not depend on it. Default: 1. */
  threads?: number;
  /** A model of the same algorithm to go on from: its preparation, features and classes stay. */
  continue_from?: FittedPipeline;
  /** As FitContext's. */
  resume?: readonly State[];
  checkpoint?: Checkpoint;
  progress?: (done: number, total: number, score?: number) => void;
}

/** 4 GiB of doubles. */
const MAX_CELLS = 2 ** 29;
/** From so many on, and up to so many, the kernels are quicker and have room. */
const QUICK_CELLS = 20_000;
const MOST_QUICK_CELLS = 2 ** 27;
/** The same for predictions, of which there are many: they seldom start the kernels. */
const QUICK_PREDICTED_CELLS = 1_500;

/**
 * Learns the preparation and the model.
 * @throws AppError for a target, feature, parameter, weight or number that cannot be used, naming it
 */
export function fitPipeline(table: Table, options: FitOptions): FittedPipeline {
  const { task, algorithm, seed } = options;
  const estimator = estimatorOf(algorithm);
  const params = checkParams(algorithm, task, options.params);
  const before = options.continue_from;
  const target = before
    ? continuedTarget(columnOf(table, options.target), before.target)
    : targetSpec(columnOf(table, options.target), task);

  const encoded = encodeTarget(columnOf(table, options.target), target);
  const kept = rowsWithValue(encoded);
  const complete = kept.length === table.rows;
  const rows = complete ? table : takeRows(table, kept);
  const y = complete ? encoded : Float64Array.from(kept, (row) => encoded[row]);

  const weight = options.sample_weight === undefined
    ? undefined
    : readSampleWeight(columnOf(rows, options.sample_weight));
  const { features, dropped } = before ?? chooseFeatures(rows, options);
  const prepared = before?.prepared ?? features.map((feature) => learnColumn(rows, feature, estimator.needs));
  const shape = matrixShape(prepared);
  const columns = features.map(({ name }) => columnOf(rows, name));
  const fitOn = (room?: Room) =>
    estimator.fit(fillMatrix(rows.rows, columns, prepared, shape, room), y, params, {
      task,
      n_classes: target.classes.length,
      seed,
      sample_weight: weight,
      threads: options.threads,
      continue_from: before?.state,
      resume: options.resume,
      checkpoint: options.checkpoint,
      progress: options.progress ?? (() => {}),
    });
  const isQuick = suitsKernels(estimator, rows.rows * shape.names.length);
  const state = isQuick ? withArena(({ room }) => fitOn(room)) : fitOn();
  return {
    task,
    algorithm,
    params,
    seed,
    target,
    features,
    prepared,
    matrix_names: shape.names,
    matrix_categories: shape.categories,
    dropped,
    ignored: ignoredColumns(table, features, options.left_out),
    fit_rows: rows.rows,
    rows_without_target: table.rows - rows.rows,
    state,
  };
}

function ignoredColumns(table: Table, features: readonly FeatureSpec[], leftOut: string[] = []): string[] {
  const read = new Set(features.map(({ name }) => name));
  return [...table.columns.map(({ name }) => name), ...leftOut].filter((name) => !read.has(name));
}

function rowsWithValue(values: Float64Array): Uint32Array {
  const kept = new Uint32Array(values.length);
  let count = 0;
  for (let i = 0; i < values.length; i++) {
    if (!Number.isNaN(values[i])) kept[count++] = i;
  }
  return kept.slice(0, count);
}

/** The step that follows from the column's storage and the estimator's needs, fitted. */
function learnColumn(table: Table, feature: FeatureSpec, needs: Needs): PreparedColumn {
  const column = columnOf(table, feature.name);
  const impute = needs.missing === "impute" || needs.scaling;
  let name: string;
  let params: Record<string, unknown> = {};
  if (column.storage === "coded") {
    name = needs.categories === "native" ? "ordinal_encoder" : "one_hot_encoder";
  } else if (column.type === "date") {
    name = "date_parts";
    params = { impute, scale: needs.scaling };
  } else {
    name = needs.scaling ? "standard_scaler" : impute ? "simple_imputer" : "passthrough";
    params = { indicator: needs.missing_indicator !== false };
  }
  return { column: feature.name, transformer: name, state: transformerOf(name).fit(column, params) };
}

/** Whether the matrix is better prepared in the kernels' memory. */
function suitsKernels({ needs }: Estimator, cells: number): boolean {
  return needs.kernels === true && cells >= QUICK_CELLS && cells <= MOST_QUICK_CELLS;
}

/** Of the columns of the matrix, in their order. */
interface MatrixShape {
  names: readonly string[];
  categories: readonly number[];
}

function matrixShape(prepared: readonly PreparedColumn[]): { names: string[]; categories: number[] } {
  const names = prepared.flatMap((step) => transformerOf(step.transformer).outputs(step.column, step.state));
  const categories = prepared.flatMap((step) => transformerOf(step.transformer).categories(step.state));
  return { names, categories };
}

/** A place for so many doubles. */
type Room = (count: number) => Float64Array;

/** @param columns one a step, as training knew them */
function fillMatrix(
  rows: number,
  columns: readonly Column[],
  prepared: readonly PreparedColumn[],
  { names, categories }: MatrixShape,
  room?: Room,
): Matrix {
  const cols = names.length;
  if (rows * cols > MAX_CELLS) {
    throw new AppError(
      "resource_exhausted",
      `Cannot prepare ${rows} rows: ${cols} columns of numbers would take ${
        Math.round(rows * cols / 2 ** 27)
      } GiB`,
      { hint: "Use fewer rows, or exclude columns with many categories." },
    );
  }
  const steps = prepared.map(({ transformer: name, state }, index) => {
    const transformer = transformerOf(name);
    const column = columns[index];
    // The kernels work on what lies in their memory, so there everything is copied.
    return { transformer, column, state, view: room ? undefined : transformer.view?.(column) };
  });
  const copied = cols - steps.filter(({ view }) => view !== undefined).length;
  const data = room?.(rows * copied) ?? new Float64Array(rows * copied);
  let at = 0;
  const filled = steps.flatMap(({ transformer, column, state, view }) => {
    checkStop();
    if (view !== undefined) return [view];
    const outputs = transformer.categories(state).map(() => data.subarray(at * rows, ++at * rows));
    transformer.transform(column, state, outputs);
    return outputs;
  });
  return copied === cols
    ? { rows, cols, data, names, categories }
    : matrixOfColumns(rows, filled, names, categories);
}

/**
 * The table as the estimator wants it.
 * @param table has the feature columns in any order; other columns are ignored
 * @returns (rows, matrix_names.length)
 * @throws AppError not_found for a feature column that is not there; invalid_argument for one of another type
 */
export function prepareMatrix(pipeline: FittedPipeline, table: Table): Matrix {
  const { prepared, matrix_names: names, matrix_categories: categories } = pipeline;
  return fillMatrix(table.rows, matchColumns(pipeline, table), prepared, { names, categories });
}

/** @throws AppError as prepareMatrix does */
function matchColumns({ features }: FittedPipeline, table: Table): Column[] {
  return features.map((feature) => matchColumn(columnOf(table, feature.name), feature));
}

/** The columns of the prepared matrix that each feature became, in the order of `pipeline.features`. */
export function featureColumns({ prepared }: FittedPipeline): { from: number; to: number }[] {
  let to = 0;
  return prepared.map(({ transformer, state }) => {
    const from = to;
    to += transformerOf(transformer).categories(state).length;
    return { from, to };
  });
}

/** As `predictScores`, of rows that `prepareMatrix` prepared. */
export function predictPrepared(pipeline: FittedPipeline, X: Matrix): Float64Array {
  return estimatorOf(pipeline.algorithm).predict(X, pipeline.state);
}

/**
 * @returns regression: (rows). Classification: (rows * classes) probabilities, row-major, in the order of
 * `pipeline.target.classes`
 */
export function predictScores(pipeline: FittedPipeline, table: Table): Float64Array {
  const { needs } = estimatorOf(pipeline.algorithm);
  const cols = pipeline.matrix_names.length;
  const isLarge = table.rows * cols >= QUICK_PREDICTED_CELLS && cols * LEAST_BLOCK_ROWS <= MOST_QUICK_CELLS;
  if (!needs.kernels || !isLarge) {
    return predictPrepared(pipeline, prepareMatrix(pipeline, table));
  }
  try {
    return predictBlocks(pipeline, matchColumns(pipeline, table), table.rows);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    // The rows of a block have other numbers.
    return predictPrepared(pipeline, prepareMatrix(pipeline, table));
  }
}

/** Cells that are prepared at once: they stay in the second cache, and what they take is bounded. */
const BLOCK_CELLS = 2 ** 16;
/** An estimator may have work to do before the first row. */
const LEAST_BLOCK_ROWS = 2048;

/** In the kernels' memory, block after block: every row is predicted alone. */
function predictBlocks(pipeline: FittedPipeline, columns: readonly Column[], rows: number): Float64Array {
  const { prepared, matrix_names: names, matrix_categories: categories } = pipeline;
  const block = Math.max(LEAST_BLOCK_ROWS, Math.floor(BLOCK_CELLS / names.length));
  const outputs = Math.max(1, pipeline.target.classes.length);
  const scores = new Float64Array(rows * outputs);
  for (let first = 0; first < rows; first += block) {
    const count = Math.min(block, rows - first);
    const some = columns.map((column) => columnPart(column, first, first + count));
    withArena(({ room }) => {
      const X = fillMatrix(count, some, prepared, { names, categories }, room);
      scores.set(predictPrepared(pipeline, X), first * outputs);
    });
  }
  return scores;
}

/** Some rows of a column, as a view. */
function columnPart(column: Column, from: number, to: number): Column {
  return column.storage === "numeric"
    ? { ...column, values: column.values.subarray(from, to) }
    : { ...column, codes: column.codes.subarray(from, to) };
}

/** Regression: the numbers. Classification: for each row the class of the highest probability, the first of equals. */
export function labelsOf(pipeline: FittedPipeline, scores: Float64Array): (string | number)[] {
  const { classes } = pipeline.target;
  if (classes.length === 0) return Array.from(scores);
  const labels = new Array<string | number>(scores.length / classes.length);
  for (let i = 0; i < labels.length; i++) {
    let best = 0;
    for (let k = 1; k < classes.length; k++) {
      if (scores[i * classes.length + k] > scores[i * classes.length + best]) best = k;
    }
    labels[i] = classes[best];
  }
  return labels;
}
