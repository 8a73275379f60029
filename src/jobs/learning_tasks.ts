/**
 * What runs inside a learning Worker: reading untrusted tables, fitting, validating. Functions from data to
 * data, without disk, network or clock rights; the Worker that calls them has no rights at all.
 */
import { type ArtifactFacts, decodeArtifact, encodeArtifact } from "@/artifact/artifact.ts";
import { type Check, replayGolden } from "@/artifact/golden.ts";
import { readTable } from "@/dataset/readers.ts";
import { checkTarget, inferTask, profileTable, type TableProfile } from "@/dataset/profile.ts";
import { holdoutSplit } from "@/dataset/split.ts";
import { type Column, columnOf, isMissing, selectColumns, type Table, takeRows } from "@/dataset/table.ts";
import { decodeTable, encodeTable, shareTable } from "@/dataset/table_file.ts";
import { AppError } from "@/shared/errors.ts";
import type { Task } from "@/ml/estimator.ts";
import { metricOf } from "@/ml/metrics.ts";
import { confusionMatrix } from "@/ml/metrics/confusion_matrix.ts";
import { scoreAll } from "@/ml/metrics/score_all.ts";
import { permutationImportance } from "@/ml/inspection/permutation_importance.ts";
import { crossValidate, type CrossValidation } from "@/ml/model_selection/cross_validate.ts";
import { encodeTarget, type FitOptions, fitPipeline, predictScores, targetSpec } from "@/ml/pipeline.ts";
import { requireFinite } from "@/ml/preprocessing/require_finite.ts";
import type { Validation } from "./job.ts";

/** Tells how far a task is: steps done of all, and the score so far where there is one. */
export type Report = (done: number, total: number, score?: number) => void;

export interface TableBytes {
  bytes: Uint8Array;
  file_name: string;
}

export interface PrepareInput extends TableBytes {
  target: string;
  task?: Task;
  features?: string[];
  exclude?: string[];
  sample_weight?: string;
  validation: Validation;
  seed: number;
}

export interface Prepared {
  /** Only the training rows, on shared memory. */
  train: Table;
  /** The sealed rows as a file; null when test_fraction is 0. */
  holdout: Uint8Array | null;
  rows: { total: number; train: number; holdout: number; without_target: number };
  task: Task;
  classes: (string | number)[];
  features: number;
  /** Columns of the table that the job may not use. */
  left_out: string[];
  /** For folds: the group or the time of each training row. */
  groups?: Int32Array;
  order?: Float64Array;
  read_ms: number;
  prepare_ms: number;
}

/** Reads a table and seals the holdout off before anything looks at the values. */
async function prepare(input: PrepareInput): Promise<Prepared> {
  const started = performance.now();
  const whole = await readTable(input.bytes, input.file_name);
  const read = performance.now();
  const task = input.task ?? inferTask(columnOf(whole, input.target));
  checkTarget(whole, input.target, task);
  const { validation } = input;
  const guide = validation.method === "time" || validation.method === "group"
    ? guideColumn(whole, validation)
    : null;
  const kept = columnsToKeep(whole, input, guide);
  const table = selectColumns(whole, kept);
  // Here, where a row still has the number that it has in the file.
  table.columns.forEach(requireFinite);
  const target = columnOf(table, input.target);
  const labelled = rowsWithTarget(target);
  const complete = labelled.length === table.rows ? table : takeRows(table, labelled);
  const labels = columnOf(complete, input.target);
  const spec = targetSpec(labels, task);
  const by = guide
    ? guideValues(takeRows({ rows: whole.rows, columns: [guide] }, labelled).columns[0], validation)
    : {};
  const strata = task === "classification" && !guide ? encodeTarget(labels, spec) : undefined;
  const split = validation.test_fraction === 0 ? null : holdoutSplit({
    rows: complete.rows,
    test_fraction: validation.test_fraction,
    seed: input.seed,
    ...(strata ? { strata } : {}),
    ...by,
  });
  const train = split ? takeRows(complete, split.train) : complete;
  const trainRows = split?.train ?? Uint32Array.from({ length: complete.rows }, (_, row) => row);
  const holdout = split ? takeRows(complete, split.test) : null;
  return {
    train: shareTable(train),
    holdout: holdout && encodeTable(holdout),
    rows: {
      total: whole.rows,
      train: train.rows,
      holdout: holdout?.rows ?? 0,
      without_target: table.rows - complete.rows,
    },
    task,
    classes: spec.classes,
    features: table.columns.length - 1,
    left_out: whole.columns.map(({ name }) => name).filter((name) => !kept.includes(name)),
    ...(by.groups ? { groups: Int32Array.from(trainRows, (row) => by.groups![row]) } : {}),
    ...(by.order ? { order: Float64Array.from(trainRows, (row) => by.order![row]) } : {}),
    read_ms: read - started,
    prepare_ms: performance.now() - read,
  };
}

