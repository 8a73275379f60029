/** The parts of inputs and results that several tools share. */
import { z } from "zod";
import type { DescribedEndpoint } from "@/deployment/describe.ts";
import { DRIFT_VERDICTS } from "@/deployment/promotion_rules.ts";
import { MAX_REPLICAS } from "@/deployment/scale_changes.ts";
import type { DeploymentRow } from "@/deployment/records.ts";
import type { ToolContext } from "../tool.ts";
import type { Waiting } from "@/deployment/until_serving.ts";

export const endpointName = z.string().min(1).max(64)
  .describe("Name of the endpoint: 1 to 64 small letters, digits, - and _");

export const modelId = z.string().min(1).max(200)
  .describe(
    "Model to serve: name@version (iris@3) or name@alias (iris@production), as train_model or list_trained_models returned it",
  );

export const gateId = z.string().max(100).optional()
  .describe(
    "Receipt that validate_model returned for this very model, with passed: true. Needed unless require_gate is false",
  );

export const requireGate = z.boolean().default(true)
  .describe(
    "Whether a passed gate is demanded (default true). false lets a model through that was never validated",
  );

export const replicaCount = z.int().min(1).max(MAX_REPLICAS);

export const rateLimit = z.number().positive().max(1_000_000);

export const allowedOrigins = z.array(z.string().min(1).max(300)).max(50).describe(
  'Origins whose pages may ask from a browser (CORS), such as https://app.example; "*" for all (default: none)',
);

export const maxBody = z.number().min(0.001).max(128).describe(
  "Largest body of a prediction request in MB; more is answered 413 (default: serving.max_body_mb, 8)",
);

export const maxWaiting = z.int().min(1).max(100_000).describe(
  "Prediction requests that may wait in one replica; more are answered 503 with Retry-After (default: serving.max_waiting, 512)",
);

export const keyName = z.string().regex(
  /^[\w .@-]{1,64}$/,
  "must be 1 to 64 letters, digits, blanks and . @ _ -",
)
  .describe("What to call it, such as the caller it is made for; no two keys in force share a name");

export const keyRate = rateLimit.describe(
  "Most prediction requests a second with this key, spread evenly over the replicas (default: no limit of its own)",
);

export const keyId = z.string().min(1).max(100).describe("Id of the key, as list_api_keys shows it");

export const status = z.enum(["ready", "degraded", "failed", "stopped"]);

/** Who gets which share of the requests. */
export const traffic = z.array(z.object({
  version: z.int().describe("Deployment"),
  model_id: z.string().describe("Its model, name@version"),
  role: z.enum(["primary", "canary", "shadow"]).describe(
    "primary: answers what nobody else does; canary: answers its share; shadow: is asked beside the primary, unseen by callers",
  ),
  weight: z.number().describe("Its share of the requests, 0 to 1"),
}));

const limit = (schema: z.ZodNumber) => schema.nullable();

/** Rules as a caller may give them; what is left out comes from the config. */
export const RULES = {
  min_requests: z.int().min(1).max(1e9).describe(
    "Requests it must have answered at each step before it can pass (default: config rollout.min_requests, 100)",
  ),
  step_s: z.number().min(0).max(31_536_000).describe(
    "Shortest time of each step, in seconds (default: config rollout.step_s, 60)",
  ),
  steps: z.array(z.number().gt(0).lt(1)).max(50).describe(
    "Weights it goes through, each once it has passed the one before, such as [0.05, 0.25]; then it takes all requests (default: config rollout.steps, none)",
  ),
  max_error_rate: limit(z.number().min(0).max(1)).describe(
    "Share of its requests that may fail beyond the primary's share, 0 to 1 (default: config rollout.max_error_rate, 0.01); null: any",
  ),
  max_latency_ratio: limit(z.number().gt(0)).describe(
    "Its 95th percentile of the latency over the primary's, for a canary (default: config rollout.max_latency_ratio, 2); null: any",
  ),
  max_latency_ms: limit(z.number().gt(0)).describe(
    "Its 95th percentile of the latency, in milliseconds (default null: any)",
  ),
  max_disagreement: limit(z.number().min(0).max(1)).describe(
    "Share of rows that it may answer otherwise than the primary, 0 to 1; below 1 a canary is asked as a shadow too (default: config rollout.max_disagreement, 1); null: any",
  ),
  max_drift: z.enum(DRIFT_VERDICTS).nullable().describe(
    "Gravest verdict on drift that it may have, where drift is measured (default: config rollout.max_drift, drift: any); null: any",
  ),
  promote: z.boolean().describe(
    "false: one that passes is only written to the history, and set_traffic decides (default true)",
  ),
};

