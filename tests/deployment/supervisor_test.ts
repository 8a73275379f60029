import assert from "node:assert/strict";
import { AppError } from "@/shared/errors.ts";
import type { Home } from "@/shared/home.ts";
import { tryLock } from "@/shared/process_lock.ts";
import { selfCommand } from "@/shared/self_command.ts";
import { addDeployment, wantStopped } from "@/deployment/changes.ts";
import { tellSupervisor } from "@/deployment/control_file.ts";
import { deployModel, updateModel } from "@/deployment/deploy.ts";
import { describeEndpoint } from "@/deployment/describe.ts";
import { ensureSupervisor } from "@/deployment/ensure_supervisor.ts";
import { STANDBY_LOCK } from "@/deployment/standby.ts";
import { command as stopCommand } from "@/deployment/stop_command.ts";
import { command as statusCommand } from "@/deployment/status_command.ts";
import { isAlive, type Scene, supervisorPid, until, withScene } from "./scene.ts";

const deployOne = (scene: Scene, replicas = 1) =>
  deployModel(scene, { model_id: "flowers@1", require_gate: false, replicas }, scene.waiting);
const describe = (scene: Scene, name = "flowers") =>
  describeEndpoint(scene.records, scene.records.endpoint(name)!);

async function kill(pid: number): Promise<void> {
  Deno.kill(pid, "SIGKILL");
  await until(`process ${pid} is gone`, () => !isAlive(pid));
}

/** A supervisor and its standby, which would take over: the standby first, for it is started again only after a while. */
async function killForGood(supervisor: number): Promise<void> {
  const standby = await until("its standby runs", () => {
    for (const { name } of Deno.readDirSync("/proc")) {
      try {
        const parent = Deno.readTextFileSync(`/proc/${name}/stat`).match(/\) \S (\d+)/)?.[1];
        const line = Deno.readTextFileSync(`/proc/${name}/cmdline`);
        if (Number(parent) === supervisor && line.includes("--standby")) return Number(name);
      } catch { /* no process, or one that has ended */ }
    }
  });
  await kill(standby);
  await kill(supervisor);
}

/** True when another process holds it. */
function tryToLock(home: Home, name: string): boolean {
  const lock = tryLock(home, name);
  lock?.release();
  return lock === null;
}

async function printed(work: () => Promise<number>): Promise<string> {
  const lines: string[] = [];
  const { log } = console;
  console.log = (line: string) => lines.push(line);
  try {
    assert.equal(await work(), 0);
  } finally {
    console.log = log;
  }
  return lines.join("\n");
}

Deno.test("a replica that is killed comes back at once, again and again", async () => {
  await withScene(async (scene) => {
    const { url } = await deployOne(scene);
    for (let round = 1; round <= 3; round++) {
      await kill(scene.pids()[0]);
      const began = performance.now();
      await until(
        "it answers again",
        () => scene.predict(url).then(({ status }) => status === 200, () => false),
      );
      assert.ok(performance.now() - began < 3000, "back within 3 s");
      await until(
        "it is written down",
        () => scene.records.replicas()[0]?.restarts === round && scene.pids().length === 1,
      );
    }
    assert.equal((await describe(scene)).status, "ready");
  });
});

Deno.test("one replica's death leaves the other serving", async () => {
  await withScene(async (scene) => {
    const { url } = await deployOne(scene, 2);
    const [first, second] = scene.pids();
    await scene.predict(url);
    await kill(first);
    await until(
      "two serve again",
      async () => (await describe(scene)).status === "ready" && scene.pids().length === 2,
    );
    assert.ok(scene.pids().includes(second));
    assert.deepEqual((await describe(scene)).replicas.map(({ restarts }) => restarts).sort(), [0, 1]);
  });
});

Deno.test("replicas outlive a killed supervisor, and the next one adopts them as they are", async () => {
  await withScene(async (scene) => {
    const { url } = await deployOne(scene, 2);
    const [before, old] = [scene.pids(), await supervisorPid(scene)];
    await kill(old);
    for (let i = 0; i < 20; i++) assert.equal((await scene.predict(url)).status, 200);
    assert.equal((await describe(scene)).status, "ready", "the status is asked from the replicas themselves");
    const { pid } = await ensureSupervisor(scene.context);
    assert.notEqual(pid, old);
    await updateModel(
      scene,
      { endpoint: "flowers", model_id: "flowers@2", require_gate: false },
      scene.waiting,
    );
    assert.equal((await scene.predict(url)).model, "flowers@2");
    assert.deepEqual(scene.pids(), before);
    assert.equal((await describe(scene)).requests.total, 21, "their counters went on");
    await kill(before[0]);
    await until(
      "an adopted one that dies is replaced",
      () => scene.pids().length === 2 && !scene.pids().includes(before[0]),
    );
  });
});

