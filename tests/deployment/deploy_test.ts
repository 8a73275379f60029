import assert from "node:assert/strict";
import { AppError, type ErrorCode } from "@/shared/errors.ts";
import {
  createEndpoint,
  deleteEndpoint,
  deployModel,
  rollBack,
  scale,
  updateModel,
} from "@/deployment/deploy.ts";
import { describeEndpoint } from "@/deployment/describe.ts";
import { testEndpoint } from "@/deployment/test_endpoint.ts";
import { type Scene, until, withScene } from "./scene.ts";

const fails = (code: ErrorCode, message: RegExp) => (error: unknown) => {
  assert.ok(error instanceof AppError, String(error));
  assert.equal(error.code, code, error.message);
  assert.match(error.message, message);
  return true;
};
const history = (scene: Scene, endpoint = "flowers") =>
  scene.records.history(endpoint).sort((a, b) => a.version - b.version).map((
    { version, model_id, status, action },
  ) => [version, model_id, status, action]);

Deno.test("a model is deployed, updated, rolled back and stopped, and the history tells it", async () => {
  await withScene(async (scene) => {
    const { one, two } = scene.models;
    const gate_id = scene.gate(one);
    const first = await deployModel(scene, { model_id: one.model_id, gate_id }, scene.waiting);
    assert.deepEqual([first.endpoint, first.version, first.status], ["flowers", 1, "ready"]);
    assert.deepEqual((await scene.predict(first.url)).model, "flowers@1");
    const pids = scene.pids();

    const again = await deployModel(scene, { model_id: one.model_id, gate_id }, scene.waiting);
    assert.equal(again.deployment_id, first.deployment_id, "asked again, it is the same deployment");

    const second = await updateModel(scene, {
      endpoint: "flowers",
      model_id: two.model_id,
      gate_id: scene.gate(two),
    }, scene.waiting);
    assert.equal(second.version, 2);
    assert.equal((await scene.predict(first.url)).model, "flowers@2");
    assert.equal(scene.registry.find("flowers@production").model_id, "flowers@2");

    const back = await rollBack(scene, { endpoint: "flowers" }, scene.waiting);
    assert.deepEqual([back.version, back.model_id, back.restored_version], [3, "flowers@1", 1]);
    assert.equal((await scene.predict(first.url)).model, "flowers@1");
    assert.deepEqual(scene.pids(), pids, "no process was replaced");

    const forward = await rollBack(scene, { endpoint: "flowers", to_version: 2 }, scene.waiting);
    assert.equal(forward.model_id, "flowers@2");
    assert.deepEqual(history(scene), [
      [1, "flowers@1", "superseded", "deploy"],
      [2, "flowers@2", "superseded", "update"],
      [3, "flowers@1", "superseded", "rollback"],
      [4, "flowers@2", "live", "rollback"],
    ]);
    const rows = scene.records.history("flowers");
    assert.ok(rows.every(({ caller }) => caller === "tester"));
    assert.equal(rows.find(({ version }) => version === 1)?.gate_id, gate_id);
    assert.equal(
      rows.find(({ version }) => version === 3)?.gate_id,
      gate_id,
      "a rollback keeps the receipt of what it restores",
    );
    assert.ok(
      rows.every(({ served_from, served_until, status }) =>
        served_from && (status === "live") === (served_until === null)
      ),
    );

    const { requests } = await describeEndpoint(scene.records, scene.records.endpoint("flowers")!);
    assert.deepEqual([requests.total, requests.errors], [3, 0]);
    assert.deepEqual(
      requests.by_version.map(({ version, model_id, total, errors }) => [version, model_id, total, errors]),
      [[3, "flowers@1", 1, 0], [2, "flowers@2", 1, 0], [1, "flowers@1", 1, 0]],
    );
    await assert.rejects(
      rollBack(scene, { endpoint: "flowers", to_version: 9 }, scene.waiting),
      fails("failed_precondition", /version 9 has never served/),
    );
    await assert.rejects(
      rollBack(scene, { endpoint: "flowers", to_version: 4 }, scene.waiting),
      fails("failed_precondition", /version 4 serves already/),
    );
  });
});

