/**
 * What the agent reads in the servers' answers, and nothing more: fields that it does not know may come and go.
 */
import { z } from "zod";
import { AppError, type ErrorCode, fromWireError } from "@/shared/errors.ts";
import type { ToolResult } from "./servers.ts";

const text = z.string().nullish().transform((value) => value ?? undefined);
const number = z.number().nullish().transform((value) => value ?? undefined);
const scores = z.record(z.string(), z.unknown()).nullish().transform((value) => numbersIn(value ?? {}));

/** Metrics that are single numbers; a confusion matrix is left out. */
function numbersIn(value: Record<string, unknown>): Record<string, number> {
  return Object.fromEntries(
    Object.entries(value).filter((entry): entry is [string, number] => typeof entry[1] === "number"),
  );
}

const RemoteError = z.object({ code: z.string(), message: z.string(), hint: text }).loose();

/** Why work on a server ended, as the error it was there. */
export function errorFrom({ code, message, hint }: z.infer<typeof RemoteError>): AppError {
  return fromWireError({ code: code as ErrorCode, message, hint: hint ?? "" });
}

const value = z.union([z.number(), z.string(), z.boolean()]);
const counts = z.array(z.object({ value, count: z.number() }).loose());

/** Without its plots: what is kept of a run is what was read. */
export const ColumnProfile = z.object({
  name: z.string(),
  type: z.string(),
  missing: number,
  distinct: number,
  min: value.nullish(),
  max: value.nullish(),
  mean: value.nullish(),
  quantiles: z.object({ p50: value }).loose().nullish(),
  /** The most frequent values, not of numbers. */
  top_values: counts.nullish(),
  examples: z.array(value).nullish(),
});
export type ColumnProfile = z.infer<typeof ColumnProfile>;

export const Profile = z.object({
  rows: z.number(),
  columns: z.number(),
  column_profiles: z.array(ColumnProfile),
  target: z.object({ name: z.string(), classes: counts.nullish() }).nullish(),
});
export type Profile = z.infer<typeof Profile>;

export const FoundDataset = z.object({
  ref: z.string(),
  title: text,
  subtitle: text,
  description: text,
  license: text,
  target: text,
  task: text,
  tags: z.array(z.string()).nullish().transform((value) => value ?? []),
}).loose();
export type FoundDataset = z.infer<typeof FoundDataset>;
export const FoundDatasets = z.object({
  datasets: z.array(FoundDataset),
  /** Such as why Kaggle's data sets are missing. */
  notes: z.array(z.string()).nullish().transform((value) => value ?? []),
}).loose();
export type FoundDatasets = z.infer<typeof FoundDatasets>;

export const Downloaded = z.object({
  dataset_id: text,
  ref: text,
  version: z.union([z.string(), z.number()]).nullish().transform((value) => value ?? undefined),
  path: text,
  license: text,
  sha256: text,
  files: z.array(z.object({ name: z.string(), path: text, size_bytes: number }).loose()).nullish()
    .transform((value) => value ?? []),
  cached: z.boolean().optional(),
  error: RemoteError.nullish(),
  status: text,
  download_id: text,
}).loose();
export type Downloaded = z.infer<typeof Downloaded>;

export const TrainingJob = z.object({
  job_id: z.string(),
  status: z.enum(["queued", "running", "succeeded", "failed", "cancelled"]),
  model_id: text,
  algorithm: text,
  params: z.record(z.string(), z.unknown()).nullish().transform((value) => value ?? {}),
  metrics: scores,
  baseline: scores,
  leaderboard: z.array(
    z.object({ algorithm: z.string(), score: z.number().nullish(), metric: text }).loose(),
  ).nullish().transform((value) => value ?? []),
  findings: z.array(
    z.object({ check: z.string(), severity: z.string(), message: z.string(), hint: text }).loose(),
  ).nullish().transform((value) => value ?? []),
  dropped: z.array(z.object({ column: z.string() }).loose()).nullish().transform((value) => value ?? []),
  error: RemoteError.nullish(),
  progress: z.object({ done: number, total: number, message: text }).loose().nullish(),
  run_id: text,
  name: text,
}).loose();
export type TrainingJob = z.infer<typeof TrainingJob>;

export const Validated = z.object({
  model_id: text,
  metrics: scores,
  baseline: scores,
  passed: z.boolean(),
  gate_id: text,
  metric: text,
  score: number,
  min_score: number,
}).loose();
export type Validated = z.infer<typeof Validated>;

export const Deployed = z.object({
  deployment_id: z.string(),
  endpoint: z.string(),
  version: z.union([z.string(), z.number()]).nullish(),
  url: z.string(),
  status: text,
}).loose();
export type Deployed = z.infer<typeof Deployed>;

export const Tested = z.object({
  passed: z.boolean(),
  checks: z.array(z.object({ name: z.string(), passed: z.boolean(), detail: text }).loose()),
  example: z.object({ row: z.unknown(), prediction: z.unknown() }).loose().nullish(),
}).loose();
export type Tested = z.infer<typeof Tested>;

export const DeploymentStatus = z.object({
  status: z.string(),
  version: z.union([z.string(), z.number()]).nullish(),
  url: text,
  replicas: z.array(
    z.object({ replica_id: z.unknown(), status: text, pid: number, restarts: number }).loose(),
  ).nullish().transform((value) => value ?? []),
  requests: z.object({ total: number, errors: number }).loose().nullish(),
  drift: z.object({
    verdict: text,
    columns: z.array(z.object({ name: z.string(), verdict: text }).loose()).nullish(),
    prediction: z.object({ name: z.string(), verdict: text }).loose().nullish(),
  }).loose().nullish(),
  alerts: z.array(
    z.object({ alert_id: z.string(), rule: z.string(), state: z.string(), value: z.unknown() }).loose(),
  ).nullish(),
}).loose();
export type DeploymentStatus = z.infer<typeof DeploymentStatus>;

/** @throws AppError internal when the answer lacks something the agent needs */
export function read<T>(schema: z.ZodType<T>, tool: string, result: ToolResult): T {
  const parsed = schema.safeParse(result);
  if (parsed.success) return parsed.data;
  const where = parsed.error.issues.map((issue) => `${issue.path.join(".") || "answer"}: ${issue.message}`)
    .join("; ");
  throw new AppError("internal", `Cannot read the answer of ${tool}: ${where}`, {
    hint: "Agent and server may be of different versions: `mlmcp --version` on both sides.",
  });
}
