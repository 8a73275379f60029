import { z } from "zod";
import { changeSettings } from "@/deployment/settings.ts";
import { defineTool } from "../tool.ts";
import { allowedOrigins, endpointName, maxBody, maxWaiting, rateLimit, waitingOf } from "./schemas.ts";
import type { DeployServices } from "./services.ts";

const INPUT = z.strictObject({
  endpoint: endpointName,
  auth: z.enum(["none", "api_key"]).optional().describe(
    "api_key: every request but health checks needs a key; none: whoever reaches the port may ask",
  ),
  rate_limit_per_s: rateLimit.nullable().optional().describe(
    "Most prediction requests a second of all callers together; null takes the limit away",
  ),
  allowed_origins: allowedOrigins.optional(),
  max_body_mb: maxBody.optional(),
  max_waiting: maxWaiting.optional(),
});
const OUTPUT = z.object({
  endpoint: z.string().describe("Name of the endpoint"),
  auth: z.enum(["none", "api_key"]).describe("Whether a key is needed"),
  rate_limit_per_s: z.number().nullable().describe("Of all callers together; null for no limit"),
  allowed_origins: z.array(z.string()).describe("Origins whose pages may ask it"),
  max_body_mb: z.number().describe("Largest body of a prediction request, in MB"),
  max_waiting: z.int().describe("Prediction requests that may wait in one replica"),
});

export const updateEndpointTool = defineTool<DeployServices, z.infer<typeof INPUT>, z.infer<typeof OUTPUT>>({
  name: "update_endpoint",
  title: "Change the settings of an endpoint",
  description:
    "Change who may ask an endpoint and how much, while it serves: no replica is restarted, and when this returns all of them know. What is left out stays. " +
    "Keys are made with create_api_key; the model is changed with update_model.",
  effect: "update",
  scope: "deployments:write",
  input: INPUT,
  output: OUTPUT,
  async run({ endpoint: name, ...wishes }, services, context) {
    const { auth, rate_limit_per_s, allowed_origins, max_body_mb, max_waiting } = await changeSettings(
      services,
      name,
      wishes,
      waitingOf(context),
    );
    return { endpoint: name, auth, rate_limit_per_s, allowed_origins, max_body_mb, max_waiting };
  },
});
