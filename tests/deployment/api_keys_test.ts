import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import {
  createApiKey,
  listApiKeys,
  MAX_ACTIVE_KEYS,
  revokeApiKey,
  rotateApiKey,
} from "@/deployment/api_keys.ts";
import { openRecords } from "@/deployment/changes.ts";
import { createEndpoint, deleteEndpoint, deployModel, scale } from "@/deployment/deploy.ts";
import { TABLES } from "@/deployment/records.ts";
import { changeSettings } from "@/deployment/settings.ts";
import { AppError, type ErrorCode } from "@/shared/errors.ts";
import { createHome, openState } from "@/shared/home.ts";
import { isAlive, type Scene, supervisorPid, until, withScene } from "./scene.ts";

const fails = (code: ErrorCode) => (error: unknown) => error instanceof AppError && error.code === code;

/** Asked so often, on new connections, that every replica is among those who answer. */
async function statuses(url: string, key: string): Promise<number[]> {
  const seen = new Set<number>();
  await Promise.all(Array.from({ length: 24 }, async () => {
    const response = await fetch(`${url}/predict`, {
      method: "POST",
      headers: { "content-type": "application/json", "x-api-key": key, connection: "close" },
      body: JSON.stringify({ rows: [[1.4, 0.2]] }),
    });
    seen.add(response.status);
    await response.body?.cancel();
  }));
  return [...seen];
}

async function locked(scene: Scene): Promise<{ url: string; first: string; key_id: string }> {
  const { api_key, key_id } = createEndpoint(scene, { name: "closed", auth: "api_key" }, "tester");
  const { url } = await deployModel(
    scene,
    { model_id: scene.models.one.model_id, endpoint: "closed", replicas: 2, require_gate: false },
    scene.waiting,
  );
  return { url, first: api_key!, key_id: key_id! };
}

Deno.test("keys are made, rotated and revoked in all replicas at once, without a restart", async () => {
  await withScene(async (scene) => {
    const { url, first, key_id } = await locked(scene);
    const pids = scene.pids();
    assert.deepEqual(await statuses(url, first), [200]);
    const second = await createApiKey(scene, "closed", { name: "billing" }, scene.waiting);
    assert.deepEqual(
      await statuses(url, second.api_key),
      [200],
      "when the call returns, every replica knows",
    );
    await assert.rejects(
      createApiKey(scene, "closed", { name: "billing" }, scene.waiting),
      fails("already_exists"),
    );

    const rotated = await rotateApiKey(scene, { endpoint: "closed", key_id, grace_s: 3 }, scene.waiting);
    assert.deepEqual([await statuses(url, rotated.api_key), await statuses(url, first)], [[200], [200]]);
    await until("the grace is over", async () => (await statuses(url, first)).includes(401));
    assert.deepEqual(await statuses(url, first), [401]);
    assert.deepEqual(await statuses(url, rotated.api_key), [200]);
    await assert.rejects(
      rotateApiKey(scene, { endpoint: "closed", key_id, grace_s: 3 }, scene.waiting),
      fails("failed_precondition"),
    );

    await revokeApiKey(scene, { endpoint: "closed", key_id: second.key.key_id }, scene.waiting);
    assert.deepEqual(await statuses(url, second.api_key), [401]);
    assert.deepEqual(scene.pids(), pids, "no process was replaced");

    await scale(scene, { endpoint: "closed", replicas: 3 }, scene.waiting);
    assert.deepEqual(await statuses(url, rotated.api_key), [200], "a replica that comes later knows, too");
    assert.deepEqual(await statuses(url, second.api_key), [401]);

    const listed = await listApiKeys(scene, "closed");
    assert.deepEqual(listed.map(({ name, status }) => [name, status]), [
      ["first", "active"],
      ["billing", "revoked"],
      ["first", "expired"],
    ]);
    assert.equal(listed[1].requests, 24);
    assert.ok(listed[0].requests >= 48 && listed.every(({ created_by }) => created_by === "tester"));
    const known = JSON.stringify([listed, scene.records.endpoints()]);
    const stored = new TextDecoder("latin1").decode(await Deno.readFile(scene.home.database));
    for (const key of [first, second.api_key, rotated.api_key]) {
      assert.ok(!known.includes(key) && !stored.includes(key));
    }
  });
});

