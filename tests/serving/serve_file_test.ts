import assert from "node:assert/strict";
import { join } from "node:path";
import { sha256Hex } from "@/shared/hash.ts";
import { childEnvironment, selfCommand } from "@/shared/self_command.ts";
import { flowers } from "./make_artifact.ts";

const env = childEnvironment(Deno.env.toObject());
const key = "a-key-of-the-test";
const hash = sha256Hex(new TextEncoder().encode(key));

async function run(args: string[], more: Record<string, string> = {}) {
  const { code, stderr } = await selfCommand(["serve", ...args], {
    env: { ...env, ...more },
    stderr: "piped",
  }).output();
  return { code, stderr: new TextDecoder().decode(stderr) };
}

async function withServed(
  more: Record<string, string>,
  work: (url: string, port: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  const file = join(folder, "flowers.safetensors");
  await Deno.writeFile(file, flowers());
  const child = selfCommand(["serve", file, "--port", "0"], { env: { ...env, ...more }, stderr: "piped" })
    .spawn();
  try {
    const reader = child.stderr.pipeThrough(new TextDecoderStream()).getReader();
    let said = "";
    while (!said.includes("\n")) {
      const { value, done } = await reader.read();
      if (done) throw new Error(`it ended: ${said}`);
      said += value;
    }
    const [, url, port] = /^flowers@1 is served at (http:\/\/127\.0\.0\.1:(\d+))$/m.exec(said)!;
    await work(url, port);
    child.kill("SIGTERM");
    assert.equal((await child.status).code, 0);
    await reader.cancel();
  } finally {
    try {
      child.kill("SIGKILL");
    } catch { /* it has ended */ }
    await child.status;
    await Deno.remove(folder, { recursive: true });
  }
}

const ask = (url: string, headers: Record<string, string> = {}) =>
  fetch(`${url}/predict`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify({ rows: [{ length: 1.4, width: 0.2 }] }),
  });

Deno.test("`mlmcp serve` serves a model file, tells a probe that it is ready, and ends on SIGTERM", async () => {
  await withServed({}, async (url, port) => {
    const answer = await ask(url);
    assert.equal(answer.status, 200);
    assert.deepEqual((await answer.json()).predictions, ["setosa"]);
    assert.equal((await run(["--probe", "--port", port])).code, 0);
  });
  const free = Deno.listen({ port: 0 });
  const { port } = free.addr as Deno.NetAddr;
  free.close();
  assert.equal((await run(["--probe", "--port", String(port)])).code, 1);
});

Deno.test("`mlmcp serve` takes the hashes of keys from its environment, and opens to nobody on a mistake there", async () => {
  await withServed({ MLMCP_API_KEY_SHA256: `${"0".repeat(64)},${hash}` }, async (url) => {
    const closed = await ask(url);
    assert.equal(closed.status, 401);
    await closed.body?.cancel();
    const open = await ask(url, { authorization: `Bearer ${key}` });
    assert.equal(open.status, 200);
    await open.body?.cancel();
  });
  const file = await Deno.makeTempFile({ suffix: ".safetensors" });
  await Deno.writeFile(file, flowers());
  for (const wrong of ["abc", ",", key]) {
    const { code, stderr } = await run([file, "--port", "0"], { MLMCP_API_KEY_SHA256: wrong });
    assert.equal(code, 2, stderr);
    assert.match(stderr, /MLMCP_API_KEY_SHA256 holds no SHA-256/);
  }
  await Deno.remove(file);
});

Deno.test("`mlmcp serve` says what is wrong with its arguments and its file", async () => {
  for (
    const [args, message] of [
      [[], /give one/],
      [["no/such.safetensors"], /no such file/],
      [["x", "--port", "many"], /--port must be a whole number/],
      [["--nonsense"], /--nonsense/],
      [[Deno.execPath()], /Cannot serve/],
    ] as const
  ) {
    const { code, stderr } = await run([...args]);
    assert.ok(code === 1 || code === 2);
    assert.match(stderr, message);
  }
});

Deno.test("a served file watches its own drift and takes labels, without a supervisor", async () => {
  await withServed({}, async (url) => {
    const post = async (path: string, body: unknown, headers: Record<string, string> = {}) => {
      const answer = await fetch(`${url}${path}`, {
        method: "POST",
        headers: { "content-type": "application/json", ...headers },
        body: JSON.stringify(body),
      });
      return { id: answer.headers.get("x-request-id")!, body: await answer.json() };
    };
    const { id, body } = await post("/predict", { rows: new Array(100).fill({ length: 99, width: 0.2 }) });
    const label = { request_id: id, row: 3, actual: body.predictions[3] };
    const heard = await post("/feedback", label, { prefer: "wait=10" });
    assert.deepEqual(heard.body, { accepted: 1, matched: 1 });
    const metrics = await (await fetch(`${url}/metrics`)).text();
    assert.match(metrics, /^mlmcp_requests_total\{[^}]*status="200"[^}]*\} 1$/m);
    assert.match(metrics, /^mlmcp_drift_verdict\{[^}]*column="length"[^}]*\} 2$/m);
    assert.match(metrics, /^mlmcp_quality\{[^}]*metric="accuracy"[^}]*\} 1$/m);
  });
});
