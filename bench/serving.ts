/**
 * One replica under load from another process: one row a request, keep-alive, 16 connections.
 * The load is a plain loop over raw TCP, so that the client costs little beside the server.
 */
import { Client } from "@modelcontextprotocol/client";
import { ChildTransport } from "../agent/child_transport.ts";
import type { Runnable } from "./start.ts";

const CONNECTIONS = 16;
const SECONDS = 5;

async function connect(program: Runnable, mode: string, home: string): Promise<Client> {
  const client = new Client({ name: "bench", version: "0" });
  await client.connect(
    new ChildTransport(
      new Deno.Command(program.command, {
        args: [...program.prefix, mode, "--home", home],
        stdin: "piped",
        stdout: "piped",
        stderr: "piped",
      }),
    ),
  );
  return client;
}

async function call(
  client: Client,
  name: string,
  args: Record<string, unknown>,
): Promise<Record<string, unknown>> {
  const { structuredContent, isError } = await client.callTool({ name, arguments: args }, {
    timeout: 120_000,
  });
  if (isError) throw new Error(JSON.stringify(structuredContent));
  return structuredContent as Record<string, unknown>;
}

/** @returns requests a second, and the quantiles of the latency in ms */
async function load(port: number, body: string): Promise<{ per_s: number; p50: number; p99: number }> {
  const request = new TextEncoder().encode(
    `POST /predict HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\ncontent-type: application/json\r\ncontent-length: ${
      new TextEncoder().encode(body).length
    }\r\n\r\n${body}`,
  );
  const latencies: number[] = [];
  const warm = performance.now() + 1000;
  const end = warm + SECONDS * 1000;
  const one = async () => {
    const connection = await Deno.connect({ hostname: "127.0.0.1", port });
    const buffer = new Uint8Array(65536);
    while (performance.now() < end) {
      const started = performance.now();
      await connection.write(request);
      const n = await connection.read(buffer);
      if (n === null || buffer[9] !== 0x32) {
        throw new Error(new TextDecoder().decode(buffer.subarray(0, n ?? 0)));
      }
      if (started >= warm) latencies.push(performance.now() - started);
    }
    connection.close();
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, one));
  latencies.sort((a, b) => a - b);
  return {
    per_s: latencies.length / SECONDS,
    p50: latencies[Math.floor(latencies.length * 0.5)],
    p99: latencies[Math.floor(latencies.length * 0.99)],
  };
}

export async function benchServing(program: Runnable): Promise<string[]> {
  const home = await Deno.makeTempDir();
  const training = await connect(program, "training-server", home);
  const deploying = await connect(program, "deploy-server", home);
  const lines = ["| model | requests/s | p50 ms | p99 ms |", "|---|---|---|---|"];
  const bare = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, async (request) => {
    const { rows } = await request.json();
    return Response.json({ predictions: rows.map(() => 0) });
  });
  const row = { mean_radius: 14.1 };
  try {
    const limit = await load(bare.addr.port, JSON.stringify({ rows: [row] }));
    lines.push(
      `| bare Deno.serve with JSON, in the load's own process | ${limit.per_s.toFixed(0)} | ${
        limit.p50.toFixed(2)
      } | ${limit.p99.toFixed(2)} |`,
    );
    await bare.shutdown();
    for (const algorithm of ["logistic_regression", "gradient_boosting", "random_forest"]) {
      const name = algorithm.replace("_", "-");
      const job = await call(training, "train_model", {
        dataset: "sample/breast_cancer",
        target: "diagnosis",
        algorithm,
        name,
        wait_s: 45,
      });
      const { url } = await call(deploying, "deploy_model", { model_id: job.model_id, require_gate: false });
      const { example } = await call(deploying, "test_endpoint", { endpoint: name }) as {
        example: { row: unknown };
      };
      const result = await load(Number(new URL(String(url)).port), JSON.stringify({ rows: [example.row] }));
      lines.push(
        `| ${algorithm} | ${result.per_s.toFixed(0)} | ${result.p50.toFixed(2)} | ${result.p99.toFixed(2)} |`,
      );
    }
  } finally {
    await training.close();
    await deploying.close();
    await new Deno.Command(program.command, { args: [...program.prefix, "stop", "--home", home] }).output();
    await Deno.remove(home, { recursive: true });
  }
  return lines;
}
