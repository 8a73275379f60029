import assert from "node:assert/strict";
import { createHome } from "@/shared/home.ts";
import {
  addDeployment,
  addEndpoint,
  makeLive,
  makeStopped,
  openRecords,
  wantStopped,
} from "@/deployment/changes.ts";
import type { Records } from "@/deployment/records.ts";
import {
  abortChallenger,
  adjustChallenger,
  BY_RULES,
  makeChallenger,
  promoteChallenger,
} from "@/deployment/traffic_changes.ts";

const NOTHING = { challenger: null, primary: null };

/** Rows of an endpoint that serves flowers@1, with flowers@2 as its canary at 0.1. */
async function withCanary(work: (records: Records) => void): Promise<void> {
  const path = await Deno.makeTempDir({ prefix: "mlmcp-changes-" });
  const records = openRecords(createHome(path));
  try {
    addEndpoint(records, {
      name: "flowers",
      host: "127.0.0.1",
      port: 8100,
      auth: "none",
      rate_limit_per_s: null,
      allowed_origins: [],
      max_body_mb: 8,
      max_waiting: 512,
      tls: false,
      caller: "ann",
    });
    makeLive(records, want(records, "flowers@1", null).deployment);
    assert.ok(makeChallenger(records, want(records, "flowers@2", 0.1).deployment, NOTHING));
    work(records);
  } finally {
    records.close();
    await Deno.remove(path, { recursive: true });
  }
}

function want(records: Records, model_id: string, weight: number | null) {
  return addDeployment(records, {
    endpoint: "flowers",
    model_id,
    artifact_sha256: model_id,
    environment: "production",
    gate_id: null,
    caller: "ann",
    action: weight === null ? "deploy" : "update",
    ...(weight === null
      ? {}
      : { challenge: { strategy: "canary", weight, sticky_header: null, rules: null } }),
  });
}

Deno.test("what the rules say holds only for the weight that they judged, what a person says for any", async () => {
  for (const [caller, holds] of [[BY_RULES, false], ["ann", true]] as const) {
    for (
      const change of [
        (records: Records, judged: Parameters<typeof abortChallenger>[1]) =>
          abortChallenger(records, judged, { caller }),
        (records: Records, judged: Parameters<typeof abortChallenger>[1]) =>
          promoteChallenger(records, judged, { caller }),
        (records: Records, judged: Parameters<typeof abortChallenger>[1]) =>
          adjustChallenger(records, judged, { weight: 0.9 }, { caller }),
      ]
    ) {
      await withCanary((records) => {
        const judged = records.challenger("flowers")!;
        assert.ok(adjustChallenger(records, judged, { weight: 0.5 }, { caller: "bob" }));
        assert.equal(change(records, judged), holds);
        if (!holds) assert.equal(records.challenger("flowers")?.weight, 0.5);
      });
    }
  }
});

Deno.test("a challenger that is gone can't be changed any more, by nobody", async () => {
  await withCanary((records) => {
    const judged = records.challenger("flowers")!;
    assert.ok(abortChallenger(records, judged, { caller: "ann", detail: { reason: "asked for" } }));
    for (const caller of [BY_RULES, "ann"]) {
      assert.equal(abortChallenger(records, judged, { caller }), false);
      assert.equal(promoteChallenger(records, judged, { caller }), false);
      assert.equal(adjustChallenger(records, judged, { weight: 0.5 }, { caller }), false);
    }
    assert.equal(records.live("flowers")?.version, 1);
    const [{ event, caller, detail }] = records.events("flowers", 1);
    assert.deepEqual([event, caller, detail], ["aborted", "ann", { from: 0.1, to: 0, reason: "asked for" }]);
  });
});

Deno.test("a canary that was wanted before the endpoint was stopped does not come up beside nothing", async () => {
  await withCanary((records) => {
    const { deployment } = want(records, "flowers@3", 0.2);
    wantStopped(records, "flowers");
    assert.equal(makeChallenger(records, deployment, NOTHING), false);
    makeStopped(records, "flowers");
    assert.deepEqual(records.history("flowers").map(({ status }) => status).sort(), [
      "failed",
      "stopped",
      "stopped",
    ]);
    assert.equal(records.challenger("flowers"), null);
    assert.throws(() => want(records, "flowers@3", 0.2), /nothing serves there/);
  });
});

Deno.test("of two that are wanted at once one waits, also beside what serves", async () => {
  await withCanary((records) => {
    const first = want(records, "flowers@3", 0.2);
    assert.equal(first.is, "new");
    assert.equal(want(records, "flowers@3", 0.2).is, "same");
    assert.equal(want(records, "flowers@4", 0.2).is, "busy");
    assert.equal(want(records, "flowers@3", null).is, "busy", "the same model, but for all requests");
    assert.ok(makeChallenger(records, first.deployment, NOTHING));
    assert.equal(records.version("flowers", 2)?.status, "aborted", "it took the place of the one before");
    assert.equal(want(records, "flowers@3", null).is, "promoted");
    assert.equal(records.live("flowers")?.model_id, "flowers@3");
  });
});
