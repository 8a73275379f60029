/**
 * What every run has done, written before and after each step, so that a run that was killed anywhere can go on.
 * Tables `run` and `step` of the state database.
 */
import type { DatabaseSync } from "node:sqlite";
import { join } from "node:path";
import { AppError, type WireError } from "@/shared/errors.ts";
import { type Home, openState } from "@/shared/home.ts";
import { type ProcessLock, tryLock } from "@/shared/process_lock.ts";
import type { AgentOptions } from "./options.ts";
import type { Assumption, Plan, Question } from "./planner/plan.ts";
import { positionOf, type StepName, type StepStatusWord } from "./step_names.ts";

/** `interrupted` is a run that nobody works on although it never ended. */
export type RunStatus = "running" | "succeeded" | "refused" | "declined" | "failed" | "interrupted";

/** Why a run ended without success. */
export interface RunError extends WireError {
  /** What could not be known, and the options that give it. */
  missing?: Question[];
}

export interface RunRow {
  run_id: string;
  request: string;
  options: AgentOptions;
  status: RunStatus;
  /** What was decided after the data was seen, and why. */
  plan: KeptPlan | null;
  error: RunError | null;
  created_at: string;
  updated_at: string;
}

export interface KeptPlan {
  plan: Plan;
  assumptions: Assumption[];
}

export interface StepRow {
  step: StepName;
  /** The tool that did the main part of the step; null when none was needed. */
  tool: string | null;
  status: StepStatusWord;
  started_at: string;
  duration_ms: number | null;
  /** What must not be forgotten while the step is under way, such as the id of a job. */
  note: Record<string, unknown>;
  result: Record<string, unknown> | null;
  error: WireError | null;
}

const TABLES = [
  `CREATE TABLE run (
     run_id TEXT PRIMARY KEY, request TEXT NOT NULL, options TEXT NOT NULL, status TEXT NOT NULL, plan TEXT,
     error TEXT, created_at TEXT NOT NULL, updated_at TEXT NOT NULL);
   CREATE INDEX run_by_time ON run (created_at);
   CREATE TABLE step (
     run_id TEXT NOT NULL REFERENCES run (run_id), step TEXT NOT NULL, position INTEGER NOT NULL, tool TEXT,
     status TEXT NOT NULL, started_at TEXT NOT NULL, duration_ms REAL, note TEXT NOT NULL, result TEXT, error TEXT,
     PRIMARY KEY (run_id, step));`,
];

export class Journal {
  readonly #db: DatabaseSync;
  readonly #home: Home;
  /** @param now the time, ISO 8601 */
  constructor(home: Home, readonly now: () => string = () => new Date().toISOString()) {
    this.#home = home;
    this.#db = openState(home, "agent", TABLES);
  }

  close(): void {
    this.#db.close();
  }

