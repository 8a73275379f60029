/**
 * Fitting beside scikit-learn, single-threaded, in one run: every algorithm on the same rows with the same
 * (default) parameters, alternating; ours from a table, scikit-learn's from a pandas DataFrame, preparation included.
 * BENCH_PYTHON names a Python that has bench/peers/requirements.txt.
 */
import { fileURLToPath } from "node:url";
import { columnOf, type Table, takeRows } from "@/dataset/table.ts";
import { readTable } from "@/dataset/readers.ts";
import { SAMPLES } from "@/dataset/samples.ts";
import type { Task } from "@/ml/estimator.ts";
import { ESTIMATORS } from "@/ml/estimators.ts";
import { metricOf } from "@/ml/metrics.ts";
import { encodeTarget, fitPipeline, predictScores } from "@/ml/pipeline.ts";
import { Random } from "@/shared/random.ts";

/** At least three, and quick fits more often until so many seconds have gone: engines that compile get warm. */
const REPEATS = 3;
const MOST_REPEATS = 20;
const SECONDS = 2;
/** Parameters that differ from the defaults, the same on both sides. */
const EXTRA: Record<string, Record<string, unknown>> = {
  gradient_boosting: { early_stopping: false },
  svm: { probability: false },
  mlp: { max_iter: 10 },
  lasso: { alpha: 0.01 },
  elastic_net: { alpha: 0.01 },
  quantile_regression: { alpha: 0 },
  poisson_regression: { alpha: 0.001 },
};
/** Its time grows with the square of the rows: it has a case of its own. */
const SLOW = "svm";
/** What can be asked of many rows within seconds. */
const QUICK = [
  "logistic_regression",
  "linear_regression",
  "ridge",
  "lasso",
  "elastic_net",
  "poisson_regression",
  "gaussian_nb",
  "bernoulli_nb",
  "multinomial_nb",
  "mlp",
];

interface Case {
  name: string;
  task: Task;
  table: Table;
  target: string;
  train: number;
  /** Only these algorithms. */
  only?: readonly string[];
  without?: string;
}

interface Measured {
  seconds: number;
  /** Of predicting the other rows. */
  predict_seconds: number;
  score: number;
}

/** Numbers of which six matter, not linearly; the target is above 0. */
function synthetic(rows: number, task: Task, cols = 12): Table {
  const random = new Random(7);
  const X = Array.from({ length: cols }, () => new Float64Array(rows));
  const y = new Float64Array(rows);
  for (let i = 0; i < rows; i++) {
    for (const column of X) column[i] = random.float();
    const signal = 10 * Math.sin(Math.PI * X[0][i] * X[1][i]) + 20 * (X[2][i] - 0.5) ** 2 + 10 * X[3][i] +
      5 * X[4][i] +
      random.normal();
    y[i] = task === "regression" ? Math.max(signal, 0) : signal > 14.4 ? 1 : 0;
  }
  const columns = [...X, y].map((values, j) => ({
    name: j < cols ? `x${j}` : "y",
    storage: "numeric" as const,
    type: "number" as const,
    values,
  }));
  return { rows, columns };
}

/** A sample with complete numbers only, so that both sides get the same matrix; shuffled. */
async function sample(name: string, task: Task): Promise<Case> {
  const found = SAMPLES.find((one) => one.name === name)!;
  const whole = await readTable(new TextEncoder().encode(found.text), `${name}.csv`);
  const columns = whole.columns.filter((column) =>
    column.storage === "numeric" || column.name === found.target
  );
  const complete = Uint32Array.from({ length: whole.rows }, (_, i) => i).filter((i) =>
    columns.every((column) =>
      column.storage === "numeric" ? !Number.isNaN(column.values[i]) : column.codes[i] >= 0
    )
  );
  const table = takeRows({ rows: whole.rows, columns }, new Random(1).shuffle(complete));
  return { name, task, table, target: found.target, train: Math.floor(table.rows * 0.75) };
}

function range(from: number, to: number): Uint32Array {
  return Uint32Array.from({ length: to - from }, (_, i) => from + i);
}

function extraFor(task: Task, algorithm: string): Record<string, unknown> {
  // Probabilities belong to classes.
  return algorithm === "svm" && task === "regression" ? {} : EXTRA[algorithm] ?? {};
}

