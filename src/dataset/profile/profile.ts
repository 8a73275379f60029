/**
 * What is in a table: for a person who looks at it, and for a planner that must choose a target.
 *
 * Source of the statistics: pandas' describe (sample standard deviation, linear quantiles).
 */
import { countDuplicateRows } from "./duplicates.ts";
import { type Column, columnOf, type ColumnType, isoDate, type Table } from "./table.ts";
import { countValues, inferTask, type Task } from "./task.ts";

export { checkTarget, inferTask, type Task } from "./task.ts";

/** A date is its ISO 8601 text. */
type Value = number | string;

export interface ColumnProfile {
  name: string;
  type: ColumnType;
  missing: number;
  /** Of all rows, 0 to 1. */
  missing_share: number;
  /** Different values, missing not counted. */
  distinct: number;
  /** Numbers and dates only, where there is a value. */
  min?: Value;
  max?: Value;
  mean?: Value;
  /** Numbers only, with two values at least. */
  std?: number;
  quantiles?: { p5: Value; p25: Value; p50: Value; p75: Value; p95: Value };
  /** The most frequent values of a coded column, at most ten. */
  top_values?: { value: string; count: number }[];
  /** The first different values, at most five. */
  examples: Value[];
}

export interface TableProfile {
  rows: number;
  columns: number;
  /** Rows that equal an earlier one in every column. */
  duplicate_rows: number;
  column_profiles: ColumnProfile[];
  target?: TargetProfile;
}

export interface TargetProfile {
  name: string;
  task: Task;
  missing: number;
  /** Classification only: the most frequent first. */
  classes?: { value: Value; count: number }[];
}

const TOP_VALUES = 10;
const EXAMPLES = 5;

/**
 * @param target a column to look at as a target too
 * @throws AppError not_found when there is no such column
 */
export function profileTable(table: Table, target?: string): TableProfile {
  return {
    rows: table.rows,
    columns: table.columns.length,
    duplicate_rows: countDuplicateRows(table),
    column_profiles: table.columns.map((column) => profileColumn(column, table.rows)),
    ...(target === undefined ? {} : { target: profileTarget(columnOf(table, target), table.rows) }),
  };
}

function profileTarget(column: Column, rows: number): TargetProfile {
  const task = inferTask(column);
  const counts = countValues(column);
  const missing = rows - Array.from(counts.values()).reduce((sum, n) => sum + n, 0);
  if (task === "regression") return { name: column.name, task, missing };
  const classes = Array.from(counts, ([value, count]) => ({ value, count })).sort((a, b) =>
    b.count - a.count
  );
  return { name: column.name, task, missing, classes };
}

function profileColumn(column: Column, rows: number): ColumnProfile {
  const counts = countValues(column);
  const present = Array.from(counts.values()).reduce((sum, n) => sum + n, 0);
  const show = (value: Value): Value =>
    column.type === "date" && typeof value === "number" ? isoDate(Math.round(value)) : value;
  const profile: ColumnProfile = {
    name: column.name,
    type: column.type,
    missing: rows - present,
    missing_share: rows === 0 ? 0 : (rows - present) / rows,
    distinct: counts.size,
    ...(column.storage === "numeric" && present > 0 ? describeNumbers(column.values, show) : {}),
    examples: Array.from(counts.keys()).slice(0, EXAMPLES).map(show),
  };
  if (column.type === "date") delete profile.std;
  if (column.storage === "coded") {
    profile.top_values = Array.from(counts, ([value, count]) => ({ value: String(value), count }))
      .sort((a, b) => b.count - a.count).slice(0, TOP_VALUES);
  }
  return profile;
}

