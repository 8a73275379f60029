import assert from "node:assert/strict";
import { join } from "node:path";
import type { FileDoor } from "@/shared/file_door.ts";
import { selfCommand } from "@/shared/self_command.ts";
import { tellSupervisor } from "@/deployment/control_file.ts";
import { deployModel } from "@/deployment/deploy.ts";
import { TOOLS } from "../../../servers/deploy/tools.ts";
import { isAlive, type Scene, until, withScene } from "../../deployment/scene.ts";
import { atDesk, type Desk, ERAS } from "../in_memory.ts";

async function withDesk(
  scene: Scene,
  work: (desk: Desk) => Promise<void>,
  era: (typeof ERAS)[number] = "modern",
): Promise<void> {
  await atDesk({ era, tools: TOOLS, services: scene, command: scene.context }, work);
}

for (const era of ERAS) {
  Deno.test(`the whole life of an endpoint goes over MCP, ${era} era`, async () => {
    await withScene(async (scene) => {
      const { one, two } = scene.models;
      await withDesk(scene, async ({ call }) => {
        const must = async (tool: string, input: Record<string, unknown>) => {
          const answer = await call(tool, input);
          assert.equal(answer.isError, false, answer.text);
          // deno-lint-ignore no-explicit-any
          return answer.structured as any;
        };
        const created = await must("create_endpoint", { name: "garden", auth: "none" });
        assert.match(created.url, /^http:\/\/127\.0\.0\.1:\d+$/);
        assert.equal(created.api_key, undefined);
        const deployed = await must("deploy_model", {
          model_id: "flowers@1",
          endpoint: "garden",
          gate_id: scene.gate(one),
          environment: "staging",
        });
        assert.deepEqual([deployed.endpoint, deployed.version, deployed.status, deployed.url], [
          "garden",
          1,
          "ready",
          created.url,
        ]);
        assert.match(deployed.deployment_id, /^dep_/);
        const tested = await must("test_endpoint", { endpoint: "garden" });
        assert.equal(tested.passed, true, JSON.stringify(tested));
        const updated = await must("update_model", {
          endpoint: "garden",
          model_id: two.model_id,
          gate_id: scene.gate(two),
        });
        assert.equal(updated.version, 2);
        const scaled = await must("scale_deployment", { endpoint: "garden", replicas: 2 });
        assert.equal(scaled.replicas, 2);
        const status = await must("get_deployment_status", { deployment_id: deployed.deployment_id });
        assert.deepEqual([status.status, status.version, status.replicas.length], ["ready", 2, 2]);
        assert.deepEqual(
          [status.deployment.version, status.deployment.status, status.deployment.environment],
          [1, "superseded", "staging"],
        );
        assert.ok(status.requests.total > 0);
        const back = await must("rollback_deployment", { endpoint: "garden" });
        assert.deepEqual([back.version, back.restored_version, back.model_id], [3, 1, "flowers@1"]);
        const list = await must("list_deployments", {});
        assert.deepEqual(list.deployments.map((row: { version: number }) => row.version), [3]);
        const page = await must("list_deployments", { endpoint: "garden", include_history: true, limit: 2 });
        assert.deepEqual(page.deployments.map((row: { version: number }) => row.version), [3, 2]);
        const rest = await must("list_deployments", {
          endpoint: "garden",
          include_history: true,
          limit: 2,
          cursor: page.next_cursor,
        });
        assert.deepEqual(
          [rest.deployments.map((row: { version: number }) => row.version), rest.next_cursor],
          [[1], null],
        );
        assert.deepEqual(await must("delete_endpoint", { endpoint: "garden" }), {
          endpoint: "garden",
          deleted: true,
        });
        assert.equal(
          (await call("get_deployment_status", { endpoint: "garden" })).structured.code,
          "not_found",
        );
        const kept = await must("list_deployments", { include_history: true });
        assert.deepEqual(kept.deployments.map((row: { url: unknown }) => row.url), [null, null, null]);
      }, era);
    });
  });
}

