/** What clients may take of one replica, as the settings say. */
import type { Config } from "./config.ts";
import type { HttpLimits } from "./replica_protocol.ts";

/** Of all clients together: far below what a machine has, far above what callers need. */
const MAX_PENDING_BYTES = 256 * 1024 * 1024;

export function limitsOf(config: Config): HttpLimits {
  return {
    max_connections: config["serving.max_connections"],
    header_timeout_ms: config["serving.header_timeout_s"] * 1000,
    idle_timeout_ms: config["serving.idle_timeout_s"] * 1000,
    transfer_timeout_ms: config["serving.transfer_timeout_s"] * 1000,
    max_pending_bytes: MAX_PENDING_BYTES,
  };
}
