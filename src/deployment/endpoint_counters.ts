/** What the replicas of an endpoint have counted together, and that nothing of it is taken back. */
import type { ReplicaCounters } from "@/shared/replica_protocol.ts";
import { addCounters, missingCounters } from "./add_counters.ts";
import type { Records } from "./records.ts";
import type { ReplicaDoor } from "./replica_door.ts";

/**
 * Of all replicas, also of those that are gone.
 * @param last what the replica in a slot counted when it was last asked; null: what is written of it counts
 */
export function endpointCounters(
  records: Records,
  endpoint: string,
  last: (slot: number) => ReplicaCounters | null,
): ReplicaCounters | null {
  let sum = records.endpoint(endpoint)?.retired ?? null;
  for (const row of records.replicas(endpoint)) {
    const counters = last(row.slot) ?? row.counters;
    if (counters) sum = addCounters(sum, counters);
  }
  return sum;
}

/**
 * When a supervisor and a replica die together, a checkpoint is all that is written of what that replica counted.
 * The others were told more, and have told it on: what was told once must not be taken back.
 */
export async function recallCounters(
  records: Records,
  endpoint: string,
  doors: readonly ReplicaDoor[],
  now: ReplicaCounters | null,
): Promise<void> {
  const told = await Promise.all(doors.map((door) => door.published().catch(() => null)));
  const latest = told.filter((one) => one !== null).sort((a, b) => b.at_s - a.at_s)[0];
  const lost = latest && now && missingCounters(latest.counters, now);
  if (!lost) return;
  const retired = records.endpoint(endpoint)?.retired ?? null;
  records.updateEndpoint(endpoint, { retired: addCounters(retired, lost) });
}
