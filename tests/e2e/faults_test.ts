/** kill -9 where it hurts, then what a user does next. Linux only: it finds processes through /proc. */
import assert from "node:assert/strict";
import { inSandbox, type Program, programs, type Sandbox } from "./program.ts";

const [source, compiled] = await programs();
const program: Program = compiled.missing ? source : compiled;
const ignore = Deno.build.os !== "linux";
const REQUEST = ["agent", "predict the species of a penguin", "--yes"];

/** Waits until `done` holds, at most `ms`. */
async function until<T>(
  done: () => Promise<T | undefined> | T | undefined,
  ms: number,
  what: string,
): Promise<T> {
  const end = performance.now() + ms;
  for (;;) {
    const value = await done();
    if (value !== undefined) return value;
    if (performance.now() > end) throw new Error(`waited ${ms} ms for ${what}`);
    await new Promise((go) => setTimeout(go, 20));
  }
}

async function pidOf(sandbox: Sandbox, mode: string): Promise<number | undefined> {
  const found = (await sandbox.processes()).find((line) => line.includes(` ${mode}`));
  return found ? Number(found.split(" ")[0]) : undefined;
}

function kill(pid: number): void {
  Deno.kill(pid, "SIGKILL");
}

/** What the child says on stderr, as it says it. */
function listen(child: Deno.ChildProcess): { text(): string; ended: Promise<unknown> } {
  let text = "";
  const read = async () => {
    for await (const chunk of child.stderr.pipeThrough(new TextDecoderStream())) text += chunk;
  };
  const drain = async () => {
    for await (const _ of child.stdout);
  };
  return { text: () => text, ended: Promise.all([read(), drain(), child.status]) };
}

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/predict`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: '{"rows":[{"flipper_length_mm":220}]}',
    });
    await response.body?.cancel();
    return response.status === 200;
  } catch {
    return false;
  }
}

for (
  const moment of [
    "[1/7 find]",
    "[2/7 fetch] done",
    "[3/7 train] training",
    "[3/7 train] done",
    "[4/7 validate] done",
    "[5/7 deploy] deploying",
    "[5/7 deploy] done",
  ]
) {
  Deno.test({
    name: `${program.name}: a run whose agent is killed at "${moment}" is resumed to one deployment`,
    ignore,
  }, () =>
    inSandbox(program, async (sandbox) => {
      const child = sandbox.spawn(REQUEST);
      const heard = listen(child);
      await until(() => heard.text().includes(moment) || undefined, 60_000, moment);
      child.kill("SIGKILL");
      await heard.ended;
      // The servers end by themselves when their host is gone.
      await until(
        async () => (await pidOf(sandbox, "training-server")) === undefined || undefined,
        10_000,
        "the training-server to end",
      );
      const { code, stdout, stderr } = await sandbox.run(["agent", "resume", "last", "--yes", "--json"]);
      assert.equal(code, 0, stderr + stdout);
      const result = JSON.parse(stdout);
      assert.equal(result.status, "succeeded");
      assert.equal(result.model.version, 1, "training was not done twice");
      assert.equal(result.deployment.version, 1, "it was deployed once");
      assert.ok(await answers(result.deployment.url));
    }));
}

Deno.test({
  name: `${program.name}: the run goes on when its training-server is killed in the middle of training`,
  ignore,
}, () =>
  inSandbox(program, async (sandbox) => {
    const child = sandbox.spawn([...REQUEST, "--json"]);
    const stdout = new Response(child.stdout).text();
    let heard = "";
    const stderr = (async () => {
      for await (const chunk of child.stderr.pipeThrough(new TextDecoderStream())) heard += chunk;
    })();
    await until(() => heard.includes("[3/7 train] training") || undefined, 60_000, "training");
    await new Promise((go) => setTimeout(go, 700));
    const pid = await pidOf(sandbox, "training-server");
    if (pid) kill(pid);
    const { code } = await child.status;
    await stderr;
    assert.equal(code, 0, heard);
    const result = JSON.parse(await stdout);
    assert.equal(result.model.version, 1);
    assert.ok(await answers(result.deployment.url));
  }));

Deno.test({
  name: `${program.name}: an endpoint outlives its supervisor, and a killed replica is back within 3 s`,
  ignore,
}, () =>
  inSandbox(program, async (sandbox) => {
    const { stdout, stderr } = await sandbox.run([...REQUEST, "--json"]);
    const { url } = JSON.parse(stdout || stderr).deployment;
    const supervisor = async () => {
      const { stdout } = await sandbox.run(["status", "--json"]);
      return (JSON.parse(stdout).supervisor?.pid ?? undefined) as number | undefined;
    };
    kill((await pidOf(sandbox, "serve-model"))!);
    await until(async () => (await answers(url)) || undefined, 3000, "the replica to be back");

    const first = (await supervisor())!;
    const survivor = (await pidOf(sandbox, "serve-model"))!;
    kill(first);
    assert.ok(await answers(url), "the replica answers without its supervisor");
    const second = await until(supervisor, 10_000, "the standby to take over");
    assert.notEqual(second, first);
    assert.equal(await pidOf(sandbox, "serve-model"), survivor, "it adopts the replica");

    // Both at once, and no command runs: the standby brings the endpoint back.
    const isNext = (line: string) => line.includes(" supervisor --standby") && !line.startsWith(`${second} `);
    await until(async () => (await sandbox.processes()).some(isNext) || undefined, 5000, "the next standby");
    // It has to come up before it can wait for the lock.
    await new Promise((go) => setTimeout(go, 500));
    kill(second);
    kill(survivor);
    await until(async () => (await answers(url)) || undefined, 3000, "the endpoint to be back");
  }));
