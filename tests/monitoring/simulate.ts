/**
 * Streams whose drift is known, made from the embedded samples: a model's training rows and the rows that come are
 * drawn from the same table, and what comes is changed from some row on, at once or little by little.
 * Run by itself it tells how often each verdict comes: deno run -A tests/monitoring/simulate.ts
 */
import { type Column, columnOf, type Table, takeRows } from "@/dataset/table.ts";
import { readTable } from "@/dataset/readers.ts";
import { findSample } from "@/dataset/samples.ts";
import { encodeTarget, fitPipeline, type FittedPipeline, predictScores } from "@/ml/pipeline.ts";
import { likeliest, type ModelProfile, profileAnswers, profileColumns } from "@/monitoring/model_profile.ts";
import { type Answer, Tally } from "@/monitoring/tally.ts";
import { VersionWatch } from "@/monitoring/version_watch.ts";
import type { VersionReport } from "@/monitoring/watch_report.ts";
import { Random } from "@/shared/random.ts";

/** Changes a column of the rows that come; `strength` is 0 for no change and 1 for all of it. */
export type Shift = (column: Column, strength: number, random: Random) => Column;

export interface Stream {
  sample: string;
  /** Rows that the model learns from, drawn from the sample. */
  train: number;
  rows: number;
  /** Rows that come between two looks. */
  step: number;
  seed: number;
  column?: string;
  shift?: Shift;
  /** How strong the change is at a row. */
  strength?(row: number): number;
}

export interface Look {
  /** Rows that have come. */
  row: number;
  report: VersionReport;
  /** The true accuracy of the last step; NaN for a regression. */
  accuracy: number;
}

const tables = new Map<string, Table>();

export async function sampleTable(name: string): Promise<Table> {
  let table = tables.get(name);
  if (!table) {
    table = await readTable(new TextEncoder().encode(findSample(name).text), `${name}.csv`);
    tables.set(name, table);
  }
  return table;
}

const draw = (random: Random, from: Uint32Array, count: number) =>
  Uint32Array.from({ length: count }, () => from[random.below(from.length)]);

const FOLDS = 5;
const rowsOf = ({ rows }: Table, keep: (row: number) => boolean) =>
  Uint32Array.from(range(rows)).filter(keep);

/** A model and its profile, as training makes them: answers are those to rows that a fold left out. */
function learn(train: Table, target: string, task: "classification" | "regression") {
  const fit = (rows: Table) =>
    fitPipeline(rows, {
      target,
      task,
      algorithm: task === "classification" ? "logistic_regression" : "ridge",
      seed: 0,
    });
  const pipeline = fit(train);
  const scores: number[] = [];
  const y: number[] = [];
  for (let k = 0; k < FOLDS; k++) {
    const fold = fit(takeRows(train, rowsOf(train, (i) => i % FOLDS !== k)));
    if (fold.target.classes.length !== pipeline.target.classes.length) continue;
    const out = takeRows(train, rowsOf(train, (i) => i % FOLDS === k));
    scores.push(...predictScores(fold, out));
    y.push(...encodeTarget(columnOf(out, target), pipeline.target));
  }
  const profile: ModelProfile = {
    columns: profileColumns(train.columns, pipeline.features, {}),
    answers: profileAnswers(target, pipeline.target.classes, Float64Array.from(scores), Float64Array.from(y)),
  };
  return { pipeline, profile };
}

const range = (n: number) => Array.from({ length: n }, (_, i) => i);

function answersOf(pipeline: FittedPipeline, scores: Float64Array, rows: number): Answer[] {
  const { classes } = pipeline.target;
  return range(rows).map((i) => {
    if (classes.length === 0) return { prediction: scores[i], confidence: null };
    const named = likeliest(scores, i * classes.length, classes.length);
    return { prediction: classes[named], confidence: scores[i * classes.length + named] };
  });
}

/** One second a step. */
export async function simulate(stream: Stream): Promise<Look[]> {
  const { target, task } = findSample(stream.sample);
  const table = await sampleTable(stream.sample);
  const random = new Random(stream.seed);
  const y = encodeTarget(columnOf(table, target), fitTarget(table, target, task));
  const labelled = Uint32Array.from(range(table.rows)).filter((i) => !Number.isNaN(y[i]));
  const { pipeline, profile } = learn(takeRows(table, draw(random, labelled, stream.train)), target, task);
  const watch = new VersionWatch(1, task, profile);
  const tally = new Tally(profile, pipeline.features, pipeline.target.classes);
  const looks: Look[] = [];
  for (let row = 0; row < stream.rows; row += stream.step) {
    const drawn = takeRows(table, draw(random, labelled, stream.step));
    const strength = stream.strength?.(row) ?? 0;
    const come: Table = {
      rows: stream.step,
      columns: drawn.columns.map((column) =>
        column.name === stream.column && strength > 0 ? stream.shift!(column, strength, random) : column
      ),
    };
    const scores = predictScores(pipeline, come);
    const answers = answersOf(pipeline, scores, come.rows);
    tally.add(
      pipeline.features.map(({ name, categories }) => recoded(columnOf(come, name), categories)),
      answers,
    );
    const now_s = row / stream.step;
    watch.add(tally.take()!, now_s);
    const truth = encodeTarget(columnOf(come, target), pipeline.target);
    const right = answers.filter(({ prediction }, i) => pipeline.target.classes[truth[i]] === prediction);
    looks.push({
      row: row + stream.step,
      report: watch.report(now_s),
      accuracy: task === "classification" ? right.length / come.rows : NaN,
    });
  }
  return looks;
}