export const event = z.object({
  event_id: z.int().describe("Grows with time"),
  at: z.string().describe("ISO 8601, UTC"),
  endpoint: z.string().describe("Name of the endpoint"),
  event: z.enum([
    "created",
    "wanted",
    "live",
    "canary",
    "shadow",
    "weight",
    "passed",
    "promoted",
    "aborted",
    "failed",
    "scaled",
    "stopped",
    "deleted",
  ]).describe(
    "wanted: someone asked for it; live: it took all requests; canary, shadow, weight: its share changed; passed: the rules found it good; promoted, aborted: how it ended",
  ),
  version: z.int().nullable().describe("Deployment that it is about; null: the endpoint itself"),
  model_id: z.string().nullable().describe("Its model, name@version"),
  caller: z.string().describe("Who wanted it: the subject of a token, local, or rules"),
  gate_id: z.string().nullable().describe("Receipt of the gate that the deployment came with"),
  detail: z.record(z.string(), z.unknown()).describe(
    "Weights before and after (from, to), the reason or reasons, and the numbers and rules that decided",
  ),
});

/** What a change of an endpoint returns. */
export const DEPLOYED = {
  deployment_id: z.string().describe("Id of this deployment, for get_deployment_status"),
  endpoint: z.string().describe("Name of the endpoint"),
  version: z.int().describe("Number of this deployment in the endpoint's history: 1, 2, 3, …"),
  model_id: z.string().describe("Model that is served, name@version"),
  url: z.string().describe("Base URL: POST {url}/predict, GET {url}/docs"),
  status: status.describe(
    "ready: all replicas answer; degraded: some do; failed: none does; stopped: none is wanted",
  ),
  replicas: z.int().describe("Processes that share the endpoint's port"),
  traffic: traffic.describe("Who gets which share of the requests now"),
};

const instant = z.string().describe("ISO 8601, UTC");

/** Why something failed. */
export const failure = z.object({
  code: z.string().describe("Error code"),
  message: z.string().describe("What could not be done, and why"),
  hint: z.string().describe("What to do next"),
});

export const deployment = z.object({
  deployment_id: z.string().describe("Id of the deployment"),
  endpoint: z.string().describe("Name of the endpoint"),
  version: z.int().describe("Its number in the endpoint's history, for rollback_deployment"),
  model_id: z.string().describe("Model, name@version"),
  artifact_sha256: z.string().describe("SHA-256 of the model's file"),
  environment: z.string().describe("Environment it was deployed to, such as production"),
  status: z.enum(["pending", "live", "canary", "shadow", "superseded", "aborted", "stopped", "failed"])
    .describe(
      "pending: on its way; live: serving; canary: serving its share; shadow: asked beside what serves; superseded: a later one took over; aborted: a canary or shadow that was ended; stopped: ended; failed: see error",
    ),
  strategy: z.enum(["replace", "canary", "shadow"]).describe("How it was brought there"),
  weight: z.number().nullable().describe(
    "Share of the requests of a canary, or when it was ended; null else",
  ),
  action: z.enum(["deploy", "update", "rollback"]).describe("What brought it about"),
  caller: z.string().describe("Who asked for it: the subject of the token, or local"),
  gate_id: z.string().nullable().describe(
    "Receipt of the gate; null when it was deployed with require_gate: false",
  ),
  created_at: instant,
  served_from: instant.nullable().describe("When it began to serve, ISO 8601, UTC; null when it never did"),
  served_until: instant.nullable().describe(
    "When it ceased to serve, ISO 8601, UTC; null when it still does",
  ),
  url: z.string().nullable().describe("null when the endpoint was deleted"),
  error: failure.nullable().describe("Why it failed; null when it did not"),
});

export function toDeployment(row: DeploymentRow, url: string | null): z.infer<typeof deployment> {
  const { previous_desired: _, sticky_header: _h, rules: _r, step_from: _s, step_counters: _c, ...rest } =
    row;
  return { ...rest, url };
}

export function waitingOf({ caller, signal, progress }: ToolContext): Waiting {
  return { caller: caller.name, signal, progress };
}

/** One sentence about an endpoint. */
export function sentence(
  { endpoint, status, model_id, url, replicas }:
    & Pick<DescribedEndpoint, "endpoint" | "status" | "model_id" | "url">
    & { replicas: number },
): string {
  return `${endpoint} is ${status}${
    model_id ? `: ${model_id} at ${url}, ${replicas} replica${replicas === 1 ? "" : "s"}` : ""
  }.`;
}
