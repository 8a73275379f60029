/**
 * Requests a second with one row of 20 numbers each, ours and the peers' one after another: the server on the first
 * core, the load on the second. Then p99 at half of that load, the time to a new replica and to a new version.
 */
import { Client } from "@modelcontextprotocol/client";
import { ChildTransport } from "../agent/child_transport.ts";
import { makeTable } from "./serving_data.ts";
import { type Load, load, requestBytes } from "./serving_load.ts";
import { type Peer, peers } from "./serving_peers.ts";
import type { Runnable } from "./start.ts";

const MODELS = ["logistic_regression", "random_forest", "gradient_boosting"];
const PARAMS: Record<string, Record<string, unknown>> = {
  random_forest: { n_estimators: 100 },
  // LightGBM's defaults, which the peers serve.
  gradient_boosting: { max_iter: 100, max_leaf_nodes: 31, early_stopping: false },
};
const SECONDS = Number(Deno.env.get("BENCH_SECONDS") ?? 4);

interface Row {
  server: string;
  model: string;
  full: Load;
  half: Load;
}

/** @param python one with bench/peers/requirements.txt; peers that it lacks are left out, and named */
export async function benchServing(program: Runnable, python: string): Promise<string[]> {
  const home = await Deno.makeTempDir();
  const { path, body, example } = await makeTable(home);
  await pin("1", Deno.pid);
  const rows: Row[] = [];
  const notes: string[] = [];
  try {
    rows.push(await withServer(bareServer(), (port) => measure("bare Deno.serve", "-", port, body)));
    const ours = await benchOurs(program, home, path, body, example);
    rows.push(...ours.rows);
    notes.push(...ours.notes);
    for (const peer of await peers(python, home, path, MODELS, notes)) {
      try {
        rows.push(
          await withServer(
            peer,
            (port) => measure(peer.server, peer.model, port, peer.body?.(example) ?? body, peer.path),
          ),
        );
      } catch (error) {
        notes.push(`${peer.server}, ${peer.model}: ${(error as Error).message.slice(0, 200)}`);
      }
    }
  } finally {
    await pin(`0-${navigator.hardwareConcurrency - 1}`, Deno.pid);
    await Deno.remove(home, { recursive: true });
  }
  return [...table(rows), "", ...notes];
}

async function measure(
  server: string,
  model: string,
  port: number,
  body: string,
  path = "/predict",
): Promise<Row> {
  const request = requestBytes(port, path, body);
  const full = await load(port, request, SECONDS);
  return { server, model, full, half: await load(port, request, SECONDS, full.per_s / 2) };
}

function table(rows: Row[]): string[] {
  const bare = rows[0].full.per_s;
  const ours = (model: string) => rows.find((row) => row.server === "mlmcp" && row.model === model);
  return [
    "| server | model | requests/s | of the bare server | mlmcp's to it | p50 ms | p99 ms | p99 ms at half load |",
    "|---|---|---|---|---|---|---|---|",
    ...rows.map(({ server, model, full, half }) => {
      const own = ours(model);
      return `| ${server} | ${model} | ${full.per_s.toFixed(0)} | ${(full.per_s / bare).toFixed(3)} | ${
        own && server !== "mlmcp" ? (own.full.per_s / full.per_s).toFixed(1) : ""
      } | ${full.p50_ms.toFixed(2)} | ${full.p99_ms.toFixed(2)} | ${half.p99_ms.toFixed(2)} |`;
    }),
  ];
}

/** The limit: JSON in, JSON out, and nothing between. */
function bareServer(): Peer {
  const code = `Deno.serve({ hostname: "127.0.0.1", port: Number(Deno.args[0]), onListen: () => {} },
    async (request) => {
      const { rows } = await request.json();
      return Response.json({ predictions: rows.map(() => 0) });
    });`;
  return {
    server: "bare Deno.serve",
    model: "-",
    command: (port) => ({
      args: [
        Deno.execPath(),
        "run",
        "--allow-net",
        `data:application/typescript,${encodeURIComponent(code)}`,
        String(port),
      ],
    }),
  };
}

