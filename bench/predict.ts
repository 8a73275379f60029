/**
 * Rows predicted per second beside ONNX Runtime, of models of the same kind and size fitted on the same 20,000 x 20.
 * Ours works on one thread, held to one core, and gets two things: typed columns (to probabilities), and row objects as
 * parsed from JSON (to labels and probabilities, all that a replica does between JSON and JSON). ONNX Runtime gets a
 * ready matrix of 32-bit floats and gives a matrix of probabilities, without maps, on one thread and on two.
 */
import { fileURLToPath } from "node:url";
import { makeColumns, SETS } from "./boosting_data.ts";

const SET = 0;
const TRAIN = 20_000;
const BATCHES = [1, 100, 10_000, 100_000];
const TURNS = Number(Deno.env.get("BENCH_TURNS") ?? 2);
/** Networks need no good score to be timed. */
const PARAMS: Record<string, Record<string, unknown>> = {
  gradient_boosting: { early_stopping: false },
  random_forest: {},
  logistic_regression: {},
  mlp: { max_iter: 5 },
};

interface Ours {
  size: number;
  columns: number;
  rows: number;
}

type Theirs = Record<1 | 2, { size: number; rows: number }[]>;

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** @param python an interpreter with bench/peers/requirements.txt */
export async function benchPredict(python: string): Promise<string[]> {
  const path = await Deno.makeTempFile({ prefix: "bench-predict-" });
  const lines = [
    "| model | rows at once | from columns | from row objects | ONNX Runtime | on 2 threads | columns / ONNX Runtime |",
    "|---|---|---|---|---|---|---|",
  ];
  try {
    const columns = makeColumns(SETS[SET]);
    using file = Deno.openSync(path, { write: true });
    for (const { buffer } of columns) {
      const bytes = new Uint8Array(buffer);
      for (let at = 0; at < bytes.length;) at += file.writeSync(bytes.subarray(at));
    }
    const head = JSON.stringify({ rows: columns[0].length, cols: columns.length });
    for (const [name, params] of Object.entries(PARAMS)) {
      const turns: { ours: Ours[]; theirs: Theirs | undefined }[] = [];
      for (let turn = 0; turn < TURNS; turn++) {
        const ours = await run([
          ...["taskset", "-c", "0", Deno.execPath(), "run", "--quiet", "--allow-all"],
          ...["--config", here("../deno.json"), here("predict_once.ts"), String(SET), path],
          ...[name, JSON.stringify(params), String(TRAIN), String(BATCHES)],
        ]) as Ours[];
        const theirs = await run(
          [python, here("peers/predict.py"), name, head, path, String(TRAIN), String(BATCHES)],
        ).catch(() => undefined) as Theirs | undefined;
        turns.push({ ours, theirs });
      }
      BATCHES.forEach((size, k) => {
        const most = (of: (turn: typeof turns[number]) => number | undefined) =>
          Math.max(...turns.map((turn) => of(turn) ?? NaN));
        const mine = most(({ ours }) => ours[k].columns);
        const peer = most(({ theirs }) => theirs?.[1][k].rows);
        lines.push(`| ${
          [
            ...[name, size, mine.toFixed(0), most(({ ours }) => ours[k].rows).toFixed(0), peer.toFixed(0)],
            ...[most(({ theirs }) => theirs?.[2][k].rows).toFixed(0), (mine / peer).toFixed(2)],
          ].join(" | ")
        } |`);
        console.error(lines.at(-1));
      });
    }
  } finally {
    await Deno.remove(path);
  }
  return lines;
}

async function run([program, ...args]: string[]): Promise<unknown> {
  const { success, stdout, stderr } = await new Deno.Command(program, {
    args,
    env: { PYTHONWARNINGS: "ignore" },
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return JSON.parse(new TextDecoder().decode(stdout).trim().split("\n").pop()!);
}
