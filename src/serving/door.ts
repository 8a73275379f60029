/**
 * What every request to an endpoint passes, whichever way it takes inside: who may ask, how often, and one form of
 * error. `/predict` goes through it without a router, everything else through Hono.
 */
import { AppError, ERROR_CODES, type ErrorCode, toWireError } from "@/shared/errors.ts";
import { NO_VERSION, VERSION_HEADER } from "@/shared/replica_protocol.ts";
import type { Exchange } from "./exchange.ts";
import type { Access, ActiveKey } from "./access.ts";
import { Answer } from "./http/answer.ts";
import type { ReadableHeaders } from "./http/request.ts";
import type { RateLimit } from "./rate_limit.ts";
import { noteError, type Replica } from "./replica_state.ts";

/** Sent with what a browser shows or keeps. */
export const SAFE_HEADERS: Readonly<Record<string, string>> = {
  "x-content-type-options": "nosniff",
  "cache-control": "no-store",
  "referrer-policy": "no-referrer",
};

/** Data is no page: whatever a browser is made to do with it, it runs and frames nothing. */
const SAFE_DATA_HEADERS: Readonly<Record<string, string>> = {
  ...SAFE_HEADERS,
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
};

/**
 * The answer to a prediction, with few headers: each costs, and nobody looks at it but a program. Says which
 * deployment's model answered while there is more than one.
 */
export function predictionAnswer({ request_id, told_version }: Exchange, value: unknown): Answer {
  const headers: Record<string, string> = {
    "content-type": "application/json",
    "x-content-type-options": "nosniff",
    "x-request-id": request_id,
  };
  if (told_version !== null) headers[VERSION_HEADER] = String(told_version);
  return new Answer(200, headers, JSON.stringify(value));
}

export function jsonAnswer(
  request_id: string,
  value: unknown,
  status = 200,
  extra: Record<string, string> = {},
): Answer {
  const headers = { "content-type": "application/json", "x-request-id": request_id, ...SAFE_DATA_HEADERS };
  return new Answer(status, { ...headers, ...extra }, JSON.stringify(value));
}

let lastId = 0;
const idPrefix = crypto.randomUUID().slice(0, 8);

/** What an id of a request may look like. */
export const REQUEST_ID = /^[\w.:-]{1,128}$/;

/** The caller's own id where it is a sensible one, else a new one. */
export function requestIdOf(headers: ReadableHeaders): string {
  const given = headers.get("x-request-id");
  return given !== null && REQUEST_ID.test(given) ? given : newRequestId();
}

export function newRequestId(): string {
  return `${idPrefix}-${(++lastId).toString(36)}`;
}

/** Open to everyone, so that a load balancer needs no key. */
const OPEN_PATHS = /^\/(?:v2\/)?health\/(?:live|ready)$/;

/**
 * @returns the key that opened the endpoint; null when none is needed
 * @throws AppError permission_denied, unauthenticated, resource_exhausted or unavailable
 */
export function admit(
  replica: Replica,
  headers: ReadableHeaders,
  path: string,
  now_ms: number,
): ActiveKey | null {
  const { access } = replica;
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
  const key = access.locked && !OPEN_PATHS.test(path) ? requireKey(access, headers) : null;
  if (isPrediction(path) || path === "/explain") {
    take(access.limit, now_ms, "");
    if (key !== null) take(key.limit, now_ms, " with this key");
  }
  return key;
}

function requireKey(access: Access, headers: ReadableHeaders): ActiveKey {
  const given = keyOf(headers);
  const key = given === null ? null : access.find(given);
  if (key !== null) return key;
  throw new AppError(
    "unauthenticated",
    `Cannot answer: ${given === null ? "the request carries no API key" : "the API key is not known"}`,
    {
      hint:
        "Send a key that create_endpoint or create_api_key gave as `Authorization: Bearer <key>` or `X-API-Key: <key>`.",
    },
  );
}

function take(limit: RateLimit, now_ms: number, whose: string): void {
  if (limit.per_s === null) return;
  const wait_s = limit.take(now_ms);
  if (wait_s > 0) throw new RateExceeded(limit.per_s, wait_s, whose);
}

/** Predictions are counted and limited; looking at the endpoint is not. */
export function isPrediction(path: string): boolean {
  return path === "/predict" || (path.startsWith("/v2/models/") && path.endsWith("/infer"));
}

export class RateExceeded extends AppError {
  readonly retry_after_s: number;
  constructor(per_s: number, wait_s: number, whose: string) {
    super(
      "resource_exhausted",
      `Cannot answer now: more than ${
        Math.round(per_s * 100) / 100
      } requests a second came${whose} to this replica`,
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
export function errorAnswer(replica: Replica, error: unknown, path: string, request_id: string): Answer {
  const wire = toWireError(error);
  let status: number = ERROR_CODES[wire.code].http;
  const extra: Record<string, string> = {};
  if (!(error instanceof AppError)) noteError(replica, path, error);
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
  return jsonAnswer(request_id, body, status, extra);
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

function keyOf(headers: ReadableHeaders): string | null {
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

/** Counts a prediction for the model that answered and the key that asked, and how long it took. */
export function count(
  replica: Replica,
  { model, key_id }: Exchange,
  status: number,
  started_ms: number,
): void {
  const now = performance.now();
  if (key_id !== null) replica.counters.recordKey(key_id);
  replica.counters.record(model === null ? NO_VERSION : model.version, status, now - started_ms, now);
}

/** The answer to bytes that are no request, or that came too slowly. */
export function refuseBytes(status: number, reason: string): Answer {
  const code: ErrorCode = status === 408
    ? "deadline_exceeded"
    : status === 501 || status === 505
    ? "unimplemented"
    : "invalid_argument";
  const error = {
    code,
    message: `Cannot read the request: ${reason}`,
    hint: "GET /docs shows requests that work.",
  };
  return jsonAnswer(newRequestId(), { error }, status);
}
