/**
 * GET /metrics: the whole endpoint's, whichever replica is asked. Source: Prometheus text exposition format 0.0.4.
 *
 * Counts are those of the supervisor's last look, at most a second old, and not this replica's newest: a count that
 * was told once is then kept also when the replica that counted it dies, so the sum never goes back, which
 * Prometheus would take for a restart of everything.
 */
import { VERDICTS } from "@/monitoring/drift.ts";
import type { Published } from "@/monitoring/watch_protocol.ts";
import type { VersionReport, WatchReport, WindowedDrift } from "@/monitoring/watch_report.ts";
import { LatencyHistogram } from "@/shared/latency_histogram.ts";
import { type CountedVersion, NO_VERSION } from "@/shared/replica_protocol.ts";
import type { Replica } from "./replica_state.ts";

type Labels = Record<string, string | number>;
type Sample = [Labels, number | null];

export function metricsText(replica: Replica): string {
  const now_ms = performance.now();
  const published = replica.watching.published ?? ofThisReplica(replica, now_ms);
  const families = new Families(replica.endpoint);
  countedFamilies(families, published.counters.by_version ?? {});
  families.add(
    "mlmcp_requests_by_key_total",
    "counter",
    "Prediction requests answered, by the id of the API key they carried.",
    Object.entries(published.counters.by_key ?? {}).map(([key_id, count]) => [{ key_id }, count]),
  );
  families.add("mlmcp_requests_in_flight", "gauge", "Requests being answered.", [[{}, published.in_flight]]);
  families.add("mlmcp_replicas_ready", "gauge", "Replicas that take requests.", [
    [{}, published.replicas_ready],
  ]);
  families.add("mlmcp_replica_restarts_total", "counter", "Replicas replaced after they died.", [
    [{}, published.restarts],
  ]);
  families.add("mlmcp_look_timestamp_seconds", "gauge", "When the supervisor last summed up the replicas.", [
    [{}, published.at_s],
  ]);
  families.add("mlmcp_uptime_seconds", "gauge", "Since the replica that answered this started.", [
    [{ replica: replica.replica_id }, (now_ms - replica.started_ms) / 1000],
  ]);
  families.add("mlmcp_requests_waiting", "gauge", "Prediction requests that wait for their turn there.", [
    [{ replica: replica.replica_id }, replica.turns.waiting],
  ]);
  families.add("mlmcp_connections", "gauge", "Open connections there.", [
    [{ replica: replica.replica_id }, replica.connections()],
  ]);
  const { current: model } = replica.holder;
  families.add("mlmcp_model_info", "gauge", "The model that serves; always 1.", [[{
    model: model.model_id,
    version: model.version,
    algorithm: model.artifact.pipeline.algorithm,
    artifact_sha256: model.artifact.sha256,
  }, 1]]);
  reportFamilies(families, published.report);
  return families.text();
}

/** Before the supervisor's first look, and where there is none, there is nobody else. */
function ofThisReplica({ counters, state, watching: { report } }: Replica, now_ms: number): Published {
  return {
    at_s: Date.now() / 1000,
    counters: counters.toWire(now_ms),
    in_flight: counters.inFlight,
    replicas_ready: state === "ready" ? 1 : 0,
    restarts: 0,
    report,
  };
}

function countedFamilies(families: Families, by_version: Record<string, CountedVersion>): void {
  const versions = Object.entries(by_version)
    .map(([version, counted]) => ({ version: Number(version), counted }))
    .sort((a, b) => a.version - b.version)
    .map(({ version, counted }) => ({
      label: { version: version === NO_VERSION ? "none" : version },
      counted,
    }));
  families.add(
    "mlmcp_requests_total",
    "counter",
    'Prediction requests answered, by HTTP status; version "none" was refused before a model was chosen.',
    versions.flatMap(({ label, counted }) =>
      Object.entries(counted.by_status).map(([status, count]): Sample => [{ ...label, status }, count])
    ),
  );
  families.add(
    "mlmcp_rows_total",
    "counter",
    "Rows predicted.",
    versions.map(({ label, counted }) => [label, counted.rows]),
  );
  families.histogram(
    "mlmcp_request_duration_seconds",
    "Time to answer a prediction request.",
    versions.map(({ label, counted }) => [label, LatencyHistogram.fromWire(counted.latency)]),
  );
  const shadows = versions.flatMap(({ label, counted: { shadow } }) => shadow ? [{ label, shadow }] : []);
  const count = (name: string, help: string, of: keyof (typeof shadows)[number]["shadow"]) =>
    families.add(name, "counter", help, shadows.map(({ label, shadow }) => [label, shadow[of] as number]));
  count("mlmcp_shadow_requests_total", "Requests that a shadow answered too.", "requests");
  count("mlmcp_shadow_failures_total", "Of these, those that it failed on.", "failures");
  count("mlmcp_shadow_rows_total", "Rows that a shadow answered too.", "rows");
  count("mlmcp_shadow_differing_rows_total", "Of these, with another answer.", "differing");
}

