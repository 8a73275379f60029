/** Fields that several tools of this server take or give. */
import { z } from "zod";
import { AppError } from "@/shared/errors.ts";
import { JOB_STATUSES } from "@/jobs/job.ts";
import type { Job } from "@/jobs/job.ts";
import type { ModelVersion } from "@/registry/registry.ts";

export const sampleRowsField = z.number().int().min(100).max(1_000_000_000).optional().describe(
  "About so many rows, spread over the file, instead of all: for files that are too large to read. Recorded with the model",
);

export const notesField = z.array(z.string().describe("A sentence")).readonly().optional().describe(
  "What reading the table had to guess or change: an old encoding, renamed columns, a sample",
);

export const datasetField = z.string().min(1).max(4096).describe(
  "The table: a dataset_id from download_dataset, a sample such as sample/iris, or the path of a CSV, JSON, Parquet, Arrow, SQLite or Excel file (also .gz, .zst, .zip) or of a folder with one such file. One of several tables in a file is named behind a #: shop.db#customers, book.xlsx#Sheet2, data.zip#train.csv",
);
export const targetField = z.string().min(1).max(500).describe(
  "Name of the column to predict, exactly as in the table's header",
);
export const modelIdField = z.string().min(1).max(200).describe(
  "The model: name@version such as iris@3, name@alias such as iris@production, or a name alone for its newest version",
);
export const taskField = z.enum(["classification", "regression"]).describe(
  "classification for categories, regression for quantities",
);
export const waitField = z.number().min(0).max(45).default(20).describe(
  "Longest time to wait for the end, in seconds (0 to 45, default 20); if it is not done by then, ask again with get_training_job",
);
export const cursorField = z.string().max(200).optional().describe(
  "next_cursor of the page before; leave out for the first page",
);
export const limitField = z.number().int().min(1).max(200).default(50).describe(
  "Most entries to return (1 to 200, default 50)",
);
export const nextCursorField = z.string().nullable().describe(
  "Give this as cursor for the next page; null on the last page",
);
export const scoresField = z.record(
  z.string().describe("Name of the metric"),
  z.number().nullable().describe("Its value; null where it is not defined"),
);
export const paramsField = z.record(
  z.string().describe("scikit-learn's name of the parameter"),
  z.unknown().describe("Its value"),
);
export const labelField = z.union([z.string(), z.number()]).describe("A class, or a number");

/**
 * A place in a list, as text that only we read.
 * @throws AppError invalid_argument
 */
export function offsetOf(cursor: string | undefined): number {
  if (cursor === undefined) return 0;
  if (/^\d{1,15}$/.test(cursor)) return Number(cursor);
  throw new AppError("invalid_argument", `Cannot go on at cursor "${cursor}": it comes from no list`, {
    hint: "Give next_cursor of the page before, or leave it out for the first page.",
  });
}

/** @param entries one more than `limit` were asked for, to know whether there is a next page */
export function pageOf<T>(
  entries: T[],
  offset: number,
  limit: number,
): { page: T[]; next_cursor: string | null } {
  return {
    page: entries.slice(0, limit),
    next_cursor: entries.length > limit ? String(offset + limit) : null,
  };
}

export const findingField = z.object({
  check: z.string().describe("Name of the check, as in ignore_findings"),
  severity: z.enum(["error", "warning", "info"]).describe(
    "error: refused unless ignored; warning: look at it before you believe the score",
  ),
  columns: z.array(z.string().describe("Name")).describe("Columns that it is about"),
  message: z.string().describe("What was found"),
  evidence: z.record(z.string().describe("Figure"), z.union([z.number(), z.string()]).describe("Value"))
    .describe("The figures behind it"),
  hint: z.string().describe("What to do"),
});

const leaderboardRow = z.object({
  algorithm: z.string().describe("Name of the algorithm"),
  params: paramsField.describe("Parameters that differ from the defaults"),
  metric: z.string().describe("What the candidates were ranked by"),
  score: z.number().nullable().describe("Mean over the folds; null if it could not be fitted"),
  std: z.number().nullable().describe("Standard deviation over the folds"),
  duration_ms: z.number().describe("Time for all folds, in milliseconds"),
  error: z.string().optional().describe("Why it could not be fitted"),
});

