/** The durable queue of training jobs: one interface; what stands behind it can be another store. */
import type { DatabaseSync } from "node:sqlite";
import { AppError, type WireError } from "@/shared/errors.ts";
import { type Home, openState, transact } from "@/shared/home.ts";
import { type ProcessLock, tryLock } from "@/shared/process_lock.ts";
import type { Job, JobProgress, JobResult, JobStatus, TrainingRequest } from "./job.ts";

export interface JobQueue {
  add(request: TrainingRequest, caller: { name: string; run_id: string | null }): Job;
  /** The oldest waiting job, now ours to run; null when none waits. No other process gets the same one. */
  take(): Job | null;
  /** @throws AppError not_found */
  get(job_id: string): Job;
  /** Null when there is none. */
  find(job_id: string): Job | null;
  /** Newest first. */
  list(filter?: { status?: JobStatus; run_id?: string; offset?: number; limit?: number }): Job[];
  report(job_id: string, progress: JobProgress): void;
  /** A checkpoint was kept: the job came further than before, so that its earlier ends no longer count. */
  advance(job_id: string): void;
  /** Keeps what a part of a job came to, so that a job that is taken again need not do it again. */
  keepPart(job_id: string, part: string, value: unknown): void;
  /** What was kept; undefined when there is nothing. */
  keptPart(job_id: string, part: string): unknown;
  succeed(job_id: string, result: JobResult): void;
  fail(job_id: string, error: WireError): void;
  /** A waiting job is cancelled at once; a running one by whoever runs it, who asks `cancelRequested`. */
  cancel(job_id: string): Job;
  /** Whether someone asked to stop this running job. */
  cancelRequested(job_id: string): boolean;
  /** Whether another connection has written to the database since this was asked last; some microseconds. */
  hasChanged(): boolean;
  /** Puts a job that is ours back, for another process to take. */
  release(job_id: string): void;
  close(): void;
}

/** A job that has ended a process this often, and came no further each time, is given up. */
const MAX_ATTEMPTS = 3;

const TABLES = [
  `CREATE TABLE job (
     job_id TEXT PRIMARY KEY, status TEXT NOT NULL, request TEXT NOT NULL, progress TEXT NOT NULL,
     result TEXT, error TEXT, attempts INTEGER NOT NULL DEFAULT 0, owner TEXT, cancel_requested INTEGER NOT NULL DEFAULT 0,
     caller TEXT NOT NULL, run_id TEXT, created_at TEXT NOT NULL, started_at TEXT, finished_at TEXT);
   CREATE INDEX job_by_status ON job (status, created_at);`,
  `CREATE TABLE job_part (
     job_id TEXT NOT NULL REFERENCES job (job_id) ON DELETE CASCADE, part TEXT NOT NULL, value TEXT NOT NULL,
     PRIMARY KEY (job_id, part));
   CREATE TRIGGER job_parts_end AFTER UPDATE OF status ON job WHEN new.status IN ('succeeded', 'failed', 'cancelled')
   BEGIN DELETE FROM job_part WHERE job_id = new.job_id; END;`,
  // Attempts that came no further than the one before.
  "ALTER TABLE job ADD COLUMN in_vain INTEGER NOT NULL DEFAULT 0;",
];

/**
 * The queue in the state database. A running job belongs to a process that holds a lock of its own; the kernel
 * frees that lock when the process dies, and then any other process may take the job again.
 */
