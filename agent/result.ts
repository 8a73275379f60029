/** The result of a run, built from the journal alone: the same after a run, a resume and for `agent show`. */
import type { WireError } from "@/shared/errors.ts";
import type { Journal, RunError, RunStatus, StepRow } from "./journal.ts";
import type { Assumption, Task } from "./planner/plan.ts";
import type { StepName, StepStatusWord } from "./step_names.ts";
import type { Fetched } from "./steps/fetch.ts";
import type { Found } from "./steps/find.ts";
import type { Trained } from "./steps/train.ts";
import type { Validation } from "./steps/validate.ts";
import type { Watched } from "./steps/watch.ts";
import type { Deployed, Profile, Tested } from "./tool_results.ts";

export interface RunResult {
  run_id: string;
  status: RunStatus;
  request: string;
  dataset: {
    dataset_id: string | null;
    ref: string;
    title: string | null;
    path: string | null;
    version: string | number | null;
    license: string | null;
    sha256: string | null;
    rows: number;
    columns: number;
  } | null;
  target: string | null;
  task: Task | null;
  model: {
    model_id: string;
    version: number;
    algorithm: string;
    params: Record<string, unknown>;
    metrics: Record<string, number>;
    baseline: Record<string, number>;
    leaderboard: { algorithm: string; metric: string; score: number | null }[];
  } | null;
  /** What the checks before learning found, the most severe first. */
  findings: { check: string; severity: string; message: string; hint?: string }[];
  validation: Omit<Validation, "assumptions"> | null;
  deployment: {
    deployment_id: string;
    endpoint: string;
    version: string | number | null;
    url: string;
    status: string;
    replicas: Record<string, unknown>[];
  } | null;
  test: Tested | null;
  monitoring: Watched | null;
  /** A row for `POST /predict`, without the target. */
  example: Record<string, unknown> | null;
  assumptions: Assumption[];
  steps: {
    step: StepName;
    tool: string | null;
    status: StepStatusWord;
    started_at: string;
    duration_ms: number | null;
    error?: WireError;
  }[];
  error: RunError | null;
  created_at: string;
  updated_at: string;
}

export function resultOf(journal: Journal, run_id: string): RunResult {
  const run = journal.run(run_id);
  const steps = new Map(journal.steps(run.run_id).map((step) => [step.step, step]));
  const found = ended<Found>(steps.get("find"));
  const fetched = ended<Fetched>(steps.get("fetch"));
  const trained = ended<Trained>(steps.get("train"));
  const validated = ended<Validation>(steps.get("validate"));
  const deployed = ended<Deployed>(steps.get("deploy"));
  const tested = ended<Tested>(steps.get("test"));
  const watched = ended<Watched>(steps.get("watch"));
  const plan = run.plan?.plan ?? null;
  const { assumptions: thresholds = [], ...validation } = validated ?? {} as Partial<Validation>;
  return {
    run_id: run.run_id,
    status: journal.statusNow(run),
    request: run.request,
    dataset: fetched && {
      dataset_id: fetched.dataset_id,
      ref: fetched.ref,
      title: found?.title ?? null,
      path: fetched.path,
      version: fetched.version,
      license: fetched.license,
      sha256: fetched.sha256,
      rows: fetched.profile.rows,
      columns: fetched.profile.columns,
    },
    target: plan?.target ?? null,
    task: plan?.task ?? null,
    model: trained && {
      model_id: trained.model_id,
      version: Number(trained.model_id.split("@").at(-1)),
      algorithm: trained.algorithm ?? plan?.algorithm ?? "",
      params: trained.params,
      metrics: trained.metrics,
      baseline: trained.baseline,
      leaderboard: trained.leaderboard.map((row) => ({
        algorithm: row.algorithm,
        metric: row.metric ?? plan?.metric ?? "",
        score: row.score ?? null,
      })),
    },
    findings: (trained?.findings ?? []).map(({ check, severity, message, hint }) => ({
      ...{ check, severity, message },
      ...(hint ? { hint } : {}),
    })),
    validation: validated && validation as Omit<Validation, "assumptions">,
    deployment: deployed && {
      deployment_id: deployed.deployment_id,
      endpoint: deployed.endpoint,
      version: watched?.version ?? deployed.version ?? null,
      url: watched?.url ?? deployed.url,
      status: watched?.status ?? deployed.status ?? "unknown",
      replicas: watched?.replicas ?? [],
    },
    test: tested,
    monitoring: watched,
    example: fetched && plan && tested?.example?.row
      ? tested.example.row as RunResult["example"]
      : fetched && plan
      ? exampleRow(fetched.profile, plan.target, trained?.dropped.map((one) => one.column) ?? [])
      : null,
    assumptions: [
      ...found?.assumptions ?? [],
      ...fetched?.assumptions ?? [],
      ...run.plan?.assumptions ?? [],
      ...thresholds,
    ],
    steps: [...steps.values()].map(({ step, tool, status, started_at, duration_ms, error }) => ({
      ...{ step, tool, status, started_at, duration_ms },
      ...(error ? { error } : {}),
    })),
    error: run.error,
    created_at: run.created_at,
    updated_at: run.updated_at,
  };
}

function ended<T>(step: StepRow | undefined): T | null {
  return (step?.result as { result?: T } | null)?.result ?? null;
}

/** Typical values of the columns that the model takes, for a first request; null when the profile shows none. */
export function exampleRow(
  profile: Profile,
  target: string,
  dropped: readonly string[],
): Record<string, unknown> | null {
  const row: Record<string, unknown> = {};
  for (const { name, type, quantiles, top_values, examples } of profile.column_profiles) {
    if (name === target || dropped.includes(name) || type === "identifier" || type === "text") continue;
    const value = quantiles?.p50 ?? top_values?.[0]?.value ?? examples?.[0];
    if (value !== undefined) row[name] = value;
  }
  return Object.keys(row).length > 0 ? row : null;
}
