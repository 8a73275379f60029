/**
 * Preparation and estimator as one value: a table in, predictions out.
 *
 * Everything it knows is learned from the rows given to `fitPipeline`, so a fold or a holdout that was not
 * given cannot leak in.
 */
import { columnOf, type Table, takeRows } from "@/dataset/table.ts";
import { AppError } from "@/shared/errors.ts";
import { checkParams } from "./check_params.ts";
import type { Needs, Task } from "./estimator.ts";
import { estimatorOf } from "./estimators.ts";
import { type Matrix, matrixOfColumns } from "./matrix.ts";
import { chooseFeatures, type FeatureSpec } from "./preprocessing/choose_features.ts";
import { matchColumn } from "./preprocessing/match_column.ts";
import { readSampleWeight } from "./preprocessing/sample_weight.ts";
import { encodeTarget, type TargetSpec, targetSpec } from "./preprocessing/target.ts";
import type { State } from "./state.ts";
import { transformerOf } from "./transformers.ts";

export { checkParams, encodeTarget, targetSpec };
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
  /** What an earlier fit of the same algorithm learned (`FittedPipeline.state`), to go on from. */
  continue_from?: State;
  progress?: (done: number, total: number, score?: number) => void;
}

/** 4 GiB of doubles. */
const MAX_CELLS = 2 ** 29;

/**
 * Learns the preparation and the model.
 * @throws AppError for a target, feature, parameter, weight or number that cannot be used, naming it
 */
export function fitPipeline(table: Table, options: FitOptions): FittedPipeline {
  const { task, algorithm, seed } = options;
  const estimator = estimatorOf(algorithm);
  const params = checkParams(algorithm, task, options.params);
  const target = targetSpec(columnOf(table, options.target), task);

  const encoded = encodeTarget(columnOf(table, options.target), target);
  const kept = rowsWithValue(encoded);
  const complete = kept.length === table.rows;
  const rows = complete ? table : takeRows(table, kept);
  const y = complete ? encoded : Float64Array.from(kept, (row) => encoded[row]);

  const weight = options.sample_weight === undefined
    ? undefined
    : readSampleWeight(columnOf(rows, options.sample_weight));
  const { features, dropped } = chooseFeatures(rows, options);
  const prepared = features.map((feature) => learnColumn(rows, feature, estimator.needs));
  const shape = matrixShape(prepared);
  const X = fillMatrix(rows, features, prepared, shape.names, shape.categories);

  const state = estimator.fit(X, y, params, {
    task,
    n_classes: target.classes.length,
    seed,
    sample_weight: weight,
    threads: options.threads,
    continue_from: options.continue_from,
    progress: options.progress ?? (() => {}),
  });
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

function matrixShape(prepared: readonly PreparedColumn[]): { names: string[]; categories: number[] } {
  const names = prepared.flatMap((step) => transformerOf(step.transformer).outputs(step.column, step.state));
  const categories = prepared.flatMap((step) => transformerOf(step.transformer).categories(step.state));
  return { names, categories };
}

function fillMatrix(
  table: Table,
  features: readonly FeatureSpec[],
  prepared: readonly PreparedColumn[],
  names: readonly string[],
  categories: readonly number[],
): Matrix {
  const { rows } = table;
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
  const steps = prepared.map((step, index) => {
    const transformer = transformerOf(step.transformer);
    const column = matchColumn(columnOf(table, step.column), features[index]);
    return { transformer, column, state: step.state, view: transformer.view?.(column) };
  });
  const copied = cols - steps.filter(({ view }) => view !== undefined).length;
  const data = new Float64Array(rows * copied);
  let at = 0;
  const columns = steps.flatMap(({ transformer, column, state, view }) => {
    if (view !== undefined) return [view];
    const outputs = transformer.categories(state).map(() => data.subarray(at * rows, ++at * rows));
    transformer.transform(column, state, outputs);
    return outputs;
  });
  return copied === cols
    ? { rows, cols, data, names, categories }
    : matrixOfColumns(rows, columns, names, categories);
}

/**
 * The table as the estimator wants it.
 * @param table has the feature columns in any order; other columns are ignored
 * @returns (rows, matrix_names.length)
 * @throws AppError not_found for a feature column that is not there; invalid_argument for one of another type
 */
export function prepareMatrix(pipeline: FittedPipeline, table: Table): Matrix {
  const { features, prepared, matrix_names, matrix_categories } = pipeline;
  return fillMatrix(table, features, prepared, matrix_names, matrix_categories);
}

/**
 * @returns regression: (rows). Classification: (rows * classes) probabilities, row-major, in the order of
 * `pipeline.target.classes`
 */
export function predictScores(pipeline: FittedPipeline, table: Table): Float64Array {
  return estimatorOf(pipeline.algorithm).predict(prepareMatrix(pipeline, table), pipeline.state);
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
