/** How a shadow's answers compare with those that callers got. */
import { LatencyHistogram } from "@/shared/latency_histogram.ts";
import type { CountedShadow } from "@/shared/replica_protocol.ts";

export class ShadowCounters {
  requests = 0;
  failures = 0;
  dropped = 0;
  rows = 0;
  differing = 0;
  abs_difference = 0;
  readonly latency = new LatencyHistogram();

  toWire(): CountedShadow {
    const { requests, failures, dropped, rows, differing, abs_difference } = this;
    return { requests, failures, dropped, rows, differing, abs_difference, latency: this.latency.toWire() };
  }
}
