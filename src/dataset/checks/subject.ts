/** What the checks look at, made once for all of them. */
import { type Column, columnOf, isMissing, spreadRows, type Table } from "../table.ts";
import { inferTask, type Task } from "../task.ts";
import type { Labels, SplitMethod, Subject } from "./finding.ts";

export interface CheckOptions {
  target?: string;
  /** Default: as `inferTask` says. */
  task?: Task;
  /** Columns to learn from. Default: all but the target, identifiers and free text. */
  features?: readonly string[];
  /** Columns that are not learnt from. */
  exclude?: readonly string[];
  method?: SplitMethod;
  /** Row numbers of the table that learning and the holdout get. */
  split?: { train: Uint32Array; test: Uint32Array };
}

const MAX_ROWS = 20_000;
const MIN_ROWS = 500;
/** The more columns, the fewer rows of each are looked at. */
const MAX_CELLS = 8_000_000;

/** @throws AppError not_found for a target that the table has not */
export function subjectOf(table: Table, options: CheckOptions): Subject {
  const target = options.target === undefined ? null : columnOf(table, options.target);
  const task = target && (options.task ?? inferTask(target));
  const wanted = new Set(options.features);
  const left = new Set(options.exclude);
  const columns = table.columns.filter((column) =>
    column !== target && !left.has(column.name) && (!options.features || wanted.has(column.name))
  );
  const sample = sampleOf(table, target);
  return {
    table,
    target,
    task,
    columns,
    features: columns.filter(({ name, type }) =>
      wanted.has(name) || (type !== "identifier" && type !== "text")
    ),
    wanted,
    method: options.method ?? null,
    split: options.split ?? null,
    sample,
    labels: target && task && labelsOf(target, task, sample),
  };
}

function sampleOf(table: Table, target: Column | null): Uint32Array {
  const wanted = Math.floor(MAX_CELLS / Math.max(1, table.columns.length));
  const rows = spreadRows(table.rows, Math.min(MAX_ROWS, Math.max(MIN_ROWS, wanted)));
  return target ? rows.filter((row) => !isMissing(target, row)) : rows;
}

function labelsOf(target: Column, task: Task, sample: Uint32Array): Labels | null {
  if (task === "regression") {
    if (target.storage !== "numeric") return null;
    return { task, y: Float64Array.from(sample, (row) => target.values[row]) };
  }
  const source = target.storage === "numeric" ? target.values : target.codes;
  const places = new Map<number, number>();
  const y = Int32Array.from(sample, (row) => {
    const place = places.get(source[row]) ?? places.size;
    if (place === places.size) places.set(source[row], place);
    return place;
  });
  const nameOf = (key: number) => target.storage === "numeric" ? String(key) : target.categories[key];
  return { task, y, names: Array.from(places.keys(), nameOf) };
}
