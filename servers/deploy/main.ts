import { serverCommand } from "../serve.ts";
import { openServices } from "./services.ts";
import { TOOLS } from "./tools.ts";

export const command = serverCommand({
  name: "deploy-server",
  title: "Deploy, test and roll back endpoints",
  instructions:
    "Serves trained models over HTTP. The usual way: validate_model (training-server) gives a gate_id, deploy_model puts the model on an endpoint, " +
    "test_endpoint proves it, get_deployment_status watches it; update_model and rollback_deployment change the model without a failed request. " +
    "Endpoints go on serving when this server ends.",
  tools: TOOLS,
}, openServices);
