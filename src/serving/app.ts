/** The HTTP app of an endpoint. */
import { type Context, Hono } from "hono";
import { AppError } from "@/shared/errors.ts";
import { corsHeaders, preflight } from "./cors.ts";
import { docsPage } from "./docs_page.ts";
import {
  admit,
  count,
  errorAnswer,
  isPrediction,
  jsonAnswer,
  MethodNotAllowed,
  predictionAnswer,
  requestIdOf,
  SAFE_HEADERS,
} from "./door.ts";
import type { Exchange } from "./exchange.ts";
import { explain } from "./explain.ts";
import { feedback } from "./feedback.ts";
import { Answer } from "./http/answer.ts";
import { HttpRequest, type Incoming, type ReadableHeaders } from "./http/request.ts";
import { metadata } from "./metadata.ts";
import { metricsText } from "./metrics_text.ts";
import { OPEN_INFERENCE_ROUTES, requireReady } from "./open_inference_routes.ts";
import { openApiDocument } from "./openapi.ts";
import { contentSecurityPolicy } from "./page.ts";
import { predict } from "./predict.ts";
import type { Replica } from "./replica_state.ts";
import type { Route } from "./route.ts";
import { tryPage } from "./try_page.ts";

export const ROUTES: readonly Route[] = [
  { method: "GET", path: "/", page: tryPage },
  { method: "GET", path: "/docs", page: docsPage },
  { method: "GET", path: "/openapi.json", json: openApiDocument },
  { method: "GET", path: "/metadata", json: metadata },
  {
    method: "GET",
    path: "/metrics",
    text: (replica) => ({ body: metricsText(replica), type: "text/plain; version=0.0.4; charset=utf-8" }),
  },
  { method: "GET", path: "/health/live", json: () => ({ live: true }) },
  {
    method: "GET",
    path: "/health/ready",
    json: (replica) => {
      requireReady(replica);
      return { ready: true, model: replica.holder.current.model_id };
    },
  },
  { method: "POST", path: "/predict", json: (replica, c, exchange) => predict(replica, c.req.raw, exchange) },
  { method: "POST", path: "/feedback", json: (replica, c) => feedback(replica, c.req.raw) },
  { method: "POST", path: "/explain", json: (replica, c) => explain(replica, c.req.raw) },
  ...OPEN_INFERENCE_ROUTES,
];

/** Every route, each behind the door. Needs no port: `app.request("/metadata")`. */
export function createApp(replica: Replica): Hono {
  const app = new Hono({ strict: true });
  for (const route of ROUTES) app.on(route.method, route.path, (c) => answer(replica, c, route));
  const paths = new Set(ROUTES.map(({ path }) => path));
  for (const path of paths) {
    const allow = ROUTES.filter((route) => route.path === path).map(({ method }) =>
      method === "GET" ? "GET, HEAD" : method
    ).join(", ");
    app.all(path, (c) =>
      refuse(replica, c, (headers) => {
        const asked = c.req.method === "OPTIONS"
          ? preflight(replica.access, headers, allow, replica.holder.traffic.plan.sticky_header)
          : null;
        if (asked) return asked;
        throw new MethodNotAllowed(c.req.method, c.req.path, allow);
      }));
  }
  app.notFound((c) =>
    refuse(replica, c, () => {
      throw new AppError("not_found", `Cannot find ${c.req.path}: there is nothing at this path`, {
        hint: "GET /docs lists what there is.",
      });
    })
  );
  return app;
}

/** What no route answers. */
function refuse(replica: Replica, c: Context, answerTo: (headers: Headers) => Answer): Response {
  const { headers } = c.req.raw;
  let answer: Answer;
  try {
    answer = answerTo(headers);
  } catch (error) {
    answer = errorAnswer(replica, error, c.req.path, requestIdOf(headers));
  }
  return through(c, withCors(replica, headers, answer));
}

function withCors({ access }: Replica, headers: ReadableHeaders, answer: Answer): Answer {
  const cors = corsHeaders(access, headers);
  if (cors !== null) Object.assign(answer.headers, cors);
  return answer;
}

/** One request through the door: admitted, answered, counted; whatever fails becomes an answer too. */
async function throughDoor(
  replica: Replica,
  { headers }: Incoming,
  path: string,
  work: (exchange: Exchange) => Promise<Answer>,
): Promise<Answer> {
  const started_ms = performance.now();
  const exchange: Exchange = {
    request_id: requestIdOf(headers),
    started_ms,
    key_id: null,
    model: null,
    told_version: null,
  };
  replica.counters.inFlight++;
  let answer: Answer;
  try {
    const key = admit(replica, headers, path, started_ms);
    if (key !== null) exchange.key_id = key.key_id;
    answer = await work(exchange);
  } catch (error) {
    answer = errorAnswer(replica, error, path, exchange.request_id);
  }
  replica.counters.inFlight--;
  if (isPrediction(path)) count(replica, exchange, answer.status, started_ms);
  return withCors(replica, headers, answer);
}

/** Hono hands through what a route returns: behind our own port there is no need for a Response. */
function through(c: Context, answer: Answer): Response {
  const raw: Incoming = c.req.raw;
  return raw instanceof HttpRequest ? answer as unknown as Response : answer.toResponse();
}

async function answer(replica: Replica, c: Context, route: Route): Promise<Response> {
  const answered = await throughDoor(replica, c.req.raw, c.req.path, async (exchange) => {
    const { request_id } = exchange;
    if (route.json) {
      const value = await route.json(replica, c, exchange);
      return route.method === "GET" ? jsonAnswer(request_id, value) : predictionAnswer(exchange, value);
    }
    const { body, type } = route.text?.(replica) ??
      { body: route.page!(replica), type: "text/html; charset=utf-8" };
    return new Answer(200, {
      "content-type": type,
      "x-request-id": request_id,
      ...SAFE_HEADERS,
      ...(route.page
        ? { "content-security-policy": await contentSecurityPolicy(), "x-frame-options": "DENY" }
        : {}),
    }, body);
  });
  return through(c, answered);
}

/**
 * The app behind a port: `POST /predict`, which is nearly all of the traffic, goes straight to its function. A test
 * holds its answers to those of the app.
 */
export function createHandler(replica: Replica): (request: HttpRequest) => Promise<Answer> {
  const app = createApp(replica);
  return async (request) => {
    if (request.method === "POST" && request.target === "/predict") {
      return throughDoor(
        replica,
        request,
        "/predict",
        async (exchange) => predictionAnswer(exchange, await predict(replica, request, exchange)),
      );
    }
    // Hono and our routes look at no more of a request than ours has.
    const answered = await app.fetch(request as unknown as Request) as Answer | Response;
    return answered instanceof Answer ? answered : Answer.of(answered);
  };
}
