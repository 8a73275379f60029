import assert from "node:assert/strict";
import { LatencyHistogram } from "@/shared/latency_histogram.ts";
import type { CountedVersion } from "@/shared/replica_protocol.ts";
import {
  type Figures,
  figuresOf,
  judge,
  nextWeight,
  type PromotionRules,
} from "@/deployment/promotion_rules.ts";

const RULES: PromotionRules = {
  min_requests: 100,
  step_s: 60,
  steps: [0.05, 0.25],
  max_error_rate: 0.01,
  max_latency_ratio: 2,
  max_latency_ms: 50,
  max_disagreement: 0.1,
  max_drift: "warning",
  promote: true,
};
const GOOD: Figures = {
  elapsed_s: 61,
  requests: 100,
  errors: 0,
  error_rate: 0,
  primary_requests: 1900,
  primary_errors: 0,
  primary_error_rate: 0,
  latency_ms: 2,
  primary_latency_ms: 2,
  compared_rows: 1900,
  differing_rows: 10,
  disagreement: 10 / 1900,
  mean_abs_difference: 0.01,
  drift: "none",
};
const decide = (
  change: Partial<Figures>,
  rules: Partial<PromotionRules> = {},
  kind: "canary" | "shadow" = "canary",
) => judge(kind, { ...RULES, ...rules }, { ...GOOD, ...change });

Deno.test("a challenger passes once it has had its requests and its time within every limit", () => {
  assert.deepEqual(decide({}), { decision: "pass", reasons: [] });
  assert.deepEqual(decide({ requests: 99 }), { decision: "wait", reasons: ["99 of 100 requests"] });
  assert.deepEqual(decide({ elapsed_s: 10 }), { decision: "wait", reasons: ["10 of 60 s"] });
});

Deno.test("each limit ends a challenger, and says with which number", () => {
  const cases: [Partial<Figures>, RegExp][] = [
    [{ errors: 2 }, /error rate 2 % beyond the primary's, and 1 % is allowed/],
    [{ latency_ms: 5 }, /2\.5 times the primary's, and 2 is allowed/],
    [{ latency_ms: 60, primary_latency_ms: 55 }, /60 ms, and 50 ms is allowed/],
    [{ differing_rows: 380 }, /20 % of the answers differ/],
    [{ drift: "drift" }, /drift is "drift", and "warning" is allowed/],
  ];
  for (const [figures, reason] of cases) {
    const { decision, reasons } = decide(figures);
    assert.equal(decision, "fail", String(reason));
    assert.equal(reasons.length, 1);
    assert.match(reasons[0], reason);
  }
});

Deno.test("a limit that is null, or what is not known, ends nobody", () => {
  const none = {
    max_error_rate: null,
    max_latency_ratio: null,
    max_latency_ms: null,
    max_disagreement: null,
    max_drift: null,
  };
  const worst: Partial<Figures> = { errors: 100, latency_ms: 999, differing_rows: 1900, drift: "drift" };
  assert.equal(decide(worst, none).decision, "pass");
  assert.equal(decide({ drift: null, latency_ms: null, primary_latency_ms: null }).decision, "pass");
});

Deno.test("few requests are no verdict, but what can't become good any more is one at once", () => {
  assert.equal(decide({ requests: 2, errors: 1 }).decision, "wait", "one bad answer of the first two");
  assert.equal(
    decide({ requests: 2, errors: 2, elapsed_s: 1 }).decision,
    "fail",
    "more than one in a hundred",
  );
  assert.equal(decide({ requests: 10, latency_ms: 999 }).decision, "wait");
});

Deno.test("errors that the primary makes as well are no fault of the challenger", () => {
  const bad = { errors: 30, primary_errors: 570, primary_error_rate: 0.3 };
  assert.equal(decide(bad).decision, "pass");
  assert.equal(decide({ ...bad, errors: 35 }).decision, "fail");
  assert.equal(
    decide(bad, {}, "shadow").decision,
    "fail",
    "a shadow is asked only what the primary could answer",
  );
});

Deno.test("a latency's ratio counts only for a canary, and where the primary was asked enough", () => {
  assert.equal(decide({ latency_ms: 9 }, {}, "shadow").decision, "pass");
  assert.equal(decide({ latency_ms: 9, primary_requests: 50 }).decision, "pass");
});

Deno.test("weights go up the steps from wherever one is, then to all", () => {
  assert.equal(nextWeight(RULES, null), 0.05);
  assert.equal(nextWeight(RULES, 0.05), 0.25);
  assert.equal(nextWeight(RULES, 0.1), 0.25);
  assert.equal(nextWeight(RULES, 0.25), 1);
  assert.equal(nextWeight({ ...RULES, steps: [] }, null), 1);
});

function counted(
  by_status: Record<string, number>,
  latencies: number[],
  shadow: CountedVersion["shadow"] = null,
) {
  const latency = new LatencyHistogram();
  for (const ms of latencies) latency.record(ms);
  return { by_status, rows: 0, latency: latency.toWire(), shadow };
}

Deno.test("figures are of what came since the step began, and lost counts are nothing", () => {
  const from = counted({ "200": 50 }, [100, 100, 100]);
  const to = counted({ "200": 90, "400": 3, "500": 7 }, [100, 100, 100, 1, 1]);
  const figures = figuresOf("canary", { from, to }, { from: to, to: from }, 12.34, null);
  assert.deepEqual([figures.requests, figures.errors, figures.error_rate], [50, 10, 0.2]);
  assert.ok(figures.latency_ms! >= 1 && figures.latency_ms! < 1.2);
  assert.deepEqual([figures.primary_requests, figures.primary_error_rate, figures.elapsed_s], [
    0,
    null,
    12.3,
  ]);
});

Deno.test("a shadow's figures are those of what it was asked beside", () => {
  const shadow = { requests: 10, failures: 1, dropped: 5, rows: 9, differing: 3, abs_difference: 0.9 };
  const latency = counted({}, [4]).latency;
  const to = counted({}, [], { ...shadow, latency });
  const figures = figuresOf("shadow", { from: null, to }, { from: null, to: null }, 1, null);
  assert.deepEqual([figures.requests, figures.errors, figures.disagreement], [10, 1, 1 / 3]);
  assert.ok(Math.abs(figures.mean_abs_difference! - 0.1) < 1e-12);
});