function guideColumn(table: Table, validation: Validation): Column {
  if (validation.column === undefined) {
    throw new AppError(
      "invalid_argument",
      `Cannot validate by ${validation.method}: validation.column is missing`,
      {
        hint: `Name the column ${
          validation.method === "time" ? "of dates or numbers to order by" : "whose values are the groups"
        }.`,
      },
    );
  }
  return columnOf(table, validation.column);
}

function guideValues(column: Column, validation: Validation): { groups?: Int32Array; order?: Float64Array } {
  if (validation.method === "time") {
    if (column.storage === "numeric") return { order: column.values };
    throw new AppError(
      "invalid_argument",
      `Cannot order the rows by "${column.name}": it is of type ${column.type}`,
      {
        hint: "Choose a column of dates or numbers.",
      },
    );
  }
  if (column.storage === "coded") return { groups: column.codes };
  const places = new Map<number, number>();
  return {
    groups: Int32Array.from(column.values, (value) => {
      if (!places.has(value)) places.set(value, places.size);
      return places.get(value)!;
    }),
  };
}

/** The columns that the job may use. A column of groups says nothing about new groups, so it is no feature. */
function columnsToKeep(table: Table, input: PrepareInput, guide: Column | null): string[] {
  for (const name of [...(input.features ?? []), ...(input.exclude ?? [])]) columnOf(table, name);
  if (input.features?.includes(input.target)) {
    throw new AppError("invalid_argument", `Cannot use "${input.target}" as a feature: it is the target`);
  }
  const out = new Set(input.exclude ?? []);
  if (input.validation.method === "group" && guide && !input.features?.includes(guide.name)) {
    out.add(guide.name);
  }
  const wanted = input.features
    ? new Set([...input.features, input.target, ...(input.sample_weight ? [input.sample_weight] : [])])
    : null;
  if (input.sample_weight) columnOf(table, input.sample_weight);
  return table.columns.map((column) => column.name).filter((name) =>
    name === input.target || name === input.sample_weight || ((!wanted || wanted.has(name)) && !out.has(name))
  );
}

function rowsWithTarget(target: Column): Uint32Array {
  const rows: number[] = [];
  for (let i = 0; i < (target.storage === "numeric" ? target.values : target.codes).length; i++) {
    if (!isMissing(target, i)) rows.push(i);
  }
  return Uint32Array.from(rows);
}

export interface CompareInput {
  train: Table;
  options: Omit<FitOptions, "progress">;
  folds: number;
  metric: string;
  groups?: Int32Array;
  order?: Float64Array;
}

function compare(input: CompareInput, report: Report): CrossValidation {
  return crossValidate(input.train, {
    ...input.options,
    folds: input.folds,
    metric: input.metric,
    ...(input.groups ? { groups: input.groups } : {}),
    ...(input.order ? { order: input.order } : {}),
    onFold: (done, total, score) => report(done, total, score),
  });
}

export interface FitInput {
  train: Table;
  options: Omit<FitOptions, "progress">;
  metric: string;
  facts: Omit<ArtifactFacts, "importances" | "baseline"> & {
    baseline_metrics: Record<string, number | null>;
  };
}

export interface Fitted {
  artifact: Uint8Array;
  fit_ms: number;
  dropped: { column: string; reason: string }[];
}

/** Rows that the importances are measured on. */
const IMPORTANCE_ROWS = 1000;

