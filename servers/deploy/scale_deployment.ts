import { z } from "zod";
import { scale } from "@/deployment/deploy.ts";
import { defineTool } from "../tool.ts";
import { DEPLOYED, endpointName, replicaCount, sentence, waitingOf } from "./schemas.ts";
import type { DeployServices } from "./services.ts";

const INPUT = z.strictObject({
  endpoint: endpointName,
  replicas: replicaCount.describe(
    "Processes that shall share the endpoint's port. More than there are cores does not help",
  ),
});
const OUTPUT = z.object(DEPLOYED);

export const scaleDeploymentTool = defineTool<DeployServices, z.infer<typeof INPUT>, z.infer<typeof OUTPUT>>({
  name: "scale_deployment",
  title: "Scale a deployment",
  description:
    "Change how many processes serve an endpoint. On Linux the kernel spreads connections over them; on macOS and Windows one is enough, " +
    "since there only one of them gets the connections. Replicas that go finish their requests first.",
  effect: "update",
  scope: "deployments:write",
  input: INPUT,
  output: OUTPUT,
  run: (input, services, context) => scale(services, input, waitingOf(context)),
  text: sentence,
});
