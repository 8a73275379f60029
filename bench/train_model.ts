/**
 * A whole call of train_model as a client on stdio sees it, on small real sets, each algorithm with its defaults:
 * reading, the checks, cross-validation, baseline, fit, importances, golden rows, the model on disk. Beside it what
 * scikit-learn takes for one fit of its Pipeline, and for cross-validation on the same folds and that fit, in a
 * process that is there already. Of the compiled binary when dist/mlmcp exists, else from source.
 * BENCH_TURNS=9 calls more often.
 */
import { Client } from "@modelcontextprotocol/client";
import { fileURLToPath } from "node:url";
import { SAMPLES } from "@/dataset/samples.ts";
import { ESTIMATORS } from "@/ml/estimators.ts";
import { ChildTransport } from "../agent/child_transport.ts";
import type { Runnable } from "./start.ts";

const SETS = ["iris", "diabetes", "penguins", "breast_cancer", "titanic"];
const TURNS = Number(Deno.env.get("BENCH_TURNS") ?? 5);
/** Cross-validation that train_model does of up to 20,000 rows. */
const FOLDS = 3;

type PeerTimes = Record<string, { fit_ms: number; same_ms: number }>;

/** @param wanted algorithms; none: all, and auto */
export async function benchTrainModel(
  program: Runnable,
  python: string,
  wanted: readonly string[] = [],
): Promise<string[]> {
  const home = await Deno.makeTempDir({ prefix: "bench-train-" });
  const client = new Client({ name: "bench", version: "0" });
  await client.connect(
    new ChildTransport(
      new Deno.Command(program.command, {
        args: [...program.prefix, "training-server", "--home", home],
        stdin: "piped",
        stdout: "piped",
        stderr: "piped",
      }),
    ),
  );
  const lines = [
    `| data (${program.name}) | algorithm | whole call, median ms | least | scikit-learn: one fit | folds and fit |`,
    "|---|---|---|---|---|---|",
  ];
  try {
    for (const name of SETS) {
      const sample = SAMPLES.find((one) => one.name === name)!;
      const algorithms = ESTIMATORS.filter(({ params }) => params[sample.task]).map(({ name }) => name);
      const asked = [...algorithms, "auto"].filter((one) => wanted.length === 0 || wanted.includes(one));
      const peers = await peerTimes(python, sample, asked);
      for (const algorithm of asked) {
        const times: number[] = [];
        for (let turn = 0; turn < TURNS; turn++) {
          const started = performance.now();
          const { isError, structuredContent, content } = await client.callTool({
            name: "train_model",
            arguments: { dataset: `sample/${name}`, target: sample.target, algorithm, wait_s: 45 },
          });
          times.push(performance.now() - started);
          const { status } = structuredContent as { status?: string } ?? {};
          if (!isError && status === "succeeded") continue;
          console.error(`${name} ${algorithm}: ${JSON.stringify(structuredContent ?? content)}`);
          times.length = 0;
          break;
        }
        if (times.length === 0) continue;
        times.sort((a, b) => a - b);
        const { fit_ms, same_ms } = peers[algorithm] ?? {};
        const line = `| ${name} (${sample.rows}) | ${algorithm} | ${times[times.length >> 1].toFixed(0)} | ${
          times[0].toFixed(0)
        } | ${fit_ms?.toFixed(0) ?? "-"} | ${same_ms?.toFixed(0) ?? "-"} |`;
        console.error(line);
        lines.push(line);
      }
    }
  } finally {
    await client.close();
    await Deno.remove(home, { recursive: true });
  }
  return lines;
}

async function peerTimes(
  python: string,
  sample: typeof SAMPLES[number],
  algorithms: readonly string[],
): Promise<PeerTimes> {
  const file = await Deno.makeTempFile({ suffix: ".csv" });
  await Deno.writeTextFile(file, sample.text);
  const script = fileURLToPath(new URL("./peers/train_model.py", import.meta.url));
  const { success, stdout, stderr } = await new Deno.Command(python, {
    args: [script, file, sample.target, sample.task, String(FOLDS), ...algorithms],
    env: { OMP_NUM_THREADS: "1", OPENBLAS_NUM_THREADS: "1" },
  }).output();
  await Deno.remove(file);
  if (success) return JSON.parse(new TextDecoder().decode(stdout));
  console.error(new TextDecoder().decode(stderr).trim().split("\n").at(-1));
  return {};
}
