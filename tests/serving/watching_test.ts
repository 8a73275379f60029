import assert from "node:assert/strict";
import { createApp } from "@/serving/app.ts";
import { Watching } from "@/serving/watching.ts";
import type { WatchBatch, WatchRequest } from "@/monitoring/watch_protocol.ts";
import { placeOfRequest } from "@/monitoring/watch_protocol.ts";
import { houses } from "./make_artifact.ts";
import { type Failure, makeReplica, post } from "./make_replica.ts";

const ROW = { length: 1.4, width: 0.2 };

const request = (seen: number, settings: Partial<WatchRequest["settings"]> = {}): WatchRequest => ({
  seen,
  joined: [],
  settings: { keep_share: 1, log_share: 0, log_inputs: true, log_omit: [], ...settings },
  published: {
    at_s: 1,
    counters: { by_status: {}, rows: 0, per_s: 0, latency: { buckets: [], sum_ms: 0 } },
    in_flight: 0,
    replicas_ready: 1,
    restarts: 0,
    report: { versions: [], feedback: { matched: 0, unmatched: 0 }, alerts: [] },
  },
});

const rowsIn = ({ tallies }: WatchBatch) => Object.values(tallies).reduce((sum, { rows }) => sum + rows, 0);

Deno.test("what a replica has seen is given once, and again when it did not come through", async () => {
  const replica = makeReplica();
  const app = createApp(replica);
  const predict = () => app.request("/predict", post({ rows: [ROW, ROW] }));
  await predict();
  const first = replica.watching.exchange(request(0));
  assert.deepEqual([first.seq, rowsIn(first), first.records.length], [1, 2, 2]);
  await predict();
  const again = replica.watching.exchange(request(0));
  assert.deepEqual([again.seq, rowsIn(again), again.records.length], [2, 4, 4]);
  const empty = replica.watching.exchange(request(2));
  assert.deepEqual([empty.seq, rowsIn(empty), empty.records.length], [3, 0, 0]);
});

Deno.test("the tally of requests is the tally of their rows, whichever door they came through", async () => {
  const replica = makeReplica();
  const app = createApp(replica);
  await app.request("/predict", post({ rows: [ROW, [5.6, 1.8], { length: null }] }));
  await app.request(
    "/v2/models/flowers/infer",
    post({ inputs: [{ name: "length", datatype: "FP64", shape: [2], data: [1.4, 99] }] }),
  );
  const { tallies } = replica.watching.exchange(request(0));
  const { counts, rows } = tallies[1];
  assert.equal(rows, 5);
  const [length, width] = replica.holder.current.artifact.profile!.columns;
  assert.equal(counts[0], 1, "one length is missing");
  assert.equal(counts[length.counts.length], 1, "one length is above the range");
  assert.equal(counts[length.counts.length + 1], 3, "three widths are missing");
  assert.equal(width.name, "width");
});

Deno.test("of much traffic a thousand rows a second are counted, and records are bounded", () => {
  const replica = makeReplica();
  const { watching } = replica;
  const answer = { predictions: new Array(50_000).fill("setosa"), warnings: [] };
  watching.see(
    { request_id: "r1", started_ms: 0 },
    replica.holder.current,
    new Array(50_000).fill(ROW),
    answer,
  );
  const batch = watching.exchange(request(0));
  assert.equal(rowsIn(batch), 1000);
  assert.equal(batch.records.length, 2000);
  assert.equal(batch.dropped_records, 48_000);
});

Deno.test("replicas agree on which requests are kept", () => {
  const kept = new Array(20_000).fill(0).filter((_, i) =>
    placeOfRequest(`7f3a91c2-${i.toString(36)}`) < 0.25
  );
  assert.ok(Math.abs(kept.length / 20_000 - 0.25) < 0.02, String(kept.length));
  const replica = makeReplica();
  const { watching } = replica;
  watching.exchange(request(0, { keep_share: 0.25 }));
  for (let i = 0; i < 400; i++) {
    watching.see({ request_id: `r${i}`, started_ms: 0 }, replica.holder.current, [ROW], {
      predictions: ["setosa"],
      warnings: [],
    });
  }
  const { records } = watching.exchange(request(1, { keep_share: 0.25 }));
  assert.ok(records.length > 50 && records.length < 150);
  assert.ok(records.every(({ request_id }) => placeOfRequest(request_id) < 0.25));
});

Deno.test("the log is told inputs by name, without those that are to be left out, or none", async () => {
  const replica = makeReplica({}, houses(), "houses@1");
  const app = createApp(replica);
  const { watching } = replica;
  const told = async (settings: Partial<WatchRequest["settings"]>, row: unknown) => {
    const { seq } = watching.exchange(request(0, settings));
    await app.request("/predict", post({ rows: [row] }));
    return watching.exchange(request(seq, settings)).records.at(-1)?.log;
  };
  const all = { log_share: 1 };
  assert.deepEqual(await told(all, { area: 80 }), { inputs: { area: 80, town: null, garden: null } });
  assert.deepEqual(await told(all, [80, "Ulm", true]), { inputs: { area: 80, town: "Ulm", garden: true } });
  assert.deepEqual(await told({ ...all, log_omit: ["town"] }, [80, "Ulm", true]), {
    inputs: { area: 80, garden: true },
  });
  assert.deepEqual(await told({ ...all, log_inputs: false }, [80, "Ulm", true]), {});
  assert.equal(await told({ log_share: 0 }, { area: 80 }), undefined);
});

