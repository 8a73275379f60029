/** A replica without a process: what the HTTP apps look at, for `app.request`. */
import { Counters } from "@/serving/counters.ts";
import { RateLimit } from "@/serving/rate_limit.ts";
import type { Replica } from "@/serving/replica_state.ts";
import { loadServedModel, ModelHolder } from "@/serving/served_model.ts";
import { Shadowing } from "@/serving/shadowing.ts";
import { Watching } from "@/serving/watching.ts";
import { flowers } from "./make_artifact.ts";

export function makeReplica(
  change: Partial<Replica> = {},
  artifact = flowers(),
  model_id = "flowers@3",
): Replica {
  const counters = new Counters();
  const watching = new Watching();
  return {
    endpoint: "garden",
    replica_id: "garden-1",
    loopback: true,
    holder: new ModelHolder(loadServedModel(artifact, model_id, 1)),
    counters,
    watching,
    shadowing: new Shadowing(counters, watching),
    limit: new RateLimit(null, performance.now()),
    keys: null,
    state: "ready",
    started_ms: performance.now(),
    last_error: null,
    ...change,
  };
}

export interface Failure {
  error: { code: string; message: string; hint: string };
}

export function post(body: unknown, headers: Record<string, string> = {}): RequestInit {
  return {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: typeof body === "string" ? body : JSON.stringify(body),
  };
}
