/** Changes of how many replicas an endpoint has, each with a line in its history. */
import { AppError } from "@/shared/errors.ts";
import { transact } from "@/shared/home.ts";
import { addEvent } from "./events.ts";
import type { EndpointRow, Records } from "./records.ts";

/** More on one machine than make sense. */
export const MAX_REPLICAS = 64;
/** Who changes the number within a range. */
export const AUTOSCALER = "autoscaler";

/** Either a number, or a range; of a range what is left out stays as it is. */
export interface ScaleWishes {
  replicas?: number;
  min_replicas?: number;
  max_replicas?: number;
  /** Seconds; undefined and none before: by the config. */
  idle_s?: number;
}

/** Whether the kernel spreads connections over processes that share a port. */
export function kernelBalances(): boolean {
  return Deno.build.os === "linux";
}

/** @throws AppError invalid_argument; failed_precondition where the kernel does not balance */
export function wantScale(records: Records, name: string, wishes: ScaleWishes, caller: string): void {
  const { replicas, min_replicas, max_replicas, idle_s } = wishes;
  const ranged = min_replicas !== undefined || max_replicas !== undefined || idle_s !== undefined;
  if ((replicas !== undefined) === ranged) {
    throw cannot(name, "give replicas, or a range", "A range is min_replicas and max_replicas.");
  }
  if (ranged && !kernelBalances()) {
    throw new AppError(
      "failed_precondition",
      `Cannot scale endpoint "${name}" by its load: on ${Deno.build.os} processes can't share a port evenly`,
      { hint: "Give a fixed number of replicas; scaling by load works on Linux." },
    );
  }
  transact(records.db, () => {
    const endpoint = records.endpoint(name);
    if (!endpoint) return;
    if (replicas !== undefined) fixReplicas(records, endpoint, replicas, caller);
    else setRange(records, endpoint, wishes, caller);
  });
}

/** A number that the load does not change. For a transaction. */
export function fixReplicas(
  records: Records,
  { name, replicas: from, max_replicas }: EndpointRow,
  replicas: number,
  caller: string,
): void {
  if (from === replicas && max_replicas === null) return;
  records.updateEndpoint(name, { replicas, min_replicas: null, max_replicas: null, idle_s: null });
  addEvent(records, "scaled", { endpoint: name }, caller, { from, to: replicas });
}

function setRange(records: Records, endpoint: EndpointRow, wishes: ScaleWishes, caller: string): void {
  const { name, replicas: from } = endpoint;
  const max_replicas = wishes.max_replicas ?? endpoint.max_replicas;
  if (max_replicas === null) {
    throw cannot(name, "max_replicas is missing", "A range is min_replicas and max_replicas.");
  }
  const min_replicas = wishes.min_replicas ?? endpoint.min_replicas ?? 1;
  if (min_replicas > max_replicas) {
    throw cannot(name, `min_replicas ${min_replicas} is above max_replicas ${max_replicas}`, "Swap them.");
  }
  if (wishes.idle_s !== undefined && min_replicas > 0) {
    throw cannot(name, `idle_s needs min_replicas 0, and it is ${min_replicas}`, "Give min_replicas 0, too.");
  }
  const range = {
    min_replicas,
    max_replicas,
    idle_s: min_replicas > 0 ? null : wishes.idle_s ?? endpoint.idle_s,
  };
  const replicas = Math.min(max_replicas, Math.max(min_replicas, from));
  records.updateEndpoint(name, { replicas, ...range });
  addEvent(records, "scaled", { endpoint: name }, caller, { from, to: replicas, ...range });
}

function cannot(name: string, state: string, hint: string): AppError {
  return new AppError("invalid_argument", `Cannot scale endpoint "${name}": ${state}`, { hint });
}

/**
 * What the load wants, within the range as it is now.
 * @param detail the reason and the numbers that decided
 * @returns the endpoint as it is then; as given when its range was changed meanwhile
 */
export function scaleByLoad(
  records: Records,
  endpoint: EndpointRow,
  replicas: number,
  detail: Record<string, unknown>,
): EndpointRow {
  return transact(records.db, () => {
    const now = records.endpoint(endpoint.name);
    if (now?.desired !== "running" || now.max_replicas === null || now.replicas !== endpoint.replicas) {
      return now ?? endpoint;
    }
    records.updateEndpoint(now.name, { replicas });
    addEvent(records, "scaled", { endpoint: now.name }, AUTOSCALER, {
      from: now.replicas,
      to: replicas,
      ...detail,
    });
    return { ...now, replicas };
  });
}
