import { z } from "zod";
import { defineTool } from "../tool.ts";
import { findingField, modelAnswer, modelIdField, modelOutput, scoresField } from "./fields.ts";
import type { TrainingServices } from "./services.ts";

const input = z.strictObject({ model_id: modelIdField });

const output = modelOutput.extend({
  findings: z.array(findingField).describe("What the checks before learning found in its data"),
  ignored_findings: z.array(z.string().describe("Name of a check")).describe(
    "Checks whose errors were to be ignored when it was trained",
  ),
  validations: z.array(z.object({
    gate_id: z.string().describe("The receipt"),
    metric: z.string().describe("What the gate looked at"),
    score: z.number().describe("Its value"),
    min_score: z.number().describe("The threshold"),
    passed: z.boolean().describe("Whether it passed"),
    metrics: scoresField.describe("All metrics on those rows"),
    baseline: scoresField.describe("The baseline's on those rows"),
    rows: z.number().int().describe("Rows that were measured on"),
    validated_on: z.string().describe("holdout, or where the rows came from"),
    created_at: z.string().describe("ISO 8601"),
  })).describe("What validate_model found, newest first"),
});

export const getModelMetrics = defineTool<TrainingServices, z.infer<typeof input>, z.infer<typeof output>>({
  name: "get_model_metrics",
  title: "Metrics of a model",
  description:
    "Everything measured about one model: cross-validated metrics beside the baseline's, each validation with its threshold, " +
    "its parameters, and which data it came from.",
  effect: "read",
  scope: "models:read",
  input,
  output,
  run({ model_id }, { registry }) {
    const model = registry.find(model_id);
    const validations = registry.receiptsOf(model.artifact_sha256).map((receipt) => ({
      gate_id: receipt.gate_id,
      metric: receipt.metric,
      score: receipt.score,
      min_score: receipt.min_score,
      passed: receipt.passed,
      metrics: receipt.metrics,
      baseline: receipt.baseline,
      rows: receipt.rows,
      validated_on: receipt.validated_on,
      created_at: receipt.created_at,
    }));
    const { findings, ignored_findings } = registry.artifact(model);
    return { ...modelAnswer(model), findings, ignored_findings, validations };
  },
});
