import { z } from "zod";
import { CHECKS } from "@/dataset/checks/checks.ts";
import { AppError } from "@/shared/errors.ts";
import { checkParams } from "@/ml/pipeline.ts";
import { estimatorOf, ESTIMATORS } from "@/ml/estimators.ts";
import { metricOf, METRICS } from "@/ml/metrics.ts";
import { type TrainingRequest, VALIDATION_METHODS } from "@/jobs/job.ts";
import { requireJobMemory } from "@/jobs/job_memory.ts";
import { prepareInput } from "@/jobs/runner.ts";
import { MODEL_NAME, modelNameFrom } from "@/registry/registry.ts";
import { defineTool } from "../tool.ts";
import { checkContinuedTable, continuedRequest } from "./continue_model.ts";
import {
  datasetField,
  jobAnswer,
  jobOutput,
  modelIdField,
  sampleRowsField,
  targetField,
  taskField,
  waitField,
} from "./fields.ts";
import type { FoundDataset } from "./find_dataset.ts";
import type { TrainingServices } from "./services.ts";

const columns = (what: string) =>
  z.array(z.string().describe("Name of a column")).max(10_000).optional().describe(what);

const input = z.strictObject({
  dataset: datasetField,
  target: targetField,
  task: taskField.optional(),
  algorithm: z.string().max(100).default("auto").describe(
    `auto (default) tries a sensible few by cross-validation and keeps the best; or one of ${
      ESTIMATORS.map(({ name }) => name).join(", ")
    } (list_algorithms tells more)`,
  ),
  params: z.record(z.string().describe("scikit-learn's name"), z.unknown().describe("Value")).optional()
    .describe(
      "Parameters of that algorithm, with scikit-learn's names; those left out keep scikit-learn's defaults. Not with auto",
    ),
  features: columns("Columns to learn from. Default: all but the target, identifiers and free text"),
  exclude: columns("Columns to leave out"),
  metric: z.string().max(50).optional().describe(
    `What to rank by: ${METRICS.map(({ name }) => name).join(", ")}. Default: accuracy, or r2`,
  ),
  validation: z.strictObject({
    method: z.enum(VALIDATION_METHODS).default("holdout").describe(
      "How rows are kept apart: holdout and k_fold at random (stratified by class), time (the holdout is the latest), group (a group is never on both sides)",
    ),
    folds: z.number().int().min(2).max(50).optional().describe(
      "Folds of the cross-validation on the training rows (2 to 50)",
    ),
    test_fraction: z.number().min(0).max(0.9).default(0.2).describe(
      "Share of the rows sealed away for validate_model (default 0.2); 0 trains on every row, and validating then needs a dataset of its own",
    ),
    column: z.string().max(500).optional().describe(
      "With time: the column to order by. With group: the column of groups",
    ),
  }).prefault({}).describe("How the model is measured"),
  budget: z.strictObject({
    trials: z.number().int().min(1).max(100).optional().describe("Candidates that auto may try"),
  }).optional().describe("Limits for auto"),
  seed: z.number().int().min(0).max(2147483647).default(0).describe(
    "The same data, parameters and seed give the same bytes",
  ),
  threads: z.number().int().min(1).max(256).optional().describe("Workers at once (default: the cores)"),
  sample_weight: z.string().max(500).optional().describe(
    "A column of weights (numbers >= 0); it is then no feature",
  ),
  sample_rows: sampleRowsField,
  ignore_findings: z.array(z.enum([...CHECKS.map(({ name }) => name), "all"]).describe("Name of a check"))
    .max(50)
    .optional().describe(
      "Checks whose errors do not stop the training, or all. Without it an error (target leakage and the like) refuses the table; recorded with the model",
    ),
  continue_from: modelIdField.optional().describe(
    `A model to go on from, with more rounds, trees or epochs: ${
      ESTIMATORS.flatMap(({ name, continues }) => continues ? [`${name} (${continues.steps})`] : []).join(
        ", ",
      )
    }. Give their number in all in params. Algorithm, other params, columns, seed and the sealed rows are the model's; its dataset keeps the sealed rows unseen, another one gives a warning`,
  ),
  name: z.string().max(64).optional().describe(
    "Name to keep the model under (default: from the data set's name)",
  ),
  wait_s: waitField,
});

