import { z } from "zod";
import { setTraffic } from "@/deployment/set_traffic.ts";
import { defineTool } from "../tool.ts";
import { DEPLOYED, endpointName, sentence, waitingOf } from "./schemas.ts";
import type { DeployServices } from "./services.ts";

const INPUT = z.strictObject({
  endpoint: endpointName,
  weights: z.record(z.string().regex(/^[1-9][0-9]{0,8}$/, "it must be a deployment version"), z.number())
    .optional()
    .describe(
      'Share of the requests by deployment version, 0 to 1, together 1, such as {"1": 0.75, "2": 0.25}. 1 for the canary or shadow promotes it, 0 ends it. Give this or action',
    ),
  action: z.enum(["promote", "abort"]).optional().describe(
    "promote: the canary or shadow takes all requests; abort: it goes. Give this or weights",
  ),
});
const OUTPUT = z.object(DEPLOYED);

export const setTrafficTool = defineTool<DeployServices, z.infer<typeof INPUT>, z.infer<typeof OUTPUT>>({
  name: "set_traffic",
  title: "Set the traffic of an endpoint",
  description:
    "Change which share of the requests a canary gets, promote it (or a shadow) to all of them, or end it; a shadow that gets a share becomes a canary. " +
    "All replicas hold both models, so it takes milliseconds and no request fails. update_model with strategy canary or shadow starts one; " +
    "get_deployment_status shows both side by side.",
  effect: "update",
  scope: "deployments:write",
  input: INPUT,
  output: OUTPUT,
  run: (input, services, context) => setTraffic(services, input, waitingOf(context)),
  text: sentence,
});
