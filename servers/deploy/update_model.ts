import { z } from "zod";
import { AppError } from "@/shared/errors.ts";
import { updateModel } from "@/deployment/deploy.ts";
import { defineTool } from "../tool.ts";
import { DEPLOYED, endpointName, gateId, modelId, requireGate, sentence, waitingOf } from "./schemas.ts";
import type { DeployServices } from "./services.ts";

const INPUT = z.strictObject({
  endpoint: endpointName,
  model_id: modelId,
  gate_id: gateId,
  require_gate: requireGate,
  strategy: z.enum(["replace", "canary", "shadow"]).default("replace")
    .describe(
      "replace: all replicas change at once, or none (default). canary and shadow are not available yet",
    ),
  weight: z.number().gt(0).max(1).optional().describe(
    "Share of requests for a canary; only with strategy canary",
  ),
});
const OUTPUT = z.object(DEPLOYED);

export const updateModelTool = defineTool<DeployServices, z.infer<typeof INPUT>, z.infer<typeof OUTPUT>>({
  name: "update_model",
  title: "Update the model of an endpoint",
  description:
    "Put another model on an endpoint that serves, in place: every replica checks it first, then all change together, and requests in flight finish " +
    "on the old one. If any replica refuses it, none changes. Call validate_model first and pass on its gate_id. Next: test_endpoint; rollback_deployment goes back.",
  effect: "update",
  scope: "deployments:write",
  input: INPUT,
  output: OUTPUT,
  run({ strategy, weight, ...wanted }, services, context) {
    if (strategy !== "replace") {
      throw new AppError(
        "unimplemented",
        `Cannot update endpoint "${wanted.endpoint}" by ${strategy}: this mlmcp knows only "replace"`,
        {
          hint: 'Use strategy "replace"; rollback_deployment goes back if the new model does worse.',
        },
      );
    }
    if (weight !== undefined) {
      throw new AppError(
        "invalid_argument",
        'Cannot use weight with strategy "replace": the new model takes all requests',
        { hint: "Leave weight out." },
      );
    }
    return updateModel(services, wanted, waitingOf(context));
  },
  text: sentence,
});