export const trainModel = defineTool<TrainingServices, z.infer<typeof input>, z.infer<typeof jobOutput>>({
  name: "train_model",
  title: "Train a model",
  description:
    "Learn to predict one column of a table from the others. A share of the rows (20 % by default) is sealed away first and " +
    "never seen by training; validate_model measures on it. Returns when the model is ready or after wait_s, whichever comes " +
    "first: with status running, call get_training_job. Next: validate_model.",
  effect: "create",
  scope: "models:train",
  input,
  output: jobOutput,
  async run(args, services, context) {
    const found = await services.findDataset(args.dataset, args.sample_rows);
    const request = continuedRequest(requestFrom(args, found, services), args, services);
    // Reading and checking come before the queue, so that what can't work is refused at once.
    const prepared = await services.pool.run("prepare", prepareInput(request, found), {
      signal: context.signal,
    });
    if (request.continue_from) checkContinuedTable(request.continue_from, prepared, services);
    if (request.metric) metricOf(request.metric, prepared.task);
    if (request.algorithm !== "auto") checkParams(request.algorithm, prepared.task, request.params);
    const { command } = services;
    requireJobMemory(
      request,
      prepared,
      command.config["training.max_fit_mb"] * 1e6 || command.memory_bytes * DEFAULT_SHARE,
    );
    const job = services.queue.add(request, context.caller);
    services.runner.wake(job.job_id, prepared);
    const ended = await services.runner.wait(
      job.job_id,
      args.wait_s,
      context.signal,
      (progress) => context.progress(progress.done, progress.total, progress.message),
    );
    return jobAnswer(ended);
  },
});

/** Of the machine's memory, for a job. */
const DEFAULT_SHARE = 0.75;

function requestFrom(
  args: z.infer<typeof input>,
  found: FoundDataset,
  services: TrainingServices,
): TrainingRequest {
  if (args.algorithm !== "auto") estimatorOf(args.algorithm);
  const isAuto = args.algorithm === "auto" && args.continue_from === undefined;
  if (isAuto && args.params && Object.keys(args.params).length > 0) {
    throw new AppError("invalid_argument", "Cannot use params with auto: they belong to one algorithm", {
      hint: "Name the algorithm, or leave params out.",
    });
  }
  if (args.metric !== undefined) metricOf(args.metric, args.task);
  const name = args.name ??
    modelNameFrom(found.ref.split(/[/\\]/).at(-1)!.replace(/#.*$/, "").replace(/(\.\w{2,7}){0,2}$/, ""));
  if (!MODEL_NAME.test(name)) {
    throw new AppError("invalid_argument", `Cannot keep a model as "${name}": that is no model name`, {
      hint: `Use small letters, digits, - and _, such as ${modelNameFrom(name)}.`,
    });
  }
  return {
    dataset: args.dataset,
    target: args.target,
    algorithm: args.algorithm,
    params: args.params ?? {},
    validation: args.validation,
    seed: args.seed,
    threads: args.threads ?? services.cores,
    name,
    dataset_sha256: found.sha256,
    dataset_ref: found.ref,
    dataset_version: found.version,
    dataset_license: found.license,
    ...(args.task ? { task: args.task } : {}),
    ...(args.features ? { features: args.features } : {}),
    ...(args.exclude ? { exclude: args.exclude } : {}),
    ...(args.metric ? { metric: args.metric } : {}),
    ...(args.budget?.trials ? { trials: args.budget.trials } : {}),
    ...(args.sample_weight ? { sample_weight: args.sample_weight } : {}),
    ...(args.ignore_findings ? { ignore_findings: args.ignore_findings } : {}),
    ...(args.sample_rows ? { sample_rows: args.sample_rows } : {}),
  };
}
