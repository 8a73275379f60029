/** The table of the deploy-server's tools. A new tool is one file and one line here. */
import { refuseOtherProgram } from "@/deployment/ensure_supervisor.ts";
import type { AnyTool } from "../tool.ts";
import { createApiKeyTool } from "./create_api_key.ts";
import { createEndpointTool } from "./create_endpoint.ts";
import { deleteEndpointTool } from "./delete_endpoint.ts";
import { deployModelTool } from "./deploy_model.ts";
import { exportDeploymentTool } from "./export_deployment.ts";
import { getDeploymentStatusTool } from "./get_deployment_status.ts";
import { listApiKeysTool } from "./list_api_keys.ts";
import { listDeploymentsTool } from "./list_deployments.ts";
import { revokeApiKeyTool } from "./revoke_api_key.ts";
import { rollbackDeploymentTool } from "./rollback_deployment.ts";
import { rotateApiKeyTool } from "./rotate_api_key.ts";
import { scaleDeploymentTool } from "./scale_deployment.ts";
import type { DeployServices } from "./services.ts";
import { setTrafficTool } from "./set_traffic.ts";
import { testEndpointTool } from "./test_endpoint.ts";
import { updateEndpointTool } from "./update_endpoint.ts";
import { updateModelTool } from "./update_model.ts";

/** What changes something needs a supervisor and replicas that understand it. */
function guarded(tool: AnyTool<DeployServices>): AnyTool<DeployServices> {
  if (tool.effect === "read") return tool;
  return {
    ...tool,
    async run(input, services, context) {
      await refuseOtherProgram(services.context);
      return tool.run(input, services, context);
    },
  };
}

const ALL: readonly AnyTool<DeployServices>[] = [
  deployModelTool,
  createEndpointTool,
  testEndpointTool,
  getDeploymentStatusTool,
  listDeploymentsTool,
  rollbackDeploymentTool,
  updateModelTool,
  setTrafficTool,
  scaleDeploymentTool,
  updateEndpointTool,
  createApiKeyTool,
  listApiKeysTool,
  rotateApiKeyTool,
  revokeApiKeyTool,
  exportDeploymentTool,
  deleteEndpointTool,
];

export const TOOLS: readonly AnyTool<DeployServices>[] = ALL.map(guarded);
