import assert from "node:assert/strict";
import { decodeArtifact } from "@/artifact/artifact.ts";
import { predictRows } from "@/artifact/predict_rows.ts";
import { firstFreePort } from "@/deployment/ports.ts";
import { ReplicaDoor } from "@/deployment/replica_door.ts";
import { startReplica } from "@/deployment/start_replica.ts";
import { AppError } from "@/shared/errors.ts";
import {
  CONTROL_HEADER,
  plainTraffic,
  type ReplicaLine,
  type ReplicaStart,
} from "@/shared/replica_protocol.ts";
import { childEnvironment, selfCommand } from "@/shared/self_command.ts";
import { probeRights } from "@/serving/rights_probe.ts";
import { isAlive, until } from "../deployment/scene.ts";
import { flowers } from "./make_artifact.ts";
import { accessSettings, LIMITS } from "./make_replica.ts";

const env = childEnvironment(Deno.env.toObject());

function startOf(artifact: Uint8Array, change: Partial<ReplicaStart> = {}): ReplicaStart {
  return {
    endpoint: "garden",
    replica_id: "garden-1",
    host: "127.0.0.1",
    port: firstFreePort("127.0.0.1", 42000 + Deno.pid % 8000, new Set()),
    reuse_port: true,
    first: false,
    control_token: crypto.randomUUID(),
    model_id: "flowers@1",
    version: 1,
    artifact_bytes: artifact.length,
    access: accessSettings(),
    tls: null,
    limits: LIMITS,
    orphan_grace_s: 600,
    ...change,
  };
}

interface Running {
  start: ReplicaStart;
  door: ReplicaDoor;
  url: string;
  pid: number;
  child: Deno.ChildProcess;
}

async function withReplica(
  work: (replica: Running) => Promise<void>,
  change: Partial<ReplicaStart> = {},
  artifact = flowers(),
): Promise<void> {
  const start = startOf(artifact, change);
  const { child, pid, control_port } = await startReplica(start, artifact, env, () => {});
  try {
    await work({
      start,
      child,
      pid,
      url: `http://127.0.0.1:${start.port}`,
      door: new ReplicaDoor({ ...start, control_port }),
    });
  } finally {
    try {
      child.kill("SIGKILL");
    } catch { /* it has ended, as it should */ }
    await child.status;
  }
}

const predict = (url: string) =>
  fetch(`${url}/predict`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ rows: [{ length: 1.4, width: 0.2 }] }),
  });

Deno.test("a replica has no right at all, and answers", async () => {
  // The probe itself must be able to say "allowed": here every right is there.
  assert.deepEqual(
    new Set(Object.entries(await probeRights()).map(([, outcome]) => outcome)),
    new Set(["allowed"]),
  );
  await withReplica(async ({ door, url, start }) => {
    const response = await fetch(`http://127.0.0.1:${door.address.control_port}/control/rights`, {
      headers: { [CONTROL_HEADER]: start.control_token },
    });
    const report = await response.json();
    for (
      const right of [
        "read",
        "write",
        "listen",
        "connect",
        "env",
        "subprocess",
        "sys",
        "ffi",
        "remote_import",
      ]
    ) {
      assert.equal(report[right], "denied", right);
    }
    assert.deepEqual(new Set(Object.values(report)), new Set(["denied"]));
    assert.deepEqual((await (await predict(url)).json()).predictions, ["setosa"]);
  });
});

Deno.test("the control door opens only with the token", async () => {
  await withReplica(async ({ door, url, start }) => {
    for (
      const headers of [{}, { [CONTROL_HEADER]: "wrong" }, {
        [CONTROL_HEADER]: start.control_token.slice(1),
      }] as HeadersInit[]
    ) {
      for (
        const [method, path] of [
          ["GET", "status"],
          ["GET", "rights"],
          ["POST", "drain"],
          ["POST", "prepare"],
          ["POST", "traffic"],
        ]
      ) {
        const response = await fetch(`http://127.0.0.1:${door.address.control_port}/control/${path}`, {
          method,
          headers,
        });
        assert.equal(response.status, 401);
        await response.body?.cancel();
      }
    }
    const outside = await fetch(`${url}/control/status`, {
      headers: { [CONTROL_HEADER]: start.control_token },
    });
    assert.equal(outside.status, 404, "not on the public port");
    await outside.body?.cancel();
    assert.equal((await door.status()).state, "ready");
  });
});

