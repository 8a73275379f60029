import { z } from "zod";
import { revokeApiKey } from "@/deployment/api_keys.ts";
import { defineTool } from "../tool.ts";
import { endpointName, keyId, waitingOf } from "./schemas.ts";
import type { DeployServices } from "./services.ts";

const INPUT = z.strictObject({ endpoint: endpointName, key_id: keyId });
const OUTPUT = z.object({
  endpoint: z.string().describe("Name of the endpoint"),
  key_id: z.string().describe("Id of the key"),
  revoked_at: z.string().describe("Since when it opens nothing, ISO 8601, UTC"),
});

export const revokeApiKeyTool = defineTool<DeployServices, z.infer<typeof INPUT>, z.infer<typeof OUTPUT>>({
  name: "revoke_api_key",
  title: "Revoke an API key",
  description:
    "End a key: when this returns, no replica takes it any more. Other keys go on; an endpoint whose last key is revoked is closed to all. " +
    "Use rotate_api_key to replace a key without a failed request.",
  effect: "delete",
  scope: "deployments:write",
  input: INPUT,
  output: OUTPUT,
  async run(input, services, context) {
    const { endpoint, key_id, revoked_at } = await revokeApiKey(services, input, waitingOf(context));
    return { endpoint, key_id, revoked_at: revoked_at! };
  },
  text: ({ endpoint, key_id }) => `${key_id} opens ${endpoint} no more.`,
});
