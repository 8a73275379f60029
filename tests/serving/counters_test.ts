import assert from "node:assert/strict";
import { Counters } from "@/serving/counters.ts";
import { RateLimit } from "@/serving/rate_limit.ts";
import { addCounters } from "@/deployment/add_counters.ts";
import { LatencyHistogram } from "@/shared/latency_histogram.ts";
import { NO_VERSION, type ReplicaCounters } from "@/shared/replica_protocol.ts";

Deno.test("counters give the rate of the last ten whole seconds", () => {
  const counters = new Counters();
  for (let second = 100; second < 110; second++) {
    for (let i = 0; i < 20; i++) counters.record(1, 200, 1, second * 1000 + i);
  }
  assert.equal(counters.perSecond(110_000), 20);
  assert.equal(counters.perSecond(115_000), 10);
  assert.equal(counters.perSecond(1_000_000), 0);
  assert.equal(counters.toWire(1_000_000).by_status["200"], 200);
});

Deno.test("versions are counted apart, and their sums are the totals", () => {
  const counters = new Counters();
  counters.record(1, 200, 1, 0);
  counters.record(2, 200, 4, 0);
  counters.record(2, 500, 4, 0);
  counters.record(NO_VERSION, 401, 0.1, 0);
  counters.of(2).rows += 7;
  const { by_status, rows, by_version, latency } = counters.toWire(0);
  assert.deepEqual(by_status, { "200": 2, "401": 1, "500": 1 });
  assert.equal(rows, 7);
  assert.deepEqual(by_version!["2"].by_status, { "200": 1, "500": 1 });
  assert.deepEqual(by_version!["1"].by_status, { "200": 1 });
  assert.deepEqual(by_version![NO_VERSION].by_status, { "401": 1 });
  assert.equal(LatencyHistogram.fromWire(latency).count, 4);
  assert.equal(LatencyHistogram.fromWire(by_version!["2"].latency).count, 2);
});

Deno.test("of many versions the oldest are counted together, and nothing is lost", () => {
  const counters = new Counters();
  for (let version = 1; version <= 500; version++) counters.record(version, 200, 1, 0);
  let sum: ReplicaCounters | null = null;
  for (let version = 1; version <= 500; version++) {
    const one = new Counters();
    one.record(version, 200, 1, 0);
    sum = addCounters(sum, one.toWire(0));
  }
  for (const { by_status, by_version } of [counters.toWire(0), sum!]) {
    assert.equal(by_status["200"], 500);
    const kept = Object.entries(by_version!);
    assert.ok(kept.length < 40, `${kept.length} kept`);
    assert.equal(by_version!["500"].by_status["200"], 1);
    assert.equal(kept.reduce((total, [, counted]) => total + counted.by_status["200"], 0), 500);
  }
});

Deno.test("counters that an earlier version kept are added to", () => {
  const now = new Counters();
  now.record(3, 200, 1, 0);
  const { by_version: _, ...old } = now.toWire(0);
  const sum = addCounters(addCounters(null, old), now.toWire(0));
  assert.equal(sum.by_status["200"], 2);
  assert.equal(sum.by_version!["3"].by_status["200"], 1);
});

Deno.test("a histogram's quantiles are within a fifth above the true ones, also after adding and the wire", () => {
  const [a, b] = [new LatencyHistogram(), new LatencyHistogram()];
  const values: number[] = [];
  for (let i = 1; i <= 1000; i++) {
    const ms = i * i / 1000;
    values.push(ms);
    (i % 2 ? a : b).record(ms);
  }
  a.add(LatencyHistogram.fromWire(JSON.parse(JSON.stringify(b.toWire()))));
  assert.equal(a.count, 1000);
  for (const q of [0.5, 0.95, 0.99, 1]) {
    const exact = values[Math.ceil(q * 1000) - 1];
    const got = a.quantile(q)!;
    assert.ok(got >= exact * 0.999999 && got <= exact * 1.19, `${q}: ${got} for ${exact}`);
  }
  assert.equal(new LatencyHistogram().quantile(0.5), null);
});

Deno.test("a histogram takes nothing from a wire that does not fit", () => {
  const histogram = LatencyHistogram.fromWire({ buckets: [[-1, 5], [1e9, 5], [3, -2], [3, 4]], sum_ms: 1 });
  assert.equal(histogram.count, 4);
});

Deno.test("a rate limit lets a second's worth through at once, then one at a time", () => {
  const limit = new RateLimit(10, 0);
  let passed = 0;
  for (let i = 0; i < 50; i++) if (limit.take(0) === 0) passed++;
  assert.equal(passed, 10);
  assert.ok(Math.abs(limit.take(0) - 0.1) < 1e-9);
  assert.equal(limit.take(100), 0);
  assert.ok(limit.take(100) > 0);
  assert.equal(new RateLimit(null, 0).take(0), 0);
  const slow = new RateLimit(0.5, 0);
  assert.equal(slow.take(0), 0);
  assert.ok(Math.abs(slow.take(0) - 2) < 1e-9);
});
