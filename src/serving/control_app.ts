/** The control door of a replica: only its supervisor, who made the token, gets in. */
import { timingSafeEqual } from "node:crypto";
import { Hono } from "hono";
import { AppError, ERROR_CODES, toWireError } from "@/shared/errors.ts";
import {
  type AccessSettings,
  CONTROL_HEADER,
  MODEL_HEADER,
  type ReplicaStatus,
  type TrafficPlan,
  VERSION_HEADER,
} from "@/shared/replica_protocol.ts";
import { noteError, type Replica } from "./replica_state.ts";
import { probeRights } from "./rights_probe.ts";

export interface ControlOptions {
  token: string;
  replica: Replica;
  pid: number;
  /** Called at every request that carries the token. */
  heard(): void;
  /** Stops taking requests, finishes those in flight, ends the process. */
  drain(): void;
}

export function createControlApp({ token, replica, pid, heard, drain }: ControlOptions): Hono {
  const app = new Hono();
  const expected = new TextEncoder().encode(token);
  app.use(async (c, next) => {
    const given = new TextEncoder().encode(c.req.header(CONTROL_HEADER) ?? "");
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
      throw new AppError("unauthenticated", "Cannot open the control door: the token is missing or wrong");
    }
    heard();
    await next();
  });
  app.get("/control/status", (c) => c.json(statusOf(replica, pid)));
  app.get("/control/rights", async (c) => c.json(await probeRights()));
  app.post("/control/prepare", async (c) => {
    const bytes = await c.req.raw.bytes();
    const version = Number(c.req.header(VERSION_HEADER));
    const model_id = c.req.header(MODEL_HEADER);
    if (!model_id || !Number.isSafeInteger(version)) {
      throw new AppError(
        "invalid_argument",
        `Cannot prepare a model: the headers ${MODEL_HEADER} and ${VERSION_HEADER} must name it`,
      );
    }
    replica.holder.prepare(bytes, model_id, version);
    return c.json({ prepared: version });
  });
  app.post("/control/traffic", async (c) => {
    replica.holder.direct(await c.req.json() as TrafficPlan);
    replica.shadowing.clear();
    return c.json(replica.holder.traffic.plan);
  });
  app.post("/control/discard", (c) => {
    replica.holder.discard();
    return c.json(replica.holder.traffic.plan);
  });
  app.post("/control/access", async (c) => {
    replica.access.apply(await c.req.json() as AccessSettings, performance.now());
    return c.json({ access_sha256: replica.access.sha256 });
  });
  app.post("/control/watch", async (c) => c.json(replica.watching.exchange(await c.req.json())));
  app.get("/control/published", (c) => c.json(replica.watching.published));
  app.post("/control/shed", async (c) => {
    const { share } = await c.req.json() as { share: number };
    replica.shed(share);
    return c.json({ share });
  });
  app.post("/control/drain", () => {
    replica.state = "draining";
    drain();
    // The answer never ends by itself: the kernel closes it with the process, so whoever asked sees it gone.
    return new Response(
      new ReadableStream({
        start: (controller) => controller.enqueue(new TextEncoder().encode('{"draining":true}\n')),
      }),
    );
  });
  app.onError((error, c) => {
    const wire = toWireError(error);
    if (!(error instanceof AppError)) noteError(replica, c.req.path, error);
    return c.json({ error: wire }, ERROR_CODES[wire.code].http as 400);
  });
  return app;
}

function statusOf(replica: Replica, pid: number): ReplicaStatus {
  const { current, traffic } = replica.holder;
  const now = performance.now();
  return {
    endpoint: replica.endpoint,
    replica_id: replica.replica_id,
    pid,
    state: replica.state,
    model_id: current.model_id,
    version: current.version,
    artifact_sha256: current.artifact.sha256,
    traffic: traffic.plan,
    models: traffic.models.map(({ version, model_id, artifact }) => ({
      version,
      model_id,
      artifact_sha256: artifact.sha256,
    })),
    uptime_s: Math.round(now - replica.started_ms) / 1000,
    access_sha256: replica.access.sha256,
    in_flight: replica.counters.inFlight,
    waiting: replica.turns.waiting,
    connections: replica.connections(),
    utilization: Math.round(1000 * replica.utilization.now(now)) / 1000,
    tls_cert_sha256: replica.tls_cert_sha256,
    counters: replica.counters.toWire(now),
    last_error: replica.last_error,
  };
}
