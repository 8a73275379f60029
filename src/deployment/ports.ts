/** Which port an endpoint may have. */
import { AppError } from "@/shared/errors.ts";

/** How many ports from the first one are looked at. */
const RANGE = 2000;

/**
 * Whether nobody listens there. Asked without `reusePort`, so that a port that other replicas share counts as
 * taken, too.
 */
export function isFree(host: string, port: number): boolean {
  try {
    Deno.listen({ hostname: host, port }).close();
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) return false;
    if (error instanceof Deno.errors.PermissionDenied) return false;
    throw new AppError("invalid_argument", `Cannot listen on ${host}:${port}: ${(error as Error).message}`, {
      hint: "serving.host (MLMCP_SERVING_HOST) must be an address of this machine.",
    });
  }
}

/** @throws AppError resource_exhausted when all are taken */
export function firstFreePort(host: string, from: number, taken: ReadonlySet<number>): number {
  const end = Math.min(from + RANGE, 65536);
  for (let port = from; port < end; port++) {
    if (!taken.has(port) && isFree(host, port)) return port;
  }
  throw new AppError("resource_exhausted", `Cannot find a free port: ${from} to ${end - 1} are all taken`, {
    hint: "Set serving.port_from (MLMCP_PORT_FROM) to another range.",
  });
}

/** The address by which this machine reaches what listens on `host`. */
export function localHost(host: string): string {
  return host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "::1" : host;
}