Deno.test("a supervisor and a replica killed together are both back, with one replica", async () => {
  await withScene(async (scene) => {
    const { url } = await deployOne(scene);
    const supervisor = await supervisorPid(scene);
    await kill(supervisor);
    await kill(scene.pids()[0]);
    await ensureSupervisor(scene.context);
    await until("it answers", () => scene.predict(url).then(({ status }) => status === 200, () => false));
    await until("one runs", () => scene.pids().length === 1);
  });
});

Deno.test("an endpoint is back within 3 s though supervisor and replica are killed and nobody looks", async () => {
  await withScene(async (scene) => {
    const { url } = await deployOne(scene);
    for (let round = 0; round < 2; round++) {
      const supervisor = await until(
        "a supervisor runs",
        async () => (await tellSupervisor(scene.home, "ping"))?.pid,
      );
      const [replica] = scene.pids();
      // The standby of a supervisor that has just begun must have come up, too.
      await until("its standby waits", () => tryToLock(scene.home, STANDBY_LOCK));
      Deno.kill(supervisor, "SIGKILL");
      Deno.kill(replica, "SIGKILL");
      const began = performance.now();
      await until(
        "it answers again",
        () => scene.predict(url).then(({ status }) => status === 200, () => false),
      );
      assert.ok(performance.now() - began < 3000, `back after ${performance.now() - began} ms`);
      await until("one replica is known", () => scene.pids().length === 1 && scene.pids()[0] !== replica);
    }
  });
});

Deno.test("a deployment whose supervisor is killed at any moment is finished by the next, once", async () => {
  await withScene(async (scene) => {
    const { url } = await deployOne(scene, 2);
    for (const [round, delay_ms] of [0, 5, 10, 20, 40, 80].entries()) {
      const model = round % 2 === 0 ? scene.models.two : scene.models.one;
      const supervisor = await supervisorPid(scene);
      const done = updateModel(
        scene,
        { endpoint: "flowers", model_id: model.model_id, require_gate: false },
        scene.waiting,
      );
      await new Promise((wake) => setTimeout(wake, delay_ms));
      Deno.kill(supervisor, "SIGKILL");
      assert.equal((await done).model_id, model.model_id);
      for (let i = 0; i < 10; i++) assert.equal((await scene.predict(url)).model, model.model_id);
      assert.equal(scene.records.history("flowers").length, round + 2);
    }
    assert.equal(scene.records.history("flowers").filter(({ status }) => status === "live").length, 1);
    await until("two run", () => scene.pids().length === 2);
  });
});

Deno.test("a first deployment whose supervisor is killed while a replica starts leaves no second owner", async () => {
  await withScene(async (scene) => {
    for (const delay_ms of [50, 150, 250, 350]) {
      const done = deployOne(scene);
      const supervisor = await until(
        "a supervisor runs",
        async () => (await tellSupervisor(scene.home, "ping"))?.pid,
      );
      await new Promise((wake) => setTimeout(wake, delay_ms));
      Deno.kill(supervisor, "SIGKILL");
      const { url } = await done;
      assert.equal((await scene.predict(url)).status, 200);
      await until("one process serves", () => scene.pids().length === 1);
      await until("no other holds its port", async () => {
        const answers = await Promise.all(
          Array.from({ length: 8 }, () => fetch(`${url}/metrics`).then((response) => response.text())),
        );
        return new Set(answers.map((text) => text.match(/mlmcp_uptime_seconds\{[^}]*\} (\d+)/)?.[1])).size <=
          2;
      });
      await printed(() => stopCommand.run({ ...scene.context, args: ["flowers"] }));
    }
  });
});

Deno.test("of many who start a supervisor at once, one is kept", async () => {
  await withScene(async (scene) => {
    await deployOne(scene);
    await kill(await supervisorPid(scene));
    const found = await Promise.all(Array.from({ length: 4 }, () => ensureSupervisor(scene.context)));
    assert.equal(new Set(found.map(({ pid }) => pid)).size, 1);
    const second = await selfCommand(["supervisor", "--home", scene.home.path], {
      env: scene.context.childEnv,
    }).output();
    assert.equal(second.code, 0, "one more leaves quietly");
    assert.equal((await tellSupervisor(scene.home, "ping"))?.pid, found[0].pid);
  });
});

Deno.test("a wish that was written while no supervisor ran is carried out by the next", async () => {
  await withScene(async (scene) => {
    const { url } = await deployOne(scene);
    await kill(await supervisorPid(scene));
    const { two } = scene.models;
    const added = addDeployment(scene.records, {
      endpoint: "flowers",
      model_id: two.model_id,
      artifact_sha256: two.artifact_sha256,
      environment: "production",
      gate_id: null,
      caller: "tester",
      action: "update",
    });
    assert.equal(added.is, "new");
    await ensureSupervisor(scene.context);
    await until("it serves", async () => (await scene.predict(url)).model === "flowers@2");
  });
});

