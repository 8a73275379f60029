/** A training job: what was asked, where it stands, what came of it. */
import type { Finding } from "@/dataset/checks/finding.ts";
import type { Task } from "@/ml/estimator.ts";
import type { WireError } from "@/shared/errors.ts";

export const JOB_STATUSES = ["queued", "running", "succeeded", "failed", "cancelled"] as const;
export type JobStatus = (typeof JOB_STATUSES)[number];

export const VALIDATION_METHODS = ["holdout", "k_fold", "time", "group"] as const;

export interface Validation {
  method: (typeof VALIDATION_METHODS)[number];
  /** Folds of the cross-validation on the training rows. */
  folds?: number;
  /** Share of the rows that is sealed away for validate_model; 0 trains on every row. */
  test_fraction: number;
  /** `time`: the column of dates or numbers to order by. `group`: rows of one value stay together. */
  column?: string;
}

/** What train_model was asked for, checked and complete. */
export interface TrainingRequest {
  dataset: string;
  target: string;
  task?: Task;
  /** A name of ESTIMATORS, or `auto`. */
  algorithm: string;
  params: Record<string, unknown>;
  features?: string[];
  exclude?: string[];
  metric?: string;
  validation: Validation;
  /** How many candidates `auto` may try. */
  trials?: number;
  seed: number;
  /** Workers at once. */
  threads: number;
  sample_weight?: string;
  /** About so many rows of the table, spread over it; absent: all. */
  sample_rows?: number;
  /** Names of checks whose errors do not stop the job, or "all". */
  ignore_findings?: string[];
  /** The model that the fit goes on from. */
  continue_from?: { model_id: string; artifact_sha256: string };
  /** Name that the model is kept under. */
  name: string;
  /** Hash of the table's bytes when the job was accepted: a job that runs later must meet the same. */
  dataset_sha256: string;
  dataset_ref: string;
  dataset_version: string | null;
  dataset_license: string | null;
}

export interface JobProgress {
  stage: "waiting" | "reading" | "comparing" | "fitting" | "saving" | "done";
  done: number;
  total: number;
  message: string;
  /** The loss, or the fold's score, so far. */
  score?: number;
  /** Seconds that the rest of this stage will take, as far as can be told. */
  rest_s?: number;
}

export interface LeaderboardRow {
  algorithm: string;
  params: Record<string, unknown>;
  metric: string;
  /** Mean over the folds, and its standard deviation. */
  score: number | null;
  std: number | null;
  /** Seconds of computing for all folds. */
  duration_ms: number;
  error?: string;
}

export interface Timings {
  read_ms: number;
  prepare_ms: number;
  fit_ms: number;
  total_ms: number;
}

/** What a job leaves behind when it succeeds. */
export interface JobResult {
  model_id: string;
  algorithm: string;
  params: Record<string, unknown>;
  task: Task;
  metrics: Record<string, number | null>;
  metrics_from: string;
  baseline: Record<string, number | null>;
  leaderboard: LeaderboardRow[];
  timings: Timings;
  rows: { total: number; train: number; holdout: number; without_target: number };
  dropped: { column: string; reason: string }[];
  /** What the checks before learning found, the most severe first. */
  findings: Finding[];
  /** What reading the table had to guess or change. */
  notes?: readonly string[];
}

export interface Job {
  job_id: string;
  status: JobStatus;
  request: TrainingRequest;
  progress: JobProgress;
  result: JobResult | null;
  error: WireError | null;
  /** How often it was started; more than one after a server was killed. */
  attempts: number;
  caller: string;
  run_id: string | null;
  created_at: string;
  started_at: string | null;
  finished_at: string | null;
}
