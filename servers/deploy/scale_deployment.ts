import { z } from "zod";
import { scale } from "@/deployment/deploy.ts";
import { defineTool } from "../tool.ts";
import { MAX_REPLICAS } from "@/deployment/scale_changes.ts";
import { DEPLOYED, endpointName, replicaCount, sentence, waitingOf } from "./schemas.ts";
import type { DeployServices } from "./services.ts";

const INPUT = z.strictObject({
  endpoint: endpointName,
  replicas: replicaCount.optional().describe(
    "Processes that shall share the endpoint's port, whatever the load. Give this or a range. More than there are cores does not help",
  ),
  min_replicas: z.int().min(0).max(MAX_REPLICAS).optional().describe(
    "Of a range: fewest processes (default: as it is, else 1). 0: none runs while nobody asks, and the first caller waits while one starts",
  ),
  max_replicas: replicaCount.optional().describe(
    "Of a range: most processes (default: as it is). Within the range their number follows the load",
  ),
  idle_s: z.number().min(1).max(31_536_000).optional().describe(
    "Seconds without a prediction request after which the last process ends; needs min_replicas 0 (default: serving.idle_s, 300)",
  ),
});
const OUTPUT = z.object(DEPLOYED);

export const scaleDeploymentTool = defineTool<DeployServices, z.infer<typeof INPUT>, z.infer<typeof OUTPUT>>({
  name: "scale_deployment",
  title: "Scale a deployment",
  description:
    "Change how many processes serve an endpoint: a fixed number (replicas), or a range (min_replicas, max_replicas) within which it follows the measured load: " +
    "up at once when they are busy or requests wait, down after a quiet time, and with min_replicas 0 to none while nobody asks. On Linux the kernel spreads connections over them; " +
    "on macOS and Windows one is enough, since there only one of them gets the connections, and ranges are refused. Replicas that go finish their requests first.",
  effect: "update",
  scope: "deployments:write",
  input: INPUT,
  output: OUTPUT,
  run: (input, services, context) => scale(services, input, waitingOf(context)),
  text: sentence,
});
