/** How an endpoint is, asked from its replicas themselves: right also when no supervisor runs. */
import type { WireError } from "@/shared/errors.ts";
import { type HistogramWire, LatencyHistogram } from "@/shared/latency_histogram.ts";
import type { WatchReport } from "@/monitoring/watch_report.ts";
import {
  type Counted,
  type CountedShadow,
  plainTraffic,
  type ReplicaCounters,
  type ReplicaStatus,
  type TrafficPlan,
} from "@/shared/replica_protocol.ts";
import { addCounters } from "./add_counters.ts";
import { type DescribedWatch, publishedReport, watchedOf } from "./describe_watch.ts";
import { figuresNow } from "./judge_challenger.ts";
import { NobodyThere } from "./local_http.ts";
import { type Figures, judge, type PromotionRules, type Verdict } from "./promotion_rules.ts";
import { sameTraffic, wantedTraffic } from "./wanted_traffic.ts";
import type { DeploymentRow, EndpointRow, EventRow, Records, ReplicaRow } from "./records.ts";
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
  /** Requests by the id of the key they carried. */
  by_key: Record<string, number>;
  /** The versions that were asked, the newest first. */
  by_version: VersionRequests[];
}

export interface DescribedEndpoint extends DescribedWatch {
  endpoint: string;
  status: "ready" | "degraded" | "failed" | "stopped";
  version: number | null;
  model_id: string | null;
  url: string;
  replicas: DescribedReplica[];
  traffic: TrafficShare[];
  challenger: DescribedChallenger | null;
  requests: DescribedRequests;
  /** null when the number of replicas is fixed. */
  scaling: DescribedScaling | null;
  /** What happened last, the newest first. */
  events: EventRow[];
  error: WireError | null;
}

/** The range of replicas, and the load that decides within it. */
export interface DescribedScaling {
  min_replicas: number;
  max_replicas: number;
  /** Wanted now. */
  replicas: number;
  /** asleep: nothing runs, and the next caller has a replica started; waking: that replica starts. */
  state: "awake" | "asleep" | "waking";
  /** Without a prediction request for so long it falls asleep; null: never, or as the config says. */
  idle_s: number | null;
  /** Mean over the replicas of the share of time that they were busy; null when none said it. */
  utilization: number | null;
  /** Requests that wait for their turn, all replicas. */
  waiting: number;
}

/** What a version does on an endpoint now. */
export interface TrafficShare {
  version: number;
  model_id: string;
  role: "primary" | "canary" | "shadow";
  /** Share of the requests, 0 to 1. */
  weight: number;
}

/** A canary or a shadow, side by side with the primary. */
export interface DescribedChallenger extends TrafficShare {
  sticky_header: string | null;
  rules: PromotionRules | null;
  /** Since when it is what it is now, with this weight. */
  step_from: string | null;
  /** What both did since; null until the supervisor has seen the step begin. */
  figures: Figures | null;
  /** What the rules say of that; null without rules or figures. */
  verdict: Verdict | null;
}

/** So many events are told with an endpoint. */
const EVENTS = 20;

/** The address for callers on this machine. */
export function urlOf({ host, port, tls }: { host: string; port: number; tls: boolean }): string {
  return `${tls ? "https" : "http"}://${hostOf(host)}:${port}`;
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
  const challenger = records.challenger(endpoint.name);
  return {
    endpoint: endpoint.name,
    status: statusOf(endpoint, ready, live !== null || pending !== null),
    version: live?.version ?? null,
    model_id: live?.model_id ?? null,
    url: urlOf(endpoint),
    replicas,
    traffic: live ? trafficOf(live, challenger) : [],
    challenger: live && challenger && describeChallenger(live, challenger, counters, report),
    requests: requestsOf(records, endpoint.name, counters, per_s),
    ...watchedOf(live?.version ?? null, report),
    scaling: scalingOf(endpoint, asked, ready),
    events: records.events(endpoint.name, EVENTS),
    error: endpoint.error,
  };
}

function scalingOf(
  { min_replicas, max_replicas, replicas, idle_s }: EndpointRow,
  asked: readonly Asked[],
  ready: number,
): DescribedScaling | null {
  if (min_replicas === null || max_replicas === null) return null;
  const loads = asked.map(({ load }) => load).filter((load) => load !== null);
  const mean = loads.reduce((sum, { utilization }) => sum + utilization, 0) / loads.length;
  return {
    min_replicas,
    max_replicas,
    replicas,
    state: replicas === 0 ? "asleep" : ready === 0 ? "waking" : "awake",
    idle_s,
    utilization: loads.length === 0 ? null : Math.round(1000 * mean) / 1000,
    waiting: loads.reduce((sum, { waiting }) => sum + waiting, 0),
  };
}

function trafficOf(live: DeploymentRow, challenger: DeploymentRow | null): TrafficShare[] {
  const share = (
    { version, model_id }: DeploymentRow,
    role: TrafficShare["role"],
    weight: number,
  ): TrafficShare => ({ version, model_id, role, weight: Math.round(weight * 1e9) / 1e9 });
  const weight = challenger?.weight ?? 0;
  return [
    share(live, "primary", 1 - weight),
    ...(challenger ? [share(challenger, weight > 0 ? "canary" : "shadow", weight)] : []),
  ];
}

function describeChallenger(
  live: DeploymentRow,
  challenger: DeploymentRow,
  counters: ReplicaCounters | null,
  report: WatchReport | null,
): DescribedChallenger {
  const { sticky_header, rules, step_from } = challenger;
  const [, shown] = trafficOf(live, challenger);
  const watched = report?.versions.find(({ version }) => version === challenger.version);
  const drift = watched?.drift?.verdict ?? null;
  const figures = figuresNow(live, challenger, counters, drift);
  const verdict = rules && figures && judge(shown.role === "canary" ? "canary" : "shadow", rules, figures);
  return { ...shown, sticky_header, rules, step_from, figures, verdict };
}

/** Whether every replica does with requests what is wanted. */
export async function isSettled(records: Records, endpoint: EndpointRow): Promise<boolean> {
  const live = records.live(endpoint.name);
  if (!live) return false;
  const wanted = wantedTraffic(live, records.challenger(endpoint.name));
  const answers = await Promise.all(records.replicas(endpoint.name).map(ask));
  return answers.every(({ traffic }) => traffic !== null && sameTraffic(traffic, wanted));
}

function statusOf(endpoint: EndpointRow, ready: number, deployed: boolean): DescribedEndpoint["status"] {
  if (endpoint.desired !== "running" || !deployed) return "stopped";
  if (endpoint.replicas === 0 && endpoint.error) return "failed";
  if (ready >= endpoint.replicas) return "ready";
  return ready === 0 && endpoint.error ? "failed" : "degraded";
}

interface Asked {
  described: DescribedReplica;
  counters: ReplicaCounters | null;
  /** null when it did not say. */
  traffic: TrafficPlan | null;
  /** null when it did not say. */
  load: { utilization: number; waiting: number } | null;
}

async function ask(
  row: ReplicaRow,
): Promise<Asked> {
  const { replica_id, pid, restarts, version, status } = row;
  const known = { replica_id, pid, restarts };
  if (row.control_port === null) {
    return {
      described: { ...known, status: "starting", uptime_s: null, version },
      counters: row.counters,
      traffic: null,
      load: null,
    };
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
      traffic: null,
      load: null,
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
    traffic: answer.traffic ?? plainTraffic(answer.version),
    load: answer.utilization === undefined
      ? null
      : { utilization: answer.utilization, waiting: answer.waiting },
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
    by_key: counters?.by_key ?? {},
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