function fitTarget(table: Table, target: string, task: "classification" | "regression") {
  return fitPipeline(table, { target, task, algorithm: "dummy", seed: 0 }).target;
}

/** A column in the codes of the model's categories, unknown ones after them, as a request's rows become. */
function recoded(column: Column, categories: readonly string[] | undefined): Column {
  if (column.storage === "numeric" || !categories) return column;
  const known = [...categories];
  const code = column.categories.map((text) => {
    const at = known.indexOf(text);
    return at < 0 ? known.push(text) - 1 : at;
  });
  return { ...column, categories: known, codes: column.codes.map((old) => old < 0 ? -1 : code[old]) };
}

/** Numbers move by so many standard deviations. */
export const moved = (deviations: number): Shift => (column, strength) => {
  if (column.storage !== "numeric") throw new Error(`${column.name} holds no numbers`);
  const there = column.values.filter((value) => !Number.isNaN(value));
  const mean = there.reduce((sum, value) => sum + value, 0) / there.length;
  const sd = Math.sqrt(there.reduce((sum, value) => sum + (value - mean) ** 2, 0) / there.length);
  return { ...column, values: column.values.map((value) => value + strength * deviations * sd) };
};

/** So large a share loses its value. */
export const emptied = (share: number): Shift => (column, strength, random) => {
  const lost = () => random.float() < share * strength;
  return column.storage === "numeric"
    ? { ...column, values: column.values.map((value) => lost() ? NaN : value) }
    : { ...column, codes: column.codes.map((code) => lost() ? -1 : code) };
};

/** So large a share becomes a value that training never had. */
export const renamed = (share: number): Shift => (column, strength, random) => {
  if (column.storage !== "coded") throw new Error(`${column.name} holds no categories`);
  const code = column.categories.length;
  return {
    ...column,
    categories: [...column.categories, "something new"],
    codes: column.codes.map((old) => random.float() < share * strength ? code : old),
  };
};

export const sudden = (at: number) => (row: number) => row >= at ? 1 : 0;
export const gradual = (from: number, to: number) => (row: number) =>
  Math.min(1, Math.max(0, (row - from) / (to - from)));

export const SHIFTS: { name: string; sample: string; column: string; shift: Shift }[] = [
  {
    name: "a number moves by one deviation",
    sample: "breast_cancer",
    column: "mean_radius",
    shift: moved(1),
  },
  { name: "a number moves by one deviation", sample: "wine", column: "alcohol", shift: moved(1) },
  { name: "a number loses 30 % of its values", sample: "titanic", column: "fare", shift: emptied(0.3) },
  { name: "30 % of a category are new", sample: "penguins", column: "island", shift: renamed(0.3) },
  { name: "a number moves by one deviation", sample: "auto_mpg", column: "weight", shift: moved(1) },
];

/** The row of the first look with that verdict, or a graver one; null when there was none. */
export function firstLook(looks: readonly Look[], least: "warning" | "drift"): number | null {
  return looks.find(({ report: { drift } }) => drift!.verdict === "drift" || drift!.verdict === least)?.row ??
    null;
}

if (import.meta.main) {
  const runs = Number(Deno.args[0] ?? 20);
  const base = { train: 400, rows: 6000, step: 50 };
  const tell = async (name: string, streams: Stream[], from: number) => {
    const first = { warning: [] as number[], drift: [] as number[] };
    for (const stream of streams) {
      const looks = await simulate(stream);
      for (const least of ["warning", "drift"] as const) {
        const row = firstLook(looks, least);
        if (row !== null) first[least].push(row - from);
      }
    }
    const shown = (rows: number[]) =>
      `${rows.length}/${streams.length}${
        rows.length > 0 ? ` (median after ${rows.sort((a, b) => a - b)[rows.length >> 1]} rows)` : ""
      }`;
    console.log(`${name}: warning ${shown(first.warning)}, drift ${shown(first.drift)}`);
  };
  for (const sample of ["iris", "penguins", "wine", "breast_cancer", "titanic", "auto_mpg", "diabetes"]) {
    for (const train of [100, 400, 5000]) {
      await tell(
        `none, ${sample}, ${train} training rows`,
        range(runs).map((seed) => ({ ...base, train, sample, seed })),
        0,
      );
    }
  }
  for (const { name, ...shift } of SHIFTS) {
    const streams = (strength: (row: number) => number) =>
      range(runs).map((seed) => ({ ...base, ...shift, seed, strength }));
    await tell(`sudden at 2000: ${shift.sample}.${shift.column}: ${name}`, streams(sudden(2000)), 2000);
    await tell(
      `gradual from 2000 to 5000: ${shift.sample}.${shift.column}: ${name}`,
      streams(gradual(2000, 5000)),
      2000,
    );
  }
}
