import { z } from "zod";
import { deleteEndpoint } from "@/deployment/deploy.ts";
import { defineTool } from "../tool.ts";
import { endpointName, waitingOf } from "./schemas.ts";
import type { DeployServices } from "./services.ts";

const INPUT = z.strictObject({ endpoint: endpointName });
const OUTPUT = z.object({
  endpoint: z.string().describe("Name of the endpoint"),
  deleted: z.boolean().describe("Always true: what can't be deleted is an error"),
});

export const deleteEndpointTool = defineTool<DeployServices, z.infer<typeof INPUT>, z.infer<typeof OUTPUT>>({
  name: "delete_endpoint",
  title: "Delete an endpoint",
  description:
    "End an endpoint: its replicas finish their requests and exit, its port is free again. The model stays in the registry and the history of what " +
    "served there is kept. `mlmcp stop` ends an endpoint without deleting it.",
  effect: "delete",
  scope: "deployments:write",
  input: INPUT,
  output: OUTPUT,
  async run({ endpoint }, services, context) {
    await deleteEndpoint(services, endpoint, waitingOf(context));
    return { endpoint, deleted: true };
  },
  text: ({ endpoint }) => `${endpoint} is deleted.`,
});
