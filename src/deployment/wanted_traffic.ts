/** What the replicas of an endpoint shall do with requests, from what its rows want. */
import { plainTraffic, type TrafficPlan } from "@/shared/replica_protocol.ts";
import type { DeploymentRow } from "./records.ts";

/**
 * @param challenger the canary or shadow beside what is live; null for none. What is still pending counts by its
 *   strategy, so that what will be can be told before it is
 */
export function wantedTraffic(live: DeploymentRow, challenger: DeploymentRow | null): TrafficPlan {
  if (challenger === null) return plainTraffic(live.version);
  const kind = challenger.status === "pending" ? challenger.strategy : challenger.status;
  const canary = kind === "canary" ? { version: challenger.version, weight: challenger.weight! } : null;
  // A canary whose answers are to be compared is a shadow of what it does not answer.
  const compared = kind === "shadow" || (challenger.rules?.max_disagreement ?? 1) < 1;
  return {
    primary: live.version,
    canary,
    shadow: compared ? challenger.version : null,
    sticky_header: canary && challenger.sticky_header,
  };
}

export function sameTraffic(a: TrafficPlan, b: TrafficPlan): boolean {
  return a.primary === b.primary && a.canary?.version === b.canary?.version &&
    a.canary?.weight === b.canary?.weight && a.shadow === b.shadow && a.sticky_header === b.sticky_header;
}

/** The versions whose models it needs. */
export function versionsOf({ primary, canary, shadow }: TrafficPlan): number[] {
  return [...new Set([primary, canary?.version, shadow])].filter((version) => typeof version === "number");
}