  createRun(request: string, options: AgentOptions): RunRow {
    const time = this.now();
    const run_id = newRunId(time);
    this.#write(
      "INSERT INTO run (run_id, request, options, status, created_at, updated_at) VALUES (?, ?, ?, 'running', ?, ?)",
      ...[run_id, request, JSON.stringify(options), time, time],
    );
    return this.run(run_id);
  }

  /** @throws AppError not_found; `last` names the newest run */
  run(run_id: string): RunRow {
    const row = run_id === "last"
      ? this.#db.prepare("SELECT * FROM run ORDER BY created_at DESC, run_id DESC LIMIT 1").get()
      : this.#db.prepare("SELECT * FROM run WHERE run_id = ?").get(run_id);
    if (row) return runOf(row as Record<string, string | null>);
    const state = this.runs(1).length === 0 ? "this home has no runs yet" : "this home has none with that id";
    throw new AppError("not_found", `Cannot find the run ${run_id}: ${state}`, {
      hint: "`mlmcp agent runs` lists them; --home chooses another home.",
    });
  }

  /** Newest first. */
  runs(limit: number): RunRow[] {
    const rows = this.#db.prepare("SELECT * FROM run ORDER BY created_at DESC, run_id DESC LIMIT ?").all(
      limit,
    );
    return (rows as Record<string, string | null>[]).map(runOf);
  }

  setRun(
    run_id: string,
    change: { status?: RunStatus; plan?: KeptPlan | null; options?: AgentOptions; error?: RunError | null },
  ): void {
    const fields = Object.entries(change).filter(([, value]) => value !== undefined);
    const text = fields.map(([name, value]) =>
      name === "status" ? value as string : value === null ? null : JSON.stringify(value)
    );
    this.#write(
      `UPDATE run SET ${fields.map(([name]) => `${name} = ?`).join(", ")}, updated_at = ? WHERE run_id = ?`,
      ...[...text, this.now(), run_id],
    );
  }

  /** In the order of the work. */
  steps(run_id: string): StepRow[] {
    const rows = this.#db.prepare("SELECT * FROM step WHERE run_id = ? ORDER BY position").all(run_id);
    return (rows as Record<string, string | number | null>[]).map(stepOf);
  }

  step(run_id: string, step: StepName): StepRow | null {
    const row = this.#db.prepare("SELECT * FROM step WHERE run_id = ? AND step = ?").get(run_id, step);
    return row ? stepOf(row as Record<string, string | number | null>) : null;
  }

  /** Before a step: what it left behind in an earlier try (its note) is kept. */
  startStep(run_id: string, step: StepName, tool: string | null): StepRow {
    this.#write(
      `INSERT INTO step (run_id, step, position, tool, status, started_at, note) VALUES (?1, ?2, ?3, ?4, 'running', ?5, '{}')
       ON CONFLICT (run_id, step) DO UPDATE SET
         tool = ?4, status = 'running', started_at = ?5, duration_ms = NULL, result = NULL, error = NULL`,
      ...[run_id, step, positionOf(step), tool, this.now()],
    );
    return this.step(run_id, step)!;
  }

  noteStep(run_id: string, step: StepName, note: Record<string, unknown>): void {
    this.#write(
      "UPDATE step SET note = json_patch(note, ?) WHERE run_id = ? AND step = ?",
      ...[JSON.stringify(note), run_id, step],
    );
  }

  endStep(
    run_id: string,
    step: StepName,
    end: {
      status: StepStatusWord;
      duration_ms: number;
      result?: Record<string, unknown>;
      error?: WireError;
      tool?: string | null;
    },
  ): void {
    this.#write(
      `UPDATE step SET status = ?, duration_ms = ?, result = ?, error = ?, tool = coalesce(?, tool)
       WHERE run_id = ? AND step = ?`,
      end.status,
      end.duration_ms,
      end.result === undefined ? null : JSON.stringify(end.result),
      end.error === undefined ? null : JSON.stringify(end.error),
      end.tool ?? null,
      run_id,
      step,
    );
  }

  /** @throws AppError resource_exhausted when the disk is full */
  #write(sql: string, ...values: (string | number | null)[]): void {
    try {
      this.#db.prepare(sql).run(...values);
    } catch (error) {
      if (!/full/i.test((error as Error).message)) throw error;
      throw new AppError(
        "resource_exhausted",
        `Cannot write the run's journal in ${this.#home.database}: the disk is full`,
        {
          hint: "Free some space, and resume the run: what is finished is kept.",
          cause: error,
        },
      );
    }
  }

  /** The folder of a run's result and report; made when it is not there. */
  folder(run_id: string): string {
    const path = join(this.#home.runs, run_id);
    Deno.mkdirSync(path, { recursive: true, mode: 0o700 });
    return path;
  }

  /** Only one process works on a run. The kernel gives the lock back when its holder dies. */
  lock(run_id: string): ProcessLock | null {
    return tryLock(this.#home, run_id);
  }

  /** A run's status as it is now: one that runs without anybody holding its lock was interrupted. */
  statusNow(row: RunRow): RunStatus {
    if (row.status !== "running") return row.status;
    const lock = this.lock(row.run_id);
    lock?.release();
    return lock ? "interrupted" : "running";
  }
}

/** `run_20261122_183000_ab12`: sorted by time, told apart by chance. */
function newRunId(time: string): string {
  const digits = time.replace(/\D/g, "");
  const chance = crypto.randomUUID().slice(0, 4);
  return `run_${digits.slice(0, 8)}_${digits.slice(8, 14)}_${chance}`;
}

function runOf(row: Record<string, string | null>): RunRow {
  return {
    run_id: row.run_id!,
    request: row.request!,
    options: JSON.parse(row.options!),
    status: row.status as RunStatus,
    plan: row.plan === null ? null : JSON.parse(row.plan),
    error: row.error === null ? null : JSON.parse(row.error),
    created_at: row.created_at!,
    updated_at: row.updated_at!,
  };
}

function stepOf(row: Record<string, string | number | null>): StepRow {
  const json = (value: string | number | null) => value === null ? null : JSON.parse(String(value));
  return {
    step: row.step as StepName,
    tool: row.tool as string | null,
    status: row.status as StepStatusWord,
    started_at: String(row.started_at),
    duration_ms: row.duration_ms as number | null,
    note: json(row.note) ?? {},
    result: json(row.result),
    error: json(row.error),
  };
}
