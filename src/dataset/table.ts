/**
 * A table in memory: typed columns, never an object per row.
 *
 * Two storages serve every type. Numbers and dates are a Float64Array with NaN for missing (a date is the
 * milliseconds since 1970 UTC). Everything else is dictionary-coded: an Int32Array of codes into
 * `categories`, -1 for missing. The arrays may lie on SharedArrayBuffers, so that Workers read one copy.
 */
import { AppError } from "@/shared/errors.ts";
import type { DateOrder } from "./dates.ts";

export type { DateOrder };

export type ColumnType = "number" | "category" | "boolean" | "date" | "text" | "identifier";

export interface NumericColumn {
  readonly name: string;
  readonly storage: "numeric";
  /** `identifier` when every value is another whole number, as row numbers are. */
  readonly type: "number" | "date" | "identifier";
  /** One value a row, NaN where missing; a date in milliseconds since 1970 UTC. */
  readonly values: Float64Array;
  /** How its dates were written, where they were text: later values are read in the same way. */
  readonly date_order?: DateOrder;
}

export interface CodedColumn {
  readonly name: string;
  readonly storage: "coded";
  readonly type: "category" | "boolean" | "text" | "identifier";
  /** One code a row into `categories`, -1 where missing. */
  readonly codes: Int32Array;
  /** The distinct values, in order of first appearance. */
  readonly categories: readonly string[];
}

export type Column = NumericColumn | CodedColumn;

export interface Table {
  readonly columns: readonly Column[];
  readonly rows: number;
  /** What reading had to guess or change, as sentences for a person. */
  readonly notes?: readonly string[];
}

/**
 * The column of that name.
 * @throws AppError not_found, naming the columns there are
 */
export function columnOf(table: Table, name: string): Column {
  const found = table.columns.find((column) => column.name === name);
  if (found) return found;
  const names = table.columns.map((column) => column.name);
  const close = names.find((known) => known.toLowerCase() === name.toLowerCase());
  throw new AppError("not_found", `Cannot find column "${name}": the table has ${names.length} columns`, {
    hint: close
      ? `Did you mean "${close}"? Names are case-sensitive.`
      : `Columns: ${names.slice(0, 30).join(", ")}${names.length > 30 ? ", …" : ""}`,
  });
}

/** The table with only the given rows, in the given order. */
export function takeRows(table: Table, rows: Uint32Array | Int32Array): Table {
  return { rows: rows.length, columns: table.columns.map((column) => takeColumn(column, rows)) };
}

/** `count` of `total` rows at even distances; all of them when there are no more. */
export function spreadRows(total: number, count: number): Uint32Array {
  const kept = Math.min(count, total);
  return Uint32Array.from({ length: kept }, (_, i) => Math.floor(i * total / kept));
}

function takeColumn(column: Column, rows: Uint32Array | Int32Array): Column {
  if (column.storage === "numeric") {
    const values = new Float64Array(rows.length);
    for (let i = 0; i < rows.length; i++) values[i] = column.values[rows[i]];
    return { ...column, values };
  }
  const codes = new Int32Array(rows.length);
  for (let i = 0; i < rows.length; i++) codes[i] = column.codes[rows[i]];
  return { ...column, codes };
}

/** The table with only the named columns, in the given order. */
export function selectColumns(table: Table, names: readonly string[]): Table {
  return { rows: table.rows, columns: names.map((name) => columnOf(table, name)) };
}

/** True where the row has no value. */
export function isMissing(column: Column, row: number): boolean {
  return column.storage === "numeric" ? Number.isNaN(column.values[row]) : column.codes[row] < 0;
}

/** A cell as JSON shows it: number, text, ISO date, or null where missing. */
export function cellOf(column: Column, row: number): number | string | null {
  if (column.storage === "coded") return column.codes[row] < 0 ? null : column.categories[column.codes[row]];
  const value = column.values[row];
  if (Number.isNaN(value)) return null;
  return column.type === "date" ? isoDate(value) : value;
}

/** ISO 8601; a date without a time of day stays a plain day. */
export function isoDate(ms: number): string {
  const text = new Date(ms).toISOString();
  // Not the first ten letters: years before 0 and after 9999 are longer.
  return text.endsWith("T00:00:00.000Z") ? text.slice(0, -14) : text;
}
