/**
 * Forests of 100 trees beside scikit-learn's, on one thread (held to one core by taskset) and on two: the same rows and
 * parameters, each fit in a process of its own, in turns. BENCH_PYTHON names a Python that has
 * bench/peers/requirements.txt; BENCH_TREES and BENCH_TURNS change how much is done (100 trees, one turn).
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { clusters, friedman1, writeForestData } from "./forest_data.ts";

const ROWS = 120_000;
const TRAIN = 100_000;
const TREES = Number(Deno.env.get("BENCH_TREES") ?? 100);
const TURNS = Number(Deno.env.get("BENCH_TURNS") ?? 1);

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
  try {
    for (
      const [name, make] of [["classes 100,000 x 20", clusters], [
        "friedman1 100,000 x 10",
        friedman1,
      ]] as const
    ) {
      const path = join(folder, "data");
      await writeForestData(path, make(ROWS));
      for (const algorithm of ["random_forest", "extra_trees"]) {
        for (const threads of [1, 2]) {
          const args = [path, algorithm, String(TREES), String(threads), String(TRAIN)];
          const mine: Measure[] = [];
          const theirs: Measure[] = [];
          for (let turn = 0; turn < TURNS; turn++) {
            mine.push(await run([...OURS, ...args], threads), await run([...OURS, ...args], threads));
            theirs.push(await run([python, here("peers/forest.py"), ...args], threads));
          }
          const line = rowOf(`${name} | ${algorithm} | ${threads}`, quickest(mine), quickest(theirs));
          console.error(line);
          lines.push(line);
        }
      }
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

function rowOf(what: string, mine: Measure, theirs: Measure): string {
  const test = ROWS - TRAIN;
  return `| ${what} | ${mine.seconds.toFixed(2)} | ${theirs.seconds.toFixed(2)} | ${
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
