import assert from "node:assert/strict";
import type { Challenge } from "@/deployment/changes.ts";
import { deployModel, rollBack, scale, updateModel } from "@/deployment/deploy.ts";
import { describeEndpoint } from "@/deployment/describe.ts";
import type { PromotionRules } from "@/deployment/promotion_rules.ts";
import { setTraffic } from "@/deployment/set_traffic.ts";
import { command as statusCommand } from "@/deployment/status_command.ts";
import { command as stopCommand } from "@/deployment/stop_command.ts";
import { AppError, type ErrorCode } from "@/shared/errors.ts";
import { VERSION_HEADER } from "@/shared/replica_protocol.ts";
import { flowers } from "../serving/make_artifact.ts";
import { testEndpoint } from "@/deployment/test_endpoint.ts";
import { startLoad } from "./load.ts";
import { type Scene, supervisorPid, until, withScene } from "./scene.ts";

const fails = (code: ErrorCode, message: RegExp) => (error: unknown) => {
  assert.ok(error instanceof AppError, String(error));
  assert.equal(error.code, code, error.message);
  assert.match(error.message, message);
  return true;
};
const deployOne = (scene: Scene, replicas = 1) =>
  deployModel(scene, { model_id: "flowers@1", require_gate: false, replicas }, scene.waiting);
const challenge = (scene: Scene, change: Partial<Challenge> = {}, model_id = "flowers@2") =>
  updateModel(scene, {
    endpoint: "flowers",
    model_id,
    require_gate: false,
    challenge: { strategy: "canary", weight: 0.1, sticky_header: null, rules: null, ...change },
  }, scene.waiting);
const shadow = (scene: Scene, rules: PromotionRules | null = null, model_id = "flowers@2") =>
  challenge(scene, { strategy: "shadow", weight: null, rules }, model_id);
const describe = (scene: Scene) => describeEndpoint(scene.records, scene.records.endpoint("flowers")!);
const statuses = (scene: Scene) =>
  scene.records.history("flowers").sort((a, b) => a.version - b.version).map(({ version, status }) =>
    `${version} ${status}`
  );
const events = (scene: Scene) =>
  scene.records.events("flowers", 100).reverse().map(({ event, version }) => `${version ?? "-"} ${event}`);
const set = (scene: Scene, weights: Record<string, number>) =>
  setTraffic(scene, { endpoint: "flowers", weights }, scene.waiting);
const rules = (change: Partial<PromotionRules> = {}): PromotionRules => ({
  min_requests: 30,
  step_s: 0,
  steps: [],
  max_error_rate: 0.02,
  max_latency_ratio: null,
  max_latency_ms: null,
  max_disagreement: null,
  max_drift: null,
  promote: true,
  ...change,
});

Deno.test("a canary on two replicas gets its share of 20,000 requests within one percent, and none is lost", async () => {
  await withScene(async (scene) => {
    const { url } = await deployOne(scene, 2);
    const started = await challenge(scene, { weight: 0.1 });
    assert.deepEqual(started.traffic.map(({ version, role, weight }) => [version, role, weight]), [
      [1, "primary", 0.9],
      [2, "canary", 0.1],
    ]);
    const load = startLoad(url);
    await until("20,000 were answered", () => load.answered >= 20_000, 120_000);
    const { models, failures } = await load.end();
    assert.deepEqual(failures, []);
    const share = models.get("flowers@2")! / load.answered;
    assert.ok(Math.abs(share - 0.1) < 0.001, `${share} of ${load.answered}`);
    const { requests } = await describe(scene);
    assert.deepEqual(requests.by_version.map(({ version, total, errors }) => [version, total, errors]), [
      [2, models.get("flowers@2"), 0],
      [1, models.get("flowers@1"), 0],
    ]);
  });
});

