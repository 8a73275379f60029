/** GET /metrics. Source: Prometheus text exposition format 0.0.4. */
import type { Replica } from "./replica_state.ts";

export function metricsText(replica: Replica): string {
  const { counters, holder: { current: model } } = replica;
  const total = counters.total();
  const labels = (more: Record<string, string | number>) =>
    `{${
      Object.entries({ endpoint: replica.endpoint, ...more }).map(([key, value]) =>
        `${key}="${escape(String(value))}"`
      ).join(",")
    }}`;
  const lines: string[] = [];
  const family = (name: string, type: string, help: string, samples: [string, number][]) => {
    lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`);
    for (const [suffixAndLabels, value] of samples) lines.push(`${name}${suffixAndLabels} ${value}`);
  };
  family(
    "mlmcp_requests_total",
    "counter",
    "Prediction requests answered, by HTTP status.",
    [...total.byStatus].sort(([a], [b]) => a - b).map(([status, count]) => [labels({ status }), count]),
  );
  family("mlmcp_rows_total", "counter", "Rows predicted.", [[labels({}), total.rows]]);
  family("mlmcp_requests_in_flight", "gauge", "Requests being answered.", [[labels({}), counters.inFlight]]);
  const { latency } = total;
  family("mlmcp_request_duration_seconds", "histogram", "Time to answer a prediction request.", [
    ...latency.cumulative().map((
      { le_s, count },
    ): [string, number] => [`_bucket${labels({ le: le_s })}`, count]),
    [`_bucket${labels({ le: "+Inf" })}`, latency.count],
    [`_sum${labels({})}`, latency.sum_ms / 1000],
    [`_count${labels({})}`, latency.count],
  ]);
  family("mlmcp_uptime_seconds", "gauge", "Since this replica started.", [
    [labels({}), (performance.now() - replica.started_ms) / 1000],
  ]);
  family("mlmcp_model_info", "gauge", "The model that serves; always 1.", [
    [
      labels({
        model: model.model_id,
        version: model.version,
        algorithm: model.artifact.pipeline.algorithm,
        artifact_sha256: model.artifact.sha256,
        replica: replica.replica_id,
      }),
      1,
    ],
  ]);
  return lines.join("\n") + "\n";
}

function escape(text: string): string {
  return text.replace(/[\\"\n]/g, (char) => char === "\n" ? "\\n" : `\\${char}`);
}
