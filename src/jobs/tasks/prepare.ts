/** Reads a table and seals the holdout off before anything looks at the values. */
import { AppError } from "@/shared/errors.ts";
import { findProblems } from "@/dataset/checks/checks.ts";
import type { Finding } from "@/dataset/checks/finding.ts";
import { checkTarget, inferTask } from "@/dataset/task.ts";
import { holdoutSplit } from "@/dataset/split.ts";
import { type Column, columnOf, isMissing, selectColumns, type Table, takeRows } from "@/dataset/table.ts";
import { encodeTable, shareTable } from "@/dataset/table_file.ts";
import type { Task } from "@/ml/estimator.ts";
import { encodeTarget, targetSpec } from "@/ml/preprocessing/target.ts";
import { requireFinite } from "@/ml/preprocessing/require_finite.ts";
import { readSampleWeight } from "@/ml/preprocessing/sample_weight.ts";
import type { Validation } from "../job.ts";
import { readSource, type TableBytes } from "./read_source.ts";

export interface PrepareInput extends TableBytes {
  target: string;
  task?: Task;
  features?: string[];
  exclude?: string[];
  sample_weight?: string;
  validation: Validation;
  seed: number;
  /** Names of checks whose errors do not stop the job, or "all". */
  ignore_findings?: string[];
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
  /** What reading the table had to guess or change. */
  notes?: readonly string[];
  /** What the checks before learning found, errors that were to be ignored among them. */
  findings: Finding[];
  read_ms: number;
  prepare_ms: number;
}

export async function prepare(input: PrepareInput): Promise<Prepared> {
  const started = performance.now();
  const whole = await readSource(input);
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
  const known = labelled.length === whole.rows ? whole : takeRows(whole, labelled);
  const complete = selectColumns(known, kept);
  if (input.sample_weight) readSampleWeight(columnOf(complete, input.sample_weight));
  const labels = columnOf(complete, input.target);
  const spec = targetSpec(labels, task);
  const by = guide ? guideValues(columnOf(known, guide.name), validation) : {};
  const strata = task === "classification" && !guide ? encodeTarget(labels, spec) : undefined;
  const split = validation.test_fraction === 0 ? null : holdoutSplit({
    rows: complete.rows,
    test_fraction: validation.test_fraction,
    seed: input.seed,
    ...(strata ? { strata } : {}),
    ...by,
  });
  // The checks see the holdout, too, but all that leaves them is figures, and a refusal.
  const findings = findProblems(known, {
    target: input.target,
    task,
    method: validation.method,
    exclude: whole.columns.map(({ name }) => name).filter((name) =>
      !kept.includes(name) || name === input.sample_weight
    ),
    ...(input.features ? { features: input.features } : {}),
    ...(split ? { split } : {}),
  });
  refuseErrors(findings, input.ignore_findings);
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
    ...(whole.notes ? { notes: whole.notes } : {}),
    findings,
    read_ms: read - started,
    prepare_ms: performance.now() - read,
  };
}

/** @throws AppError failed_precondition, with every error that was not to be ignored, and the ways out */
function refuseErrors(findings: readonly Finding[], ignored: readonly string[] = []): void {
  if (ignored.includes("all")) return;
  const errors = findings.filter(({ severity, check }) => severity === "error" && !ignored.includes(check));
  if (errors.length === 0) return;
  const state = errors.map(({ check, message }) => `${check}: ${message}`).join(" ");
  const steps = [...new Set(errors.map(({ hint }) => hint))];
  const columns = [...new Set(errors.filter(accusesColumns).flatMap((one) => one.columns))];
  const checks = [...new Set(errors.map(({ check }) => check))];
  const exclude = columns.length > 0 ? `Leave columns out with exclude: ${JSON.stringify(columns)}. ` : "";
  throw new AppError("failed_precondition", `Cannot train on this table: ${state}`, {
    hint: `${steps.join(" ")} ${exclude}To train all the same: ignore_findings: ${JSON.stringify(checks)}.`,
  });
}

/** Leaving out the column that names a group takes nothing from what the other columns tell of it. */
function accusesColumns({ check }: Finding): boolean {
  return check !== "group_leakage";
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
