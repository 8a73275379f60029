/**
 * Trees and forests beside scikit-learn's, on one thread (held to one core by taskset) and on two: the same rows and
 * parameters, each fit in a process of its own, in turns; small sets are fitted again and again, and the quickest
 * counts. BENCH_PYTHON names a Python that has bench/peers/requirements.txt; BENCH_TREES and BENCH_TURNS change how
 * much is done (100 trees, one turn).
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { clusters, type ForestData, friedman1, sampleData, writeForestData } from "./forest_data.ts";

const ROWS = 120_000;
/** Of all rows; the others are scored. */
const TRAIN_SHARE = 5 / 6;
const TREES = Number(Deno.env.get("BENCH_TREES") ?? 100);
const TURNS = Number(Deno.env.get("BENCH_TURNS") ?? 1);
const SMALL = ["iris", "breast_cancer", "wine", "diabetes", "auto_mpg"];
const FORESTS = ["random_forest", "extra_trees"];

interface Measure {
  seconds: number;
  score: number;
  batch_seconds: number;
  row_us: number;
}

export async function benchForest(python: string): Promise<string[]> {
  const folder = await Deno.makeTempDir({ prefix: "bench-forest-" });
  const lines = [
    `| data, ${TREES} trees | algorithm | threads | mlmcp s | scikit-learn s | ratio | mlmcp score | scikit-learn score | rows/s | scikit-learn rows/s | one row us | scikit-learn us |`,
    "|---|---|---|---|---|---|---|---|---|---|---|---|",
  ];
  const measure = async (name: string, data: ForestData, cases: [algorithm: string, threads: number][]) => {
    const path = join(folder, "data");
    await writeForestData(path, data);
    const train = Math.floor(data.rows * TRAIN_SHARE);
    for (const [algorithm, threads] of cases) {
      const args = [path, algorithm, String(TREES), String(threads), String(train)];
      const mine: Measure[] = [];
      const theirs: Measure[] = [];
      for (let turn = 0; turn < TURNS; turn++) {
        mine.push(await run([...OURS, ...args], threads), await run([...OURS, ...args], threads));
        theirs.push(await run([python, here("peers/forest.py"), ...args], threads));
      }
      const what = `${name} ${train} x ${data.cols} | ${algorithm} | ${threads}`;
      const line = rowOf(what, data.rows - train, quickest(mine), quickest(theirs));
      console.error(line);
      lines.push(line);
    }
  };
  try {
    const large: [string, number][] = FORESTS.flatMap((name) => [[name, 1], [name, 2]]);
    for (const [name, make] of [["classes", clusters], ["friedman1", friedman1]] as const) {
      await measure(name, make(ROWS), [["decision_tree", 1], ...large]);
    }
    for (const name of SMALL) {
      await measure(name, await sampleData(name), ["decision_tree", ...FORESTS].map((one) => [one, 1]));
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  return lines;
}

const OURS = [
  Deno.execPath(),
  "run",
  "--quiet",
  "--allow-all",
  "--no-check",
  "--config",
  here("../deno.json"),
  here("forest_once.ts"),
];

function here(path: string): string {
  return fileURLToPath(new URL(path, import.meta.url));
}

function quickest(measures: Measure[]): Measure {
  return measures.reduce((best, one) => one.seconds < best.seconds ? one : best);
}

function rowOf(what: string, test: number, mine: Measure, theirs: Measure): string {
  return `| ${what} | ${mine.seconds.toPrecision(3)} | ${theirs.seconds.toPrecision(3)} | ${
    (mine.seconds / theirs.seconds).toFixed(3)
  } | ${mine.score.toFixed(4)} | ${theirs.score.toFixed(4)} | ${Math.round(test / mine.batch_seconds)} | ${
    Math.round(test / theirs.batch_seconds)
  } | ${mine.row_us.toFixed(1)} | ${theirs.row_us.toFixed(0)} |`;
}

async function run(command: string[], threads: number): Promise<Measure> {
  const held = threads === 1 ? ["taskset", "-c", "0", ...command] : command;
  const { success, stdout, stderr } = await new Deno.Command(held[0], {
    args: held.slice(1),
    env: { OMP_NUM_THREADS: String(threads), OPENBLAS_NUM_THREADS: String(threads) },
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return JSON.parse(new TextDecoder().decode(stdout));
}
