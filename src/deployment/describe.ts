/** How an endpoint is, asked from its replicas themselves: right also when no supervisor runs. */
import type { WireError } from "@/shared/errors.ts";
import { type HistogramWire, LatencyHistogram } from "@/shared/latency_histogram.ts";
import type { AccuracyEstimate } from "@/monitoring/drift.ts";
import type { QualityReport } from "@/monitoring/quality.ts";
import type { AlertReport, DriftReport, FeedbackReport, WatchReport } from "@/monitoring/watch_report.ts";
import type { Counted, CountedShadow, ReplicaCounters, ReplicaStatus } from "@/shared/replica_protocol.ts";
import { addCounters } from "./add_counters.ts";
import { NobodyThere } from "./local_http.ts";
import type { EndpointRow, Records, ReplicaRow } from "./records.ts";
import { ReplicaDoor } from "./replica_door.ts";

export interface DescribedReplica {
  replica_id: string;
  pid: number | null;
  status: "starting" | "ready" | "draining" | "down" | "busy";
  restarts: number;
  uptime_s: number | null;
  version: number;
}

/** In ms, within 19 %; null before the first request. */
export interface Latency {
  p50: number | null;
  p95: number | null;
  p99: number | null;
}

/** What callers asked of one version. */
export interface VersionRequests {
  version: number;
  model_id: string;
  total: number;
  /** Of these, answered with a status of 400 or more. */
  errors: number;
  rows: number;
  latency_ms: Latency;
  /** What it did beside another version, unseen by callers; null when it never did. */
  shadow: ShadowRequests | null;
}

export interface ShadowRequests extends Omit<CountedShadow, "abs_difference" | "latency"> {
  /** Share of the rows with another answer; null before the first row. */
  disagreement: number | null;
  /** Mean over the rows; null before the first. */
  mean_abs_difference: number | null;
  latency_ms: Latency;
}

export interface DescribedRequests {
  total: number;
  errors: number;
  per_s: number;
  latency_ms: Latency;
  /** The versions that were asked, the newest first. */
  by_version: VersionRequests[];
}

export interface DescribedEndpoint {
  endpoint: string;
  status: "ready" | "degraded" | "failed" | "stopped";
  version: number | null;
  model_id: string | null;
  url: string;
  replicas: DescribedReplica[];
  traffic: { version: number; model_id: string; weight: number }[];
  requests: DescribedRequests;
  /** Of the version that serves; null: see drift_reason. */
  drift: DriftReport | null;
  drift_reason: string | null;
  /** How right that version is: without labels, and by labels. */
  accuracy: { estimate: AccuracyEstimate | null; labelled: QualityReport | null; feedback: FeedbackReport };
  /** Those that fire, and some that have resolved; newest first. */
  alerts: AlertReport[];
  error: WireError | null;
}

/** The address for callers on this machine. */
export function urlOf({ host, port }: { host: string; port: number }): string {
  return `http://${hostOf(host)}:${port}`;
}

export function hostOf(host: string): string {
  return host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "[::1]" : host.includes(":") ? `[${host}]` : host;
}

export async function describeEndpoint(records: Records, endpoint: EndpointRow): Promise<DescribedEndpoint> {
  const rows = records.replicas(endpoint.name);
  const asked = await Promise.all(rows.map(ask));
  const live = records.live(endpoint.name);
  const replicas = asked.map(({ described }) => described);
  const ready = replicas.filter(({ status }) => status === "ready" || status === "busy").length;
  let counters: ReplicaCounters | null = endpoint.retired;
  let per_s = 0;
  for (const { counters: own } of asked) {
    if (!own) continue;
    counters = addCounters(counters, own);
    per_s += own.per_s;
  }
  const pending = records.pending(endpoint.name);
  const report = await publishedReport(rows);
  return {
    endpoint: endpoint.name,
    status: statusOf(endpoint, ready, live !== null || pending !== null),
    version: live?.version ?? null,
    model_id: live?.model_id ?? null,
    url: urlOf(endpoint),
    replicas,
    traffic: live ? [{ version: live.version, model_id: live.model_id, weight: 1 }] : [],
    requests: requestsOf(records, endpoint.name, counters, per_s),
    ...watchedOf(live?.version ?? null, report),
    error: endpoint.error,
  };
}