Deno.test("settings change in running replicas, survive the supervisor, and an endpoint is locked only when it has a key", async () => {
  await withScene(async (scene) => {
    const { url } = await deployModel(
      scene,
      { model_id: scene.models.one.model_id, require_gate: false },
      scene.waiting,
    );
    await assert.rejects(
      changeSettings(scene, "flowers", { auth: "api_key" }, scene.waiting),
      fails("failed_precondition"),
    );
    const { api_key } = await createApiKey(scene, "flowers", { name: "app" }, scene.waiting);
    assert.equal((await scene.predict(url)).status, 200, "a key alone locks nothing");
    await changeSettings(
      scene,
      "flowers",
      { auth: "api_key", allowed_origins: ["https://App.example/"] },
      scene.waiting,
    );
    assert.equal((await scene.predict(url)).status, 401);
    const answer = await fetch(`${url}/metadata`, {
      headers: { "x-api-key": api_key, origin: "https://app.example" },
    });
    await answer.body?.cancel();
    assert.deepEqual([answer.status, answer.headers.get("access-control-allow-origin")], [
      200,
      "https://app.example",
    ]);
    await changeSettings(scene, "flowers", { max_body_mb: 0.001 }, scene.waiting);
    const large = await fetch(`${url}/predict`, {
      method: "POST",
      headers: { "content-type": "application/json", "x-api-key": api_key },
      body: " ".repeat(2000),
    });
    await large.body?.cancel();
    assert.equal(large.status, 413);
    await assert.rejects(
      changeSettings(scene, "flowers", { allowed_origins: ["app.example"] }, scene.waiting),
      fails("invalid_argument"),
    );

    const supervisor = await supervisorPid(scene);
    Deno.kill(supervisor, "SIGKILL");
    await until("the supervisor is gone", () => !isAlive(supervisor));
    await changeSettings(scene, "flowers", { auth: "none", max_body_mb: 8 }, scene.waiting);
    assert.equal((await scene.predict(url)).status, 200, "told by the successor");
  });
});

Deno.test("the keys of an endpoint end with it, and there are never too many", async () => {
  await withScene(async (scene) => {
    const { endpoint } = createEndpoint(scene, { name: "closed", auth: "api_key" }, "tester");
    for (let i = 1; i < MAX_ACTIVE_KEYS; i++) {
      await createApiKey(scene, "closed", { name: `caller ${i}` }, scene.waiting);
    }
    await assert.rejects(
      createApiKey(scene, "closed", { name: "one more" }, scene.waiting),
      fails("resource_exhausted"),
    );
    await assert.rejects(
      revokeApiKey(scene, { endpoint: "closed", key_id: "key_none" }, scene.waiting),
      fails("not_found"),
    );
    assert.equal(endpoint.auth, "api_key");
    await deleteEndpoint(scene, "closed", scene.waiting);
    createEndpoint(scene, { name: "closed" }, "tester");
    assert.deepEqual(await listApiKeys(scene, "closed"), []);
  });
});

Deno.test("a home of an earlier mlmcp opens with the key it had", async () => {
  const path = await Deno.makeTempDir({ prefix: "mlmcp-old-" });
  try {
    const home = createHome(path);
    openState(home, "deployment", TABLES.slice(0, 1)).close();
    const old = new DatabaseSync(home.database);
    const insert = old.prepare(
      `INSERT INTO endpoint (name, host, port, auth, api_key_sha256, test_key, replicas, desired, created_at, created_by)
       VALUES (?, '127.0.0.1', ?, ?, ?, 'test', 1, 'stopped', '2026-01-01T00:00:00.000Z', 'ada')`,
    );
    insert.run("closed", 8100, "api_key", "ab".repeat(32));
    insert.run("open", 8101, "none", null);
    old.close();
    const records = openRecords(home);
    const [key] = records.apiKeys("closed");
    assert.match(key.key_id, /^key_[0-9a-f]{12}$/);
    assert.deepEqual([key.name, key.sha256, key.created_by, key.revoked_at], [
      "first",
      "ab".repeat(32),
      "ada",
      null,
    ]);
    assert.deepEqual(records.apiKeys("open"), []);
    const { tls, allowed_origins, max_body_mb, max_waiting } = records.endpoint("open")!;
    assert.deepEqual([tls, allowed_origins, max_body_mb, max_waiting], [false, [], 8, 512]);
    records.close();
  } finally {
    await Deno.remove(path, { recursive: true });
  }
});
