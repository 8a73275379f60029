/** The parts of inputs and results that several tools share. */
import { z } from "zod";
import type { DescribedEndpoint } from "@/deployment/describe.ts";
import { MAX_REPLICAS } from "@/deployment/deploy.ts";
import type { DeploymentRow } from "@/deployment/records.ts";
import type { ToolContext } from "../tool.ts";
import type { Waiting } from "@/deployment/deploy.ts";

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

export const maxBody = z.number().min(0.001).max(512).describe(
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
  status: z.enum(["pending", "live", "superseded", "stopped", "failed"]).describe(
    "pending: on its way; live: serving; superseded: a later one took over; stopped: ended; failed: see error",
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
  const { previous_desired: _, ...rest } = row;
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
