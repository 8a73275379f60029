/** What one replica is: everything that its HTTP apps look at. */
import { AppError } from "@/shared/errors.ts";
import type { Access } from "./access.ts";
import type { Counters } from "./counters.ts";
import type { ModelHolder } from "./served_model.ts";
import type { Turns } from "./turns.ts";
import type { Utilization } from "./utilization.ts";
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
  access: Access;
  /** Of the certificate's PEM text; null without TLS. */
  tls_cert_sha256: string | null;
  turns: Turns;
  /** How many are open now. */
  connections(): number;
  /** Ends this share of the connections, 0 to 1, each with its next answer: who comes again may reach another replica. */
  shed(share: number): void;
  utilization: Utilization;
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
