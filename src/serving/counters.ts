/** What a replica counts about its predictions. */
import { LatencyHistogram } from "@/shared/latency_histogram.ts";
import type { ReplicaCounters } from "@/shared/replica_protocol.ts";

/** Seconds that the rate is measured over. */
const WINDOW_S = 10;

export class Counters {
  readonly byStatus = new Map<number, number>();
  readonly latency = new LatencyHistogram();
  rows = 0;
  inFlight = 0;
  /** Requests whose body is not complete yet. */
  reading = 0;
  /** Requests in each of the last seconds, as a ring. */
  readonly #ring = new Float64Array(WINDOW_S + 1);
  #second = 0;

  /** @param now_ms performance.now() at the answer */
  record(status: number, latency_ms: number, now_ms: number): void {
    this.byStatus.set(status, (this.byStatus.get(status) ?? 0) + 1);
    this.latency.record(latency_ms);
    this.#forward(now_ms);
    this.#ring[this.#second % this.#ring.length]++;
  }

  /** Requests per second over the last ten whole seconds. */
  perSecond(now_ms: number): number {
    this.#forward(now_ms);
    let sum = 0;
    for (let i = 0; i < this.#ring.length; i++) {
      if (i !== this.#second % this.#ring.length) sum += this.#ring[i];
    }
    return sum / WINDOW_S;
  }

  #forward(now_ms: number): void {
    const second = Math.floor(now_ms / 1000);
    const steps = Math.min(second - this.#second, this.#ring.length);
    for (let i = 0; i < steps; i++) this.#ring[(second - i) % this.#ring.length] = 0;
    this.#second = Math.max(this.#second, second);
  }

  toWire(now_ms: number): ReplicaCounters {
    return {
      by_status: Object.fromEntries(this.byStatus),
      rows: this.rows,
      per_s: this.perSecond(now_ms),
      latency: this.latency.toWire(),
    };
  }
}
