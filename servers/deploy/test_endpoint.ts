import { z } from "zod";
import { knownEndpoint } from "@/deployment/deploy.ts";
import { testEndpoint } from "@/deployment/test_endpoint.ts";
import { defineTool } from "../tool.ts";
import { endpointName } from "./schemas.ts";
import type { DeployServices } from "./services.ts";

const INPUT = z.strictObject({
  endpoint: endpointName,
  rows: z.array(z.union([z.record(z.string(), z.unknown()), z.array(z.unknown())])).min(1).max(1000)
    .optional()
    .describe(
      "Rows to ask about, as objects by column or lists in the model's order (default: the golden rows that the model carries, compared with the predictions it gave when it was made)",
    ),
});
const OUTPUT = z.object({
  passed: z.boolean().describe("Whether every check passed"),
  checks: z.array(z.object({
    name: z.string().describe("What was checked"),
    passed: z.boolean().describe("Whether it was as it should be"),
    detail: z.string().describe("What was seen"),
  })).describe("One entry a check, in the order they were made"),
  latency_ms: z.number().nullable().describe(
    "Median time of a request with one row; null when none was answered",
  ),
  example: z.object({
    row: z.union([z.record(z.string(), z.unknown()), z.array(z.unknown())]).describe(
      "As POST {url}/predict takes it",
    ),
    prediction: z.union([z.string(), z.number()]).describe("What the endpoint answered"),
  }).nullable().describe("One of the rows, with its answer; null when none came"),
});

export const testEndpointTool = defineTool<DeployServices, z.infer<typeof INPUT>, z.infer<typeof OUTPUT>>({
  name: "test_endpoint",
  title: "Test an endpoint",
  description:
    "Ask a deployed endpoint over real HTTP, as a caller would: is it ready, does it serve the model that was deployed, and does it predict " +
    "exactly what the model predicted when it was made. Call it after deploy_model, update_model or rollback_deployment. A check that fails is a result, not an error.",
  effect: "read",
  scope: "deployments:read",
  input: INPUT,
  output: OUTPUT,
  run: ({ endpoint, rows }, services) =>
    testEndpoint(services, knownEndpoint(services.records, endpoint), rows),
  text: ({ passed, checks, latency_ms }) => {
    const failed = checks.filter((check) => !check.passed);
    return passed
      ? `All ${checks.length} checks passed; a request takes ${latency_ms} ms.`
      : `${failed.length} of ${checks.length} checks failed: ${
        failed.map(({ name, detail }) => `${name}: ${detail}`).join("; ")
      }`;
  },
});
