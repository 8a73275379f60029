/** One job, from the table's bytes to a model in the registry. */
import { AppError, toWireError } from "@/shared/errors.ts";
import { canonicalJson, sha256Hex } from "@/shared/hash.ts";
import type { HoldoutDoor } from "@/shared/holdout_door.ts";
import { VERSION } from "@/shared/version.ts";
import type { Holdout, Registry } from "@/registry/registry.ts";
import { candidatesFor } from "@/ml/model_selection/candidates.ts";
import { defaultMetric, metricOf } from "@/ml/metrics.ts";
import { eachAtOnce } from "./each_at_once.ts";
import type { JobProgress, JobResult, LeaderboardRow, TrainingRequest } from "./job.ts";
import type { LearningPool } from "./learning_pool.ts";
import { seenBefore } from "./seen_before.ts";
import type { Measured } from "./tasks/compare.ts";
import type { Prepared } from "./tasks/prepare.ts";

export interface JobParts {
  holdouts: HoldoutDoor;
  pool: LearningPool;
  registry: Registry;
  signal: AbortSignal;
  report(progress: JobProgress): void;
  /** What a part came to when the job ran before and was cut off; undefined: it must be done. */
  kept(part: string): unknown;
  keep(part: string, value: unknown): void;
  /** Of the fits of this job that are not done: what they had learned when they were cut off. */
  checkpoints: {
    read(key: string): Promise<Uint8Array[]>;
    add(key: string, piece: Uint8Array, isWhole: boolean): void;
    forget(key: string): Promise<void>;
  };
}

/** What the job compares and fits with; `auto` has several. */
export interface Candidate {
  algorithm: string;
  params: Record<string, unknown>;
}

/** Above this many training rows, one algorithm is measured on one fold, not on several. */
const MANY_ROWS = 20_000;
/** Up to so many, guessing takes less time than starting a Worker for it. */
const FEW_ROWS = 20_000;

export async function runTrainingJob(
  job_id: string,
  request: TrainingRequest,
  prepared: Prepared,
  parts: JobParts,
): Promise<JobResult> {
  const started = performance.now();
  const { registry, pool, report, signal } = parts;
  const { task, train } = prepared;
  const metric = request.metric ?? defaultMetric(task);
  metricOf(metric, task);
  const holdout = await keepHoldout(parts.holdouts, prepared, request);
  const before = request.continue_from && registry.find(request.continue_from.model_id);
  const findings = [...before ? seenBefore(registry, before, holdout) : [], ...prepared.findings];

  const candidates = candidatesOf(request, prepared);
  const compared = await compareAll(job_id, candidates, request, prepared, metric, parts);
  const ranked = rank(compared.rows, metric);
  const winner = ranked[0];
  if (winner.score === null) {
    throw new AppError(
      "failed_precondition",
      `Cannot train: no algorithm could be fitted (${winner.algorithm}: ${winner.error})`,
      {
        hint: "Fewer folds, more rows of each class, or another algorithm may help.",
      },
    );
  }
  const best = compared.results.get(winner)!;

  report({
    stage: "fitting",
    done: 0,
    total: 1,
    message: `fitting ${winner.algorithm} on ${train.rows} rows`,
  });
  const metrics_from = before ? `${compared.how}, each fold fitted from the start` : compared.how;
  const key = keyOf(request, "fit", winner);
  const fitted = await pool.run("fit", {
    train,
    options: { ...fitOptions(request, prepared, winner), threads: request.threads },
    resume: await parts.checkpoints.read(key),
    ...(before ? { continue_from: registry.bytes(before) } : {}),
    metric,
    facts: {
      metrics: best.metrics,
      metrics_from,
      baseline_metrics: compared.baseline?.metrics ?? {},
      dataset: {
        ref: request.dataset_ref,
        version: request.dataset_version,
        sha256: request.dataset_sha256,
        license: request.dataset_license,
        ...(request.sample_rows ? { sample_rows: request.sample_rows } : {}),
      },
      code_version: VERSION,
      ...(before ? { continued_from: before.artifact_sha256 } : {}),
      findings,
      ignored_findings: request.ignore_findings ?? [],
    },
    answers: best.answers,
  }, {
    signal,
    job_id,
    checkpoint: (piece, isWhole) => parts.checkpoints.add(key, piece, isWhole),
    report: (done, total, score) =>
      report({
        ...{ stage: "fitting", done, total, message: `fitting ${winner.algorithm} on ${train.rows} rows` },
        ...(score === undefined ? {} : { score }),
      }),
  });
  report({ stage: "saving", done: 0, total: 1, message: "keeping the model" });
  const model = await registry.add(request.name, fitted.artifact, {
    job_id,
    holdout,
    continued_from: request.continue_from ?? null,
  });
  return {
    model_id: model.model_id,
    algorithm: model.algorithm,
    params: model.params,
    task,
    metrics: model.metrics,
    metrics_from,
    baseline: model.baseline,
    leaderboard: ranked,
    timings: {
      read_ms: rounded(prepared.read_ms),
      prepare_ms: rounded(prepared.prepare_ms),
      fit_ms: rounded(fitted.fit_ms),
      total_ms: rounded(performance.now() - started + prepared.read_ms + prepared.prepare_ms),
    },
    rows: prepared.rows,
    dropped: fitted.dropped,
    findings,
    ...(prepared.notes ? { notes: prepared.notes } : {}),
  };
}

