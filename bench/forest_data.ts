/** Made data for forests: a file with one line of JSON and then doubles, column after column, the target last. */
import { readTable } from "@/dataset/readers.ts";
import { findSample } from "@/dataset/samples.ts";
import { columnOf } from "@/dataset/table.ts";
import type { Task } from "@/ml/estimator.ts";
import { Random } from "@/shared/random.ts";

export interface ForestData {
  rows: number;
  cols: number;
  task: Task;
  /** 0 for regression. */
  n_classes: number;
  /** (cols * rows) column-major. */
  data: Float64Array;
  y: Float64Array;
}

/**
 * Two classes of four clusters each at corners of a cube of 10 dimensions, 4 columns that mix them, 6 of noise;
 * 3 of 100 labels are wrong. As scikit-learn's make_classification.
 */
export function clusters(rows: number): ForestData {
  const random = new Random(11);
  const [informative, mixed, cols] = [10, 4, 20];
  const corners = Array.from(
    { length: 8 },
    () => Float64Array.from({ length: informative }, () => random.below(2) ? 1 : -1),
  );
  const mixes = Array.from({ length: 8 }, () => normals(informative * informative, random));
  const weights = normals(mixed * informative, random);
  const data = new Float64Array(rows * cols);
  const y = new Float64Array(rows);
  for (let i = 0; i < rows; i++) {
    const cluster = random.below(8);
    const own = normals(informative, random);
    for (let j = 0; j < informative; j++) {
      let value = corners[cluster][j];
      for (let k = 0; k < informative; k++) value += 0.4 * mixes[cluster][j * informative + k] * own[k];
      data[j * rows + i] = value;
    }
    for (let j = 0; j < mixed; j++) {
      let value = 0;
      for (let k = 0; k < informative; k++) value += weights[j * informative + k] * data[k * rows + i];
      data[(informative + j) * rows + i] = value;
    }
    for (let j = informative + mixed; j < cols; j++) data[j * rows + i] = random.normal();
    y[i] = random.float() < 0.03 ? random.below(2) : cluster % 2;
  }
  return { rows, cols, task: "classification", n_classes: 2, data, y };
}

/** Source: Friedman, "Multivariate adaptive regression splines" (1991), as scikit-learn's make_friedman1, noise 1. */
export function friedman1(rows: number): ForestData {
  const random = new Random(12);
  const cols = 10;
  const data = new Float64Array(rows * cols);
  const y = new Float64Array(rows);
  const at = (j: number, i: number) => data[j * rows + i];
  for (let j = 0; j < cols * rows; j++) data[j] = random.float();
  for (let i = 0; i < rows; i++) {
    y[i] = 10 * Math.sin(Math.PI * at(0, i) * at(1, i)) + 20 * (at(2, i) - 0.5) ** 2 + 10 * at(3, i) +
      5 * at(4, i) + random.normal();
  }
  return { rows, cols, task: "regression", n_classes: 0, data, y };
}

/** A sample's complete rows, shuffled, and of its features those that are numbers. */
export async function sampleData(name: string): Promise<ForestData> {
  const { text, target } = findSample(name);
  const table = await readTable(new TextEncoder().encode(text), `${name}.csv`);
  const labels = columnOf(table, target);
  const features = table.columns.flatMap((column) =>
    column.storage === "numeric" && column.name !== target ? [column.values] : []
  );
  const targets = Float64Array.from(labels.storage === "numeric" ? labels.values : labels.codes);
  const complete = Uint32Array.from({ length: table.rows }, (_, i) => i)
    .filter((i) => [targets, ...features].every((values) => !Number.isNaN(values[i])));
  const picked = new Random(1).shuffle(complete);
  const y = Float64Array.from(picked, (i) => targets[i]);
  const isClasses = labels.storage !== "numeric";
  const data = new Float64Array(features.length * picked.length);
  features.forEach((values, j) => picked.forEach((i, at) => data[j * picked.length + at] = values[i]));
  return {
    rows: picked.length,
    cols: features.length,
    task: isClasses ? "classification" : "regression",
    n_classes: isClasses ? Math.max(...y) + 1 : 0,
    data,
    y,
  };
}

function normals(count: number, random: Random): Float64Array {
  return Float64Array.from({ length: count }, () => random.normal());
}

export async function writeForestData(path: string, { rows, cols, task, n_classes, data, y }: ForestData) {
  const head = JSON.stringify({ rows, cols, task, n_classes });
  await Deno.writeFile(path, new TextEncoder().encode(head + "\n"));
  for (const part of [data, y]) await Deno.writeFile(path, new Uint8Array(part.buffer), { append: true });
}

export async function readForestData(path: string): Promise<ForestData> {
  const bytes = await Deno.readFile(path);
  const end = bytes.indexOf(10);
  const { rows, cols, task, n_classes } = JSON.parse(new TextDecoder().decode(bytes.subarray(0, end)));
  const numbers = new Float64Array(bytes.slice(end + 1).buffer);
  return {
    rows,
    cols,
    task,
    n_classes,
    data: numbers.subarray(0, rows * cols),
    y: numbers.subarray(rows * cols),
  };
}

/** The rows from one to another, as a matrix and its target. */
export function rowsOf({ rows, cols, data, y }: ForestData, from: number, to: number) {
  const part = new Float64Array((to - from) * cols);
  for (let j = 0; j < cols; j++) {
    part.set(data.subarray(j * rows + from, j * rows + to), j * (to - from));
  }
  const names = Array.from({ length: cols }, (_, j) => `x${j}`);
  return {
    X: { rows: to - from, cols, data: part, names, categories: new Array<number>(cols).fill(0) },
    y: y.slice(from, to),
  };
}