/** Runs a server on the first core until the work is done. */
async function withServer<T>(peer: Peer, work: (port: number) => Promise<T>): Promise<T> {
  const port = freePort();
  const { args, env, cwd } = peer.command(port);
  const child = new Deno.Command("taskset", {
    args: ["-c", "0", ...args],
    env,
    cwd,
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  try {
    await untilListening(port, child);
    return await work(port);
  } finally {
    child.kill("SIGTERM");
    const late = setTimeout(() => child.kill("SIGKILL"), 5000);
    await child.status;
    clearTimeout(late);
  }
}

async function untilListening(port: number, child: Deno.ChildProcess): Promise<void> {
  let ended = false;
  void child.status.then(() => ended = true);
  for (let i = 0; i < 600 && !ended; i++) {
    try {
      (await Deno.connect({ hostname: "127.0.0.1", port })).close();
      return;
    } catch {
      await new Promise((done) => setTimeout(done, 50));
    }
  }
  throw new Error(ended ? "it ended at once" : "it did not listen within 30 s");
}

function freePort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  listener.close();
  return port;
}

async function pin(cores: string, pid: number): Promise<void> {
  await new Deno.Command("taskset", { args: ["-acp", cores, String(pid)], stdout: "null" }).output();
}

type Call = (name: string, args: Record<string, unknown>) => Promise<Record<string, unknown>>;

async function connect(
  program: Runnable,
  mode: string,
  home: string,
): Promise<{ call: Call; close(): Promise<void> }> {
  const client = new Client({ name: "bench", version: "0" });
  await client.connect(
    new ChildTransport(
      new Deno.Command("taskset", {
        args: ["-c", "0", program.command, ...program.prefix, mode, "--home", home],
        stdin: "piped",
        stdout: "piped",
        stderr: "piped",
      }),
    ),
  );
  return {
    async call(name, args) {
      const { structuredContent, isError } = await client.callTool({ name, arguments: args }, {
        timeout: 120_000,
      });
      if (isError) throw new Error(JSON.stringify(structuredContent));
      return structuredContent as Record<string, unknown>;
    },
    close: () => client.close(),
  };
}

async function benchOurs(
  program: Runnable,
  home: string,
  dataset: string,
  body: string,
  example: Record<string, number>,
): Promise<{ rows: Row[]; notes: string[] }> {
  const training = await connect(program, "training-server", home);
  const deploying = await connect(program, "deploy-server", home);
  const rows: Row[] = [];
  const notes: string[] = [];
  try {
    const ids: string[] = [];
    for (const algorithm of MODELS) {
      const name = algorithm.replace("_", "-");
      const job = await training.call("train_model", {
        dataset,
        target: "y",
        algorithm,
        params: PARAMS[algorithm],
        name,
        wait_s: 45,
      });
      if (job.status !== "succeeded") throw new Error(JSON.stringify(job));
      ids.push(String(job.model_id));
    }
    for (const [at, algorithm] of MODELS.entries()) {
      const { url } = await deploying.call("deploy_model", { model_id: ids[at], require_gate: false });
      const port = Number(new URL(String(url)).port);
      rows.push(await measure("mlmcp", algorithm, port, body));
      const many = JSON.stringify({ rows: new Array(1000).fill(example) });
      const batch = await load(port, requestBytes(port, "/predict", many), 2);
      notes.push(`mlmcp, ${algorithm}: ${Math.round(batch.per_s * 1000)} rows a second in requests of 1,000`);
      await deploying.call("delete_endpoint", { endpoint: algorithm.replace("_", "-") });
    }
    notes.push(...await benchChanges(deploying.call, ids));
  } finally {
    await training.close();
    await deploying.close();
    await new Deno.Command(program.command, { args: [...program.prefix, "stop", "--home", home] }).output();
  }
  return { rows, notes };
}

/** As a client sees them: the call, its waiting and its looks included. */
async function benchChanges(call: Call, ids: string[]): Promise<string[]> {
  const times = { deploy: [] as number[], scale: [] as number[], update: [] as number[] };
  const timed = async (what: keyof typeof times, name: string, args: Record<string, unknown>) => {
    const began = performance.now();
    await call(name, args);
    times[what].push(performance.now() - began);
  };
  for (let i = 0; i < 5; i++) {
    await timed("deploy", "deploy_model", { model_id: ids[0], endpoint: "changes", require_gate: false });
    await timed("scale", "scale_deployment", { endpoint: "changes", replicas: 2 });
    for (const id of [ids[2], ids[0]]) {
      await timed("update", "update_model", { endpoint: "changes", model_id: id, require_gate: false });
    }
    await call("delete_endpoint", { endpoint: "changes" });
  }
  const median = (values: number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
  return [
    `deploy_model to a new endpoint until it answers: ${median(times.deploy).toFixed(0)} ms`,
    `scale_deployment from one replica to two: ${median(times.scale).toFixed(0)} ms`,
    `update_model, logistic regression and boosting in turn, on two replicas: ${
      median(times.update).toFixed(0)
    } ms`,
  ];
}