function reportFamilies(families: Families, { versions, feedback, alerts }: WatchReport): void {
  const columns = versions.flatMap(({ version, drift }) =>
    (drift ? [...drift.columns, ...(drift.prediction ? [drift.prediction] : [])] : [])
      .map((column, k) => ({
        label: { version, column: column.name, kind: kindOf(drift!.columns.length, k) },
        column,
      }))
  );
  const ofColumns = (name: string, help: string, value: (column: WindowedDrift) => number | null) =>
    families.add(name, "gauge", help, columns.map(({ label, column }) => [label, value(column)]));
  ofColumns("mlmcp_drift_psi", "Population stability index against the training rows.", ({ psi }) => psi);
  ofColumns(
    "mlmcp_drift_verdict",
    "0 none, 1 warning, 2 drift.",
    ({ verdict }) => verdict && VERDICTS.indexOf(verdict),
  );
  ofColumns(
    "mlmcp_missing_share",
    "Share of the rows without a value.",
    ({ missing_share }) => missing_share,
  );
  ofColumns(
    "mlmcp_unseen_share",
    "Share of the rows with a value that training never had.",
    ({ unseen_share }) => unseen_share,
  );
  const ofVersions = (
    name: string,
    help: string,
    value: (report: VersionReport) => number | null | undefined,
  ) =>
    families.add(
      name,
      "gauge",
      help,
      versions.map((report) => [{ version: report.version }, value(report) ?? null]),
    );
  ofVersions(
    "mlmcp_drift_rows",
    "Rows that drift is judged on, of the last hour.",
    ({ drift }) => drift?.rows.hour,
  );
  ofVersions(
    "mlmcp_estimated_accuracy",
    "Accuracy as estimated from confidence, without labels.",
    ({ estimate }) => estimate?.accuracy,
  );
  ofVersions("mlmcp_labelled_rows", "Rows that the quality is measured on.", ({ quality }) => quality?.rows);
  families.add(
    "mlmcp_quality",
    "gauge",
    "Measured on the last labelled rows.",
    versions.flatMap(({ version, quality }) =>
      Object.entries(quality?.metrics ?? {}).map(([metric, value]): Sample => [{ version, metric }, value])
    ),
  );
  families.add(
    "mlmcp_feedback_total",
    "counter",
    "Labels that came.",
    Object.entries(feedback).map(([outcome, count]) => [{ outcome }, count]),
  );
  families.add(
    "mlmcp_alert_firing",
    "gauge",
    "1 while the alert of that rule fires.",
    alerts.filter(({ state }) => state === "firing").map(({ rule }) => [{ rule }, 1]),
  );
}

function kindOf(columns: number, k: number): string {
  return k < columns ? "feature" : "prediction";
}

class Families {
  readonly #lines: string[] = [];

  constructor(readonly endpoint: string) {}

  /** A family without a sample is left out; null is not known. */
  add(name: string, type: "counter" | "gauge", help: string, samples: Sample[]): void {
    const known = samples.filter(([, value]) => value !== null);
    if (known.length === 0) return;
    this.#head(name, type, help);
    for (const [labels, value] of known) this.#lines.push(`${name}${this.#labels(labels)} ${value}`);
  }

  histogram(name: string, help: string, samples: [Labels, LatencyHistogram][]): void {
    if (samples.length === 0) return;
    this.#head(name, "histogram", help);
    for (const [labels, histogram] of samples) {
      for (const { le_s, count } of histogram.cumulative()) {
        this.#lines.push(`${name}_bucket${this.#labels({ ...labels, le: le_s })} ${count}`);
      }
      this.#lines.push(`${name}_bucket${this.#labels({ ...labels, le: "+Inf" })} ${histogram.count}`);
      this.#lines.push(`${name}_sum${this.#labels(labels)} ${histogram.sum_ms / 1000}`);
      this.#lines.push(`${name}_count${this.#labels(labels)} ${histogram.count}`);
    }
  }

  #head(name: string, type: string, help: string): void {
    this.#lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`);
  }

  #labels(labels: Labels): string {
    const all = Object.entries({ endpoint: this.endpoint, ...labels });
    return `{${all.map(([key, value]) => `${key}="${escape(String(value))}"`).join(",")}}`;
  }

  text(): string {
    return this.#lines.join("\n") + "\n";
  }
}

function escape(text: string): string {
  return text.replace(/[\\"\n]/g, (char) => char === "\n" ? "\\n" : `\\${char}`);
}
