/** Counters of several replicas as those of one, also of replicas that are gone and of earlier mlmcps. */
import { type HistogramWire, LatencyHistogram } from "@/shared/latency_histogram.ts";
import type { Counted, CountedShadow, CountedVersion, ReplicaCounters } from "@/shared/replica_protocol.ts";
import { NO_VERSION } from "@/shared/replica_protocol.ts";

/** Versions that are kept apart for an endpoint; what older ones counted goes to NO_VERSION. */
const MAX_VERSIONS = 32;
const MAX_KEYS = 256;

const NOTHING: Counted = { by_status: {}, rows: 0, latency: { buckets: [], sum_ms: 0 } };

/** Of an endpoint that nobody has asked yet. */
export const NO_COUNTERS: ReplicaCounters = { ...NOTHING, per_s: 0, by_version: {} };

/** The rate is that of now, so it is not added. */
export function addCounters(a: ReplicaCounters | null, b: ReplicaCounters): ReplicaCounters {
  if (!a) return { ...b, per_s: 0 };
  const by_version = { ...a.by_version };
  for (const [version, counted] of Object.entries(b.by_version ?? {})) {
    by_version[version] = addVersions(by_version[version], counted);
  }
  const by_key = addKeys(a.by_key ?? {}, b.by_key ?? {});
  return { ...addCounted(a, b), per_s: 0, by_key, by_version: bounded(by_version) };
}

/** As many as a replica keeps; the count of a key that was revoked long ago may end up nowhere. */
function addKeys(a: Record<string, number>, b: Record<string, number>): Record<string, number> {
  const by_key = { ...a };
  for (const [key_id, count] of Object.entries(b)) by_key[key_id] = (by_key[key_id] ?? 0) + count;
  return Object.fromEntries(Object.entries(by_key).slice(-MAX_KEYS));
}

/** What was told of an endpoint once and is not in its counters now; null when that is nothing. */
export function missingCounters(told: ReplicaCounters, now: ReplicaCounters): ReplicaCounters | null {
  const total = missing(told, now);
  if (total.rows === 0 && Object.keys(total.by_status).length === 0) return null;
  const by_version: Record<string, CountedVersion> = {};
  for (const [version, counted] of Object.entries(told.by_version ?? {})) {
    by_version[version] = { ...missing(counted, now.by_version?.[version] ?? NOTHING), shadow: null };
  }
  return { ...total, per_s: 0, by_version };
}

function missing(told: Counted, now: Counted): Counted {
  const by_status: Record<string, number> = {};
  for (const [status, count] of Object.entries(told.by_status)) {
    const lost = count - (now.by_status[status] ?? 0);
    if (lost > 0) by_status[status] = lost;
  }
  return {
    by_status,
    rows: Math.max(0, told.rows - now.rows),
    latency: LatencyHistogram.between(now.latency, told.latency).toWire(),
  };
}

function bounded(by_version: Record<string, CountedVersion>): Record<string, CountedVersion> {
  const numbers = Object.keys(by_version).map(Number).filter((version) => version !== NO_VERSION)
    .sort((x, y) => x - y);
  for (const old of numbers.slice(0, -MAX_VERSIONS)) {
    by_version[NO_VERSION] = { ...addVersions(by_version[NO_VERSION], by_version[old]), shadow: null };
    delete by_version[old];
  }
  return by_version;
}

function addVersions(a: CountedVersion | undefined, b: CountedVersion): CountedVersion {
  return a ? { ...addCounted(a, b), shadow: addShadows(a.shadow, b.shadow) } : b;
}

function addCounted(a: Counted, b: Counted): Counted {
  const by_status = { ...a.by_status };
  for (const [status, count] of Object.entries(b.by_status)) {
    by_status[status] = (by_status[status] ?? 0) + count;
  }
  return { by_status, rows: a.rows + b.rows, latency: addHistograms(a.latency, b.latency) };
}

function addShadows(a: CountedShadow | null, b: CountedShadow | null): CountedShadow | null {
  if (!a || !b) return a ?? b;
  return {
    requests: a.requests + b.requests,
    failures: a.failures + b.failures,
    dropped: a.dropped + b.dropped,
    rows: a.rows + b.rows,
    differing: a.differing + b.differing,
    abs_difference: a.abs_difference + b.abs_difference,
    latency: addHistograms(a.latency, b.latency),
  };
}

function addHistograms(a: HistogramWire, b: HistogramWire): HistogramWire {
  const sum = LatencyHistogram.fromWire(a);
  sum.add(LatencyHistogram.fromWire(b));
  return sum.toWire();
}