export function candidatesOf(request: TrainingRequest, prepared: Prepared): Candidate[] {
  if (request.algorithm !== "auto") return [{ algorithm: request.algorithm, params: request.params }];
  return candidatesFor({
    task: prepared.task,
    rows: prepared.train.rows,
    features: prepared.features,
    n_classes: prepared.classes.length,
    weighted: request.sample_weight !== undefined,
  }).slice(0, request.trials);
}

/** What a part of a job depends on; its threads are none of it. Another version of mlmcp may learn otherwise. */
function keyOf(request: TrainingRequest, part: string, { algorithm, params }: Candidate): string {
  const { threads: _, ...asked } = request;
  const about = { version: VERSION, asked, part, algorithm, params };
  return sha256Hex(new TextEncoder().encode(canonicalJson(about))).slice(0, 32);
}

function rounded(ms: number): number {
  return Math.round(ms * 10) / 10;
}

/** The sealed rows go where no Worker that learns can read them, before anything is fitted. */
async function keepHoldout(
  holdouts: HoldoutDoor,
  prepared: Prepared,
  request: TrainingRequest,
): Promise<Holdout | null> {
  if (!prepared.holdout) return null;
  const sha256 = await holdouts.seal(prepared.holdout);
  return { sha256, rows: prepared.rows.holdout, method: request.validation.method };
}

function fitOptions(request: TrainingRequest, prepared: Prepared, candidate: Candidate) {
  return {
    target: request.target,
    task: prepared.task,
    left_out: prepared.left_out,
    algorithm: candidate.algorithm,
    params: candidate.params,
    seed: request.seed,
    ...(request.features ? { features: request.features } : {}),
    ...(request.sample_weight ? { sample_weight: request.sample_weight } : {}),
  };
}

/** What a candidate came to, as it is kept. */
interface KeptPart {
  key: string;
  row: LeaderboardRow;
  result: Measured | null;
}

interface Compared {
  rows: LeaderboardRow[];
  results: Map<LeaderboardRow, Measured>;
  baseline: Measured | null;
  how: string;
}

