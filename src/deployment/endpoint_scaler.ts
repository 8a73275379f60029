/** Looks at the load of one endpoint and writes down how many replicas it shall have. */
import type { Config } from "@/shared/config.ts";
import type { Log } from "@/shared/log.ts";
import type { ReplicaCounters } from "@/shared/replica_protocol.ts";
import { autoscale, type LoadSample, newScalingState, type ScalingRange } from "./autoscale.ts";
import type { EndpointRow, Records } from "./records.ts";
import { scaleByLoad } from "./scale_changes.ts";
import type { Slot } from "./slot.ts";

/** What wants a replica of an endpoint that has none. */
export type Wakening = "request" | "deployment";

export interface ScalerParts {
  records: Records;
  log: Log;
  config: Config;
}

export class EndpointScaler {
  #state = newScalingState(performance.now());
  #total = 0;

  constructor(readonly parts: ScalerParts) {}

  /**
   * @param wakening null when nothing waits for a first replica
   * @returns the endpoint with the number that is wanted now
   */
  look(
    endpoint: EndpointRow,
    slots: readonly Slot[],
    counters: ReplicaCounters | null,
    wakening: Wakening | null,
  ): EndpointRow {
    const range = rangeOf(endpoint, this.parts.config);
    if (range === null) {
      this.#state = newScalingState(performance.now());
      return endpoint;
    }
    const total = Object.values(counters?.by_status ?? {}).reduce((sum, count) => sum + count, 0);
    const sample = {
      ...loadOf(endpoint, slots),
      now_ms: performance.now(),
      asked: wakening !== null || total !== this.#total ||
        slots.some(({ lastStatus }) => (lastStatus?.in_flight ?? 0) > 0),
    };
    this.#total = total;
    const decision = autoscale(this.#state, range, sample) ??
      (endpoint.replicas === 0 && wakening ? { replicas: 1, reason: wakening } : null);
    if (decision === null) return endpoint;
    const { utilization, waiting } = this.#state;
    const numbers = { utilization: round(utilization), waiting: round(waiting) };
    const detail = { reason: decision.reason, ...(endpoint.replicas > 0 ? numbers : {}) };
    const scaled = scaleByLoad(this.parts.records, endpoint, decision.replicas, detail);
    if (scaled.replicas !== endpoint.replicas) {
      this.parts.log.info("an endpoint was scaled by its load", {
        endpoint: endpoint.name,
        from: endpoint.replicas,
        to: scaled.replicas,
        ...detail,
      });
    }
    return scaled;
  }
}

/** null when the number is fixed. */
function rangeOf({ min_replicas, max_replicas, idle_s }: EndpointRow, config: Config): ScalingRange | null {
  if (min_replicas === null || max_replicas === null) return null;
  return {
    min_replicas,
    max_replicas,
    idle_ms: 1000 * (idle_s ?? config["serving.idle_s"]),
    quiet_ms: 1000 * config["serving.scale_down_s"],
  };
}

function loadOf({ replicas }: EndpointRow, slots: readonly Slot[]): Omit<LoadSample, "now_ms" | "asked"> {
  const told = slots.filter(({ state }) => state === "ready")
    .map(({ lastStatus }) => lastStatus)
    .filter((status) => status?.utilization !== undefined);
  const sum = (value: (status: NonNullable<typeof told[number]>) => number) =>
    told.reduce((total, status) => total + value(status!), 0);
  return {
    replicas,
    ready: told.length,
    utilization: told.length === 0 ? 0 : sum((status) => status.utilization!) / told.length,
    waiting: sum((status) => status.waiting),
  };
}

function round(value: number): number {
  return Math.round(1000 * value) / 1000;
}