function ours(one: Case, algorithm: string): Measured {
  const train = takeRows(one.table, range(0, one.train));
  const test = takeRows(one.table, range(one.train, one.table.rows));
  let best = Infinity;
  let predict = Infinity;
  let score = NaN;
  const begun = performance.now();
  for (let n = 0; n < REPEATS || n < MOST_REPEATS && performance.now() - begun < SECONDS * 1000; n++) {
    const started = performance.now();
    const pipeline = fitPipeline(train, {
      target: one.target,
      task: one.task,
      algorithm,
      seed: 0,
      params: extraFor(one.task, algorithm),
    });
    best = Math.min(best, (performance.now() - started) / 1000);
    const y = encodeTarget(columnOf(test, one.target), pipeline.target);
    const asked = performance.now();
    const scores = predictScores(pipeline, test);
    predict = Math.min(predict, (performance.now() - asked) / 1000);
    const metric = metricOf(one.task === "classification" ? "accuracy" : "r2");
    score = metric.compute({ y, scores, n_classes: pipeline.target.classes.length });
  }
  return { seconds: best, predict_seconds: predict, score };
}

async function peer(
  python: string,
  file: string,
  one: Case,
  algorithm: string,
): Promise<Measured | null> {
  const script = fileURLToPath(new URL("./peers/fit.py", import.meta.url));
  const { success, stdout, stderr } = await new Deno.Command(python, {
    args: [
      script,
      file,
      algorithm,
      one.task,
      [REPEATS, MOST_REPEATS, SECONDS].join(","),
      JSON.stringify(extraFor(one.task, algorithm)),
    ],
    env: { OMP_NUM_THREADS: "1", OPENBLAS_NUM_THREADS: "1" },
  }).output();
  if (success) return JSON.parse(new TextDecoder().decode(stdout));
  console.error(new TextDecoder().decode(stderr).trim().split("\n").at(-1));
  return null;
}

/** The rows as scikit-learn's side reads them: a line of JSON, then doubles, the target last. */
async function writeMatrix(one: Case): Promise<string> {
  const file = await Deno.makeTempFile();
  const columns = one.table.columns.filter((column) => column.name !== one.target).concat(
    columnOf(one.table, one.target),
  );
  const data = new Float64Array(one.table.rows * columns.length);
  columns.forEach((column, j) => {
    const values = column.storage === "numeric" ? column.values : column.codes;
    for (let i = 0; i < one.table.rows; i++) data[i * columns.length + j] = values[i];
  });
  const head = new TextEncoder().encode(
    JSON.stringify({ rows: one.table.rows, cols: columns.length, train: one.train }) + "\n",
  );
  await Deno.writeFile(file, head);
  await Deno.writeFile(file, new Uint8Array(data.buffer), { append: true });
  return file;
}

/** @param wanted algorithms; none: all */
export async function benchFit(python: string, wanted: readonly string[] = []): Promise<string[]> {
  const rows = 20_000;
  const cases: Case[] = [
    ...(["classification", "regression"] as const).map((task) => ({
      name: "synthetic 16,000 x 12",
      without: SLOW,
      task,
      table: synthetic(rows, task),
      target: "y",
      train: 16_000,
    })),
    ...(["classification", "regression"] as const).map((task) => ({
      name: "synthetic 100,000 x 20",
      task,
      table: synthetic(120_000, task, 20),
      target: "y",
      train: 100_000,
      only: QUICK,
    })),
    {
      name: "synthetic 5,000 x 20",
      task: "classification",
      table: synthetic(10_000, "classification", 20),
      target: "y",
      train: 5_000,
      only: ["svm"],
    },
    {
      name: "synthetic 20,000 x 20",
      task: "classification",
      table: synthetic(22_000, "classification", 20),
      target: "y",
      train: 20_000,
      only: ["svm"],
    },
    {
      name: "synthetic 20,000 x 20",
      task: "classification",
      table: synthetic(37_000, "classification", 20),
      target: "y",
      train: 20_000,
      only: ["k_neighbors"],
    },
    await sample("iris", "classification"),
    await sample("breast_cancer", "classification"),
    await sample("diabetes", "regression"),
  ];
  const lines = [
    "| data | algorithm | mlmcp s | scikit-learn s | ratio | ratio of predicting | mlmcp score | scikit-learn score |",
    "|---|---|---|---|---|---|---|---|",
  ];
  for (const one of cases) {
    const file = await writeMatrix(one);
    for (const { name, params } of ESTIMATORS) {
      if (one.only && !one.only.includes(name) || one.without === name) continue;
      if (wanted.length > 0 && !wanted.includes(name)) continue;
      if (!params[one.task] || name === "dummy") continue;
      const mine = ours(one, name);
      const other = await peer(python, file, one, name);
      const line = `| ${one.name} (${one.task}) | ${name} | ${mine.seconds.toFixed(3)} | ${
        other?.seconds.toFixed(3) ?? "-"
      } | ${other ? (mine.seconds / other.seconds).toFixed(2) : "-"} | ${
        other ? (mine.predict_seconds / other.predict_seconds).toFixed(2) : "-"
      } | ${mine.score.toFixed(4)} | ${other?.score.toFixed(4) ?? "-"} |`;
      console.error(line);
      lines.push(line);
    }
    await Deno.remove(file);
  }
  return lines;
}