Deno.test("a replica changes its model in place and refuses a damaged one", async () => {
  await withReplica(async ({ door, url }) => {
    const broken = flowers();
    broken[8] ^= 1;
    for (const damaged of [broken, flowers().subarray(0, -8)]) {
      await assert.rejects(
        door.prepare(damaged, "flowers@2", 2),
        (error) => error instanceof AppError && error.code === "data_loss",
      );
    }
    await assert.rejects(
      door.direct(plainTraffic(2)),
      (error) => error instanceof AppError && error.code === "failed_precondition",
    );
    await door.prepare(flowers({ algorithm: "gaussian_nb" }), "flowers@2", 2);
    assert.equal((await (await predict(url)).json()).model, "flowers@1");
    await door.direct(plainTraffic(2));
    assert.equal((await (await predict(url)).json()).model, "flowers@2");
    const status = await door.status();
    assert.equal(status.version, 2);
    assert.deepEqual(status.counters.by_status, { "200": 2 });
  });
});

Deno.test("a replica outlives Ctrl-C and a closed terminal, and drains on SIGTERM", async () => {
  await withReplica(async ({ url, child, pid }) => {
    child.kill("SIGINT");
    child.kill("SIGHUP");
    assert.equal((await (await predict(url)).json()).model, "flowers@1");
    child.kill("SIGTERM");
    assert.deepEqual((await child.status).code, 0);
    assert.equal(isAlive(pid), false);
  });
});

Deno.test("draining answers the request in flight, and ends when the process does", async () => {
  await withReplica(async ({ url, door, pid, start }) => {
    // A request whose body is not complete yet is in flight.
    const connection = await Deno.connect({ hostname: "127.0.0.1", port: start.port });
    const body = JSON.stringify({ rows: [{ length: 1.4, width: 0.2 }] });
    const send = (text: string) => connection.write(new TextEncoder().encode(text));
    await send(
      `POST /predict HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n`,
    );
    await send(body.slice(0, 10));
    await until("the request is in flight", async () => (await door.status()).in_flight === 1);
    const gone = door.drain();
    await until(
      "it says that it drains",
      () =>
        fetch(`${url}/health/ready`).then(async (
          response,
        ) => (await response.body?.cancel(), response.status === 503)),
    );
    await send(body.slice(10));
    const answer = await new Response(connection.readable).text();
    assert.match(answer, /^HTTP\/1\.1 200/);
    assert.match(answer, /"setosa"/);
    assert.equal(await gone, true);
    assert.equal(isAlive(pid), false);
  });
});

Deno.test("a replica that no supervisor speaks to drains after its grace", async () => {
  await withReplica(async ({ child }) => {
    assert.equal((await child.status).code, 0);
  }, { orphan_grace_s: 1 });
});

Deno.test("a replica is never started with a damaged artifact, on a taken port, or without the word to go", async () => {
  const broken = flowers();
  broken[20] ^= 1;
  await assert.rejects(
    startReplica(startOf(broken), broken, env, () => {}),
    (error) => error instanceof AppError && error.code === "data_loss",
  );

  const artifact = flowers();
  const taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const port = (taken.addr as Deno.NetAddr).port;
  await assert.rejects(
    startReplica(startOf(artifact, { port }), artifact, env, () => {}),
    (error) =>
      error instanceof AppError && error.code === "unavailable" && error.message.includes(String(port)),
  );
  taken.close();

  // A supervisor that dies before it has written down the control port: the pipe ends without GO.
  const start = startOf(artifact);
  const child = selfCommand(["serve-model"], { env, stdin: "piped", stdout: "piped" }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(JSON.stringify(start) + "\n"));
  await writer.write(artifact);
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const line = JSON.parse((await reader.read()).value!) as ReplicaLine;
  assert.equal(line.state, "checked");
  await assert.rejects(predict(`http://127.0.0.1:${start.port}`), "it takes no traffic yet");
  await writer.close();
  assert.equal((await child.status).code, 1);
  await reader.cancel();
});

Deno.test("a replica without rights predicts with models that run on the kernels", async () => {
  for (const algorithm of ["svm", "mlp"]) {
    const artifact = flowers({ algorithm });
    const rows = Array.from({ length: 600 }, (_, i) => ({ length: i % 8, width: i % 3 }));
    await withReplica(
      async ({ url }) => {
        const answer = await fetch(`${url}/predict`, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify({ rows }),
        });
        assert.equal(answer.status, 200, await answer.clone().text());
        const { predictions, probabilities } = await answer.json();
        const here = predictRows(decodeArtifact(artifact), rows);
        assert.deepEqual({ predictions, probabilities }, {
          predictions: here.predictions,
          probabilities: here.probabilities,
        });
      },
      {},
      artifact,
    );
  }
});