Deno.test("no request is lost while canaries are started, weighed, promoted and ended, and processes are killed", async () => {
  await withScene(async (scene) => {
    const { url } = await deployOne(scene, 2);
    const { one, two } = scene.models;
    const load = startLoad(url);
    for (const [round, last] of (["promote", "abort", "promote", "rollback"] as const).entries()) {
      const live = scene.records.live("flowers")!;
      const model = live.model_id === one.model_id ? two : one;
      const supervisor = await supervisorPid(scene);
      const started = challenge(scene, { weight: 0.2 }, model.model_id);
      await new Promise((wake) => setTimeout(wake, 10 * round));
      Deno.kill(supervisor, "SIGKILL");
      const { version } = await started;
      const answered = load.answered;
      await until("callers meet it", () => load.answered > answered + 200);
      await set(scene, { [live.version]: 0.5, [version]: 0.5 });
      const changed = last === "rollback"
        ? rollBack(scene, { endpoint: "flowers" }, scene.waiting)
        : setTraffic(scene, { endpoint: "flowers", action: last }, scene.waiting);
      Deno.kill(await supervisorPid(scene), "SIGKILL");
      const { model_id } = await changed;
      assert.equal(model_id, last === "promote" ? model.model_id : live.model_id);
      for (let i = 0; i < 20; i++) assert.equal((await scene.predict(url)).model, model_id);
      assert.equal((await describe(scene)).challenger, null);
    }
    const { failures, models } = await load.end();
    assert.deepEqual(failures, []);
    assert.equal(models.size, 2);
    assert.deepEqual(statuses(scene), ["1 superseded", "2 superseded", "3 aborted", "4 live", "5 aborted"]);
  });
});

Deno.test("a replica that is killed in the midst of a canary comes back with both models, before it takes traffic", async () => {
  await withScene(async (scene) => {
    const { url } = await deployOne(scene);
    await challenge(scene, { weight: 0.5, sticky_header: "x-user" });
    const [pid] = scene.pids();
    Deno.kill(pid, "SIGKILL");
    let first = 0;
    await until("it answers", async () => {
      try {
        const response = await fetch(`${url}/v2/models/flowers/versions/2/ready`);
        await response.body?.cancel();
        first ||= response.status;
        return true;
      } catch {
        return false;
      }
    });
    assert.equal(first, 200, "the first answer of all is of the canary's model");
    const load = startLoad(url);
    await until("enough were answered", () => load.answered > 500);
    const { models } = await load.end();
    assert.ok(Math.abs(models.get("flowers@2")! / load.answered - 0.5) < 0.01);
    const scaled = await scale(scene, { endpoint: "flowers", replicas: 2 }, scene.waiting);
    assert.equal(scaled.replicas, 2);
    const byCaller = new Map<string, Set<string>>();
    for (let i = 0; i < 200; i++) {
      const user = `user-${i % 20}`;
      // Without keep-alive, so that both replicas are asked.
      const response = await fetch(`${url}/predict`, {
        method: "POST",
        headers: { "content-type": "application/json", "x-user": user, "connection": "close" },
        body: JSON.stringify({ rows: [{ length: 1.4, width: 0.2 }] }),
      });
      await response.body?.cancel();
      const seen = byCaller.get(user) ?? new Set();
      byCaller.set(user, seen.add(response.headers.get(VERSION_HEADER)!));
    }
    assert.ok(
      [...byCaller.values()].every((versions) => versions.size === 1),
      "each caller stays with one model",
    );
    assert.equal(new Set([...byCaller.values()].flatMap((versions) => [...versions])).size, 2);
  });
});

