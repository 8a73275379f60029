/**
 * Accuracy beside scikit-learn and LightGBM on real data sets (sets.json): the same rows, five folds, parameters and
 * preparation; ours by the pipeline that a user gets. Everyone's predictions are scored by the same code.
 *
 * BENCH_SETS, BENCH_ALGORITHMS and BENCH_SEEDS (default 3) narrow it; BENCH_FOLDER keeps the data and what the peers
 * predicted, so that only ours is done again.
 */
import { fileURLToPath } from "node:url";
import { readTable } from "@/dataset/readers.ts";
import { kFoldSplits, type Split } from "@/dataset/split.ts";
import { columnOf, type Table, takeRows } from "@/dataset/table.ts";
import type { Task } from "@/ml/estimator.ts";
import { metricOf } from "@/ml/metrics.ts";
import { rowsWithTarget, scoresFor } from "@/ml/model_selection/scored_rows.ts";
import { fitPipeline, type TargetSpec, targetSpec } from "@/ml/pipeline.ts";
import { nameOf, type Run, RUNS } from "./runs.ts";
import SETS from "./sets.json" with { type: "json" };

const FOLDS = 5;
/** In log loss, in AUC, and in RMSE over the target's standard deviation. */
const TOLERANCE = 0.005;

interface Loaded {
  name: string;
  task: Task;
  table: Table;
  target: TargetSpec;
  y: Float64Array;
  splits: Split[];
  /** The target's standard deviation. */
  spread: number;
}

/** One a metric, the mean over the folds. */
type Scores = Record<string, number>;

interface Cell {
  set: string;
  run: string;
  peer: string;
  metric: string;
  ours: number;
  theirs: number;
  /** Above 0: ours is worse. */
  worse: number;
  /** What chance alone does to `worse`: one standard error over the seeds. */
  noise: number;
}

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const words = (name: string) => (Deno.env.get(name) ?? "").split(",").filter((word) => word !== "");

/** @param python an interpreter with bench/peers/requirements.txt */
export async function benchAccuracy(python: string, algorithms: readonly string[] = []): Promise<string[]> {
  const kept = Deno.env.get("BENCH_FOLDER");
  const folder = kept ?? await Deno.makeTempDir({ prefix: "bench-accuracy-" });
  const sets = words("BENCH_SETS");
  const seeds = Number(Deno.env.get("BENCH_SEEDS") ?? 3);
  try {
    await runPython(python, ["../peers/accuracy_data.py", here("sets.json"), folder]);
    const cells: Cell[] = [];
    for (const set of SETS.filter(({ name }) => sets.length === 0 || sets.includes(name))) {
      console.error(set.name);
      const data = await load(folder, set);
      const runs = RUNS.filter(({ algorithm, tasks, rows }) =>
        tasks.includes(data.task) && data.table.rows <= (rows ?? Infinity) &&
        (algorithms.length === 0 || algorithms.includes(algorithm))
      );
      const refused = new Set<Run>();
      const mine = new Map(
        runs.map((run) => [run, seedsOf(run, seeds).map((seed) => ours(data, run, seed))]),
      );
      for (const [run, scores] of mine) if (scores.includes(undefined)) refused.add(run);
      const asked = runs.filter((run) => !refused.has(run));
      await askPeers(python, folder, data, asked, seeds);
      for (const run of asked) {
        for (const peer of peersOf(run)) {
          const theirs = seedsOf(run, seeds).map((seed) => peerScores(folder, data, run, peer, seed));
          const found = compare(data, run, peer, mine.get(run) as Scores[], theirs);
          table(found).slice(HEAD).forEach((line) => console.error(line));
          cells.push(...found);
        }
      }
    }
    return [...summary(cells), "", ...table(cells)];
  } finally {
    if (kept === undefined) await Deno.remove(folder, { recursive: true });
  }
}

function seedsOf({ isRandom }: Run, seeds: number): number[] {
  return Array.from({ length: isRandom ? seeds : 1 }, (_, seed) => seed);
}

function peersOf({ algorithm, peers }: Run): string[] {
  return peers ?? [algorithm];
}

async function load(folder: string, set: { name: string; target: string; task: string }): Promise<Loaded> {
  const task = set.task as Task;
  const bytes = await Deno.readFile(`${folder}/${set.name}.csv`);
  const whole = await readTable(bytes, `${set.name}.csv`);
  const target = targetSpec(columnOf(whole, set.target), task);
  const { table, y } = rowsWithTarget(whole, target);
  const splits = kFoldSplits({
    rows: table.rows,
    folds: FOLDS,
    seed: 0,
    strata: task === "classification" ? y : undefined,
  });
  const mean = y.reduce((sum, value) => sum + value, 0) / y.length;
  const spread = Math.sqrt(y.reduce((sum, value) => sum + (value - mean) ** 2, 0) / y.length);
  return { name: set.name, task, table, target, y, splits, spread };
}

/** What a model of the rows outside says of each fold; undefined where the algorithm refuses the data. */
function ours(data: Loaded, run: Run, seed: number): Scores | undefined {
  const { table, target, task, splits } = data;
  const width = Math.max(1, target.classes.length);
  const all = new Float64Array(table.rows * width);
  try {
    for (const { train, test } of splits) {
      const { algorithm, params } = run;
      const pipeline = fitPipeline(takeRows(table, train), {
        target: target.name,
        task,
        algorithm,
        params,
        seed,
      });
      const scores = scoresFor(pipeline, takeRows(table, test), target);
      test.forEach((row, i) => all.set(scores.subarray(i * width, (i + 1) * width), row * width));
    }
  } catch (error) {
    console.error(`${data.name}, ${nameOf(run)}: ${error instanceof Error ? error.message : error}`);
    return undefined;
  }
  return scoresOf(data, all);
}

