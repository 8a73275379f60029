/** A replica without a process: what the HTTP apps look at, for `app.request`. */
import { Access } from "@/serving/access.ts";
import { Counters } from "@/serving/counters.ts";
import type { Replica } from "@/serving/replica_state.ts";
import { loadServedModel, ModelHolder } from "@/serving/served_model.ts";
import { Utilization } from "@/serving/utilization.ts";
import { Turns } from "@/serving/turns.ts";
import { sha256Hex } from "@/shared/hash.ts";
import type { AccessKey, AccessSettings, HttpLimits } from "@/shared/replica_protocol.ts";
import { Shadowing } from "@/serving/shadowing.ts";
import { Watching } from "@/serving/watching.ts";
import { flowers } from "./make_artifact.ts";

/** Open to all, unless said otherwise. */
export function accessSettings(change: Partial<AccessSettings> = {}): AccessSettings {
  return {
    auth: "none",
    keys: [],
    rate_limit_per_s: null,
    allowed_origins: [],
    max_body_bytes: 8 * 1024 * 1024,
    max_waiting: 512,
    ...change,
  };
}

export const makeAccess = (change: Partial<AccessSettings> = {}) =>
  new Access(accessSettings(change), performance.now());

export function accessKey(key: string, change: Partial<AccessKey> = {}): AccessKey {
  const sha256 = sha256Hex(new TextEncoder().encode(key));
  return { key_id: `key_${key}`, sha256, rate_limit_per_s: null, expires_ms: null, ...change };
}

export const LIMITS: HttpLimits = {
  max_connections: 10_000,
  header_timeout_ms: 20_000,
  idle_timeout_ms: 75_000,
  transfer_timeout_ms: 60_000,
  max_pending_bytes: 256 * 1024 * 1024,
};

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
    access: makeAccess(),
    tls_cert_sha256: null,
    turns: new Turns(),
    shed: () => {},
    utilization: new Utilization(),
    connections: () => 0,
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
