import { serverCommand } from "../serve.ts";
import { openTrainingServices } from "./services.ts";
import { TOOLS } from "./tools.ts";

export const command = serverCommand({
  name: "training-server",
  title: "From a table to a validated model",
  instructions:
    "profile_dataset shows a table; train_model learns from it and keeps some rows sealed; validate_model measures on " +
    "those and writes the receipt (gate_id) that the deploy-server asks for. Long jobs go on after a call returns: get_training_job.",
  tools: TOOLS,
}, openTrainingServices);