function describeNumbers(values: Float64Array, show: (value: Value) => Value) {
  const sorted = values.filter((value) => !Number.isNaN(value)).sort();
  const n = sorted.length;
  // Shifted by the smallest, so that dates and other large numbers lose no digits; scaled, so that no square overflows.
  const shift = sorted[0];
  const scale = largestPowerOfTwo(Math.max(Math.abs(sorted[0]), Math.abs(sorted[n - 1])));
  let sum = 0;
  for (const value of sorted) sum += value / scale - shift / scale;
  const middle = shift / scale + sum / n;
  let squares = 0;
  for (const value of sorted) squares += (value / scale - middle) ** 2;
  const at = (share: number) => show(quantile(sorted, share));
  return {
    min: show(sorted[0]),
    max: show(sorted[n - 1]),
    mean: show(middle * scale),
    ...(n > 1 ? { std: Math.min(Math.sqrt(squares / (n - 1)) * scale, Number.MAX_VALUE) } : {}),
    quantiles: { p5: at(0.05), p25: at(0.25), p50: at(0.5), p75: at(0.75), p95: at(0.95) },
  };
}

/** 1 for all but huge numbers: dividing by it costs no digit. */
function largestPowerOfTwo(size: number): number {
  return size < 1e150 ? 1 : 2 ** Math.floor(Math.log2(size));
}

function quantile(sorted: Float64Array, share: number): number {
  const at = (sorted.length - 1) * share;
  const low = Math.floor(at);
  const high = Math.min(low + 1, sorted.length - 1);
  const part = at - low;
  const step = sorted[high] - sorted[low];
  return Number.isFinite(step) ? sorted[low] + step * part : sorted[low] * (1 - part) + sorted[high] * part;
}

/** The profile as aligned text, one line a column. */
export function readableProfile(profile: TableProfile): string {
  const lines = profile.column_profiles.map((column) => [
    column.name,
    column.type,
    column.missing === 0 ? "-" : `${column.missing} (${percent(column.missing_share)})`,
    String(column.distinct),
    rangeOf(column),
  ]);
  const table = align([["column", "type", "missing", "distinct", "values"], ...lines]);
  const repeated = profile.duplicate_rows;
  const head = `${profile.rows} rows, ${profile.columns} columns` +
    (repeated ? `, ${repeated} repeated rows` : "") +
    (profile.columns === 1 ? " (one column alone can't be learnt from)" : "");
  return [head, "", table, ...targetLines(profile.target)].join("\n");
}

function targetLines(target: TargetProfile | undefined): string[] {
  if (!target) return [];
  const missing = target.missing ? `, missing in ${target.missing} rows` : "";
  const lines = ["", `target ${target.name}: ${target.task}${missing}`];
  if (!target.classes) return lines;
  const shown = target.classes.slice(0, TOP_VALUES).map(({ value, count }) => `${value} ${count}`).join(", ");
  const more = target.classes.length - TOP_VALUES;
  return [...lines, `classes: ${shown}${more > 0 ? `, and ${more} more` : ""}`];
}

function rangeOf(column: ColumnProfile): string {
  if (column.distinct === 0) return "none";
  if (column.min !== undefined) {
    const middle = column.mean === undefined || column.type === "identifier"
      ? ""
      : `, mean ${short(column.mean)}`;
    return `${short(column.min)} to ${short(column.max!)}${middle}`;
  }
  const values = (column.top_values ?? []).slice(0, 4).map(({ value, count }) => `${clip(value)} (${count})`);
  return values.join(", ") + (column.distinct > 4 ? ", …" : "");
}

function short(value: Value): string {
  return typeof value === "number" ? String(Number(value.toPrecision(5))) : value;
}

function clip(text: string): string {
  const line = text.replaceAll(/\s+/g, " ");
  return line.length > 24 ? `${line.slice(0, 23)}…` : line;
}

function percent(share: number): string {
  const value = share * 100;
  return value < 1 ? "<1 %" : `${Math.round(value)} %`;
}

function align(rows: string[][]): string {
  const widths = rows[0].map((_, k) => Math.max(...rows.map((row) => row[k].length)));
  return rows.map((row) => row.map((cell, k) => cell.padEnd(widths[k])).join("  ").trimEnd()).join("\n");
}