export function openQueue(home: Home): JobQueue {
  const db = openState(home, "jobs", TABLES);
  const owner = crypto.randomUUID();
  const lock = tryLock(home, `jobs-${owner}`);
  if (!lock) throw new Error("a fresh lock was taken");
  const now = () => new Date().toISOString();
  const versionOf = db.prepare("PRAGMA data_version");
  let version = -1;

  const queue: JobQueue = {
    add(request, caller) {
      const job_id = `job_${crypto.randomUUID().replaceAll("-", "").slice(0, 16)}`;
      const progress: JobProgress = {
        stage: "waiting",
        done: 0,
        total: 1,
        message: "waiting for a free place",
      };
      db.prepare(
        "INSERT INTO job (job_id, status, request, progress, caller, run_id, created_at) VALUES (?, 'queued', ?, ?, ?, ?, ?)",
      ).run(job_id, JSON.stringify(request), JSON.stringify(progress), caller.name, caller.run_id, now());
      return queue.get(job_id);
    },

    take() {
      return transact(db, () => {
        reclaim(db, home, owner, now());
        const row = db.prepare(
          "SELECT job_id FROM job WHERE status = 'queued' ORDER BY created_at, rowid LIMIT 1",
        ).get() as { job_id: string } | undefined;
        if (!row) return null;
        db.prepare(
          "UPDATE job SET status = 'running', owner = ?, attempts = attempts + 1, in_vain = in_vain + 1, started_at = ? WHERE job_id = ?",
        ).run(owner, now(), row.job_id);
        return queue.get(row.job_id);
      });
    },

    find(job_id) {
      const row = db.prepare("SELECT * FROM job WHERE job_id = ?").get(job_id);
      return row ? rowToJob(row as unknown as Row) : null;
    },

    get(job_id) {
      const job = queue.find(job_id);
      if (job) return job;
      throw new AppError("not_found", `Cannot find job "${job_id}": there is none with that id`, {
        hint: "list_training_jobs shows all.",
      });
    },

    list({ status, run_id, offset = 0, limit = 50 } = {}) {
      const rows = db.prepare(
        `SELECT * FROM job WHERE (?1 IS NULL OR status = ?1) AND (?2 IS NULL OR run_id = ?2)
         ORDER BY created_at DESC, rowid DESC LIMIT ?3 OFFSET ?4`,
      ).all(status ?? null, run_id ?? null, limit, offset);
      return (rows as unknown as Row[]).map(rowToJob);
    },

    report(job_id, progress) {
      db.prepare("UPDATE job SET progress = ? WHERE job_id = ? AND owner = ? AND status = 'running'")
        .run(JSON.stringify(progress), job_id, owner);
    },

    advance(job_id) {
      db.prepare("UPDATE job SET in_vain = 0 WHERE job_id = ? AND owner = ?").run(job_id, owner);
    },

    keepPart(job_id, part, value) {
      queue.advance(job_id);
      db.prepare(
        `INSERT OR REPLACE INTO job_part (job_id, part, value)
         SELECT job_id, ?, ? FROM job WHERE job_id = ? AND owner = ? AND status = 'running'`,
      ).run(part, JSON.stringify(value), job_id, owner);
    },

    keptPart(job_id, part) {
      const row = db.prepare("SELECT value FROM job_part WHERE job_id = ? AND part = ?").get(job_id, part) as
        | { value: string }
        | undefined;
      return row && JSON.parse(row.value);
    },

    succeed(job_id, result) {
      const progress: JobProgress = { stage: "done", done: 1, total: 1, message: result.model_id };
      db.prepare(
        `UPDATE job SET status = 'succeeded', result = ?, progress = ?, finished_at = ?, owner = NULL
         WHERE job_id = ? AND owner = ? AND status = 'running'`,
      ).run(JSON.stringify(result), JSON.stringify(progress), now(), job_id, owner);
    },

    fail(job_id, error) {
      db.prepare(
        `UPDATE job SET status = ?, error = ?, finished_at = ?, owner = NULL
         WHERE job_id = ? AND owner = ? AND status = 'running'`,
      ).run(error.code === "cancelled" ? "cancelled" : "failed", JSON.stringify(error), now(), job_id, owner);
    },

    cancel(job_id) {
      return transact(db, () => {
        const job = queue.get(job_id);
        if (job.status === "queued") {
          db.prepare("UPDATE job SET status = 'cancelled', finished_at = ? WHERE job_id = ?").run(
            now(),
            job_id,
          );
        } else if (job.status === "running") {
          db.prepare("UPDATE job SET cancel_requested = 1 WHERE job_id = ?").run(job_id);
        }
        return queue.get(job_id);
      });
    },

    cancelRequested(job_id) {
      const row = db.prepare("SELECT cancel_requested FROM job WHERE job_id = ?").get(job_id) as
        | { cancel_requested: number }
        | undefined;
      return row?.cancel_requested === 1;
    },

    hasChanged() {
      const { data_version } = versionOf.get() as { data_version: number };
      const isOther = data_version !== version;
      version = data_version;
      return isOther;
    },

    release(job_id) {
      db.prepare(
        "UPDATE job SET status = 'queued', owner = NULL, attempts = attempts - 1, in_vain = max(in_vain - 1, 0) WHERE job_id = ? AND owner = ? AND status = 'running'",
      ).run(job_id, owner);
    },

    close() {
      lock.release({ forget: true });
      db.close();
    },
  };
  return queue;
}

/** Running jobs whose process is gone wait again; one that was asked to stop, or has ended many processes, ends. */
function reclaim(db: DatabaseSync, home: Home, mine: string, now: string): void {
  const running = db.prepare(
    "SELECT job_id, owner, attempts, in_vain, cancel_requested FROM job WHERE status = 'running'",
  ).all() as {
    job_id: string;
    owner: string;
    attempts: number;
    in_vain: number;
    cancel_requested: number;
  }[];
  const alive = new Map<string, boolean>();
  for (const job of running) {
    if (job.owner === mine) continue;
    if (!alive.has(job.owner)) alive.set(job.owner, isAlive(home, job.owner));
    if (alive.get(job.owner)) continue;
    if (job.cancel_requested) {
      db.prepare("UPDATE job SET status = 'cancelled', owner = NULL, finished_at = ? WHERE job_id = ?").run(
        now,
        job.job_id,
      );
    } else if (job.in_vain >= MAX_ATTEMPTS) {
      const error: WireError = {
        code: "resource_exhausted",
        message:
          `Cannot finish job ${job.job_id}: the training-server ended ${job.attempts} times while it ran`,
        hint: "It may need more memory than there is. Use fewer rows or columns, or a smaller model.",
      };
      db.prepare(
        "UPDATE job SET status = 'failed', owner = NULL, error = ?, finished_at = ? WHERE job_id = ?",
      )
        .run(JSON.stringify(error), now, job.job_id);
    } else {
      db.prepare("UPDATE job SET status = 'queued', owner = NULL WHERE job_id = ?").run(job.job_id);
    }
  }
}

function isAlive(home: Home, owner: string): boolean {
  const lock: ProcessLock | null = tryLock(home, `jobs-${owner}`);
  lock?.release({ forget: true });
  return lock === null;
}

interface Row {
  job_id: string;
  status: JobStatus;
  request: string;
  progress: string;
  result: string | null;
  error: string | null;
  attempts: number;
  caller: string;
  run_id: string | null;
  created_at: string;
  started_at: string | null;
  finished_at: string | null;
}

function rowToJob(row: Row): Job {
  return {
    job_id: row.job_id,
    status: row.status,
    request: JSON.parse(row.request),
    progress: JSON.parse(row.progress),
    result: row.result ? JSON.parse(row.result) : null,
    error: row.error ? JSON.parse(row.error) : null,
    attempts: row.attempts,
    caller: row.caller,
    run_id: row.run_id,
    created_at: row.created_at,
    started_at: row.started_at,
    finished_at: row.finished_at,
  };
}
