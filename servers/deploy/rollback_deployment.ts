import { z } from "zod";
import { rollBack } from "@/deployment/deploy.ts";
import { defineTool } from "../tool.ts";
import { DEPLOYED, endpointName, sentence, waitingOf } from "./schemas.ts";
import type { DeployServices } from "./services.ts";

const INPUT = z.strictObject({
  endpoint: endpointName,
  to_version: z.int().min(1).optional()
    .describe(
      "Deployment to go back to, as list_deployments with include_history numbers them (default: the last one that served another model)",
    ),
});
const OUTPUT = z.object({
  ...DEPLOYED,
  restored_version: z.int().describe("The earlier deployment whose model serves again"),
});

export const rollbackDeploymentTool = defineTool<
  DeployServices,
  z.infer<typeof INPUT>,
  z.infer<typeof OUTPUT>
>({
  name: "rollback_deployment",
  title: "Roll back a deployment",
  description:
    "Serve again what an endpoint served before, changed in place without a failed request. It needs no new gate: that version has served. " +
    "The rollback is itself a new entry in the history. Next: test_endpoint.",
  // Not "update": without to_version a second call goes elsewhere.
  effect: "create",
  scope: "deployments:write",
  input: INPUT,
  output: OUTPUT,
  run: (input, services, context) => rollBack(services, input, waitingOf(context)),
  text: sentence,
});