Deno.test("no request fails while the model is changed back and forth", async () => {
  await withScene(async (scene) => {
    const { one, two } = scene.models;
    const { url } = await deployModel(
      scene,
      { model_id: one.model_id, require_gate: false, replicas: 2 },
      scene.waiting,
    );
    let changing = true;
    const seen = new Map<string, number>();
    const failures: unknown[] = [];
    const askOn = async () => {
      while (changing) {
        try {
          const { status, model } = await scene.predict(url);
          if (status !== 200) failures.push(status);
          seen.set(model!, (seen.get(model!) ?? 0) + 1);
        } catch (error) {
          failures.push(error);
        }
      }
    };
    const callers = Array.from({ length: 16 }, askOn);
    const total = () => [...seen.values()].reduce((sum, count) => sum + count, 0);
    await updateModel(
      scene,
      { endpoint: "flowers", model_id: two.model_id, require_gate: false },
      scene.waiting,
    );
    await rollBack(scene, { endpoint: "flowers" }, scene.waiting);
    await updateModel(
      scene,
      { endpoint: "flowers", model_id: two.model_id, require_gate: false },
      scene.waiting,
    );
    await until("enough was asked", () => total() > 1000);
    changing = false;
    await Promise.all(callers);
    assert.deepEqual(failures, []);
    assert.deepEqual([...seen.keys()].sort(), ["flowers@1", "flowers@2"]);
    const { requests } = await describeEndpoint(scene.records, scene.records.endpoint("flowers")!);
    assert.equal(requests.total, total(), "what all replicas counted is what was asked");
  });
});

Deno.test("the gate lets only a passed receipt of the same artifact through", async () => {
  await withScene(async (scene) => {
    const { one, two } = scene.models;
    const deploy = (gate_id?: string, require_gate?: boolean) =>
      deployModel(scene, { model_id: one.model_id, gate_id, require_gate }, scene.waiting);
    await assert.rejects(deploy(), fails("failed_precondition", /without a gate_id/));
    await assert.rejects(deploy("gate_none"), fails("failed_precondition", /no gate receipt "gate_none"/));
    await assert.rejects(
      deploy(scene.gate(two)),
      fails("failed_precondition", /another artifact, that of flowers@2/),
    );
    await assert.rejects(
      deploy(scene.gate(one, false)),
      fails("failed_precondition", /accuracy is 0\.5, and 0\.9 was asked for/),
    );
    await assert.rejects(deploy(scene.gate(one, false), false), fails("failed_precondition", /did not pass/));
    assert.deepEqual(scene.records.endpoints(), [], "nothing was made");
    await assert.rejects(
      updateModel(scene, { endpoint: "flowers", model_id: one.model_id }, scene.waiting),
      fails("not_found", /endpoint "flowers"/),
    );
    assert.equal((await deploy(undefined, false)).status, "ready");
    assert.equal(scene.records.live("flowers")?.gate_id, null);
    await assert.rejects(
      updateModel(scene, { endpoint: "flowers", model_id: two.model_id }, scene.waiting),
      fails("failed_precondition", /without a gate_id/),
    );
    assert.equal(scene.records.live("flowers")?.model_id, "flowers@1");
  });
});

Deno.test("a damaged artifact never takes traffic, and what served goes on", async () => {
  await withScene(async (scene) => {
    const { one, two } = scene.models;
    const path = `${scene.home.models}/${two.artifact_sha256}/model.safetensors`;
    const bytes = await Deno.readFile(path);
    bytes[bytes.length >> 1] ^= 1;
    await Deno.writeFile(path, bytes);
    await assert.rejects(
      deployModel(scene, { model_id: two.model_id, require_gate: false }, scene.waiting),
      fails("data_loss", /flowers@2/),
    );
    assert.deepEqual(scene.records.endpoints(), []);
    const { url } = await deployModel(scene, { model_id: one.model_id, require_gate: false }, scene.waiting);
    await assert.rejects(
      updateModel(
        scene,
        { endpoint: "flowers", model_id: two.model_id, gate_id: scene.gate(two) },
        scene.waiting,
      ),
      fails("data_loss", /flowers@2/),
    );
    assert.equal((await scene.predict(url)).model, "flowers@1");
    assert.deepEqual(history(scene), [[1, "flowers@1", "live", "deploy"]]);
  });
});

