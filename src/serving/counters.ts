/** What a replica counts about its predictions: apart for each version, so that two can be compared. */
import { LatencyHistogram } from "@/shared/latency_histogram.ts";
import { type CountedVersion, NO_VERSION, type ReplicaCounters } from "@/shared/replica_protocol.ts";
import { ShadowCounters } from "./shadow_counters.ts";

/** Seconds that the rate is measured over. */
const WINDOW_S = 10;
/** Versions that are counted apart; what older ones counted goes to NO_VERSION, so that memory stays bounded. */
const MAX_VERSIONS = 32;
/** Keys that are counted apart; what more there are, over time, are counted together. */
const MAX_KEYS = 256;
const OTHER_KEYS = "other";

/** Of one version. */
export class VersionCounters {
  readonly byStatus = new Map<number, number>();
  readonly latency = new LatencyHistogram();
  rows = 0;
  /** What it did beside another version, unseen by callers; null when it never did. */
  shadow: ShadowCounters | null = null;

  add(other: VersionCounters): void {
    for (const [status, count] of other.byStatus) {
      this.byStatus.set(status, (this.byStatus.get(status) ?? 0) + count);
    }
    this.latency.add(other.latency);
    this.rows += other.rows;
  }

  toWire(): CountedVersion {
    return {
      by_status: Object.fromEntries(this.byStatus),
      rows: this.rows,
      latency: this.latency.toWire(),
      shadow: this.shadow?.toWire() ?? null,
    };
  }
}

export class Counters {
  inFlight = 0;
  /** Prediction requests by the id of the key they carried. */
  readonly byKey = new Map<string, number>();
  readonly #versions = new Map<number, VersionCounters>();
  /** Requests in each of the last seconds, as a ring. */
  readonly #ring = new Float64Array(WINDOW_S + 1);
  #second = 0;

  /** @param version a deployment of the endpoint, or NO_VERSION */
  of(version: number): VersionCounters {
    let counters = this.#versions.get(version);
    if (!counters) {
      this.#versions.set(version, counters = new VersionCounters());
      this.#bound();
    }
    return counters;
  }

  #bound(): void {
    const numbers = [...this.#versions.keys()].filter((version) => version !== NO_VERSION).sort((a, b) =>
      a - b
    );
    for (const old of numbers.slice(0, -MAX_VERSIONS)) {
      const counted = this.#versions.get(old)!;
      this.#versions.delete(old);
      this.of(NO_VERSION).add(counted);
    }
  }

  /**
   * @param version which model answered; NO_VERSION when the request was refused before one was chosen
   * @param now_ms performance.now() at the answer
   */
  record(version: number, status: number, latency_ms: number, now_ms: number): void {
    const counters = this.of(version);
    counters.byStatus.set(status, (counters.byStatus.get(status) ?? 0) + 1);
    counters.latency.record(latency_ms);
    this.#forward(now_ms);
    this.#ring[this.#second % this.#ring.length]++;
  }

  recordKey(key_id: string): void {
    const known = this.byKey.has(key_id) || this.byKey.size < MAX_KEYS;
    const counted = known ? key_id : OTHER_KEYS;
    this.byKey.set(counted, (this.byKey.get(counted) ?? 0) + 1);
  }

  /** Of all versions together. */
  total(): VersionCounters {
    const total = new VersionCounters();
    for (const counters of this.#versions.values()) total.add(counters);
    return total;
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
    const { by_status, rows, latency } = this.total().toWire();
    return {
      by_status,
      rows,
      per_s: this.perSecond(now_ms),
      latency,
      by_key: Object.fromEntries(this.byKey),
      by_version: Object.fromEntries(
        [...this.#versions].map(([version, counters]) => [version, counters.toWire()]),
      ),
    };
  }
}
