/** Tables for tests, written as plain arrays. */
import type { CodedColumn, Column, NumericColumn, Table } from "@/dataset/table.ts";
import type { Matrix } from "@/ml/matrix.ts";

export function numbers(
  name: string,
  values: readonly (number | null)[],
  type: NumericColumn["type"] = "number",
): NumericColumn {
  return { name, storage: "numeric", type, values: Float64Array.from(values, (value) => value ?? NaN) };
}

export function texts(
  name: string,
  values: readonly (string | null)[],
  type: CodedColumn["type"] = "category",
): CodedColumn {
  const categories = [...new Set(values.filter((value) => value !== null))];
  const codes = Int32Array.from(values, (value) => value === null ? -1 : categories.indexOf(value));
  return { name, storage: "coded", type, codes, categories };
}

export function dates(name: string, values: readonly (string | null)[]): NumericColumn {
  return numbers(name, values.map((value) => value === null ? null : Date.parse(value)), "date");
}

/** Numbers where every value is one, else categories. */
export function columnOfValues(name: string, values: readonly (number | string | null)[]): Column {
  const numeric = values.every((value) => value === null || typeof value === "number");
  return numeric
    ? numbers(name, values as (number | null)[])
    : texts(name, values.map((value) => value === null ? null : String(value)));
}

export function tableOf(...columns: Column[]): Table {
  const [first] = columns;
  return { rows: first.storage === "numeric" ? first.values.length : first.codes.length, columns };
}

/** A matrix of numbers from rows. */
export function matrixOf(rows: readonly (readonly number[])[]): Matrix {
  const cols = rows[0].length;
  const data = new Float64Array(rows.length * cols);
  rows.forEach((row, i) => row.forEach((value, j) => data[j * rows.length + i] = value));
  return {
    rows: rows.length,
    cols,
    data,
    names: Array.from({ length: cols }, (_, j) => `x${j}`),
    categories: new Array<number>(cols).fill(0),
  };
}

/** Largest |a - b| / (1 + |b|). */
export function distanceBetween(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Infinity;
  let most = 0;
  for (let i = 0; i < a.length; i++) {
    if (Number.isNaN(a[i]) !== Number.isNaN(b[i])) return Infinity;
    if (!Number.isNaN(b[i])) most = Math.max(most, Math.abs(a[i] - b[i]) / (1 + Math.abs(b[i])));
  }
  return most;
}
