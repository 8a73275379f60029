/**
 * A whole call of train_model as a client on stdio sees it, on small real sets, each algorithm with its defaults:
 * reading, the checks, cross-validation, baseline, fit, importances, golden rows, the model on disk. Beside it what
 * scikit-learn takes for one fit of its Pipeline, and for cross-validation on the same folds and that fit, in a
 * process that is there already. Medians, of the wall and, on Linux, of the CPU time of all threads. Of the compiled
 * binary when dist/mlmcp exists, else from source. BENCH_TURNS=9 calls more often, BENCH_SETS=iris,wine on other sets.
 */
import { Client } from "@modelcontextprotocol/client";
import { fileURLToPath } from "node:url";
import { SAMPLES } from "@/dataset/samples.ts";
import { ESTIMATORS } from "@/ml/estimators.ts";
import { ChildTransport } from "../agent/child_transport.ts";
import type { Runnable } from "./start.ts";

const SETS = (Deno.env.get("BENCH_SETS") ?? "iris,diabetes,penguins,breast_cancer,titanic").split(",");
const TURNS = Number(Deno.env.get("BENCH_TURNS") ?? 3);
/** An algorithm that takes long is called less often, in ms. */
const ENOUGH_MS = 10_000;
/** After a call. */
const PAUSE_MS = 200;
/** Longest that the peer may take for a set; what it has told until then counts, in ms. */
const PEER_MS = 120_000;
/** Cross-validation that train_model does of up to 20,000 rows. */
const FOLDS = 3;

interface PeerTimes {
  algorithm: string;
  fit_ms: number;
  same_ms: number;
  same_cpu_ms: number;
}

/** @param wanted algorithms; none: all, and auto */
export async function benchTrainModel(
  program: Runnable,
  python: string,
  wanted: readonly string[] = [],
): Promise<string[]> {
  const home = await Deno.makeTempDir({ prefix: "bench-train-" });
  const client = new Client({ name: "bench", version: "0" });
  const transport = new ChildTransport(
    new Deno.Command(program.command, {
      args: [...program.prefix, "training-server", "--home", home],
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }),
  );
  await client.connect(transport);
  const lines: string[] = [];
  const tell = (line: string) => {
    console.error(line);
    lines.push(line);
  };
  tell(
    `| data (${program.name}) | algorithm | call, ms | its CPU | scikit-learn: fit | folds and fit | its CPU |`,
  );
  tell("|---|---|---|---|---|---|---|");
  try {
    for (const name of SETS) {
      const sample = SAMPLES.find((one) => one.name === name)!;
      const algorithms = ESTIMATORS.filter(({ params }) => params[sample.task]).map(({ name }) => name);
      const asked = [...algorithms, "auto"].filter((one) => wanted.length === 0 || wanted.includes(one));
      const peers = await peerTimes(python, sample, asked);
      for (const algorithm of asked) {
        const walls: number[] = [];
        const cpus: number[] = [];
        for (let turn = 0; turn < TURNS && walls.reduce((sum, ms) => sum + ms, 0) < ENOUGH_MS; turn++) {
          const [started, used] = [performance.now(), await cpuOf(transport.pid!)];
          const { isError, structuredContent, content } = await client.callTool({
            name: "train_model",
            arguments: { dataset: `sample/${name}`, target: sample.target, algorithm, wait_s: 45 },
          });
          const wall = performance.now() - started;
          // The Workers for the next call are loaded after this one: that is work of the call, too.
          await new Promise((done) => setTimeout(done, PAUSE_MS));
          const { status } = structuredContent as { status?: string } ?? {};
          if (isError || status !== "succeeded") {
            console.error(`${name} ${algorithm}: ${JSON.stringify(structuredContent ?? content)}`);
            break;
          }
          walls.push(wall);
          cpus.push(await cpuOf(transport.pid!) - used);
        }
        if (walls.length === 0) continue;
        const peer = peers.find((one) => one.algorithm === algorithm);
        const times = [median(walls), median(cpus), peer?.fit_ms, peer?.same_ms, peer?.same_cpu_ms];
        tell(
          `| ${name} (${sample.rows}) | ${algorithm} | ${
            times.map((ms) => ms === undefined || Number.isNaN(ms) ? "-" : ms.toFixed(0)).join(" | ")
          } |`,
        );
      }
    }
  } finally {
    await client.close();
    await Deno.remove(home, { recursive: true });
  }
  return lines;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1];
}

/** CPU time of a process and all its threads so far, in ms; NaN where the system does not tell. */
async function cpuOf(pid: number): Promise<number> {
  try {
    const stat = await Deno.readTextFile(`/proc/${pid}/stat`);
    // Behind the name, which may hold blanks: the 12th and 13th are user and system time, in hundredths of a second.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return 10 * (Number(fields[11]) + Number(fields[12]));
  } catch {
    return NaN;
  }
}

async function peerTimes(
  python: string,
  sample: typeof SAMPLES[number],
  algorithms: readonly string[],
): Promise<PeerTimes[]> {
  const file = await Deno.makeTempFile({ suffix: ".csv" });
  await Deno.writeTextFile(file, sample.text);
  const script = fileURLToPath(new URL("./peers/train_model.py", import.meta.url));
  console.error(`${sample.name}: scikit-learn, ${PEER_MS / 1000} s at most`);
  const child = new Deno.Command(python, {
    args: [script, file, sample.target, sample.task, String(FOLDS), ...algorithms],
    env: { OMP_NUM_THREADS: "1", OPENBLAS_NUM_THREADS: "1" },
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    child.kill("SIGKILL");
  }, PEER_MS);
  const { success, stdout, stderr } = await child.output();
  clearTimeout(timer);
  await Deno.remove(file);
  const [told, faults] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes).trim());
  if (isLate) console.error(`${sample.name}: scikit-learn was ended after ${PEER_MS / 1000} s`);
  else if (!success) console.error(faults.split("\n").at(-1));
  return told.split("\n").filter((line) => line.endsWith("}")).map((line) => JSON.parse(line));
}
