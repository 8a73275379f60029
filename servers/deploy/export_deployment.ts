import { z } from "zod";
import { exportDeployment } from "@/deployment/export/export_deployment.ts";
import { defineTool } from "../tool.ts";
import { endpointName } from "./schemas.ts";
import type { DeployServices } from "./services.ts";

const INPUT = z.strictObject({
  endpoint: endpointName,
  target: z.enum(["docker", "compose", "kubernetes"]).describe(
    "docker: a Dockerfile; compose: a compose file beside it; kubernetes: manifests beside it (Deployment, Service, HorizontalPodAutoscaler, NetworkPolicy, PodDisruptionBudget)",
  ),
  path: z.string().min(1).max(4096).describe(
    "Folder to write: new, empty, or exported before, which is then replaced; folders on the way are made",
  ),
});
const OUTPUT = z.object({
  path: z.string().describe("The folder that was written"),
  model_id: z.string().describe("Model in it, name@version"),
  version: z.int().describe("Deployment of the endpoint that it is"),
  files: z.array(z.string()).describe("Files in the folder; README.md tells how to use them"),
  has_binary: z.boolean().describe(
    "Whether the program that serves is in the folder. false when mlmcp runs from source or not on Linux: add it as README.md says",
  ),
});

export const exportDeploymentTool = defineTool<
  DeployServices,
  z.infer<typeof INPUT>,
  z.infer<typeof OUTPUT>
>({
  name: "export_deployment",
  title: "Export a deployment",
  description:
    "Write a folder that serves the model of an endpoint anywhere else: this program, the model, and what Docker, Compose or Kubernetes need " +
    "to run them without privileges and with nothing writable. API keys go on working there; only their hashes are written.",
  effect: "update",
  scope: "deployments:write",
  input: INPUT,
  output: OUTPUT,
  run: (input, services) => exportDeployment(services, input),
  text: ({ path, model_id, files, has_binary }) =>
    `${model_id} was exported to ${path}: ${files.length} files${
      has_binary ? "" : ", without the program, which must be added (see README.md)"
    }.`,
});