Deno.test("a canary goes over MCP, from its start to its promotion, with its figures and its history", async () => {
  await withScene(async (scene) => {
    const { one, two } = scene.models;
    await withDesk(scene, async ({ call }) => {
      const must = async (tool: string, input: Record<string, unknown>) => {
        const answer = await call(tool, input);
        assert.equal(answer.isError, false, answer.text);
        // deno-lint-ignore no-explicit-any
        return answer.structured as any;
      };
      const { url } = await must("deploy_model", { model_id: "flowers@1", gate_id: scene.gate(one) });
      const gate_id = scene.gate(two);
      const started = await must("update_model", {
        endpoint: "flowers",
        model_id: two.model_id,
        gate_id,
        strategy: "canary",
        weight: 0.25,
        sticky_header: "x-user",
        rules: { min_requests: 1000, max_error_rate: null, steps: [0.5] },
      });
      assert.deepEqual(
        started.traffic.map(({ role, weight }: { role: string; weight: number }) => [role, weight]),
        [
          ["primary", 0.75],
          ["canary", 0.25],
        ],
      );
      for (let i = 0; i < 40; i++) await scene.predict(url);
      const { challenger, requests, events } = await must("get_deployment_status", { endpoint: "flowers" });
      assert.equal(challenger.sticky_header, "x-user");
      assert.deepEqual([
        challenger.rules.min_requests,
        challenger.rules.step_s,
        challenger.rules.max_error_rate,
      ], [
        1000,
        60,
        null,
      ], "what was not given is the config's");
      assert.deepEqual([challenger.figures.requests, challenger.figures.primary_requests], [10, 30]);
      assert.equal(challenger.verdict.decision, "wait");
      assert.deepEqual(requests.by_version.map(({ total }: { total: number }) => total), [10, 30]);
      assert.deepEqual([events[0].event, events[0].gate_id, events[0].caller], ["canary", gate_id, "local"]);
      const listed = await must("list_deployments", {});
      assert.deepEqual(listed.deployments.map(({ status }: { status: string }) => status), [
        "canary",
        "live",
      ]);
      assert.deepEqual(listed.events, []);
      await must("set_traffic", { endpoint: "flowers", weights: { "1": 0.5, "2": 0.5 } });
      const promoted = await must("set_traffic", { endpoint: "flowers", action: "promote" });
      assert.deepEqual([promoted.model_id, promoted.traffic.length], ["flowers@2", 1]);
      const history = await must("list_deployments", { endpoint: "flowers", include_history: true });
      assert.deepEqual(
        history.events.slice(0, 4).map((row: { event: string; detail: { from?: number; to?: number } }) => [
          row.event,
          row.detail.from ?? null,
          row.detail.to ?? null,
        ]),
        [["promoted", 0.5, 1], ["weight", 0.25, 0.5], ["canary", null, null], ["wanted", null, null]],
      );
    });
  });
});

Deno.test("the tools refuse what they can't do, with a hint", async () => {
  await withScene(async (scene) => {
    await withDesk(scene, async ({ call }) => {
      const cases: [string, Record<string, unknown>, string, RegExp][] = [
        ["deploy_model", { model_id: "flowers@1" }, "failed_precondition", /without a gate_id/],
        ["deploy_model", { model_id: "tulips@1", require_gate: false }, "not_found", /tulips/],
        [
          "deploy_model",
          { model_id: "flowers@1", require_gate: false, endpoint: "Bad Name" },
          "invalid_argument",
          /Bad Name/,
        ],
        ["deploy_model", { model_id: "flowers@1", replicas: 0 }, "invalid_argument", /replicas/],
        ["deploy_model", { model_id: "flowers@1", environment: "latest" }, "invalid_argument", /environment/],
        ["deploy_model", { model: "flowers@1" }, "invalid_argument", /model/],
        [
          "update_model",
          { endpoint: "flowers", model_id: "flowers@1", strategy: "canary" },
          "not_found",
          /flowers/,
        ],
        [
          "update_model",
          { endpoint: "flowers", model_id: "flowers@1", strategy: "shadow", weight: 0.5 },
          "invalid_argument",
          /weight with strategy "shadow"/,
        ],
        [
          "update_model",
          { endpoint: "flowers", model_id: "flowers@1", strategy: "canary", rules: { steps: [0.5, 0.1] } },
          "invalid_argument",
          /steps 0\.5, 0\.1/,
        ],
        [
          "update_model",
          { endpoint: "flowers", model_id: "flowers@1", strategy: "canary", sticky_header: "a b" },
          "invalid_argument",
          /sticky_header/,
        ],
        ["set_traffic", { endpoint: "flowers", action: "promote" }, "not_found", /flowers/],
        ["set_traffic", { endpoint: "flowers", weights: { one: 1 } }, "invalid_argument", /weights/],
        [
          "update_model",
          { endpoint: "flowers", model_id: "flowers@1", weight: 0.5 },
          "invalid_argument",
          /weight/,
        ],
        ["update_model", { endpoint: "flowers", model_id: "flowers@1" }, "not_found", /flowers/],
        ["rollback_deployment", { endpoint: "flowers" }, "not_found", /flowers/],
        ["scale_deployment", { endpoint: "flowers", replicas: 65 }, "invalid_argument", /replicas/],
        ["test_endpoint", { endpoint: "flowers" }, "not_found", /flowers/],
        ["get_deployment_status", {}, "invalid_argument", /one of the two/],
        [
          "get_deployment_status",
          { endpoint: "a", deployment_id: "b" },
          "invalid_argument",
          /one of the two/,
        ],
        ["get_deployment_status", { deployment_id: "dep_x" }, "not_found", /dep_x/],
        ["list_deployments", { cursor: "x" }, "invalid_argument", /cursor/],
        ["create_endpoint", { name: "a", port: 70000 }, "invalid_argument", /port/],
        ["delete_endpoint", { endpoint: "flowers" }, "not_found", /flowers/],
      ];
      for (const [tool, input, code, message] of cases) {
        const answer = await call(tool, input);
        assert.equal(answer.isError, true, `${tool} ${JSON.stringify(input)}`);
        assert.equal(answer.structured.code, code, answer.text);
        assert.match(answer.text, message);
        assert.ok(answer.structured.hint, `${tool}: ${answer.text} has no hint`);
      }
      await call("create_endpoint", { name: "empty" });
      for (
        const [tool, input] of [
          ["test_endpoint", {}],
          ["update_model", { model_id: "flowers@1" }],
          [
            "scale_deployment",
            { replicas: 2 },
          ],
          ["rollback_deployment", {}],
          ["set_traffic", { action: "abort" }],
        ] as const
      ) {
        assert.equal(
          (await call(tool, { endpoint: "empty", ...input })).structured.code,
          "failed_precondition",
          tool,
        );
      }
      assert.equal((await call("get_deployment_status", { endpoint: "empty" })).structured.status, "stopped");
      assert.deepEqual(scene.records.history(null), []);
    });
  });
});

