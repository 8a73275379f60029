/**
 * Gradient boosting beside LightGBM, XGBoost and HistGradientBoosting: 100 rounds, 31 leaves, 255 bins, each in processes
 * of its own, in turns. The peers get numpy arrays, ours a table: its preparation counts. What has one thread is held
 * to one core (taskset). BENCH_BOOSTING=0,1 measures only some of the sets, BENCH_TURNS=1 fewer times.
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { makeColumns, SETS } from "./boosting_data.ts";

const TURNS = Number(Deno.env.get("BENCH_TURNS") ?? 3);
/** Fits in one process: the best of all is compared. */
const FITS = 2;
const PEERS = ["lightgbm", "xgboost", "hist_gradient_boosting"];

interface Measure {
  seconds: number[];
  /** On a busy machine fairer than the time that passed; threads that wait in loops count. */
  cpu_seconds: number[];
  peak_bytes: number;
  predict_seconds: number;
  auc: number;
}

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** @param python an interpreter with bench/peers/requirements.txt */
export async function benchBoosting(python: string): Promise<string[]> {
  const folder = await Deno.makeTempDir({ prefix: "bench-boosting-" });
  const wanted = Deno.env.get("BENCH_BOOSTING")?.split(",").map(Number) ?? SETS.map((_, k) => k);
  try {
    const lines: string[] = [];
    for (const k of wanted) {
      const path = join(folder, `set${k}`);
      const head = writeSet(k, path);
      for (const threads of [1, 2]) lines.push(...await compare(python, k, head, path, threads));
      for (const ending of ["", ".X", ".y"]) await Deno.remove(path + ending);
    }
    return lines;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function compare(
  python: string,
  k: number,
  head: string,
  path: string,
  threads: number,
): Promise<string[]> {
  const runs: { name: string; command: (fits: number) => string[] }[] = [
    {
      name: "mlmcp",
      command: (fits) => [
        Deno.execPath(),
        "run",
        "--quiet",
        "--allow-all",
        "--config",
        here("../deno.json"),
        here("boosting_once.ts"),
        String(k),
        path,
        String(threads),
        String(fits),
      ],
    },
    ...PEERS.map((name) => ({
      name,
      command: (
        fits: number,
      ) => [python, here("peers/boosting.py"), name, head, path, String(threads), String(fits)],
    })),
  ];
  const measured: Measure[][] = runs.map(() => []);
  const single: (Measure | null)[] = runs.map(() => null);
  for (let turn = 0; turn < TURNS; turn++) {
    for (const [i, { command }] of runs.entries()) {
      const measure = await run(command(FITS), threads);
      if (measure) measured[i].push(measure);
    }
  }
  // Memory of one fit in a fresh process.
  for (const [i, { command }] of runs.entries()) single[i] = await run(command(1), threads);
  const best = (i: number, of: "seconds" | "cpu_seconds") =>
    Math.min(...measured[i].flatMap((measure) => measure[of]));
  const rows = runs.map(({ name }, i) =>
    measured[i].length === 0 ? [name, threads, "not installed", "", "", "", "", "", ""] : [
      name,
      threads,
      best(i, "seconds").toFixed(3),
      (best(0, "seconds") / best(i, "seconds")).toFixed(2),
      best(i, "cpu_seconds").toFixed(3),
      (best(0, "cpu_seconds") / best(i, "cpu_seconds")).toFixed(2),
      measured[i][0].auc.toFixed(4),
      Math.round((single[i]?.peak_bytes ?? NaN) / 1e6),
      Math.round(SETS[k].test / Math.min(...measured[i].map((measure) => measure.predict_seconds))),
    ]
  );
  const head_row = [
    SETS[k].name,
    "threads",
    "fit s",
    "mlmcp / it",
    "CPU s",
    "mlmcp / it",
    "AUC",
    "peak MB",
    "rows/s predicted",
  ];
  const lines = [head_row, head_row.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`)
    .concat("");
  console.error(lines.join("\n"));
  return lines;
}

async function run(command: string[], threads: number): Promise<Measure | null> {
  const [program, ...args] = threads === 1 ? ["taskset", "-c", "0", ...command] : command;
  const { success, stdout, stderr } = await new Deno.Command(program, {
    args,
    env: { OMP_NUM_THREADS: String(threads), PYTHONWARNINGS: "ignore" },
  }).output().catch(() => ({ success: false, stdout: new Uint8Array(), stderr: new Uint8Array() }));
  if (success) return JSON.parse(new TextDecoder().decode(stdout).trim().split("\n").pop()!);
  console.error(new TextDecoder().decode(stderr).trim().split("\n").at(-1));
  return null;
}

/** Columns one behind the other for us; rows and targets for the peers. Returns what these must know. */
function writeSet(k: number, path: string): string {
  const set = SETS[k];
  const columns = makeColumns(set);
  const rows = set.train + set.test;
  const width = columns.length - 1;
  using file = Deno.openSync(path, { write: true, create: true });
  for (const column of columns) writeAll(file, column);
  using targets = Deno.openSync(`${path}.y`, { write: true, create: true });
  writeAll(targets, columns[width]);
  using matrix = Deno.openSync(`${path}.X`, { write: true, create: true });
  const piece = 10_000;
  for (let first = 0; first < rows; first += piece) {
    const n = Math.min(piece, rows - first);
    const values = new Float64Array(n * width);
    for (let j = 0; j < width; j++) {
      for (let i = 0; i < n; i++) values[i * width + j] = columns[j][first + i];
    }
    writeAll(matrix, values);
  }
  return JSON.stringify({ rows, train: set.train, cols: width + 1, numbers: set.numbers });
}

function writeAll(file: Deno.FsFile, values: Float64Array): void {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  for (let at = 0; at < bytes.length;) at += file.writeSync(bytes.subarray(at));
}