Deno.test("a model that a replica refuses changes no replica, and the deployment says why", async () => {
  await withScene(async (scene) => {
    const { one } = scene.models;
    const { url } = await deployModel(
      scene,
      { model_id: one.model_id, require_gate: false, replicas: 2 },
      scene.waiting,
    );
    // Kept in the registry as it is, but its golden rows do not come out: only the replicas can find that.
    const good = new TextDecoder("latin1").decode(scene.registry.bytes(one));
    const text = good.replace('\\"predictions\\":[\\"setosa\\"', '\\"predictions\\":[\\"sEtosa\\"');
    assert.notEqual(text, good);
    const wrong = await scene.registry.add("flowers", Uint8Array.from(text, (char) => char.charCodeAt(0)));
    await assert.rejects(
      updateModel(
        scene,
        { endpoint: "flowers", model_id: wrong.model_id, require_gate: false },
        scene.waiting,
      ),
      fails("data_loss", /golden row 1/),
    );
    for (let i = 0; i < 10; i++) assert.equal((await scene.predict(url)).model, "flowers@1");
    assert.deepEqual(history(scene), [[1, "flowers@1", "live", "deploy"], [
      2,
      wrong.model_id,
      "failed",
      "update",
    ]]);
    await assert.rejects(
      deployModel(scene, { model_id: wrong.model_id, endpoint: "other", require_gate: false }, scene.waiting),
      fails("data_loss", /golden row 1/),
    );
    const other = scene.records.endpoint("other")!;
    assert.equal(
      (await describeEndpoint(scene.records, other)).status,
      "stopped",
      "a first deployment that fails leaves nothing running",
    );
    await until("its replica is gone", () => scene.records.replicas("other").length === 0);
    await assert.rejects(
      rollBack(scene, { endpoint: "flowers" }, scene.waiting),
      fails("failed_precondition", /no other model has served/),
    );
  });
});

Deno.test("a port that is in use is refused by name, and the next free one is taken", async () => {
  await withScene((scene) => {
    const first = createEndpoint(scene, { name: "a" }, "tester").endpoint;
    assert.equal(first.port, scene.context.config["serving.port_from"]);
    assert.equal(createEndpoint(scene, { name: "b" }, "tester").endpoint.port, first.port + 1);
    const taken = Deno.listen({ hostname: "127.0.0.1", port: first.port + 2 });
    try {
      assert.throws(
        () => createEndpoint(scene, { name: "c", port: first.port + 2 }, "tester"),
        fails("already_exists", new RegExp(`port ${first.port + 2}.*another program`)),
      );
      assert.throws(
        () => createEndpoint(scene, { name: "c", port: first.port }, "tester"),
        fails("already_exists", /endpoint "a" has it/),
      );
      assert.equal(createEndpoint(scene, { name: "c" }, "tester").endpoint.port, first.port + 3);
    } finally {
      taken.close();
    }
    assert.throws(() => createEndpoint(scene, { name: "a" }, "tester"), fails("already_exists", /"a"/));
    assert.throws(
      () => createEndpoint(scene, { name: "No Name" }, "tester"),
      fails("invalid_argument", /"No Name"/),
    );
  });
});

Deno.test("an endpoint whose port was taken meanwhile fails with the reason, others go on, and it comes back", async () => {
  await withScene(async (scene) => {
    const { one, houses } = scene.models;
    await deployModel(scene, { model_id: houses.model_id, require_gate: false }, scene.waiting);
    const { port } = createEndpoint(scene, { name: "flowers" }, "tester").endpoint;
    const taken = Deno.listen({ hostname: "127.0.0.1", port });
    try {
      await assert.rejects(
        deployModel(scene, { model_id: one.model_id, require_gate: false }, scene.waiting),
        fails("unavailable", new RegExp(`port ${port} is used by another program`)),
      );
      assert.equal(
        (await describeEndpoint(scene.records, scene.records.endpoint("houses")!)).status,
        "ready",
      );
    } finally {
      taken.close();
    }
    assert.equal(
      (await deployModel(scene, { model_id: one.model_id, require_gate: false }, scene.waiting)).status,
      "ready",
    );
  });
});

Deno.test("an endpoint with a key and a limit passes its test, and is closed to others", async () => {
  await withScene(async (scene) => {
    const { one } = scene.models;
    const { api_key } = createEndpoint(
      scene,
      { name: "closed", auth: "api_key", rate_limit_per_s: 200 },
      "tester",
    );
    const { url } = await deployModel(scene, {
      model_id: one.model_id,
      endpoint: "closed",
      require_gate: false,
    }, scene.waiting);
    assert.equal((await scene.predict(url)).status, 401);
    const opened = await fetch(`${url}/metadata`, { headers: { authorization: `Bearer ${api_key}` } });
    assert.equal(opened.status, 200);
    await opened.body?.cancel();
    assert.doesNotMatch(JSON.stringify(scene.records.endpoint("closed")), new RegExp(api_key!));
    const test = await testEndpoint(scene, scene.records.endpoint("closed")!);
    assert.ok(test.passed, JSON.stringify(test.checks));
    assert.equal(scene.records.replicas("closed").length, 1);
  });
});