Deno.test("a shadow that throws on every request is counted, and callers notice nothing", async () => {
  await withScene(async (scene) => {
    const { url } = await deployOne(scene, 2);
    const load = startLoad(url);
    // Its columns are other ones.
    await shadow(scene, null, "houses@1");
    await until(
      "it has failed",
      async () => ((await describe(scene)).challenger?.figures?.errors ?? 0) > 100,
    );
    const { failures, models } = await load.end();
    assert.deepEqual(failures, []);
    assert.deepEqual([...models.keys()], ["flowers@1"]);
    const { requests, challenger, traffic } = await describe(scene);
    const of = requests.by_version.find(({ version }) => version === 2)!;
    assert.equal(requests.errors, 0);
    assert.equal(of.total, 0);
    assert.equal(of.shadow!.failures, of.shadow!.requests);
    assert.equal(challenger!.figures!.error_rate, 1);
    assert.deepEqual(traffic.map(({ role, weight }) => [role, weight]), [["primary", 1], ["shadow", 0]]);
  });
});

Deno.test("a shadow's differences are counted over all replicas, and it may become a canary and then the primary", async () => {
  await withScene(async (scene) => {
    const { url } = await deployOne(scene, 2);
    const { version } = await shadow(scene);
    for (let i = 0; i < 60; i++) await scene.predict(url, [{ length: 1 + i / 10, width: 0.2 + i % 7 / 3 }]);
    const { figures } = await until("it was asked", async () => {
      const { challenger } = await describe(scene);
      return challenger?.figures?.compared_rows === 60 ? challenger : null;
    });
    assert.ok(figures!.differing_rows > 0 && figures!.differing_rows < 60);
    assert.ok(figures!.mean_abs_difference! > 0);
    await set(scene, { "1": 1 });
    assert.equal(scene.records.challenger("flowers")?.status, "shadow", "the traffic was that already");
    await set(scene, { "1": 0.75, [version]: 0.25 });
    assert.equal(scene.records.challenger("flowers")?.status, "canary");
    await set(scene, { [version]: 1 });
    assert.deepEqual(statuses(scene), ["1 superseded", "2 live"]);
    assert.equal((await scene.predict(url)).model, "flowers@2");
    assert.equal(scene.registry.find("flowers@production").model_id, "flowers@2");
    assert.deepEqual(events(scene), [
      "- created",
      "- scaled",
      "1 wanted",
      "1 live",
      "2 wanted",
      "2 shadow",
      "2 canary",
      "2 promoted",
    ]);
  });
});