Deno.test("an API key is shown once and never again", async () => {
  await withScene(async (scene) => {
    await withDesk(scene, async ({ call, audit }) => {
      const { structured } = await call("create_endpoint", { name: "closed", auth: "api_key" });
      const key = structured.api_key as string;
      assert.match(key, /^mlk_[\w-]{43}$/);
      await call("deploy_model", { model_id: "flowers@1", endpoint: "closed", require_gate: false });
      for (const tool of ["get_deployment_status", "test_endpoint"]) {
        assert.doesNotMatch(JSON.stringify(await call(tool, { endpoint: "closed" })), new RegExp(key));
      }
      assert.ok(audit().length >= 4);
      const stored = new TextDecoder("latin1").decode(await Deno.readFile(scene.home.database));
      assert.ok(!stored.includes(key));
    });
  });
});

Deno.test("keys and settings of an endpoint are changed over MCP while it serves", async () => {
  await withScene(async (scene) => {
    await withDesk(scene, async ({ call, audit }) => {
      const must = async (tool: string, input: Record<string, unknown>) => {
        const answer = await call(tool, { endpoint: "garden", ...input });
        assert.equal(answer.isError, false, answer.text);
        // deno-lint-ignore no-explicit-any
        return answer.structured as any;
      };
      const created =
        (await call("create_endpoint", { name: "garden", allowed_origins: ["https://app.example"] }))
          .structured as { url: string };
      await must("deploy_model", { model_id: "flowers@1", require_gate: false });
      const key = await must("create_api_key", { name: "app", rate_limit_per_s: 50, expires_in_days: 1 });
      assert.match(key.api_key, /^mlk_[\w-]{43}$/);
      const settings = await must("update_endpoint", {
        auth: "api_key",
        rate_limit_per_s: null,
        max_waiting: 7,
      });
      assert.deepEqual(settings, {
        endpoint: "garden",
        auth: "api_key",
        rate_limit_per_s: null,
        allowed_origins: ["https://app.example"],
        max_body_mb: 8,
        max_waiting: 7,
      });
      const status = async (api_key: string) => {
        const answer = await fetch(`${created.url}/predict`, {
          method: "POST",
          headers: { "content-type": "application/json", "x-api-key": api_key },
          body: JSON.stringify({ rows: [[1.4, 0.2]] }),
        });
        await answer.body?.cancel();
        return answer.status;
      };
      assert.deepEqual([await status(key.api_key), await status("none")], [200, 401]);
      const rotated = await must("rotate_api_key", { key_id: key.key_id, grace_s: 0 });
      assert.equal(rotated.replaced.key_id, key.key_id);
      assert.deepEqual([await status(rotated.api_key), await status(key.api_key)], [200, 401]);
      assert.equal((await must("test_endpoint", {})).passed, true);
      await must("revoke_api_key", { key_id: rotated.key_id });
      await must("revoke_api_key", { key_id: rotated.key_id });
      assert.equal(await status(rotated.api_key), 401);
      assert.equal((await must("test_endpoint", {})).passed, true, "its own key is no caller's");
      assert.deepEqual((await must("list_api_keys", {})).keys, []);
      const { keys } = await must("list_api_keys", { include_ended: true });
      assert.deepEqual(
        keys.map((
          row: { name: string; status: string; requests: number; rate_limit_per_s: number },
        ) => [row.name, row.status, row.requests, row.rate_limit_per_s]),
        [["app", "revoked", 1, 50], ["app", "expired", 1, 50]],
      );
      assert.equal(
        (await call("rotate_api_key", { endpoint: "garden", key_id: "key_x" })).structured.code,
        "not_found",
      );
      const text = JSON.stringify(audit());
      assert.ok(!text.includes(key.api_key) && !text.includes(rotated.api_key));
    });
  });
});

