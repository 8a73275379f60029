import { z } from "zod";
import { AppError } from "@/shared/errors.ts";
import { defaultMetric, metricOf, METRICS, passes } from "@/ml/metrics.ts";
import { defineTool } from "../tool.ts";
import { datasetField, labelField, modelIdField, scoresField } from "./fields.ts";
import type { TrainingServices } from "./services.ts";

const input = z.strictObject({
  model_id: modelIdField,
  dataset: datasetField.optional().describe(
    "Rows to validate on, with the target. Default: the sealed holdout that training never saw",
  ),
  metric: z.string().max(50).optional().describe(
    `What the gate looks at: ${METRICS.map(({ name }) => name).join(", ")}. Default: accuracy, or r2`,
  ),
  min_score: z.number().optional().describe(
    "The threshold to pass: at least this for metrics where more is better, at most this for losses. Default: better than the baseline",
  ),
});

const output = z.object({
  model_id: z.string().describe("The model, as name@version"),
  metrics: scoresField.describe("Measured on rows that training never saw"),
  baseline: scoresField.describe("The same metrics for a guess that ignores the features"),
  metric: z.string().describe("The metric that the gate looked at"),
  score: z.number().nullable().describe("Its value"),
  min_score: z.number().nullable().describe("The threshold that was used"),
  passed: z.boolean().describe("Whether the score reaches the threshold"),
  gate_id: z.string().describe("Receipt for deploy_model and update_model; it opens the gate only if passed"),
  rows: z.number().int().describe("Rows that were measured on"),
  validated_on: z.string().describe("holdout, or where the rows came from"),
  confusion_matrix: z.array(z.array(z.number().describe("Rows")).describe("A true class")).optional()
    .describe(
      "Rows by true class (down) and predicted class (across), in the order of classes",
    ),
  classes: z.array(labelField).describe("The classes; empty for regression"),
});

export const validateModel = defineTool<TrainingServices, z.infer<typeof input>, z.infer<typeof output>>({
  name: "validate_model",
  title: "Validate a model on unseen rows",
  description:
    "Measure a model on rows that training never saw (its sealed holdout, or a dataset you give) beside a baseline, compare with " +
    "a threshold, and write a receipt (gate_id) for that very model. deploy_model demands the receipt of a model that passed.",
  effect: "create",
  scope: "models:validate",
  input,
  output,
  async run(args, services, context) {
    const model = services.registry.find(args.model_id);
    const metric = args.metric ?? defaultMetric(model.task);
    metricOf(metric, model.task);
    const { holdout } = model;
    if (!args.dataset && !holdout) {
      throw new AppError(
        "failed_precondition",
        `Cannot validate ${model.model_id}: no rows were kept apart when it was trained`,
        {
          hint: "Give a dataset with rows that it was not trained on.",
        },
      );
    }
    const artifact = services.registry.bytes(model);
    const found = args.dataset ? await services.findDataset(args.dataset) : null;
    const { signal } = context;
    const result = found
      ? await services.pool.run("evaluate", { artifact, table: found }, { signal })
      : await services.pool.evaluateSealed(holdout!.sha256, artifact, signal);
    const score = result.metrics[metric] ?? null;
    const guess = result.baseline[metric] ?? null;
    const min_score = args.min_score ?? guess;
    const passed = min_score !== null && passes(metric, score, min_score, args.min_score === undefined);
    const receipt = services.registry.addReceipt({
      model_id: model.model_id,
      artifact_sha256: model.artifact_sha256,
      metric,
      score: score ?? 0,
      min_score: min_score ?? 0,
      passed,
      metrics: result.metrics,
      baseline: result.baseline,
      rows: result.rows,
      validated_on: found ? found.ref : "holdout",
      dataset_sha256: found ? found.sha256 : holdout!.sha256,
      caller: context.caller.name,
    });
    return {
      model_id: model.model_id,
      metrics: result.metrics,
      baseline: result.baseline,
      metric,
      score,
      min_score,
      passed,
      gate_id: receipt.gate_id,
      rows: result.rows,
      validated_on: receipt.validated_on,
      ...(result.confusion_matrix ? { confusion_matrix: result.confusion_matrix } : {}),
      classes: result.classes,
    };
  },
});
