/**
 * A replica, as a process, attacked in every way at once, while a caller who means well goes on asking. With
 * MLMCP_ATTACK_CONNECTIONS=10000 (and as many file descriptors, twice) it is the full siege.
 */
import assert from "node:assert/strict";
import { firstFreePort } from "@/deployment/ports.ts";
import { ReplicaDoor } from "@/deployment/replica_door.ts";
import { startReplica } from "@/deployment/start_replica.ts";
import type { ReplicaStart } from "@/shared/replica_protocol.ts";
import { childEnvironment } from "@/shared/self_command.ts";
import { ask, post, ROW } from "../serving/http/raw_client.ts";
import { flowers } from "../serving/make_artifact.ts";
import { accessSettings, LIMITS } from "../serving/make_replica.ts";
import { until } from "../deployment/scene.ts";

const CONNECTIONS = Number(Deno.env.get("MLMCP_ATTACK_CONNECTIONS") ?? 2000);
const SIEGE_MS = CONNECTIONS > 2000 ? 20_000 : 6000;

interface Target {
  port: number;
  pid: number;
  door: ReplicaDoor;
}

async function withTarget(work: (target: Target) => Promise<void>): Promise<void> {
  const artifact = flowers();
  const start: ReplicaStart = {
    endpoint: "garden",
    replica_id: "garden-1",
    host: "127.0.0.1",
    port: firstFreePort("127.0.0.1", 52000 + Deno.pid % 8000, new Set()),
    reuse_port: true,
    first: false,
    control_token: crypto.randomUUID(),
    model_id: "flowers@1",
    version: 1,
    artifact_bytes: artifact.length,
    access: accessSettings(),
    tls: null,
    limits: {
      ...LIMITS,
      max_connections: 2 * CONNECTIONS,
      header_timeout_ms: SIEGE_MS / 2,
      idle_timeout_ms: SIEGE_MS / 2,
      transfer_timeout_ms: SIEGE_MS * 0.8,
    },
    orphan_grace_s: 600,
  };
  const env = childEnvironment(Deno.env.toObject());
  const { child, pid, control_port } = await startReplica(start, artifact, env, () => {});
  try {
    await work({ port: start.port, pid, door: new ReplicaDoor({ ...start, control_port }) });
  } finally {
    child.kill("SIGKILL");
    await child.status;
  }
}

/** Resident memory in MB. */
function memoryOf(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(Deno.readTextFileSync(`/proc/${pid}/status`))![1]) / 1024;
}

/** In a process of their own, so that they do not slow down who asks well. */
function startAttackers(port: number): Deno.ChildProcess {
  const here = new URL("./attackers.ts", import.meta.url).pathname;
  const config = new URL("../../deno.json", import.meta.url).pathname;
  return new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--quiet",
      "--allow-all",
      "--no-check",
      "--config",
      config,
      here,
      String(port),
      String(CONNECTIONS),
      String(SIEGE_MS),
    ],
    stdin: "null",
  }).spawn();
}

const pause = (ms: number) => new Promise((done) => setTimeout(done, ms));

