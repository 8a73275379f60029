import { z } from "zod";
import { createEndpoint } from "@/deployment/deploy.ts";
import { urlOf } from "@/deployment/describe.ts";
import { defineTool } from "../tool.ts";
import { allowedOrigins, endpointName, maxBody, maxWaiting, rateLimit } from "./schemas.ts";
import type { DeployServices } from "./services.ts";

const INPUT = z.strictObject({
  name: endpointName,
  port: z.int().min(1).max(65535).optional().describe(
    "Port to listen on (default: the first free one from serving.port_from). It stays with the endpoint",
  ),
  auth: z.enum(["none", "api_key"]).default("none")
    .describe(
      "none: whoever reaches the port may ask (default). api_key: every request but health checks needs the key that is returned",
    ),
  rate_limit_per_s: rateLimit.optional()
    .describe(
      "Most prediction requests a second, spread evenly over the replicas; more are answered 429 (default: no limit)",
    ),
  allowed_origins: allowedOrigins.optional(),
  max_body_mb: maxBody.optional(),
  max_waiting: maxWaiting.optional(),
  tls: z.boolean().optional().describe(
    "Serve https with the certificate of serving.tls_cert_file (default: whether that is set)",
  ),
});
const OUTPUT = z.object({
  endpoint: z.string().describe("Name of the endpoint"),
  url: z.string().describe("Where it will answer once a model is deployed"),
  key_id: z.string().optional().describe("Id of that key, for rotate_api_key and revoke_api_key"),
  api_key: z.string().optional().describe("Shown this once and stored only as a hash: keep it"),
});

export const createEndpointTool = defineTool<DeployServices, z.infer<typeof INPUT>, z.infer<typeof OUTPUT>>({
  name: "create_endpoint",
  title: "Create an endpoint",
  description:
    "Reserve a name and a port for models to be served on, with API keys, limits, allowed origins or TLS. Only needed for these settings: " +
    "deploy_model creates a plain endpoint by itself. Nothing answers there until deploy_model has put a model on it.",
  effect: "create",
  scope: "deployments:write",
  input: INPUT,
  output: OUTPUT,
  run(input, services, { caller }) {
    const { endpoint, ...key } = createEndpoint(services, input, caller.name);
    return { endpoint: endpoint.name, url: urlOf(endpoint), ...key };
  },
});