Deno.test("replicas that are not wanted any more are ended by the next supervisor, which then leaves", async () => {
  await withScene(async (scene) => {
    await deployOne(scene, 2);
    await kill(await supervisorPid(scene));
    wantStopped(scene.records, null);
    const { pid } = await ensureSupervisor(scene.context);
    await until("both are gone", () => scene.pids().length === 0 && scene.records.replicas().length === 0);
    await until("it has left by itself", () => !isAlive(pid), 20_000);
  });
});

Deno.test("a home that is deleted ends its replicas and its supervisor", async () => {
  await withScene(async (scene) => {
    await deployOne(scene, 2);
    const pids = [...scene.pids(), await supervisorPid(scene)];
    const aside = `${scene.home.path}-aside`;
    await Deno.rename(scene.home.path, aside);
    try {
      await until("all have ended", () => !pids.some(isAlive));
    } finally {
      await Deno.rename(aside, scene.home.path);
    }
  });
});

Deno.test("stop ends one endpoint and leaves the other, with and without a supervisor", async () => {
  await withScene(async (scene) => {
    const { url } = await deployOne(scene);
    await deployModel(scene, { model_id: "houses@1", require_gate: false }, scene.waiting);
    const stop = (...args: string[]) => printed(() => stopCommand.run({ ...scene.context, args }));
    assert.deepEqual(JSON.parse(await stop("houses")), { stopped: ["houses"] });
    assert.equal(scene.pids().length, 1);
    assert.equal((await scene.predict(url)).status, 200);
    assert.ok(await tellSupervisor(scene.home, "ping"));
    assert.deepEqual(JSON.parse(await stop("houses")), { stopped: [] });
    await assert.rejects(stop("none"), (error) => error instanceof AppError && error.code === "not_found");

    await kill(await supervisorPid(scene));
    assert.deepEqual(JSON.parse(await stop()), { stopped: ["flowers"] });
    assert.deepEqual(scene.pids(), []);
    assert.equal(await tellSupervisor(scene.home, "ping"), null, "stopping starts no supervisor");
    assert.deepEqual(scene.records.history("flowers").map(({ status }) => status), ["stopped"]);
    const again = await deployOne(scene);
    assert.deepEqual([again.version, again.url], [2, url]);
    const supervisor = await supervisorPid(scene);
    await stop();
    assert.equal(isAlive(supervisor), false, "when stop returns, the supervisor is gone");
  });
});

Deno.test("status tells endpoints and replicas, and starts nothing", async () => {
  await withScene(async (scene) => {
    const status = async () => JSON.parse(await printed(() => statusCommand.run(scene.context)));
    assert.deepEqual((await status()).endpoints, []);
    assert.equal((await status()).supervisor, null);
    const { url } = await deployOne(scene, 2);
    await scene.predict(url);
    const report = await status();
    assert.equal(report.endpoints[0].status, "ready");
    assert.equal(report.endpoints[0].model_id, "flowers@1");
    assert.deepEqual(
      report.endpoints[0].replicas.map(({ pid }: { pid: number }) => pid).sort(),
      scene.pids().sort(),
    );
    assert.equal(report.endpoints[0].requests.total, 1);
    const text = await printed(() => statusCommand.run({ ...scene.context, json: false }));
    assert.match(text, /flowers +ready +flowers@1 +http/);
    await killForGood(report.supervisor.pid);
    assert.equal((await status()).supervisor, null);
    assert.match(
      await printed(() => statusCommand.run({ ...scene.context, json: false })),
      /No supervisor is running/,
    );
  });
});

Deno.test("an endpoint whose replicas die again and again is failed with the reason, and the others go on", async () => {
  await withScene(async (scene) => {
    await deployModel(scene, { model_id: "houses@1", require_gate: false }, scene.waiting);
    await deployOne(scene);
    // Its artifact is damaged on disk while it serves: nothing happens until a replica must start again.
    const path = `${scene.home.models}/${scene.models.one.artifact_sha256}/model.safetensors`;
    const bytes = await Deno.readFile(path);
    await Deno.writeFile(path, bytes.slice(0, -1));
    const pid = scene.records.replicas("flowers")[0].pid!;
    await kill(pid);
    const failed = await until("it is failed", async () => {
      const described = await describe(scene);
      return described.status === "failed" ? described : null;
    });
    assert.equal(failed.error?.code, "data_loss");
    assert.equal((await describe(scene, "houses")).status, "ready");
    await Deno.writeFile(path, bytes);
    await until("it is back once the file is whole, and no error is shown", async () => {
      const { status, error } = await describe(scene);
      return status === "ready" && error === null;
    });
  });
});
