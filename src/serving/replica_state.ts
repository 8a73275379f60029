/** What one replica is: everything that its HTTP apps look at. */
import { createHash, timingSafeEqual } from "node:crypto";
import { AppError } from "@/shared/errors.ts";
import type { Counters } from "./counters.ts";
import type { RateLimit } from "./rate_limit.ts";
import type { ModelHolder } from "./served_model.ts";
import type { Shadowing } from "./shadowing.ts";
import type { Watching } from "./watching.ts";

export interface Replica {
  endpoint: string;
  replica_id: string;
  /** Listens on loopback only; then only requests to a loopback name are answered (DNS rebinding). */
  loopback: boolean;
  holder: ModelHolder;
  counters: Counters;
  shadowing: Shadowing;
  watching: Watching;
  limit: RateLimit;
  /** SHA-256 of the keys that open the endpoint; null when it is open to all. */
  keys: readonly Uint8Array[] | null;
  state: "checked" | "ready" | "draining";
  /** performance.now() at the start */
  started_ms: number;
  last_error: string | null;
}

/** There is no disk and no stderr in here: the supervisor asks for it and logs it. */
export function noteError(replica: Replica, where: string, error: unknown): void {
  replica.last_error = `${where}: ${error instanceof Error ? error.stack ?? error.message : String(error)}`;
}

export function notReady({ state }: Replica): AppError {
  return new AppError(
    "unavailable",
    `Cannot take requests: this replica is ${state === "draining" ? "draining" : "starting"}`,
    {
      hint: "Try again in a second.",
    },
  );
}

/** Compares hashes, so neither length nor content shows in the time it takes. */
export function knowsKey(keys: readonly Uint8Array[], given: string): boolean {
  const hash = createHash("sha256").update(given).digest();
  let known = false;
  for (const key of keys) if (timingSafeEqual(hash, key)) known = true;
  return known;
}