/** Every candidate and the dummy on the same folds of the training rows, in parallel. */
async function compareAll(
  job_id: string,
  candidates: readonly Candidate[],
  request: TrainingRequest,
  prepared: Prepared,
  metric: string,
  { pool, signal, report, kept, keep, checkpoints }: JobParts,
): Promise<Compared> {
  const folds = foldsFor(request, prepared);
  const how = `${folds}-fold cross-validation on the training rows`;
  const total = candidates.length + 1;
  const share = new Array<number>(total).fill(0);
  const tell = (message: string, score?: number) => {
    const done = share.reduce((sum, part) => sum + part, 0);
    report({
      ...{ stage: "comparing", done: Math.floor(done * 100) / 100, total, message },
      ...(score === undefined ? {} : { score }),
    });
  };
  const everyone = [...candidates, { algorithm: "dummy", params: {} }];
  // Candidates that run at once share the threads; the dummy needs none.
  const threads = Math.max(1, Math.floor(request.threads / candidates.length));
  const one = async (candidate: Candidate, i: number): Promise<[LeaderboardRow, Measured | null]> => {
    const part = `compare ${i}`;
    const key = keyOf(request, part, candidate);
    const before = kept(part) as KeptPart | undefined;
    if (before?.key === key) {
      share[i] = 1;
      return [before.row, before.result];
    }
    const started = performance.now();
    const row: LeaderboardRow = {
      ...candidate,
      metric,
      score: null,
      std: null,
      duration_ms: 0,
    };
    const done = (result: Measured | null): [LeaderboardRow, Measured | null] => {
      row.duration_ms = rounded(performance.now() - started);
      share[i] = 1;
      keep(part, { key, row, result } satisfies KeptPart);
      void checkpoints.forget(key);
      return [row, result];
    };
    try {
      const result = await pool.run("compare", {
        train: prepared.train,
        options: { ...fitOptions(request, prepared, candidate), threads },
        folds,
        metric,
        ...(prepared.groups ? { groups: prepared.groups } : {}),
        ...(prepared.order ? { order: prepared.order } : {}),
        resume: await checkpoints.read(key),
      }, {
        signal,
        job_id,
        checkpoint: (piece, isWhole) => checkpoints.add(key, piece, isWhole),
        report: (done, all, score) => {
          share[i] = done / all;
          tell(`${candidate.algorithm}: fold ${Math.min(Math.floor(done) + 1, all)} of ${all}`, score);
        },
      });
      row.score = Number.isFinite(result.mean) ? result.mean : null;
      row.std = Number.isFinite(result.std) ? result.std : null;
      const ended = done(result);
      tell(`${candidate.algorithm}: ${metric} ${row.score === null ? "not defined" : row.score.toFixed(4)}`);
      return ended;
    } catch (error) {
      // One candidate that can't be fitted does not end the search; a single algorithm's error is the job's.
      if (signal.aborted || candidates.length === 1) throw error;
      row.error = toWireError(error).message;
      return done(null);
    }
  };
  const isQuick = candidates.length === 1 && prepared.train.rows <= FEW_ROWS;
  const settled = await eachAtOnce(everyone, isQuick ? 1 : request.threads, one);
  const baseline = settled.pop()![1];
  const results = new Map<LeaderboardRow, Measured>();
  for (const [row, result] of settled) if (result) results.set(row, result);
  return { rows: settled.map(([row]) => row), results, baseline, how };
}

function foldsFor(request: TrainingRequest, prepared: Prepared): number {
  if (request.validation.folds) return request.validation.folds;
  const rows = prepared.train.rows;
  const wanted = request.algorithm === "auto" || request.validation.method === "k_fold"
    ? (rows <= 2_000 ? 5 : 3)
    : rows <= MANY_ROWS
    ? 3
    : 2;
  return Math.max(2, Math.min(wanted, rows));
}

/** Best first; of equals, the one that stands first in the list of candidates, which is the simpler one. */
function rank(rows: LeaderboardRow[], metric: string): LeaderboardRow[] {
  const sign = metricOf(metric).greater_is_better ? -1 : 1;
  const value = (row: LeaderboardRow) => row.score === null ? Infinity : sign * row.score;
  return rows.map((row, i) => ({ row, i })).sort((a, b) => {
    const x = value(a.row);
    const y = value(b.row);
    return x === y ? a.i - b.i : x < y ? -1 : 1;
  }).map(({ row }) => row);
}
