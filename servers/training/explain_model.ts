import { z } from "zod";
import { explainRow } from "@/artifact/explain_row.ts";
import { defineTool } from "../tool.ts";
import { labelField, modelIdField } from "./fields.ts";
import type { TrainingServices } from "./services.ts";

const input = z.strictObject({
  model_id: modelIdField,
  row: z.record(z.string().describe("Column"), z.unknown().describe("Value; null where missing")).optional()
    .describe(
      "A row to explain: what each of its values does to the prediction",
    ),
});

const output = z.object({
  model_id: z.string().describe("The model, as name@version"),
  importances: z.array(z.object({
    column: z.string().describe("Column"),
    importance: z.number().describe(
      "Loss of the training metric when the column's values are shuffled; 0 or less: not used",
    ),
  })).describe("Columns by importance, the most important first"),
  row: z.object({
    prediction: labelField,
    effects: z.array(z.object({
      column: z.string().describe("Column"),
      without: labelField.describe("The prediction if this value were missing"),
      effect: z.number().describe(
        "Regression: what the value adds to the prediction. Classification: what it adds to the predicted class's probability",
      ),
    })).describe("Values by the size of their effect, the largest first"),
  }).optional().describe("The explained row"),
});

export const explainModel = defineTool<TrainingServices, z.infer<typeof input>, z.infer<typeof output>>({
  name: "explain_model",
  title: "Explain a model or a prediction",
  description:
    "Which columns a model relies on (permutation importance), and, for a row, what each value does to its prediction " +
    "(the change when that value is taken away).",
  effect: "read",
  scope: "models:read",
  input,
  output,
  run({ model_id, row }, { registry }) {
    const model = registry.find(model_id);
    const artifact = registry.artifact(model);
    const importances = Object.entries(artifact.importances)
      .map(([column, importance]) => ({ column, importance }))
      .sort((a, b) => b.importance - a.importance);
    if (!row) return { model_id: model.model_id, importances };
    return { model_id: model.model_id, importances, row: explainRow(artifact, row) };
  },
});
