/** Error rate, latency and restarts over the last minutes, from counters that only grow. */
import { type HistogramWire, LatencyHistogram } from "@/shared/latency_histogram.ts";
import type { AlertValues } from "./alert_rule.ts";

export interface TrafficTotals {
  by_status: Record<string, number>;
  latency: HistogramWire;
  restarts: number;
}

interface Seen {
  at_s: number;
  total: number;
  refused: number;
  failed: number;
  latency: HistogramWire;
}

const MINUTE_S = 60;
const STEP_S = 5;
const RESTARTS_S = 600;
/** Of fewer requests in the last minute no rate is told: the first failure of a quiet hour is no outage. */
const FEWEST_REQUESTS = 20;

export class TrafficWindow {
  /** One in five seconds, oldest first. */
  #seen: Seen[] = [];
  /** When restarts were seen, at most a hundred. */
  #restarts: number[] = [];
  #restartsKnown: number | null = null;

  /** @param now_s seconds of any clock that does not jump */
  add({ by_status, latency, restarts }: TrafficTotals, now_s: number): AlertValues {
    const now = seenOf(by_status, latency, now_s);
    while (this.#seen.length > 1 && this.#seen[1].at_s <= now_s - MINUTE_S) this.#seen.shift();
    const before = this.#seen[0] ?? now;
    if (now_s - (this.#seen.at(-1)?.at_s ?? -Infinity) >= STEP_S) this.#seen.push(now);
    this.#countRestarts(restarts, now_s);
    const requests = now.total - before.total;
    const enough = requests >= FEWEST_REQUESTS;
    const recent = LatencyHistogram.between(before.latency, now.latency);
    return {
      error_rate: enough ? (now.failed - before.failed) / requests : null,
      refused_rate: enough ? (now.refused - before.refused) / requests : null,
      requests_per_s: now_s > before.at_s ? requests / (now_s - before.at_s) : null,
      latency_p50_ms: enough ? recent.quantile(0.5) : null,
      latency_p95_ms: enough ? recent.quantile(0.95) : null,
      latency_p99_ms: enough ? recent.quantile(0.99) : null,
      restarts: this.#restarts.length,
    };
  }

  #countRestarts(restarts: number, now_s: number): void {
    const more = Math.min(100, restarts - (this.#restartsKnown ?? restarts));
    for (let i = 0; i < more; i++) this.#restarts.push(now_s);
    this.#restartsKnown = restarts;
    this.#restarts = this.#restarts.filter((at) => at > now_s - RESTARTS_S).slice(-100);
  }
}

function seenOf(by_status: Record<string, number>, latency: HistogramWire, at_s: number): Seen {
  const seen = { at_s, total: 0, refused: 0, failed: 0, latency };
  for (const [status, count] of Object.entries(by_status)) {
    seen.total += count;
    if (Number(status) >= 500) seen.failed += count;
    else if (Number(status) >= 400) seen.refused += count;
  }
  return seen;
}
