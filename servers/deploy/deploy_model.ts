import { z } from "zod";
import { deployModel } from "@/deployment/deploy.ts";
import { defineTool } from "../tool.ts";
import {
  DEPLOYED,
  endpointName,
  gateId,
  modelId,
  replicaCount,
  requireGate,
  sentence,
  waitingOf,
} from "./schemas.ts";
import type { DeployServices } from "./services.ts";

const INPUT = z.strictObject({
  model_id: modelId,
  endpoint: endpointName.optional().describe("Endpoint to serve it on (default: the model's name)"),
  environment: z.string().regex(/^[a-z][a-z0-9_-]{0,62}$/, "must be a small word").refine(
    (word) => word !== "latest",
    "must not be latest",
  )
    .default("production").describe(
      "What it is for: production, staging, … (default production). It becomes an alias of the model: iris@production",
    ),
  replicas: replicaCount.optional().describe(
    "Processes that share the endpoint's port (default 1; an endpoint that serves keeps its number)",
  ),
  gate_id: gateId,
  require_gate: requireGate,
});
const OUTPUT = z.object(DEPLOYED);

export const deployModelTool = defineTool<DeployServices, z.infer<typeof INPUT>, z.infer<typeof OUTPUT>>({
  name: "deploy_model",
  title: "Deploy a model",
  description:
    "Serve a trained model over HTTP on an endpoint, and wait until it takes requests. Creates the endpoint when there is none; " +
    "on one that serves another model it changes the model in place, without a failed request. Asked again with the same model it changes nothing " +
    "and returns the same deployment. Call validate_model first and pass on its gate_id. The endpoint goes on serving when this server ends. " +
    "Next: test_endpoint, get_deployment_status.",
  effect: "update",
  scope: "deployments:write",
  input: INPUT,
  output: OUTPUT,
  run: (input, services, context) => deployModel(services, input, waitingOf(context)),
  text: sentence,
});
