import { z } from "zod";
import { AppError } from "@/shared/errors.ts";
import { updateModel } from "@/deployment/deploy.ts";
import { rulesOf } from "@/deployment/rules_of.ts";
import { defineTool } from "../tool.ts";
import {
  DEPLOYED,
  endpointName,
  gateId,
  modelId,
  requireGate,
  RULES,
  sentence,
  waitingOf,
} from "./schemas.ts";
import type { DeployServices } from "./services.ts";

const INPUT = z.strictObject({
  endpoint: endpointName,
  model_id: modelId,
  gate_id: gateId,
  require_gate: requireGate,
  strategy: z.enum(["replace", "canary", "shadow"]).default("replace")
    .describe(
      "replace: it takes all requests, on all replicas at once or on none (default). canary: it takes a share of them. shadow: it is asked too, after callers were answered, and its answers are compared",
    ),
  weight: z.number().gt(0).lt(1).optional().describe(
    "Share of the requests for a canary, between 0 and 1 (default: the first of rules.steps, else 0.1)",
  ),
  sticky_header: z.string().regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$/, "it must be a header name")
    .optional()
    .describe(
      "Name of a request header, such as x-user-id: callers that send it stay with one model while it is a canary, and keep it when its weight grows (default: every request is chosen anew)",
    ),
  rules: z.strictObject(RULES).partial().optional().describe(
    "When the canary or shadow is promoted, and when it is ended, without a person (default: never, unless config rollout.automatic)",
  ),
});
const OUTPUT = z.object(DEPLOYED);

/** A canary that says nothing of its weight. */
const DEFAULT_WEIGHT = 0.1;

export const updateModelTool = defineTool<DeployServices, z.infer<typeof INPUT>, z.infer<typeof OUTPUT>>({
  name: "update_model",
  title: "Update the model of an endpoint",
  description:
    "Put another model on an endpoint that serves, in place: every replica checks it first, then all change together, and requests in flight finish " +
    "on the old one. If any replica refuses it, none changes. With strategy canary or shadow it stands beside what serves, one at a time: set_traffic " +
    "promotes or ends it, or rules do. A replace ends a canary or shadow; of the same model, it promotes it. " +
    "Call validate_model first and pass on its gate_id. Next: test_endpoint, get_deployment_status; rollback_deployment goes back.",
  effect: "update",
  scope: "deployments:write",
  input: INPUT,
  output: OUTPUT,
  run({ strategy, weight, sticky_header, rules: given, ...wanted }, services, context) {
    const waiting = waitingOf(context);
    if (strategy === "replace") {
      refuseWith("replace", "the new model takes all requests", { weight, sticky_header, rules: given });
      return updateModel(services, wanted, waiting);
    }
    if (strategy === "shadow") {
      refuseWith("shadow", "a shadow answers no caller", { weight });
    }
    const rules = rulesOf(services.context.config, given);
    const share = strategy === "canary" ? weight ?? rules?.steps[0] ?? DEFAULT_WEIGHT : null;
    const challenge = { strategy, weight: share, sticky_header: sticky_header ?? null, rules };
    return updateModel(services, { ...wanted, challenge }, waiting);
  },
  text: sentence,
});

function refuseWith(strategy: string, why: string, fields: Record<string, unknown>): void {
  const given = Object.keys(fields).find((field) => fields[field] !== undefined);
  if (given === undefined) return;
  throw new AppError("invalid_argument", `Cannot use ${given} with strategy "${strategy}": ${why}`, {
    hint: `Leave ${given} out, or use strategy "canary".`,
  });
}
