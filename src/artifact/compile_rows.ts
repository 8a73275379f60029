/**
 * From a request's rows straight into the model's matrix, for rows that are as they should be: no table, no object
 * a row. Whatever is odd is left to rows_to_table.ts, the plain path, which says what is wrong with it.
 */
import type { FittedPipeline } from "@/ml/pipeline.ts";
import type { Matrix } from "@/ml/matrix.ts";
import { transformerOf } from "@/ml/transformers.ts";
import type { ValueWriter } from "@/ml/transformer.ts";
import { numberFrom, textFrom } from "./rows_to_table.ts";

/**
 * @returns the matrix as the estimator takes it, valid until the next call; null when a row is no object or array
 * of the model's columns, or has a category that training never saw
 * @throws AppError naming the row, the column and the rule, as rowsToTable does
 */
export type ReadRows = (rows: readonly unknown[]) => CompiledRows | null;

export interface CompiledRows {
  matrix: Matrix;
  /** No number or date is outside of the range of training. */
  isInside: boolean;
}

type Read = (value: unknown, row: number) => number | null;

/** @returns a reader that keeps what it can between calls: the places of categories, and the matrix of one row */
export function compileRows(pipeline: FittedPipeline): ReadRows {
  const { features, prepared, matrix_names: names, matrix_categories: categories } = pipeline;
  const columns = compileColumns(pipeline);
  const cols = names.length;
  const ignored = new Set(pipeline.ignored);
  // Of a column called "constructor", say, an object without it has one all the same.
  if (features.some(({ name }) => name in Object.prototype)) return () => null;
  const one: Matrix = { rows: 1, cols, data: new Float64Array(cols), names, categories };

  const isPlain = (row: unknown): row is Record<string, unknown> => {
    if (typeof row !== "object" || row === null) return false;
    if (Array.isArray(row)) return row.length === prepared.length;
    let known = 0;
    for (const { name } of features) if ((row as Record<string, unknown>)[name] !== undefined) known++;
    if (known === 0) return false;
    for (const key in row) {
      if (ignored.has(key)) continue;
      known--;
    }
    return known === 0;
  };

  return (rows) => {
    for (let i = 0; i < rows.length; i++) if (!isPlain(rows[i])) return null;
    const n = rows.length;
    const matrix = n === 1 ? one : { ...one, rows: n, data: new Float64Array(n * cols) };
    const { data } = matrix;
    if (n === 1) data.fill(0);
    let isInside = true;
    for (let j = 0; j < columns.length; j++) {
      const { name, at, min, max, read, write } = columns[j];
      for (let i = 0; i < n; i++) {
        const row = rows[i] as Record<string, unknown>;
        const value = read(row[Array.isArray(row) ? j : name], i);
        if (value === null) return null;
        if (value < min || value > max) isInside = false;
        write(value, data, at * n + i, n);
      }
    }
    return { matrix, isInside };
  };
}

interface CompiledColumn {
  name: string;
  /** Its first column of the matrix. */
  at: number;
  /** Of training; infinite for categories. */
  min: number;
  max: number;
  /** The number, the place or NaN; null for what only the plain path can judge. */
  read: Read;
  write: ValueWriter["write"];
}

function compileColumns({ features, prepared }: FittedPipeline): CompiledColumn[] {
  let next = 0;
  return prepared.map(({ transformer: step, state }, j) => {
    const transformer = transformerOf(step);
    const { places, write } = transformer.writer(state);
    const feature = features[j];
    const at = next;
    next += transformer.categories(state).length;
    const read: Read = places === undefined ? (value, i) => numberFrom(feature, value, i) : (value, i) => {
      const known = places.get(value as string);
      if (known !== undefined) return known;
      const text = textFrom(feature, value, i);
      return text === null ? NaN : places.get(text) ?? null;
    };
    const { name, min = -Infinity, max = Infinity } = places === undefined ? feature : { name: feature.name };
    return { name, at, min, max, read, write };
  });
}
