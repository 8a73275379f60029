import { z } from "zod";
import { rotateApiKey } from "@/deployment/api_keys.ts";
import { defineTool } from "../tool.ts";
import { endpointName, keyId, waitingOf } from "./schemas.ts";
import type { DeployServices } from "./services.ts";

const INPUT = z.strictObject({
  endpoint: endpointName,
  key_id: keyId,
  grace_s: z.int().min(0).max(2_592_000).default(86_400).describe(
    "Seconds in which the old key works beside the new one (default 86400, a day; 0 ends it now)",
  ),
});
const OUTPUT = z.object({
  endpoint: z.string().describe("Name of the endpoint"),
  key_id: z.string().describe("Id of the new key"),
  api_key: z.string().describe("The new key, shown this once and stored only as a hash: keep it"),
  replaced: z.object({
    key_id: z.string().describe("Id of the old key"),
    expires_at: z.string().describe("Until when it works, ISO 8601, UTC"),
  }).describe("The key that it takes the place of"),
});

export const rotateApiKeyTool = defineTool<DeployServices, z.infer<typeof INPUT>, z.infer<typeof OUTPUT>>({
  name: "rotate_api_key",
  title: "Rotate an API key",
  description:
    "Replace a key by a new one of the same name and rate limit. Both work until the grace is over, so that callers can change without a failed " +
    "request. A key that has leaked is revoked instead, with revoke_api_key.",
  effect: "create",
  scope: "deployments:write",
  input: INPUT,
  output: OUTPUT,
  async run(input, services, context) {
    const { key, api_key, replaced } = await rotateApiKey(services, input, waitingOf(context));
    return {
      endpoint: input.endpoint,
      key_id: key.key_id,
      api_key,
      replaced: { key_id: replaced.key_id, expires_at: replaced.expires_at! },
    };
  },
});
