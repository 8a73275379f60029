import assert from "node:assert/strict";
import { deployModel, rollBack, scale, updateModel } from "@/deployment/deploy.ts";
import { describeEndpoint } from "@/deployment/describe.ts";
import { ReplicaDoor } from "@/deployment/replica_door.ts";
import { command as statusCommand } from "@/deployment/status_command.ts";
import { testEndpoint } from "@/deployment/test_endpoint.ts";
import { CERTIFICATES } from "./certificates.ts";
import { startLoad } from "./load.ts";
import { isAlive, type Scene, supervisorPid, until, withScene } from "./scene.ts";

const LINUX = { ignore: Deno.build.os !== "linux" };
const QUICK = { MLMCP_SCALE_DOWN_S: "2" };

async function deployed(scene: Scene): Promise<string> {
  const { models, waiting } = scene;
  const gate_id = scene.gate(models.one);
  return (await deployModel(scene, { model_id: models.one.model_id, gate_id }, waiting)).url;
}

function described(scene: Scene) {
  return describeEndpoint(scene.records, scene.records.endpoint("flowers")!);
}

/** The processes that were started for it are gone. */
function asleep(scene: Scene): Promise<unknown> {
  return until(
    "it sleeps",
    () => scene.records.endpoint("flowers")!.replicas === 0 && scene.records.replicas("flowers").length === 0,
  );
}

async function toZero(scene: Scene): Promise<void> {
  await scale(scene, { endpoint: "flowers", min_replicas: 0, max_replicas: 2, idle_s: 1 }, scene.waiting);
  await asleep(scene);
}

Deno.test(
  "an endpoint with a range gets replicas under load and loses them after a quiet time, without a lost request",
  LINUX,
  () =>
    withScene(async (scene) => {
      const url = await deployed(scene);
      await scale(scene, { endpoint: "flowers", min_replicas: 1, max_replicas: 2 }, scene.waiting);
      // Of so many rows each that the replica is what is busy, not its callers.
      const load = startLoad(url, 3000);
      await until("another replica is there", () => scene.records.replicas("flowers").length === 2, 30_000);
      const { scaling } = await described(scene);
      assert.equal(scaling?.replicas, 2);
      assert.ok(scaling!.utilization! > 0, String(scaling?.utilization));
      await until("the new one answers too", async () => {
        const ready = (await described(scene)).replicas.filter(({ status }) => status === "ready");
        return ready.length === 2;
      });
      // Callers that keep their connections are spread anew: else the second would never be asked.
      await until("the new one is asked", async () => {
        const row = scene.records.replicas("flowers").find(({ slot }) => slot === 2);
        if (!row?.control_port) return false;
        const { counters } = await new ReplicaDoor({ ...row, control_port: row.control_port }).status();
        return (counters.by_status["200"] ?? 0) > 0;
      });
      const { failures } = await load.end();
      assert.deepEqual(failures, []);
      await until("one goes again", () => scene.records.endpoint("flowers")!.replicas === 1, 30_000);
      const [down, up] = scene.records.events("flowers", 20).filter(({ caller }) => caller === "autoscaler");
      assert.equal(up.detail.to, 2);
      assert.ok(["utilization", "waiting"].includes(up.detail.reason as string));
      assert.ok((up.detail.utilization as number) > 0);
      assert.deepEqual([down.detail.from, down.detail.to, down.detail.reason], [2, 1, "quiet"]);
    }, QUICK),
);

Deno.test(
  "an endpoint at zero has no process, and the first callers wait while one starts; none is refused",
  LINUX,
  () =>
    withScene(async (scene) => {
      const url = await deployed(scene);
      await toZero(scene);
      const before = await described(scene);
      assert.equal(before.status, "ready");
      assert.equal(before.scaling?.state, "asleep");
      assert.deepEqual(scene.pids(), []);
      const started = performance.now();
      const answers = await Promise.all(Array.from({ length: 200 }, () => scene.predict(url)));
      const waited_ms = performance.now() - started;
      assert.ok(
        answers.every(({ status }) => status === 200),
        JSON.stringify(answers.find(({ status }) => status !== 200)),
      );
      assert.ok(waited_ms < 10_000, `${waited_ms} ms`);
      assert.equal((await described(scene)).requests.total, 200);
      const events = scene.records.events("flowers", 20).filter(({ caller }) => caller === "autoscaler");
      assert.deepEqual(events.slice(0, 2).map(({ detail }) => [detail.to, detail.reason]), [[1, "request"], [
        0,
        "idle",
      ]]);
      await asleep(scene);
    }),
);

Deno.test(
  "an endpoint that falls asleep and wakes again and again loses no request",
  LINUX,
  () =>
    withScene(async (scene) => {
      const url = await deployed(scene);
      await toZero(scene);
      // Each comes about when it falls asleep, some before, some in the midst of it, some after.
      for (let round = 0; round < 8; round++) {
        assert.equal((await scene.predict(url)).status, 200, `round ${round}`);
        await new Promise((done) => setTimeout(done, 900 + 100 * round));
      }
    }),
);

