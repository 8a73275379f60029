/** Counters of several replicas as those of one, also of replicas that are gone and of earlier mlmcps. */
import { type HistogramWire, LatencyHistogram } from "@/shared/latency_histogram.ts";
import type { Counted, CountedShadow, CountedVersion, ReplicaCounters } from "@/shared/replica_protocol.ts";
import { NO_VERSION } from "@/shared/replica_protocol.ts";

/** Versions that are kept apart for an endpoint; what older ones counted goes to NO_VERSION. */
const MAX_VERSIONS = 32;

/** The rate is that of now, so it is not added. */
export function addCounters(a: ReplicaCounters | null, b: ReplicaCounters): ReplicaCounters {
  if (!a) return { ...b, per_s: 0 };
  const by_version = { ...a.by_version };
  for (const [version, counted] of Object.entries(b.by_version ?? {})) {
    by_version[version] = addVersions(by_version[version], counted);
  }
  return { ...addCounted(a, b), per_s: 0, by_version: bounded(by_version) };
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
