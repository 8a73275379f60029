import { z } from "zod";
import { createApiKey } from "@/deployment/api_keys.ts";
import { defineTool } from "../tool.ts";
import { endpointName, keyName, keyRate, waitingOf } from "./schemas.ts";
import type { DeployServices } from "./services.ts";

const INPUT = z.strictObject({
  endpoint: endpointName,
  name: keyName,
  rate_limit_per_s: keyRate.optional(),
  expires_in_days: z.number().positive().max(3650).optional().describe(
    "Days until the key opens nothing any more, such as 90 or 0.5 (default: it does not expire)",
  ),
});
const OUTPUT = z.object({
  endpoint: z.string().describe("Name of the endpoint"),
  key_id: z.string().describe("Id of the key, for rotate_api_key and revoke_api_key"),
  api_key: z.string().describe("Shown this once and stored only as a hash: keep it"),
  expires_at: z.string().nullable().describe("ISO 8601, UTC; null when it does not expire"),
});

export const createApiKeyTool = defineTool<DeployServices, z.infer<typeof INPUT>, z.infer<typeof OUTPUT>>({
  name: "create_api_key",
  title: "Create an API key",
  description:
    "Make another key that opens an endpoint, one for each caller, so that each can be limited, counted and revoked alone. It works at once, " +
    "without a restart. An endpoint without auth stays open to all until update_endpoint sets auth: api_key.",
  effect: "create",
  scope: "deployments:write",
  input: INPUT,
  output: OUTPUT,
  async run({ endpoint, ...wishes }, services, context) {
    const { key, api_key } = await createApiKey(services, endpoint, wishes, waitingOf(context));
    return { endpoint, key_id: key.key_id, api_key, expires_at: key.expires_at };
  },
});