function fit(input: FitInput, report: Report): Fitted {
  const started = performance.now();
  const pipeline = fitPipeline(input.train, { ...input.options, progress: report });
  const fit_ms = performance.now() - started;
  const { baseline_metrics, ...facts } = input.facts;
  const target = columnOf(input.train, input.options.target);
  const y = encodeTarget(target, pipeline.target);
  const step = Math.max(1, Math.floor(input.train.rows / IMPORTANCE_ROWS));
  const few = takeRows(
    input.train,
    Uint32Array.from({ length: Math.min(IMPORTANCE_ROWS, input.train.rows) }, (_, i) => i * step),
  );
  const artifact = encodeArtifact(pipeline, {
    ...facts,
    baseline: { metrics: baseline_metrics, prior: priorOf(y, pipeline.target.classes.length) },
    importances: Object.fromEntries(
      permutationImportance(pipeline, few, input.metric, { repeats: 2, seed: pipeline.seed })
        .map(({ feature, mean }) => [feature, Number.isFinite(mean) ? mean : 0]),
    ),
    golden_table: input.train,
  });
  return { artifact, fit_ms, dropped: pipeline.dropped };
}

/** What a constant guess says: the share of each class, or the mean. */
function priorOf(y: Float64Array, classes: number): number[] {
  if (classes === 0) return [y.reduce((sum, value) => sum + value, 0) / y.length];
  const shares = new Array<number>(classes).fill(0);
  for (const value of y) shares[value] += 1 / y.length;
  return shares;
}

export interface EvaluateInput {
  artifact: Uint8Array;
  /** A sealed holdout, or another table. */
  holdout?: Uint8Array;
  table?: TableBytes;
}

export interface Evaluation {
  task: Task;
  metrics: Record<string, number | null>;
  baseline: Record<string, number | null>;
  confusion_matrix?: number[][];
  classes: (string | number)[];
  rows: number;
  /** Rows left out: no target, or a class that training never saw. */
  rows_left_out: number;
}

async function evaluate(input: EvaluateInput): Promise<Evaluation> {
  const artifact = decodeArtifact(input.artifact);
  const { pipeline } = artifact;
  const whole = input.holdout
    ? decodeTable(input.holdout)
    : await readTable(input.table!.bytes, input.table!.file_name);
  const all = encodeTarget(columnOf(whole, pipeline.target.name), pipeline.target);
  const usable = Uint32Array.from(all.keys()).filter((i) => !Number.isNaN(all[i]));
  if (usable.length === 0) {
    throw new AppError(
      "invalid_argument",
      `Cannot validate: no row has a known value of "${pipeline.target.name}"`,
      {
        hint: "Give rows with the target that the model was trained for.",
      },
    );
  }
  const table = takeRows(whole, usable);
  const y = Float64Array.from(usable, (i) => all[i]);
  const classes = pipeline.target.classes.length;
  const scores = predictScores(pipeline, table);
  const { prior } = artifact.baseline;
  const guess = Float64Array.from({ length: y.length * prior.length }, (_, i) => prior[i % prior.length]);
  return {
    task: pipeline.task,
    metrics: scoreAll(pipeline.task, { y, scores, n_classes: classes }).metrics,
    baseline: scoreAll(pipeline.task, { y, scores: guess, n_classes: classes }).metrics,
    ...(classes > 0 ? { confusion_matrix: confusionMatrix({ y, scores, n_classes: classes }) } : {}),
    classes: pipeline.target.classes,
    rows: y.length,
    rows_left_out: whole.rows - y.length,
  };
}

async function profile(input: TableBytes & { target?: string }): Promise<TableProfile> {
  return profileTable(await readTable(input.bytes, input.file_name), input.target);
}

/** Whether a file is a model, and still gives its golden predictions. */
export interface Inspection {
  checks: Check[];
}

function inspect(input: { artifact: Uint8Array }): Inspection {
  return { checks: replayGolden(decodeArtifact(input.artifact)) };
}

/** The table of tasks. */
export const LEARNING_TASKS = { prepare, compare, fit, evaluate, profile, inspect };

export type TaskName = keyof typeof LEARNING_TASKS;
export type TaskInput<N extends TaskName> = Parameters<(typeof LEARNING_TASKS)[N]>[0];
export interface TaskOutputs {
  prepare: Prepared;
  compare: CrossValidation;
  fit: Fitted;
  evaluate: Evaluation;
  profile: TableProfile;
  inspect: Inspection;
}
export type TaskOutput<N extends TaskName> = TaskOutputs[N];

/** Whether a score passes: as good as the threshold, in the metric's own direction. */
export function passes(metric: string, score: number | null, threshold: number, strictly = false): boolean {
  if (score === null || Number.isNaN(score)) return false;
  const gain = metricOf(metric).greater_is_better ? score - threshold : threshold - score;
  return strictly ? gain > 0 : gain >= 0;
}
