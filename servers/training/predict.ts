import { z } from "zod";
import { predictRows } from "@/artifact/predict_rows.ts";
import { defineTool } from "../tool.ts";
import { labelField, modelIdField } from "./fields.ts";
import type { TrainingServices } from "./services.ts";

const input = z.strictObject({
  model_id: modelIdField,
  rows: z.array(z.union([
    z.record(z.string().describe("Column"), z.unknown().describe("Value; null where missing")).describe(
      "Values by column",
    ),
    z.array(z.unknown().describe("Value")).describe("Values in the order of the model's columns"),
  ])).min(1).max(10_000).describe("Rows to predict, at most 10,000"),
});

const output = z.object({
  predictions: z.array(labelField).describe("One a row: the number, or the class of the highest probability"),
  probabilities: z.array(z.record(z.string().describe("Class"), z.number().describe("Probability")))
    .optional().describe(
      "Classification: for each row, the probability of each class",
    ),
  model: z.string().describe("The model, as name@version"),
  warnings: z.array(z.string().describe("A warning")).describe(
    "What was odd but could be used, such as categories never seen",
  ),
});

export const predict = defineTool<TrainingServices, z.infer<typeof input>, z.infer<typeof output>>({
  name: "predict",
  title: "Predict with a model",
  description:
    "Predict rows with a model that is kept here, without deploying it. For many callers, deploy_model and use its URL.",
  effect: "read",
  scope: "models:read",
  input,
  output,
  run({ model_id, rows }, { registry }) {
    const model = registry.find(model_id);
    return { ...predictRows(registry.artifact(model), rows), model: model.model_id };
  },
});