export const jobOutput = z.object({
  job_id: z.string().describe("Ask with get_training_job how it stands"),
  status: z.enum(JOB_STATUSES).describe("queued, running, succeeded, failed or cancelled"),
  name: z.string().describe("Name that the model is kept under"),
  dataset: z.string().describe("The table as it was given"),
  target: z.string().describe("The column to predict"),
  progress: z.object({
    stage: z.enum(["waiting", "reading", "comparing", "fitting", "saving", "done"]).describe(
      "What it is doing",
    ),
    done: z.number().describe("Steps done in this stage"),
    total: z.number().describe("Steps in this stage"),
    message: z.string().describe("In words"),
    score: z.number().optional().describe("The loss of the fit, or the score of the fold, so far"),
    rest_s: z.number().optional().describe("Seconds that the rest of this stage will take, about"),
  }).describe("How far it is"),
  model_id: z.string().optional().describe("The model, once succeeded; give it to validate_model"),
  algorithm: z.string().optional().describe("The algorithm that was kept"),
  params: paramsField.optional().describe("Its complete parameters"),
  task: taskField.optional(),
  metrics: scoresField.optional().describe(
    "Measured as metrics_from says, never on the rows it was fitted on",
  ),
  metrics_from: z.string().optional().describe("How the metrics were measured"),
  baseline: scoresField.optional().describe("The same metrics for a guess that ignores the features"),
  leaderboard: z.array(leaderboardRow).optional().describe("All candidates, the best first"),
  timings: z.object({
    read_ms: z.number().describe("Reading the table, in milliseconds"),
    prepare_ms: z.number().describe("Checking it and sealing the holdout, in milliseconds"),
    fit_ms: z.number().describe("The final fit, in milliseconds"),
    total_ms: z.number().describe("All work of the job, in milliseconds"),
  }).optional().describe("Where the time went"),
  rows: z.object({
    total: z.number().describe("Rows in the table"),
    train: z.number().describe("Rows that were learned from"),
    holdout: z.number().describe("Rows sealed away for validate_model"),
    without_target: z.number().describe("Rows left out because their target is missing"),
  }).optional().describe("How the rows were used"),
  dropped: z.array(z.object({
    column: z.string().describe("Column that was not used"),
    reason: z.string().describe("Why"),
  })).optional().describe("Columns that were not used"),
  findings: z.array(findingField).optional().describe(
    "What the checks before learning found, the most severe first",
  ),
  notes: notesField,
  error: z.object({
    code: z.string().describe("Kind of error"),
    message: z.string().describe("What could not be done"),
    hint: z.string().describe("What to do next"),
  }).optional().describe("Why it failed or was cancelled"),
  attempts: z.number().describe("How often it was started; more than 1 after a server was killed"),
  run_id: z.string().nullable().describe("Run of the agent that asked for it"),
  created_at: z.string().describe("ISO 8601"),
  started_at: z.string().nullable().describe("ISO 8601"),
  finished_at: z.string().nullable().describe("ISO 8601"),
});

export function jobAnswer(job: Job): z.infer<typeof jobOutput> {
  const { request, result, error } = job;
  return {
    job_id: job.job_id,
    status: job.status,
    name: request.name,
    dataset: request.dataset,
    target: request.target,
    progress: job.progress,
    ...(result ?? {}),
    ...(error ? { error } : {}),
    attempts: job.attempts,
    run_id: job.run_id,
    created_at: job.created_at,
    started_at: job.started_at,
    finished_at: job.finished_at,
  };
}

export const modelOutput = z.object({
  model_id: z.string().describe("name@version"),
  name: z.string().describe("Name of the model"),
  version: z.number().int().describe("Number of this version, from 1"),
  aliases: z.array(z.string().describe("An alias")).describe(
    "Names that lead to this version, as in name@production",
  ),
  algorithm: z.string().describe("The algorithm"),
  task: taskField,
  target: z.string().describe("The column it predicts"),
  params: paramsField.describe("Complete parameters of the algorithm"),
  metrics: scoresField.describe("Measured as metrics_from says"),
  metrics_from: z.string().describe("How the metrics were measured"),
  baseline: scoresField.describe("The same metrics for a guess that ignores the features"),
  dataset: z.object({
    ref: z.string().describe("Where the training rows came from"),
    version: z.string().nullable().describe("Version of that data set"),
    sha256: z.string().describe("Hash of the table's bytes"),
    license: z.string().nullable().describe("Licence of the data"),
    sample_rows: z.number().int().optional().describe("So many rows were asked for, spread over the table"),
  }).describe("Lineage"),
  holdout_rows: z.number().int().describe("Rows sealed away for validate_model"),
  continued_from: z.object({
    model_id: z.string().describe("name@version"),
    artifact_sha256: z.string().describe("Hash of its file"),
  }).nullable().describe("The model that this one went on from; null if it began anew"),
  artifact_sha256: z.string().describe("Hash of the model file"),
  size_bytes: z.number().int().describe("Size of the model file"),
  created_at: z.string().describe("ISO 8601"),
});

export function modelAnswer(model: ModelVersion): z.infer<typeof modelOutput> {
  const { holdout, job_id: _, ...rest } = model;
  return { ...rest, holdout_rows: holdout?.rows ?? 0 };
}
