import assert from "node:assert/strict";
import { Counters } from "@/serving/counters.ts";
import { RateLimit } from "@/serving/rate_limit.ts";
import { LatencyHistogram } from "@/shared/latency_histogram.ts";

Deno.test("counters give the rate of the last ten whole seconds", () => {
  const counters = new Counters();
  for (let second = 100; second < 110; second++) {
    for (let i = 0; i < 20; i++) counters.record(200, 1, second * 1000 + i);
  }
  assert.equal(counters.perSecond(110_000), 20);
  assert.equal(counters.perSecond(115_000), 10);
  assert.equal(counters.perSecond(1_000_000), 0);
  assert.equal(counters.toWire(1_000_000).by_status["200"], 200);
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