/** @param all (rows * width) what each row was predicted as by a model that did not see it */
function scoresOf({ task, target, y, splits, spread }: Loaded, all: Float64Array): Scores {
  const n_classes = target.classes.length;
  const width = Math.max(1, n_classes);
  const names = task === "classification" ? ["log_loss", "roc_auc"] : ["rmse"];
  return Object.fromEntries(names.map((name) => {
    const folds = splits.map(({ test }) => {
      const scores = Float64Array.from(
        { length: test.length * width },
        (_, at) => all[test[Math.floor(at / width)] * width + at % width],
      );
      return metricOf(name).compute({ y: Float64Array.from(test, (row) => y[row]), scores, n_classes });
    });
    const mean = folds.reduce((sum, score) => sum + score, 0) / folds.length;
    return [name, name === "rmse" ? mean / spread : mean];
  }));
}

/** Lets the peers write what they predict, but for what is there already. */
async function askPeers(
  python: string,
  folder: string,
  { name, task, table, target, y, splits }: Loaded,
  runs: readonly Run[],
  seeds: number,
): Promise<void> {
  const jobs = runs.flatMap((run) =>
    peersOf(run).flatMap((peer) =>
      seedsOf(run, seeds).map((seed) => ({
        peer,
        params: run.params ?? {},
        seed,
        file: peerFile(folder, name, run, peer, seed),
      }))
    )
  );
  const columns = table.columns
    .filter((column) => column.name !== target.name && !["identifier", "text", "date"].includes(column.type))
    .map((column) => ({
      name: column.name,
      type: column.type,
      values: column.storage === "numeric"
        ? Array.from(column.values, (value) => Number.isNaN(value) ? null : value)
        : Array.from(column.codes, (code) => code < 0 ? null : column.categories[code]),
    }));
  const request = {
    task,
    n_classes: target.classes.length,
    columns,
    y: Array.from(y),
    folds: splits.map(({ test }) => Array.from(test)),
    jobs,
  };
  const path = `${folder}/${name}.request.json`;
  await Deno.writeTextFile(path, JSON.stringify(request));
  await runPython(python, ["../peers/accuracy.py", path]);
}

function peerFile(folder: string, set: string, run: Run, peer: string, seed: number): string {
  return `${folder}/${set}.${nameOf(run).replaceAll(" ", ",")}.${peer}.${seed}.f64`;
}

function peerScores(folder: string, data: Loaded, run: Run, peer: string, seed: number): Scores | undefined {
  try {
    const bytes = Deno.readFileSync(peerFile(folder, data.name, run, peer, seed));
    return scoresOf(data, new Float64Array(bytes.buffer));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

async function runPython(python: string, [script, ...args]: string[]): Promise<void> {
  const { success } = await new Deno.Command(python, {
    args: [here(script), ...args],
    stdout: "inherit",
    stderr: "inherit",
    env: { OMP_NUM_THREADS: "1", OPENBLAS_NUM_THREADS: "1" },
  }).output();
  if (!success) throw new Error(`${script} failed`);
}

function compare(
  { name }: Loaded,
  run: Run,
  peer: string,
  mine: Scores[],
  theirs: (Scores | undefined)[],
): Cell[] {
  if (theirs.includes(undefined)) return [];
  return Object.keys(mine[0]).map((metric) => {
    const own = momentsOf(mine.map((scores) => scores[metric]));
    const other = momentsOf(theirs.map((scores) => scores![metric]));
    const better = metric === "roc_auc" ? own.mean - other.mean : other.mean - own.mean;
    return {
      set: name,
      run: nameOf(run),
      peer,
      metric,
      ours: own.mean,
      theirs: other.mean,
      worse: -better,
      noise: Math.hypot(own.error, other.error),
    };
  });
}

function momentsOf(values: readonly number[]): { mean: number; error: number } {
  const { length } = values;
  const mean = values.reduce((sum, value) => sum + value, 0) / length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, error: length > 1 ? Math.sqrt(squares / (length - 1) / length) : 0 };
}

const digits = (value: number) => value.toFixed(4);

/** For each algorithm and peer: how many sets are worse or better by more than the tolerance, and the means. */
function summary(cells: readonly Cell[]): string[] {
  const lines = ["| algorithm | peer | metric | sets | worse | better | mean difference | worst |"];
  lines.push("|---|---|---|---|---|---|---|---|");
  for (const [key, own] of Map.groupBy(cells, ({ run, peer, metric }) => [run, peer, metric].join(" | "))) {
    const worst = own.reduce((a, b) => b.worse > a.worse ? b : a);
    lines.push(
      `| ${key} | ${own.length} | ${own.filter(({ worse }) => worse > TOLERANCE).length} | ${
        own.filter(({ worse }) => worse < -TOLERANCE).length
      } | ${digits(own.reduce((sum, { worse }) => sum + worse, 0) / own.length)} | ${
        digits(worst.worse)
      } ${worst.set} |`,
    );
  }
  return lines;
}

/** Lines above the rows of a table. */
const HEAD = 2;

/** Every difference beyond the tolerance. */
function table(cells: readonly Cell[]): string[] {
  const lines = ["| set | algorithm | peer | metric | mlmcp | peer's | worse by | standard error |"];
  lines.push("|---|---|---|---|---|---|---|---|");
  for (const cell of cells.filter(({ worse }) => Math.abs(worse) > TOLERANCE)) {
    const { set, run, peer, metric, ours, theirs, worse, noise } = cell;
    const figures = [ours, theirs, worse, noise].map(digits);
    lines.push(`| ${[set, run, peer, metric, ...figures].join(" | ")} |`);
  }
  return lines;
}
