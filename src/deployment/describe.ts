/** How an endpoint is, asked from its replicas themselves: right also when no supervisor runs. */
import type { WireError } from "@/shared/errors.ts";
import { LatencyHistogram } from "@/shared/latency_histogram.ts";
import type { ReplicaCounters, ReplicaStatus } from "@/shared/replica_protocol.ts";
import { addCounters } from "./changes.ts";
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

export interface DescribedEndpoint {
  endpoint: string;
  status: "ready" | "degraded" | "failed" | "stopped";
  version: number | null;
  model_id: string | null;
  url: string;
  replicas: DescribedReplica[];
  traffic: { version: number; model_id: string; weight: number }[];
  requests: {
    total: number;
    errors: number;
    per_s: number;
    latency_ms: { p50: number | null; p95: number | null; p99: number | null };
  };
  drift: null;
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
  return {
    endpoint: endpoint.name,
    status: statusOf(endpoint, ready, live !== null || pending !== null),
    version: live?.version ?? null,
    model_id: live?.model_id ?? null,
    url: urlOf(endpoint),
    replicas,
    traffic: live ? [{ version: live.version, model_id: live.model_id, weight: 1 }] : [],
    requests: requestsOf(counters, per_s),
    drift: null,
    error: endpoint.error,
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

function requestsOf(counters: ReplicaCounters | null, per_s: number): DescribedEndpoint["requests"] {
  const by_status = Object.entries(counters?.by_status ?? {});
  const sum = (rows: [string, number][]) => rows.reduce((total, [, count]) => total + count, 0);
  const latency = LatencyHistogram.fromWire(counters?.latency);
  return {
    total: sum(by_status),
    errors: sum(by_status.filter(([status]) => Number(status) >= 400)),
    per_s: Math.round(per_s * 100) / 100,
    latency_ms: { p50: latency.quantile(0.5), p95: latency.quantile(0.95), p99: latency.quantile(0.99) },
  };
}
