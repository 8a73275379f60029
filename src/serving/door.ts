/**
 * What every request to an endpoint passes, whichever way it takes inside: who may ask, how often, and one form of
 * error. `/predict` goes through it without a router, everything else through Hono.
 */
import { AppError, ERROR_CODES, toWireError } from "@/shared/errors.ts";
import { NO_VERSION, VERSION_HEADER } from "@/shared/replica_protocol.ts";
import type { Exchange } from "./exchange.ts";
import { knowsKey, type Replica } from "./replica_state.ts";

/** Sent with what a browser shows or keeps. */
export const SAFE_HEADERS: readonly [string, string][] = [
  ["x-content-type-options", "nosniff"],
  ["cache-control", "no-store"],
  ["referrer-policy", "no-referrer"],
];

/** Few headers, as an object: each costs about a microsecond, and a prediction costs five. */
export function jsonResponse(
  request_id: string,
  value: unknown,
  status = 200,
  extra?: Record<string, string>,
): Response {
  const headers = {
    "content-type": "application/json",
    "x-content-type-options": "nosniff",
    "x-request-id": request_id,
  };
  return new Response(JSON.stringify(value), { status, headers: extra ? { ...headers, ...extra } : headers });
}

/** Says which deployment's model answered while there is more than one: a header costs a microsecond. */
export function predictionResponse({ request_id, told_version }: Exchange, value: unknown): Response {
  const extra = told_version === null ? undefined : { [VERSION_HEADER]: String(told_version) };
  return jsonResponse(request_id, value, 200, extra);
}

let lastId = 0;
const idPrefix = crypto.randomUUID().slice(0, 8);

/** The caller's own id where it is a sensible one, else a new one. */
export function requestIdOf(headers: Headers): string {
  const given = headers.get("x-request-id");
  return given !== null && /^[\w.:-]{1,128}$/.test(given) ? given : `${idPrefix}-${(++lastId).toString(36)}`;
}

/** Open to everyone, so that a load balancer needs no key. */
const OPEN_PATHS = /^\/(?:v2\/)?health\/(?:live|ready)$/;

/** @throws AppError permission_denied, unauthenticated, resource_exhausted or unavailable */
export function admit(replica: Replica, headers: Headers, path: string, now_ms: number): void {
  if (replica.loopback && !isLoopbackName(headers.get("host"))) {
    throw new AppError(
      "permission_denied",
      "Cannot answer: this endpoint is reached only as localhost or 127.0.0.1",
      {
        hint:
          "A page of another site may be asking. To open it to other names, set serving.host (MLMCP_SERVING_HOST).",
      },
    );
  }
  if (replica.keys !== null && !OPEN_PATHS.test(path)) {
    const key = keyOf(headers);
    if (key === null || !knowsKey(replica.keys, key)) {
      throw new AppError(
        "unauthenticated",
        `Cannot answer: ${key === null ? "the request carries no API key" : "the API key is not known"}`,
        {
          hint:
            "Send the key that create_endpoint gave as `Authorization: Bearer <key>` or `X-API-Key: <key>`.",
        },
      );
    }
  }
  if (replica.limit.per_s !== null && (isPrediction(path) || path === "/explain")) {
    const wait_s = replica.limit.take(now_ms);
    if (wait_s > 0) throw new RateExceeded(replica.limit.per_s, wait_s);
  }
}

/** Predictions are counted and limited; looking at the endpoint is not. */
export function isPrediction(path: string): boolean {
  return path === "/predict" || (path.startsWith("/v2/models/") && path.endsWith("/infer"));
}

export class RateExceeded extends AppError {
  readonly retry_after_s: number;
  constructor(per_s: number, wait_s: number) {
    super(
      "resource_exhausted",
      `Cannot answer now: more than ${Math.round(per_s * 100) / 100} requests a second came`,
      {
        hint: `Try again in ${Math.ceil(wait_s)} s, as the header Retry-After says.`,
      },
    );
    this.retry_after_s = Math.ceil(wait_s);
  }
}

/** A path that is there, asked with a method that it does not know: HTTP's 405, which no error code stands for. */
export class MethodNotAllowed extends AppError {
  readonly allow: string;
  constructor(method: string, path: string, allow: string) {
    super("unimplemented", `Cannot ${method} ${path}: it answers ${allow} only`, { hint: `Use ${allow}.` });
    this.allow = allow;
  }
}

/** The one place where a failure becomes an answer. */
export function errorResponse(replica: Replica, error: unknown, path: string, request_id: string): Response {
  const wire = toWireError(error);
  let status: number = ERROR_CODES[wire.code].http;
  const extra: Record<string, string> = {};
  if (!(error instanceof AppError)) {
    // There is no disk and no stderr in here: the supervisor asks for it and logs it.
    replica.last_error = `${path}: ${error instanceof Error ? error.stack ?? error.message : String(error)}`;
  }
  if (error instanceof MethodNotAllowed) {
    status = 405;
    extra["allow"] = error.allow;
  } else if (error instanceof RateExceeded) extra["retry-after"] = String(error.retry_after_s);
  else if (wire.code === "unavailable") extra["retry-after"] = "1";
  else if (wire.code === "unauthenticated") {
    // Basic only where a person looks: a browser then asks for the key (as the password) by itself.
    const page = path === "/" || path === "/docs";
    extra["www-authenticate"] = page ? 'Basic realm="API key as the password"' : 'Bearer realm="mlmcp"';
  }
  const inV2 = path === "/v2" || path.startsWith("/v2/");
  const body = inV2 ? { error: wire.hint ? `${wire.message}. ${wire.hint}` : wire.message } : { error: wire };
  return jsonResponse(request_id, body, status, extra);
}

/** The name that was asked for last and is fine: nearly always the same one. */
let lastLoopbackName = "";

function isLoopbackName(host: string | null): boolean {
  if (host === null || host === lastLoopbackName) return true;
  const name = host.replace(/:\d+$/, "").toLowerCase();
  const fine = name === "127.0.0.1" || name === "localhost" || name === "[::1]" ||
    name.endsWith(".localhost");
  if (fine) lastLoopbackName = host;
  return fine;
}

function keyOf(headers: Headers): string | null {
  const given = headers.get("x-api-key");
  if (given !== null) return given;
  const authorization = headers.get("authorization");
  const bearer = authorization?.match(/^Bearer +(\S+)$/i);
  if (bearer) return bearer[1];
  const basic = authorization?.match(/^Basic +([A-Za-z0-9+/=]+)$/i);
  if (!basic) return null;
  try {
    const pair = atob(basic[1]);
    return pair.slice(pair.indexOf(":") + 1);
  } catch {
    return null;
  }
}

/** Counts a prediction for the model that answered, and how long it took. */
export function count(replica: Replica, { model }: Exchange, status: number, started_ms: number): void {
  const now = performance.now();
  replica.counters.record(model === null ? NO_VERSION : model.version, status, now - started_ms, now);
}