const HUGE: [string, string | Uint8Array, number[]][] = [
  ["a header of a megabyte", `GET / HTTP/1.1\r\nhost: localhost\r\nx-a: ${"a".repeat(1 << 20)}\r\n\r\n`, [
    431,
  ]],
  ["a path of a megabyte", `GET /${"a".repeat(1 << 20)} HTTP/1.1\r\nhost: localhost\r\n\r\n`, [431]],
  ["a thousand headers", `GET / HTTP/1.1\r\nhost: localhost\r\n${"a: 1\r\n".repeat(1000)}\r\n`, [431]],
  ["JSON a hundred thousand deep", post(`{"rows":${"[".repeat(100_000)}${"]".repeat(100_000)}}`), [400]],
  ["objects that deep", post(`${'{"rows":'.repeat(100_000)}1${"}".repeat(100_000)}`), [400]],
  ["a key twice", post('{"rows":[{"length":1,"length":2}]}'), [400]],
  ["rows twice", post('{"rows":[[1,2]],"rows":[[3,4]]}'), [400]],
  ["a number as text", post('{"rows":[{"length":"1.4","width":0.2}]}'), [400]],
  ["a number beyond doubles", post('{"rows":[{"length":1e400,"width":0.2}]}'), [400]],
  [
    "a form",
    "POST /predict HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/x-www-form-urlencoded\r\ncontent-length: 6\r\n\r\nrows=1",
    [415],
  ],
  ["no type", "POST /predict HTTP/1.1\r\nhost: localhost\r\ncontent-length: 2\r\n\r\n{}", [415]],
  [
    "latin-1",
    new Uint8Array([
      ...new TextEncoder().encode(
        'POST /predict HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 3\r\n\r\n"',
      ),
      0xe4,
      0x22,
    ]),
    [400],
  ],
  ["a TLS greeting", new Uint8Array([22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3, 13, 10, 13, 10]), [400]],
  ["two lengths", post(ROW, ["content-length: 3", "content-length: 30"]), [400]],
  ["a length and chunks", post(ROW, ["content-length: 3", "transfer-encoding: chunked"]), [400]],
  ["40 MB announced", post("{", ["content-length: 40000000"]), [413]],
];

Deno.test("an attacked replica answers who asks well, refuses each attack as it should, and is itself again after", async () => {
  await withTarget(async ({ port, pid, door }) => {
    const before_mb = memoryOf(pid);
    const attackers = startAttackers(port);
    await until("the siege begins", async () => (await door.status()).connections > CONNECTIONS / 2, 30_000);
    const end_ms = performance.now() + SIEGE_MS;
    const wrong: string[] = [];
    const hostile = (async () => {
      while (performance.now() < end_ms) {
        for (const [what, bytes, expected] of HUGE) {
          const answer = await ask(port, bytes);
          if (!answer || !expected.includes(answer.status)) {
            wrong.push(`${what}: ${answer?.status ?? "closed"}`);
          }
          if (answer && !/x-request-id: /.test(answer.head)) wrong.push(`${what}: no request id`);
        }
      }
    })();
    const latencies: number[] = [];
    let failed = 0;
    let most = 0;
    let most_mb = 0;
    const well = (async () => {
      while (performance.now() < end_ms) {
        const started = performance.now();
        const answer = await ask(port, post(ROW, ["connection: close"]));
        if (answer?.status === 200) latencies.push(performance.now() - started);
        else failed++;
        await pause(20);
      }
    })();
    const watching = (async () => {
      while (performance.now() < end_ms) {
        const status = await door.status().catch(() => null);
        most = Math.max(most, status?.connections ?? 0);
        most_mb = Math.max(most_mb, memoryOf(pid));
        await pause(200);
      }
    })();
    await Promise.all([hostile, well, watching]);
    await attackers.status;
    latencies.sort((a, b) => a - b);
    const p99 = latencies[Math.floor(latencies.length * 0.99)];
    if (CONNECTIONS > 2000) {
      console.log(
        `${most} connections at once; ${latencies.length} answers, p50 ${
          latencies[latencies.length >> 1].toFixed(1)
        } ms, p99 ${p99.toFixed(1)} ms; memory ${before_mb.toFixed(0)} MB before, at most ${
          most_mb.toFixed(0)
        } MB`,
      );
    }
    assert.deepEqual([...new Set(wrong)], []);
    assert.equal(failed, 0);
    assert.ok(latencies.length > 20, `${latencies.length} requests were answered`);
    assert.ok(most > CONNECTIONS * 0.8, `${most} of ${CONNECTIONS} connections were open at once`);
    assert.ok(
      most_mb - before_mb < 150 + CONNECTIONS * 0.04,
      `memory went from ${before_mb} to ${most_mb} MB`,
    );
    await until("all connections are gone", async () => (await door.status()).connections === 0, SIEGE_MS);
    assert.equal((await ask(port, post(ROW)))!.status, 200);
    assert.equal((await door.status()).last_error, null);
  });
});
