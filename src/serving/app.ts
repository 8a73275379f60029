/** The HTTP app of an endpoint. */
import { type Context, Hono } from "hono";
import { AppError } from "@/shared/errors.ts";
import { docsPage } from "./docs_page.ts";
import {
  admit,
  count,
  errorResponse,
  isPrediction,
  jsonResponse,
  MethodNotAllowed,
  predictionResponse,
  requestIdOf,
  SAFE_HEADERS,
} from "./door.ts";
import type { Exchange } from "./exchange.ts";
import { explain } from "./explain.ts";
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
    );
    app.all(path, (c) => {
      throw new MethodNotAllowed(c.req.method, c.req.path, allow.join(", "));
    });
  }
  app.notFound((c) =>
    errorResponse(
      replica,
      new AppError("not_found", `Cannot find ${c.req.path}: there is nothing at this path`, {
        hint: "GET /docs lists what there is.",
      }),
      c.req.path,
      requestIdOf(c.req.raw.headers),
    )
  );
  app.onError((error, c) => errorResponse(replica, error, c.req.path, requestIdOf(c.req.raw.headers)));
  return app;
}

/** One request through the door: admitted, answered, counted; whatever fails becomes an answer too. */
async function throughDoor(
  replica: Replica,
  { headers }: Request,
  path: string,
  work: (exchange: Exchange) => Promise<Response>,
): Promise<Response> {
  const started_ms = performance.now();
  const exchange: Exchange = { request_id: requestIdOf(headers), model: null, told_version: null };
  replica.counters.inFlight++;
  let response: Response;
  try {
    admit(replica, headers, path, started_ms);
    response = await work(exchange);
  } catch (error) {
    response = errorResponse(replica, error, path, exchange.request_id);
  }
  replica.counters.inFlight--;
  // A client that keeps its connection is told to find another replica.
  if (replica.state === "draining") response.headers.set("connection", "close");
  if (isPrediction(path)) count(replica, exchange, response.status, started_ms);
  return response;
}

function answer(replica: Replica, c: Context, route: Route): Promise<Response> {
  return throughDoor(replica, c.req.raw, c.req.path, async (exchange) => {
    const { request_id } = exchange;
    if (route.json) {
      const value = await route.json(replica, c, exchange);
      return route.method === "GET"
        ? jsonResponse(request_id, value, 200, { "cache-control": "no-store" })
        : predictionResponse(exchange, value);
    }
    const { body, type } = route.text?.(replica) ??
      { body: route.page!(replica), type: "text/html; charset=utf-8" };
    const headers: [string, string][] = [["content-type", type], ...SAFE_HEADERS, [
      "x-request-id",
      request_id,
    ]];
    if (route.page) {
      headers.push(["content-security-policy", await contentSecurityPolicy()], ["x-frame-options", "DENY"]);
    }
    return new Response(body, { headers });
  });
}

/**
 * The app for Deno.serve: `POST /predict`, which is nearly all of the traffic, goes straight to its function. A
 * test holds its answers to those of the app.
 */
export function createHandler(replica: Replica): (request: Request) => Response | Promise<Response> {
  const app = createApp(replica);
  return (request) => {
    const { url } = request;
    if (request.method === "POST" && url.endsWith("/predict") && url.indexOf("/", 8) === url.length - 8) {
      return throughDoor(
        replica,
        request,
        "/predict",
        async (exchange) => predictionResponse(exchange, await predict(replica, request, exchange)),
      );
    }
    return app.fetch(request);
  };
}
