import assert from "node:assert/strict";
import { metricsText } from "@/serving/metrics_text.ts";
import type { Published } from "@/monitoring/watch_protocol.ts";
import { LatencyHistogram } from "@/shared/latency_histogram.ts";
import { makeReplica } from "./make_replica.ts";

/** Every family that there can be, with a name and values that try to break out of the format. */
export function everything(): Published {
  const latency = new LatencyHistogram();
  for (const ms of [0.5, 3, 80, 100_000]) latency.record(ms);
  const counted = { by_status: { 200: 3, 503: 1 }, rows: 5, latency: latency.toWire(), shadow: null };
  const shadow = {
    ...{ requests: 2, failures: 1, dropped: 0, rows: 2, differing: 1, abs_difference: 0.5 },
    latency: latency.toWire(),
  };
  const test = { statistic: 0.3, p_value: 1e-9 };
  const column = {
    ...{ verdict: "drift" as const, psi: 0.4, kolmogorov_smirnov: test, chi_squared: test, rows: 900 },
    ...{ missing_share: 0.1, reference_missing_share: 0, unseen_share: 0, reference_unseen_share: 0 },
    window: "recent" as const,
  };
  return {
    at_s: 1_790_000_000.5,
    counters: { ...counted, per_s: 1, by_version: { 0: counted, 3: counted, 4: { ...counted, shadow } } },
    ...{ in_flight: 2, replicas_ready: 3, restarts: 1 },
    report: {
      versions: [{
        version: 3,
        drift: {
          verdict: "drift",
          rows: { recent: 900, hour: 900 },
          columns: [{ name: 'back\\slash "quote"\nline {x="1"}', ...column }, {
            name: "calm",
            ...column,
            verdict: null,
          }],
          prediction: { name: "species", ...column, kolmogorov_smirnov: null },
        },
        drift_reason: null,
        estimate: {
          ...{ accuracy: 0.8, reference_accuracy: 0.9, confidence: 0.7, reference_confidence: 0.9 },
          rows: 900,
        },
        quality: { rows: 20, metrics: { accuracy: 0.75, log_loss: 0.6 } },
      }],
      feedback: { matched: 20, unmatched: 1 },
      alerts: [{
        ...{ alert_id: "a", rule: 'x "y" for 1s', value: 1, fired_at: "now", resolved_at: null },
        state: "firing",
      }],
    },
  };
}

Deno.test("metrics are those of the whole endpoint once the supervisor has told them", () => {
  const replica = makeReplica();
  replica.counters.record(1, 200, 1, 0);
  assert.match(
    metricsText(replica),
    /^mlmcp_requests_total\{endpoint="garden",version="1",status="200"\} 1$/m,
  );
  replica.watching.published = everything();
  const text = metricsText(replica);
  const expected = [
    'mlmcp_requests_total{endpoint="garden",version="none",status="503"} 1',
    'mlmcp_requests_total{endpoint="garden",version="4",status="200"} 3',
    'mlmcp_request_duration_seconds_count{endpoint="garden",version="3"} 4',
    'mlmcp_shadow_differing_rows_total{endpoint="garden",version="4"} 1',
    'mlmcp_replicas_ready{endpoint="garden"} 3',
    'mlmcp_drift_verdict{endpoint="garden",version="3",column="species",kind="prediction"} 2',
    'mlmcp_quality{endpoint="garden",version="3",metric="log_loss"} 0.6',
    'mlmcp_feedback_total{endpoint="garden",outcome="unmatched"} 1',
    'mlmcp_alert_firing{endpoint="garden",rule="x \\"y\\" for 1s"} 1',
  ];
  for (const line of expected) assert.ok(text.split("\n").includes(line), line);
  assert.ok(!/mlmcp_drift_verdict\{[^}]*column="calm"/.test(text), "what is not known is not told");
});

Deno.test("every line of the metrics is in the exposition format, and every family has its head before it", () => {
  const replica = makeReplica();
  replica.watching.published = everything();
  const families = new Set<string>();
  for (const line of metricsText(replica).trimEnd().split("\n")) {
    const head = line.match(/^# TYPE (\w+) (?:counter|gauge|histogram)$/);
    if (head) {
      assert.ok(!families.has(head[1]), `${head[1]} stands there twice`);
      families.add(head[1]);
    }
    if (line.startsWith("#")) continue;
    assert.match(
      line,
      /^[a-z_]+\{\w+="(?:[^"\\\n]|\\[\\"n])*"(?:,\w+="(?:[^"\\\n]|\\[\\"n])*")*\} -?[\d.e+-]+$/,
    );
    assert.ok(families.has(line.match(/^[a-z_]+?(?=(?:_bucket|_sum|_count)?\{)/)![0]), line);
  }
});
