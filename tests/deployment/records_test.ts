import assert from "node:assert/strict";
import { createHome, openState } from "@/shared/home.ts";
import { openRecords } from "@/deployment/changes.ts";
import { TABLES } from "@/deployment/records.ts";

Deno.test("a home whose tables know no canary opens, with all that it held", async () => {
  const path = await Deno.makeTempDir({ prefix: "mlmcp-records-" });
  const home = createHome(path);
  try {
    const old = openState(home, "deployment", TABLES.slice(0, 1));
    const retired = {
      by_status: { "200": 7 },
      rows: 9,
      per_s: 0,
      latency: { buckets: [[40, 7]], sum_ms: 7 },
    };
    old.exec(
      `INSERT INTO endpoint VALUES ('flowers', '127.0.0.1', 8100, 'none', NULL, 'key', NULL, 1, 'running', 2, NULL,
         '${JSON.stringify(retired)}', '2026-01-01T00:00:00.000Z', 'local');
       INSERT INTO deployment VALUES
         ('dep_1', 'flowers', 1, 'flowers@1', 'aa', 'production', 'gate_1', 'local', 'deploy', 'stopped', 'superseded',
           NULL, '2026-01-01T00:00:00.000Z', '2026-01-01T00:00:01.000Z', '2026-01-02T00:00:00.000Z'),
         ('dep_2', 'flowers', 2, 'flowers@2', 'bb', 'production', NULL, 'ann', 'update', 'running', 'live',
           NULL, '2026-01-02T00:00:00.000Z', '2026-01-02T00:00:00.000Z', NULL);
       INSERT INTO replica VALUES ('flowers-1', 'flowers', 1, 1, 1, 'token', 2, 'ready', 0, '2026-01-01', NULL);`,
    );
    old.close();
    const records = openRecords(home);
    assert.deepEqual(records.endpoint("flowers")?.retired, retired);
    assert.equal(records.live("flowers")?.deployment_id, "dep_2");
    assert.equal(records.challenger("flowers"), null);
    assert.deepEqual(records.events("flowers", 10), []);
    const first = records.version("flowers", 1)!;
    assert.deepEqual([first.gate_id, first.strategy, first.weight, first.rules], [
      "gate_1",
      "replace",
      null,
      null,
    ]);
    assert.throws(
      () => records.updateDeployment("dep_1", { status: "live" }),
      /UNIQUE/,
      "still only one is live",
    );
    records.updateDeployment("dep_1", { status: "canary", weight: 0.5 });
    assert.equal(records.challenger("flowers")?.version, 1);
    records.close();
  } finally {
    await Deno.remove(path, { recursive: true });
  }
});