Deno.test("a deploy-server brings back what should run, replaces a dead supervisor, and leaves all running", async () => {
  await withScene(async (scene) => {
    const { url } = await deployModel(scene, { model_id: "flowers@1", require_gate: false }, scene.waiting);
    const answers = () => scene.predict(url).then(({ status }) => status === 200, () => false);
    // As after a reboot: no process is left, the database is.
    Deno.kill((await tellSupervisor(scene.home, "ping"))!.pid, "SIGKILL");
    const [replica] = scene.pids();
    Deno.kill(replica, "SIGKILL");
    await until("all are gone", () => !isAlive(replica));
    const server = selfCommand(["deploy-server", "--home", scene.home.path], {
      env: scene.context.childEnv,
      stdin: "piped",
    }).spawn();
    try {
      await until("the endpoint is back", answers);
      const supervisor = await until(
        "a supervisor runs",
        async () => (await tellSupervisor(scene.home, "ping"))?.pid,
      );
      Deno.kill(supervisor, "SIGKILL");
      await until("another supervisor runs", async () => {
        const found = await tellSupervisor(scene.home, "ping");
        return found && found.pid !== supervisor;
      });
    } finally {
      await server.stdin.close();
      assert.equal((await server.status).code, 0);
    }
    assert.equal(await answers(), true, "the endpoint goes on when the server has ended");
    assert.ok(await tellSupervisor(scene.home, "ping"));
  });
});

Deno.test("what an earlier mlmcp runs can be looked at, and is left alone with a word on how to go on", async () => {
  await withScene(async (scene) => {
    await deployModel(scene, { model_id: "flowers@1", require_gate: false }, scene.waiting);
    const path = join(scene.home.path, "supervisor.json");
    const { supervision: _, ...earlier } = JSON.parse(Deno.readTextFileSync(path));
    Deno.writeTextFileSync(path, JSON.stringify(earlier));
    await withDesk(scene, async ({ call }) => {
      const refused = await call("create_api_key", { endpoint: "flowers", name: "me" });
      assert.equal(refused.structured.code, "failed_precondition");
      assert.match(JSON.stringify(refused.structured), /an earlier version of mlmcp .*`mlmcp stop`/);
      assert.equal(scene.records.apiKeys("flowers").length, 0);
      assert.equal((await call("get_deployment_status", { endpoint: "flowers" })).structured.status, "ready");
    });
  });
});

Deno.test("export_deployment writes what serves, and says when nothing does", async () => {
  await withScene(async (scene) => {
    const written: { path: string; files: Record<string, Uint8Array>; with_program: boolean }[] = [];
    const door = {
      writeFolder(path: string, files: Record<string, Uint8Array>, with_program: boolean) {
        written.push({ path, files, with_program });
        return Promise.resolve();
      },
    } as FileDoor;
    const context = { ...scene.context, door };
    await withDesk({ ...scene, context }, async ({ call }) => {
      await call("create_endpoint", { name: "garden" });
      const input = { endpoint: "garden", target: "kubernetes", path: "out" };
      const early = await call("export_deployment", input);
      assert.match(early.text, /nothing is deployed there/);
      await deployModel(
        scene,
        { model_id: "flowers@1", endpoint: "garden", require_gate: false },
        scene.waiting,
      );
      const answer = await call("export_deployment", input);
      assert.equal(answer.isError, false, answer.text);
      assert.equal(written.length, 1);
      const [{ path, files, with_program }] = written;
      assert.equal(path, "out");
      assert.equal(with_program, Deno.build.standalone);
      assert.deepEqual(files["model.safetensors"], scene.registry.bytes(scene.models.one));
      assert.ok("kubernetes/deployment.yaml" in files);
    });
  });
});