Deno.test("a model without a profile is served all the same, and nothing is counted", async () => {
  const replica = makeReplica();
  replica.holder.current.artifact.profile = null;
  await createApp(replica).request("/predict", post({ rows: new Array(200).fill(ROW) }));
  assert.deepEqual(replica.watching.exchange(request(0)).tallies, {});
});

async function tell(body: unknown, replica = makeReplica(), headers: Record<string, string> = {}) {
  const response = await createApp(replica).request("/feedback", post(body, headers));
  const json = await response.json();
  return { status: response.status, accepted: json.accepted, json, error: (json as Failure).error };
}

Deno.test("feedback is taken for one row or several, and given to the supervisor", async () => {
  const replica = makeReplica();
  assert.deepEqual((await tell({ request_id: "r1", actual: "setosa" }, replica)).accepted, 1);
  const rows = [{ request_id: "r2", row: 0, actual: "virginica" }, {
    request_id: "r2",
    row: 1,
    actual: "setosa",
  }];
  assert.deepEqual((await tell({ rows }, replica)).accepted, 2);
  assert.deepEqual(replica.watching.exchange(request(0)).feedback, [
    { request_id: "r1", row: 0, actual: "setosa" },
    ...rows,
  ]);
});

Deno.test("feedback that can't be right is refused whole, naming the entry and the rule", async () => {
  const cases: [unknown, RegExp][] = [
    [[], /the body is no object/],
    [{}, /request_id is no id/],
    [{ request_id: "r 1", actual: "setosa" }, /no id of a request, but "r 1"/],
    [{ request_id: "r1" }, /actual is missing/],
    [{ request_id: "r1", actual: "rose" }, /"rose", and "species" has only the classes "setosa"/],
    [{ request_id: "r1", actual: 3 }, /has only the classes/],
    [{ request_id: "r1", row: -1, actual: "setosa" }, /no number of a row, but -1/],
    [{ request_id: "r1", row: "0", actual: "setosa" }, /no number of a row/],
    [{ request_id: "r1", actual: "setosa", weight: 2 }, /has a field "weight"/],
    [{ rows: [] }, /no list of entries/],
    [{ rows: [{ request_id: "r1", actual: "setosa" }, { request_id: "r2" }] }, /rows\[1\].actual is missing/],
    [{ rows: [], request_id: "r1" }, /no list of entries/],
  ];
  for (const [body, expected] of cases) {
    const replica = makeReplica();
    const { status, error } = await tell(body, replica);
    assert.equal(status, 400, JSON.stringify(body));
    assert.match(error.message, expected);
    assert.deepEqual(replica.watching.exchange(request(0)).feedback, []);
  }
  const { status, error } = await tell(
    { request_id: "r1", actual: "12" },
    makeReplica({}, houses(), "houses@1"),
  );
  assert.equal(status, 400);
  assert.match(error.message, /"12", and "price" is a number/);
});

Deno.test("feedback beyond what there is room for is answered 503, not kept silently out", async () => {
  const replica = makeReplica();
  const rows = Array.from({ length: 9_000 }, (_, row) => ({ request_id: "r", row, actual: "setosa" }));
  assert.equal((await tell({ rows }, replica)).status, 200);
  const { status, error } = await tell({ rows }, replica);
  assert.equal(status, 503);
  assert.match(error.message, /too much of it waits/);
  const { seq, feedback } = replica.watching.exchange(request(0));
  assert.equal(feedback.length, 9_000);
  assert.equal((await tell({ rows }, replica)).status, 503, "what did not come through yet takes its room");
  replica.watching.exchange(request(seq));
  assert.equal((await tell({ rows }, replica)).status, 200);
});

Deno.test("a caller who waits hears whether each label met its prediction", async () => {
  const replica = makeReplica();
  const { watching } = replica;
  const wait = { prefer: "respond-async, wait=5" };
  const label = (row: number) => ({ request_id: "r1", row, actual: "setosa" });
  const said = async (body: unknown, matched: boolean[]) => {
    const answer = tell(body, replica, wait);
    let batch = watching.exchange(request(0));
    while (batch.feedback.length < matched.length) {
      await new Promise((done) => setTimeout(done, 1));
      batch = watching.exchange(request(batch.seq));
    }
    watching.exchange({
      ...request(batch.seq),
      joined: batch.feedback.map(({ ticket }, i) => [ticket!, matched[i]]),
    });
    return await answer;
  };
  assert.deepEqual((await said(label(0), [true])).json, { accepted: 1, matched: 1 });
  assert.deepEqual((await said({ rows: [label(0), label(1)] }, [true, false])).json, {
    accepted: 2,
    matched: 1,
    unmatched: [{ request_id: "r1", row: 1 }],
  });
  const { status, error } = await said(label(7), [false]);
  assert.equal(status, 404);
  assert.match(error.message, /no prediction is kept of request "r1", row 7/);
});

Deno.test("a caller who waits in vain is told only that the labels were taken", async () => {
  assert.deepEqual(
    (await tell({ request_id: "r1", actual: "setosa" }, makeReplica(), { prefer: "wait=1" })).json,
    {
      accepted: 1,
    },
  );
});

Deno.test("a row that can't be counted is told to the log, and hurts nobody", () => {
  const replica = makeReplica();
  const failures: unknown[] = [];
  const watching = new Watching((error) => failures.push(error));
  watching.see({ request_id: "r1", started_ms: 0 }, replica.holder.current, [{ wings: 2 }], {
    predictions: ["setosa"],
    warnings: [],
  });
  assert.deepEqual(watching.exchange(request(0)).tallies, {});
  assert.equal(failures.length, 1);
});
