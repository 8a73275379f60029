/**
 * Pages of other sites ask only where the endpoint's owner has named their origin. Off by default: without these
 * headers a browser keeps an answer from the page, and doesn't send JSON at all.
 *
 * Source: WHATWG Fetch, section 3.3 (CORS protocol).
 */
import { VERSION_HEADER } from "@/shared/replica_protocol.ts";
import type { Access } from "./access.ts";
import { Answer } from "./http/answer.ts";
import type { ReadableHeaders } from "./http/request.ts";

const MAX_AGE_S = 600;
/** What a page may send: the key, and all that changes how it is answered. */
const REQUEST_HEADERS = [
  "authorization",
  "content-type",
  "prefer",
  "x-api-key",
  "x-request-id",
  "x-request-timeout-ms",
  VERSION_HEADER,
];

/** What an answer carries so that a page of that origin may read it; null when it may not, or none asks. */
export function corsHeaders(access: Access, headers: ReadableHeaders): Record<string, string> | null {
  if (access.settings.allowed_origins.length === 0) return null;
  const origin = headers.get("origin");
  // Said also where no page asks, so that no cache gives one page the answer to another.
  if (origin === null || !access.allowsOrigin(origin)) return { vary: "origin" };
  return {
    vary: "origin",
    "access-control-allow-origin": origin,
    "access-control-expose-headers": `x-request-id, retry-after, ${VERSION_HEADER}`,
  };
}

/**
 * The answer to what a browser asks before the request itself; null when it asks nothing, or may not.
 * @param sticky_header by which a canary's callers are told apart, if there is one
 */
export function preflight(
  access: Access,
  headers: ReadableHeaders,
  allow: string,
  sticky_header: string | null,
): Answer | null {
  const cors = corsHeaders(access, headers);
  if (headers.get("access-control-request-method") === null || !cors?.["access-control-allow-origin"]) {
    return null;
  }
  return new Answer(204, {
    ...cors,
    "access-control-allow-methods": allow,
    "access-control-allow-headers": [...REQUEST_HEADERS, ...sticky_header === null ? [] : [sticky_header]]
      .join(", "),
    "access-control-max-age": String(MAX_AGE_S),
  }, "");
}