Deno.test("rules end a canary whose requests fail, with the numbers in the history, and callers are well again", async () => {
  await withScene(async (scene) => {
    const { url } = await deployOne(scene, 2);
    const load = startLoad(url);
    // Who waits for it to stand may hear already that it was ended.
    await challenge(scene, { weight: 0.2, rules: rules() }, "houses@1").catch((error) =>
      assert.ok(fails("aborted", /error rate .* beyond the primary's/)(error))
    );
    await until("it was ended", () => scene.records.challenger("flowers") === null);
    await until(
      "no replica has it",
      async () =>
        (await describe(scene)).traffic.length === 1 && (await Promise.all(
          Array.from({ length: 10 }, () => scene.predict(url)),
        )).every(({ status }) => status === 200),
    );
    await load.end();
    const [last] = scene.records.events("flowers", 1);
    assert.deepEqual([last.event, last.version, last.caller], ["aborted", 2, "rules"]);
    const { figures, reasons } = last.detail as {
      figures: { errors: number; requests: number };
      reasons: string[];
    };
    assert.ok(figures.errors > 0 && figures.errors === figures.requests);
    assert.match(reasons[0], /error rate .* beyond the primary's, and 2 % is allowed/);
    const { deployment_id } = scene.records.version("flowers", 2)!;
    assert.equal(scene.records.deployment(deployment_id)?.error?.code, "aborted");
  });
});

Deno.test("rules take a canary up its steps and promote it, each step in the history", async () => {
  await withScene(async (scene) => {
    const { url } = await deployOne(scene, 2);
    const load = startLoad(url);
    await challenge(scene, { weight: 0.05, rules: rules({ steps: [0.05, 0.25, 0.5] }) });
    // Who is killed meanwhile takes nothing along that matters.
    Deno.kill(await supervisorPid(scene), "SIGKILL");
    await until("it is promoted", () => scene.records.live("flowers")?.version === 2, 30_000);
    await until("all answer with it", async () => (await scene.predict(url)).model === "flowers@2");
    assert.deepEqual((await load.end()).failures, []);
    const steps = scene.records.events("flowers", 100).reverse().filter(({ version }) => version === 2);
    assert.deepEqual(steps.map(({ event, detail }) => [event, detail.to ?? null]), [
      ["wanted", null],
      ["canary", null],
      ["weight", 0.25],
      ["weight", 0.5],
      ["promoted", 1],
    ]);
    for (const { detail, caller } of steps.slice(2)) {
      assert.equal(caller, "rules");
      assert.ok((detail.figures as { requests: number }).requests >= 30);
    }
    assert.equal(scene.registry.find("flowers@production").model_id, "flowers@2");
  });
});

Deno.test("rules that allow little disagreement end a canary that answers otherwise", async () => {
  await withScene(async (scene) => {
    const { url } = await deployOne(scene);
    const dummy = await scene.registry.add("flowers", flowers({ algorithm: "dummy" }));
    await challenge(scene, { weight: 0.5, rules: rules({ max_disagreement: 0.2 }) }, dummy.model_id);
    const ended = until("it was ended", () => scene.records.challenger("flowers") === null);
    let asking = true;
    void ended.finally(() => asking = false);
    while (asking) await scene.predict(url, [{ length: 5.6, width: 1.8 }, { length: 1.4, width: 0.2 }]);
    await ended;
    const [{ detail }] = scene.records.events("flowers", 1);
    assert.match(String((detail.reasons as string[])[0]), /of the answers differ, and 20 % are allowed/);
  });
});

Deno.test("one that passes and is not to be promoted stays, and the history says once that it passed", async () => {
  await withScene(async (scene) => {
    const { url } = await deployOne(scene);
    await shadow(scene, rules({ promote: false }));
    for (let i = 0; i < 40; i++) await scene.predict(url);
    await until("it passed", () => events(scene).includes("2 passed"));
    await new Promise((wake) => setTimeout(wake, 2500));
    assert.equal(events(scene).filter((event) => event === "2 passed").length, 1);
    assert.equal((await describe(scene)).challenger?.verdict?.decision, "pass");
  });
});

Deno.test("a canary must pass the gate like any other model", async () => {
  await withScene(async (scene) => {
    await deployOne(scene);
    const { two } = scene.models;
    const start = (gate_id?: string) =>
      updateModel(scene, {
        endpoint: "flowers",
        model_id: two.model_id,
        gate_id,
        challenge: { strategy: "canary", weight: 0.1, sticky_header: null, rules: null },
      }, scene.waiting);
    await assert.rejects(start(), fails("failed_precondition", /without a gate_id/));
    await assert.rejects(start(scene.gate(two, false)), fails("failed_precondition", /did not pass/));
    const gate_id = scene.gate(two);
    await start(gate_id);
    const [event] = scene.records.events("flowers", 1);
    assert.deepEqual([event.event, event.gate_id, event.caller], ["canary", gate_id, "tester"]);
  });
});

Deno.test("a canary that a replica refuses changes no replica, and one before it goes on", async () => {
  await withScene(async (scene) => {
    const { url } = await deployOne(scene, 2);
    await challenge(scene, { weight: 0.5 });
    const good = new TextDecoder("latin1").decode(scene.registry.bytes(scene.models.one));
    const text = good.replace('\\"predictions\\":[\\"setosa\\"', '\\"predictions\\":[\\"sEtosa\\"');
    const wrong = await scene.registry.add("flowers", Uint8Array.from(text, (char) => char.charCodeAt(0)));
    await assert.rejects(challenge(scene, {}, wrong.model_id), fails("data_loss", /golden row 1/));
    assert.deepEqual(statuses(scene), ["1 live", "2 canary", "3 failed"]);
    const models = new Set<unknown>();
    for (let i = 0; i < 40; i++) models.add((await scene.predict(url)).model);
    assert.deepEqual([...models].sort(), ["flowers@1", "flowers@2"]);
  });
});

Deno.test("what is deployed, rolled back or stopped in the midst of a canary ends it, or is it", async () => {
  await withScene(async (scene) => {
    const { url } = await deployOne(scene);
    const three = await scene.registry.add("flowers", flowers({ algorithm: "logistic_regression" }));
    const replace = (model_id: string) =>
      updateModel(scene, { endpoint: "flowers", model_id, require_gate: false }, scene.waiting);
    const only = async (model_id: string) => {
      for (let i = 0; i < 10; i++) assert.equal((await scene.predict(url)).model, model_id);
    };
    // The canary's own model, wanted instead: it is promoted.
    const canary = await challenge(scene);
    assert.equal((await challenge(scene)).deployment_id, canary.deployment_id, "asked again, it is the same");
    await challenge(scene, { weight: 0.4 });
    assert.equal(scene.records.challenger("flowers")?.weight, 0.4);
    assert.equal((await replace("flowers@2")).deployment_id, canary.deployment_id);
    await only("flowers@2");
    assert.deepEqual(statuses(scene), ["1 superseded", "2 live"]);
    assert.equal(scene.registry.find("flowers@production").model_id, "flowers@2");
    // What serves already can't challenge itself, and deploying it again leaves a canary alone.
    await assert.rejects(challenge(scene), fails("failed_precondition", /it is what serves there/));
    await challenge(scene, { weight: 0.5 }, "flowers@1");
    await replace("flowers@2");
    assert.equal(scene.records.challenger("flowers")?.version, 3);
    // Another canary takes its place; another model for all ends it.
    await challenge(scene, { weight: 0.5 }, three.model_id);
    assert.deepEqual(statuses(scene).slice(2), ["3 aborted", "4 canary"]);
    await replace("flowers@1");
    await only("flowers@1");
    assert.deepEqual(statuses(scene).slice(1), ["2 superseded", "3 aborted", "4 aborted", "5 live"]);
    // Going back is ending the canary; with none, it is what served before, not what was only tried.
    await challenge(scene, { weight: 0.5 }, three.model_id);
    const ended = await rollBack(scene, { endpoint: "flowers" }, scene.waiting);
    assert.deepEqual([ended.version, ended.restored_version], [5, 5]);
    await only("flowers@1");
    await assert.rejects(
      rollBack(scene, { endpoint: "flowers", to_version: 6 }, scene.waiting),
      fails("failed_precondition", /version 6 has never served/),
    );
    const back = await rollBack(scene, { endpoint: "flowers" }, scene.waiting);
    assert.deepEqual([back.model_id, back.restored_version], ["flowers@2", 2]);
    await challenge(scene, { weight: 0.5 }, "flowers@1");
    const log = console.log;
    console.log = () => {};
    await stopCommand.run({ ...scene.context, args: ["flowers"] });
    console.log = log;
    assert.deepEqual(statuses(scene).slice(6), ["7 stopped", "8 stopped"]);
    const again = await deployOne(scene);
    assert.deepEqual(again.traffic.map(({ role }) => role), ["primary"]);
    await only("flowers@1");
  });
});

Deno.test("status shows who stands beside the primary", async () => {
  await withScene(async (scene) => {
    await deployOne(scene);
    const shown = async () => {
      const lines: string[] = [];
      const { log } = console;
      console.log = (line: string) => lines.push(line);
      try {
        await statusCommand.run({ ...scene.context, json: false });
      } finally {
        console.log = log;
      }
      return lines.join("\n");
    };
    await shadow(scene);
    assert.match(await shown(), /flowers +ready +flowers@1, flowers@2 shadow +http/);
    await challenge(scene, { weight: 0.25 });
    assert.match(await shown(), /flowers +ready +flowers@1, flowers@2 25 % +http/);
  });
});

Deno.test("a replica killed under load loses only what it was answering, and the canary's share stays", async () => {
  await withScene(async (scene) => {
    const { url } = await deployOne(scene, 2);
    await challenge(scene, { weight: 0.25 });
    const load = startLoad(url);
    for (let round = 0; round < 3; round++) {
      const answered = load.answered;
      await until("more were answered", () => load.answered > answered + 500);
      Deno.kill(scene.pids()[0], "SIGKILL");
      await until(
        "both serve",
        async () => (await describe(scene)).status === "ready" && scene.pids().length === 2,
      );
    }
    const { models, failures } = await load.end();
    assert.ok(failures.length <= 3 * 16, `${failures.length} lost in three kills with 16 callers`);
    const share = models.get("flowers@2")! / load.answered;
    assert.ok(Math.abs(share - 0.25) < 0.01, `${share}`);
  });
});

Deno.test("test_endpoint tests what serves and what challenges it, each by itself", async () => {
  await withScene(async (scene) => {
    await deployOne(scene);
    await challenge(scene, { weight: 0.5 });
    for (let i = 0; i < 3; i++) {
      const { passed, checks } = await testEndpoint(scene, scene.records.endpoint("flowers")!);
      assert.ok(passed, JSON.stringify(checks));
      assert.ok(
        checks.some(({ name, detail }) => name === "golden rows of the canary" && /flowers@2/.test(detail)),
      );
    }
  });
});

Deno.test("traffic that can't be is refused, with what is there", async () => {
  await withScene(async (scene) => {
    await deployOne(scene);
    const refused = (weights: Record<string, number>, code: ErrorCode, message: RegExp) =>
      assert.rejects(set(scene, weights), fails(code, message));
    await refused({ "1": 0.5, "2": 0.5 }, "failed_precondition", /version 2 is not in its replicas; .*: 1/);
    await assert.rejects(
      setTraffic(scene, { endpoint: "flowers", action: "promote" }, scene.waiting),
      fails("failed_precondition", /neither a canary nor a shadow/),
    );
    await challenge(scene);
    await refused({ "1": 0.5, "2": 0.4 }, "invalid_argument", /add up to 0.9/);
    await refused({ "1": 1.5, "2": -0.5 }, "invalid_argument", /1.5 of version 1/);
    await refused({}, "invalid_argument", /empty/);
    await refused({ "1": 0.9, "3": 0.1 }, "failed_precondition", /version 3 .*: 1, 2/);
    await assert.rejects(
      setTraffic(scene, { endpoint: "flowers", weights: { "1": 1 }, action: "abort" }, scene.waiting),
      fails("invalid_argument", /one of the two/),
    );
    assert.equal(scene.records.challenger("flowers")?.weight, 0.1);
    await set(scene, { "1": 1 });
    assert.deepEqual(statuses(scene), ["1 live", "2 aborted"]);
  });
});

Deno.test("a canary whose file is damaged on disk does not keep a new replica from serving", async () => {
  await withScene(async (scene) => {
    const { url } = await deployOne(scene);
    await challenge(scene, { weight: 0.5 });
    const path = `${scene.home.models}/${scene.models.two.artifact_sha256}/model.safetensors`;
    const bytes = await Deno.readFile(path);
    await Deno.writeFile(path, bytes.slice(0, -1));
    Deno.kill(scene.pids()[0], "SIGKILL");
    await until("it answers", () => scene.predict(url).then(({ status }) => status === 200, () => false));
    assert.deepEqual(statuses(scene), ["1 live", "2 aborted"]);
    const [{ event, detail }] = scene.records.events("flowers", 1);
    assert.equal(event, "aborted");
    assert.match(String(detail.reason), /flowers@2/);
  });
});
