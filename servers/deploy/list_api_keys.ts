import { z } from "zod";
import { listApiKeys } from "@/deployment/api_keys.ts";
import { defineTool } from "../tool.ts";
import { endpointName } from "./schemas.ts";
import type { DeployServices } from "./services.ts";

const INPUT = z.strictObject({
  endpoint: endpointName,
  include_ended: z.boolean().default(false).describe(
    "Also keys that were revoked or have expired (default false)",
  ),
});
const OUTPUT = z.object({
  keys: z.array(z.object({
    key_id: z.string().describe("Id of the key"),
    name: z.string().describe("What it was called, such as the caller it was made for"),
    status: z.enum(["active", "expiring", "expired", "revoked"]).describe(
      "active: works until revoked; expiring: works until expires_at; expired and revoked: opens nothing",
    ),
    rate_limit_per_s: z.number().nullable().describe(
      "Its own limit of prediction requests a second; null for none",
    ),
    requests: z.int().describe("Prediction requests that carried it, all replicas"),
    created_at: z.string().describe("ISO 8601, UTC"),
    created_by: z.string().describe("Who asked for it: the subject of the token, or local"),
    expires_at: z.string().nullable().describe("ISO 8601, UTC; null when it does not expire"),
    revoked_at: z.string().nullable().describe("ISO 8601, UTC; null when it was not revoked"),
  })).describe("Newest first; the keys themselves are stored only as hashes"),
});

export const listApiKeysTool = defineTool<DeployServices, z.infer<typeof INPUT>, z.infer<typeof OUTPUT>>({
  name: "list_api_keys",
  title: "List API keys",
  description:
    "The keys of an endpoint by id and name: how often each was used, its limit, when it ends and who made it. The keys themselves are never shown again.",
  effect: "read",
  scope: "deployments:read",
  input: INPUT,
  output: OUTPUT,
  async run({ endpoint, include_ended }, services) {
    const keys = await listApiKeys(services, endpoint);
    return {
      keys: keys.filter(({ status }) => include_ended || status === "active" || status === "expiring")
        .map(({ endpoint: _, ...key }) => key),
    };
  },
  text: ({ keys }) =>
    keys.length === 0
      ? "No keys."
      : keys.map(({ key_id, name, status, requests }) =>
        `${key_id} (${name}): ${status}, ${requests} requests`
      )
        .join("\n"),
});