/** What the supervisor last told any of the replicas; null when none tells. */
async function publishedReport(rows: readonly ReplicaRow[]): Promise<WatchReport | null> {
  for (const row of rows) {
    if (row.control_port === null) continue;
    try {
      const published = await new ReplicaDoor({ ...row, control_port: row.control_port }).published();
      if (published) return published.report;
    } catch { /* gone, busy, or of an earlier mlmcp: perhaps the next one tells */ }
  }
  return null;
}

function watchedOf(
  live: number | null,
  report: WatchReport | null,
): Pick<DescribedEndpoint, "drift" | "drift_reason" | "accuracy" | "alerts"> {
  const watched = report?.versions.find(({ version }) => version === live);
  const missing = live === null ? "Nothing is deployed." : "The supervisor has not looked at it yet.";
  return {
    drift: watched?.drift ?? null,
    drift_reason: watched ? watched.drift_reason : missing,
    accuracy: {
      estimate: watched?.estimate ?? null,
      labelled: watched?.quality ?? null,
      feedback: report?.feedback ?? { matched: 0, unmatched: 0 },
    },
    alerts: report?.alerts ?? [],
  };
}

function statusOf(endpoint: EndpointRow, ready: number, deployed: boolean): DescribedEndpoint["status"] {
  if (endpoint.desired !== "running" || !deployed) return "stopped";
  if (ready >= endpoint.replicas) return "ready";
  return ready === 0 && endpoint.error ? "failed" : "degraded";
}

async function ask(
  row: ReplicaRow,
): Promise<{ described: DescribedReplica; counters: ReplicaCounters | null }> {
  const { replica_id, pid, restarts, version, status } = row;
  const known = { replica_id, pid, restarts };
  if (row.control_port === null) {
    return { described: { ...known, status: "starting", uptime_s: null, version }, counters: row.counters };
  }
  let answer: ReplicaStatus;
  try {
    answer = await new ReplicaDoor({ ...row, control_port: row.control_port }).status();
  } catch (error) {
    const down = error instanceof NobodyThere;
    return {
      described: {
        ...known,
        status: down ? "down" : status === "ready" ? "busy" : status,
        uptime_s: null,
        version,
      },
      counters: row.counters,
    };
  }
  return {
    described: {
      ...known,
      pid: answer.pid,
      status: answer.state === "checked" ? "starting" : answer.state,
      uptime_s: answer.uptime_s,
      version: answer.version,
    },
    counters: answer.counters,
  };
}

function requestsOf(
  records: Records,
  endpoint: string,
  counters: ReplicaCounters | null,
  per_s: number,
): DescribedRequests {
  const versions = Object.entries(counters?.by_version ?? {})
    .map(([version, counted]) => ({ deployment: records.version(endpoint, Number(version)), counted }))
    .filter(({ deployment }) => deployment !== null)
    .sort((a, b) => b.deployment!.version - a.deployment!.version);
  return {
    ...totalsOf(counters ?? NOTHING),
    per_s: Math.round(per_s * 100) / 100,
    by_version: versions.map(({ deployment, counted }) => ({
      version: deployment!.version,
      model_id: deployment!.model_id,
      ...totalsOf(counted),
      rows: counted.rows,
      shadow: counted.shadow && shadowOf(counted.shadow),
    })),
  };
}

const NOTHING: Counted = { by_status: {}, rows: 0, latency: { buckets: [], sum_ms: 0 } };

function totalsOf(counted: Counted): { total: number; errors: number; latency_ms: Latency } {
  const by_status = Object.entries(counted.by_status);
  const sum = (rows: [string, number][]) => rows.reduce((total, [, count]) => total + count, 0);
  return {
    total: sum(by_status),
    errors: sum(by_status.filter(([status]) => Number(status) >= 400)),
    latency_ms: latencyOf(counted.latency),
  };
}

function shadowOf({ abs_difference, latency, ...counts }: CountedShadow): ShadowRequests {
  const { rows, differing } = counts;
  return {
    ...counts,
    disagreement: rows > 0 ? differing / rows : null,
    mean_abs_difference: rows > 0 ? abs_difference / rows : null,
    latency_ms: latencyOf(latency),
  };
}

function latencyOf(wire: HistogramWire): Latency {
  const latency = LatencyHistogram.fromWire(wire);
  return { p50: latency.quantile(0.5), p95: latency.quantile(0.95), p99: latency.quantile(0.99) };
}
