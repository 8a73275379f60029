import assert from "node:assert/strict";
import { createApp } from "@/serving/app.ts";
import { makeReplica, post } from "./make_replica.ts";

Deno.test("POST /explain tells what each value does, and counts as no prediction", async () => {
  const replica = makeReplica();
  const response = await createApp(replica).request("/explain", post({ row: { length: 1.4, width: 0.2 } }));
  assert.equal(response.status, 200);
  const { prediction, effects, model } = await response.json();
  assert.deepEqual([prediction, model], ["setosa", "flowers@3"]);
  assert.deepEqual(effects.map(({ column }: { column: string }) => column).sort(), ["length", "width"]);
  assert.equal(replica.counters.total().rows, 0);
  assert.equal(replica.counters.total().latency.count, 0);
});

Deno.test("POST /explain says what it takes, and names the column that is wrong", async () => {
  const app = createApp(makeReplica());
  for (const body of [{}, [], { rows: [{ length: 1 }] }, { row: [1, 2] }, { row: { length: 1 }, more: 1 }]) {
    const response = await app.request("/explain", post(body));
    assert.equal(response.status, 400);
    assert.match((await response.json()).error.message, /the body must be/);
  }
  const response = await app.request("/explain", post({ row: { length: "long" } }));
  assert.match((await response.json()).error.message, /column "length" must be a number/);
});