Deno.test("test_endpoint compares the golden rows, reports own rows, and sees a wrong model", async () => {
  await withScene(async (scene) => {
    const { one, houses } = scene.models;
    await deployModel(scene, { model_id: houses.model_id, require_gate: false }, scene.waiting);
    const endpoint = () => scene.records.endpoint("houses")!;
    const test = await testEndpoint(scene, endpoint());
    assert.ok(test.passed, JSON.stringify(test.checks));
    assert.ok(test.checks.some(({ name }) => name === "golden row 8"));
    assert.ok(test.latency_ms! > 0);
    const own = await testEndpoint(scene, endpoint(), [{ area: 70 }]);
    assert.ok(own.passed);
    const bad = await testEndpoint(scene, endpoint(), [{ size: 70 }]);
    assert.equal(bad.passed, false);
    assert.ok(bad.checks.some(({ passed, detail }) => !passed && /"size"/.test(detail)));
    scene.records.updateDeployment(scene.records.live("houses")!.deployment_id, {
      model_id: one.model_id,
      artifact_sha256: one.artifact_sha256,
    });
    const wrong = await testEndpoint(scene, endpoint());
    assert.equal(wrong.passed, false);
    assert.ok(wrong.checks.some(({ name, passed }) => name === "metadata" && !passed));
    scene.records.updateDeployment(scene.records.live("houses")!.deployment_id, {
      model_id: houses.model_id,
      artifact_sha256: houses.artifact_sha256,
    });
  });
});

Deno.test("an endpoint is scaled up and down, and deleted with its port free again", async () => {
  await withScene(async (scene) => {
    const { one } = scene.models;
    const { url } = await deployModel(scene, { model_id: one.model_id, require_gate: false }, scene.waiting);
    assert.equal((await scale(scene, { endpoint: "flowers", replicas: 3 }, scene.waiting)).replicas, 3);
    assert.equal(scene.pids().length, 3);
    const answered = new Set<string>();
    for (let i = 0; i < 60 && answered.size < 2; i++) {
      const response = await fetch(`${url}/metrics`);
      answered.add((await response.text()).match(/replica="([^"]+)"/)![1]);
      await scene.predict(url);
    }
    assert.equal((await scale(scene, { endpoint: "flowers", replicas: 1 }, scene.waiting)).status, "ready");
    await until("two are gone", () => scene.pids().length === 1);
    const before = (await describeEndpoint(scene.records, scene.records.endpoint("flowers")!)).requests.total;
    assert.ok(before > 0, "what the others counted is kept");
    await deleteEndpoint(scene, "flowers", scene.waiting);
    assert.equal(scene.records.endpoint("flowers"), null);
    assert.deepEqual(scene.pids(), []);
    assert.deepEqual(history(scene), [[1, "flowers@1", "stopped", "deploy"]]);
    const again = await deployModel(scene, { model_id: one.model_id, require_gate: false }, scene.waiting);
    assert.deepEqual([again.version, again.url], [2, url], "the history goes on, and the port was free");
    await assert.rejects(deleteEndpoint(scene, "none", scene.waiting), fails("not_found", /"none"/));
  });
});

Deno.test("two who deploy the same model at once get one deployment, and different ones go one after the other", async () => {
  await withScene(async (scene) => {
    const { one, two } = scene.models;
    const deploy = (model_id: string) => deployModel(scene, { model_id, require_gate: false }, scene.waiting);
    const [a, b] = await Promise.all([deploy(one.model_id), deploy(one.model_id)]);
    assert.equal(a.deployment_id, b.deployment_id);
    assert.deepEqual(history(scene), [[1, "flowers@1", "live", "deploy"]]);
    const three = await scene.registry.add("flowers", scene.registry.bytes(two));
    const results = await Promise.allSettled([deploy(two.model_id), deploy(three.model_id)]);
    assert.ok(results.some(({ status }) => status === "fulfilled"));
    assert.equal(history(scene).length, 3);
    assert.equal(history(scene).filter(([, , status]) => status === "live").length, 1);
    assert.equal(history(scene).filter(([, , status]) => status === "pending").length, 0);
  });
});

for (const [host, shown] of [["0.0.0.0", "127.0.0.1"], ["::1", "[::1]"]]) {
  Deno.test(`an endpoint that listens on ${host} is reached at ${shown}, and passes its test`, async () => {
    await withScene(async (scene) => {
      const { url } = await deployModel(scene, { model_id: "flowers@1", require_gate: false }, scene.waiting);
      assert.ok(url.startsWith(`http://${shown}:`), url);
      assert.equal((await scene.predict(url)).status, 200);
      const test = await testEndpoint(scene, scene.records.endpoint("flowers")!);
      assert.ok(test.passed, JSON.stringify(test.checks));
    }, { MLMCP_SERVING_HOST: host });
  });
}