Deno.test(
  "an endpoint at zero is tested, updated and rolled back as any other",
  LINUX,
  () =>
    withScene(async (scene) => {
      const url = await deployed(scene);
      await toZero(scene);
      const test = await testEndpoint(scene, scene.records.endpoint("flowers")!);
      assert.ok(test.passed, JSON.stringify(test.checks));
      await asleep(scene);
      const gate_id = scene.gate(scene.models.two);
      const updated = await updateModel(
        scene,
        { endpoint: "flowers", model_id: "flowers@2", gate_id },
        scene.waiting,
      );
      assert.equal(updated.model_id, "flowers@2");
      assert.equal((await scene.predict(url)).model, "flowers@2");
      await asleep(scene);
      assert.equal((await rollBack(scene, { endpoint: "flowers" }, scene.waiting)).model_id, "flowers@1");
      await asleep(scene);
      assert.equal((await scene.predict(url)).model, "flowers@1");
      await asleep(scene);
      const again = await deployModel(
        scene,
        { model_id: "flowers@1", gate_id: scene.gate(scene.models.one) },
        scene.waiting,
      );
      assert.equal(again.status, "ready");
      const fixed = await scale(scene, { endpoint: "flowers", replicas: 1 }, scene.waiting);
      assert.deepEqual([fixed.status, fixed.replicas], ["ready", 1]);
      assert.equal((await described(scene)).scaling, null);
    }),
);

Deno.test(
  "an endpoint at zero whose supervisor is killed is held by the next one",
  LINUX,
  () =>
    withScene(async (scene) => {
      const url = await deployed(scene);
      await toZero(scene);
      const first = await supervisorPid(scene);
      // Its standby has come up by then.
      await new Promise((done) => setTimeout(done, 1500));
      Deno.kill(first, "SIGKILL");
      const began = performance.now();
      const answer = await until("the next one holds the port", async () => {
        try {
          return await scene.predict(url);
        } catch {
          return null;
        }
      });
      assert.equal(answer.status, 200);
      assert.ok(performance.now() - began < 5000, `${performance.now() - began} ms`);
      assert.ok(!isAlive(first));
    }),
);

Deno.test(
  "callers of an endpoint that can't be woken are told why, and when to come again",
  LINUX,
  () =>
    withScene(async (scene) => {
      const url = await deployed(scene);
      await toZero(scene);
      const path = `${scene.home.models}/${scene.models.one.artifact_sha256}/model.safetensors`;
      const bytes = await Deno.readFile(path);
      await Deno.chmod(path, 0o600);
      await Deno.writeFile(path, new Uint8Array(10));
      const answer = await fetch(`${url}/predict`, { method: "POST", body: "{}" });
      assert.equal(answer.status, 503);
      assert.ok(Number(answer.headers.get("retry-after")) >= 1);
      const { error } = await answer.json();
      assert.match(error.message, /damaged|flowers/i);
      const state = await described(scene);
      assert.ok(state.error, "the state says why");
      assert.equal(state.status, "failed");
      await Deno.writeFile(path, bytes);
      await until("it wakes", async () => (await scene.predict(url)).status === 200);
    }),
);

Deno.test("an endpoint with TLS wakes for its first caller, handed on as it is", LINUX, async () => {
  const folder = await Deno.makeTempDir({ prefix: "mlmcp-tls-" });
  const [cert, key] = [`${folder}/cert.pem`, `${folder}/key.pem`];
  try {
    await Deno.writeTextFile(cert, CERTIFICATES.one.cert);
    await Deno.writeTextFile(key, CERTIFICATES.one.key);
    await withScene(async (scene) => {
      assert.match(await deployed(scene), /^https:/);
      await toZero(scene);
      const test = await testEndpoint(scene, scene.records.endpoint("flowers")!);
      assert.ok(test.passed, JSON.stringify(test.checks));
    }, { MLMCP_TLS_CERT_FILE: cert, MLMCP_TLS_KEY_FILE: key });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test(
  "a range that can't be is refused, naming what is wrong, and changes nothing",
  LINUX,
  () =>
    withScene(async (scene) => {
      await deployed(scene);
      const before = scene.records.endpoint("flowers");
      for (
        const [wishes, said] of [
          [{}, /give replicas, or a range/],
          [{ replicas: 2, max_replicas: 3 }, /give replicas, or a range/],
          [{ min_replicas: 0 }, /max_replicas is missing/],
          [{ min_replicas: 3, max_replicas: 2 }, /min_replicas 3 is above max_replicas 2/],
          [{ max_replicas: 2, idle_s: 5 }, /idle_s needs min_replicas 0/],
        ] as const
      ) {
        await assert.rejects(scale(scene, { endpoint: "flowers", ...wishes }, scene.waiting), said);
      }
      assert.deepEqual(scene.records.endpoint("flowers"), before);
      // One part of a range may be moved alone.
      await scale(scene, { endpoint: "flowers", max_replicas: 2 }, scene.waiting);
      await scale(scene, { endpoint: "flowers", min_replicas: 2 }, scene.waiting);
      const { replicas, min_replicas, max_replicas } = scene.records.endpoint("flowers")!;
      assert.deepEqual([replicas, min_replicas, max_replicas], [2, 2, 2]);
    }),
);

Deno.test("mlmcp status says that an endpoint is asleep", LINUX, () =>
  withScene(async (scene) => {
    await deployed(scene);
    await toZero(scene);
    const lines: string[] = [];
    const { log } = console;
    console.log = (line: string) => lines.push(line);
    try {
      await statusCommand.run({ ...scene.context, json: false });
    } finally {
      console.log = log;
    }
    assert.match(lines.join("\n"), /flowers +ready \(asleep\)/);
  }));
