/** Takes jobs from the queue and runs them, so many at once, until it is closed. */
import { AppError, toWireError } from "@/shared/errors.ts";
import type { HoldoutDoor } from "@/shared/holdout_door.ts";
import type { Log } from "@/shared/log.ts";
import type { Registry } from "@/registry/registry.ts";
import type { Checkpoints } from "./checkpoints.ts";
import type { Job, JobProgress, TrainingRequest } from "./job.ts";
import type { LearningPool } from "./learning_pool.ts";
import { Pace } from "./pace.ts";
import type { JobQueue } from "./queue.ts";
import type { Prepared, PrepareInput } from "./tasks/prepare.ts";
import { sourceOf, type TableBytes } from "./tasks/read_source.ts";
import { runTrainingJob } from "./training_job.ts";

export interface RunnerParts {
  holdouts: HoldoutDoor;
  queue: JobQueue;
  checkpoints: Checkpoints;
  pool: LearningPool;
  registry: Registry;
  log: Log;
  /** Jobs at once. */
  at_once: number;
  /** The bytes of the table that a job names, and their hash. */
  readDataset(request: TrainingRequest): Promise<TableBytes & { sha256: string }>;
}

export interface JobRunner {
  /** Takes a job as soon as there is a place; `prepared` saves reading the table again. */
  wake(job_id?: string, prepared?: Prepared): void;
  /**
   * Waits until the job has ended, at most `wait_s`; a job of another process counts as well.
   * @throws AppError not_found
   */
  wait(
    job_id: string,
    wait_s: number,
    signal: AbortSignal,
    onProgress: (progress: JobProgress) => void,
  ): Promise<Job>;
  cancel(job_id: string): Job;
  /** Ends the Workers; jobs that ran here wait again for the next server. */
  close(): Promise<void>;
}

/** How often jobs are looked for that other processes left, by putting them into the queue or by dying. */
const POLL_MS = 500;
/** How often, while jobs run here, it is asked whether another process wants one to end. */
const CANCEL_POLL_MS = 20;
const WAIT_POLL_MS = 20;

export function startRunner(parts: RunnerParts): JobRunner {
  const { queue, checkpoints, log } = parts;
  const running = new Map<string, { abort: AbortController; ended: Promise<void> }>();
  /** Tables that were read when the job was accepted; at most a few, since they take memory. */
  const ready = new Map<string, Prepared>();
  let closing = false;

  /** How a job ended must be written: until the disk has room again, or this server closes. */
  const insist = async (write: () => void): Promise<void> => {
    for (;;) {
      try {
        return write();
      } catch (error) {
        log.error("the end of a job could not be written", error);
        if (closing) return;
        await new Promise((again) => setTimeout(again, POLL_MS));
      }
    }
  };

  const tried = (work: () => void) => {
    try {
      work();
    } catch (error) {
      log.error("the queue could not be used", error);
    }
  };

  const run = async (job: Job, abort: AbortController): Promise<void> => {
    let written = 0;
    let hasAdvanced = false;
    const pace = new Pace();
    const report = (progress: JobProgress) => {
      const now = performance.now();
      const told = pace.tell(progress, now);
      if (now - written < 100 && progress.done < progress.total) return;
      written = now;
      try {
        queue.report(job.job_id, told);
      } catch (error) {
        log.warn("progress could not be written", { job_id: job.job_id, error: String(error) });
      }
    };
    try {
      let prepared = ready.get(job.job_id);
      ready.delete(job.job_id);
      if (!prepared) {
        report({ stage: "reading", done: 0, total: 1, message: `reading ${job.request.dataset}` });
        prepared = await prepareAgain(job.request, parts, abort.signal);
      }
      const result = await runTrainingJob(job.job_id, job.request, prepared, {
        ...parts,
        signal: abort.signal,
        report,
        checkpoints: {
          read: async (key) => {
            const pieces = await checkpoints.read(job.job_id, key);
            if (pieces.length > 0) {
              log.info("a fit goes on from its checkpoints", { job_id: job.job_id, pieces: pieces.length });
            }
            return pieces;
          },
          add(key, piece, isWhole) {
            checkpoints.add(job.job_id, key, piece, isWhole);
            if (hasAdvanced) return;
            hasAdvanced = true;
            tried(() => queue.advance(job.job_id));
          },
          forget: (key) => checkpoints.forget(job.job_id, key),
        },
        kept: (part) => queue.keptPart(job.job_id, part),
        keep: (part, value) => {
          try {
            queue.keepPart(job.job_id, part, value);
          } catch (error) {
            // It would only be done again.
            log.warn("a part could not be kept", { job_id: job.job_id, part, error: String(error) });
          }
        },
      });
      await insist(() => queue.succeed(job.job_id, result));
      await checkpoints.forget(job.job_id);
      log.info("job succeeded", { job_id: job.job_id, model_id: result.model_id, timings: result.timings });
    } catch (error) {
      if (closing) return queue.release(job.job_id);
      const wire = toWireError(error);
      if (wire.code === "internal") log.error(`job ${job.job_id} failed unexpectedly`, error);
      await insist(() => queue.fail(job.job_id, wire));
      await checkpoints.forget(job.job_id);
      log.info("job ended", { job_id: job.job_id, error: wire });
    } finally {
      parts.pool.endJob(job.job_id);
    }
  };

  const fill = () => {
    while (!closing && running.size < parts.at_once) {
      const job = queue.take();
      if (!job) return;
      const abort = new AbortController();
      const ended = run(job, abort).catch((error) => log.error("a job could not be ended", error)).finally(
        () => {
          running.delete(job.job_id);
          if (!closing) fill();
        },
      );
      running.set(job.job_id, { abort, ended });
    }
  };
  const poll = setInterval(() => tried(fill), POLL_MS);
  const cancelPoll = setInterval(() =>
    tried(() => {
      if (running.size === 0 || !queue.hasChanged()) return;
      for (const [job_id, { abort }] of running) if (queue.cancelRequested(job_id)) abort.abort();
    }), CANCEL_POLL_MS);
  queueMicrotask(() => tried(fill));
  void checkpoints.sweep((job_id) => {
    const status = queue.find(job_id)?.status;
    return status !== "queued" && status !== "running";
  });

  return {
    wake(job_id, prepared) {
      if (job_id && prepared) {
        ready.set(job_id, prepared);
        if (ready.size > 4) ready.delete(ready.keys().next().value!);
      }
      fill();
    },
    async wait(job_id, wait_s, signal, onProgress) {
      const until = performance.now() + wait_s * 1000;
      for (;;) {
        const job = queue.get(job_id);
        onProgress(job.progress);
        const left = until - performance.now();
        if ((job.status !== "queued" && job.status !== "running") || left <= 0 || signal.aborted) return job;
        const mine = running.get(job_id)?.ended;
        let timer: ReturnType<typeof setTimeout> | undefined;
        const pause = new Promise<void>((done) => timer = setTimeout(done, Math.min(WAIT_POLL_MS, left)));
        await (mine ? Promise.race([mine, pause]) : pause);
        clearTimeout(timer);
      }
    },
    cancel(job_id) {
      const job = queue.cancel(job_id);
      running.get(job_id)?.abort.abort();
      return job;
    },
    async close() {
      closing = true;
      clearInterval(poll);
      clearInterval(cancelPoll);
      for (const { abort } of running.values()) abort.abort();
      await Promise.all([...running.values()].map(({ ended }) => ended));
    },
  };
}

async function prepareAgain(
  request: TrainingRequest,
  parts: RunnerParts,
  signal: AbortSignal,
): Promise<Prepared> {
  const table = await parts.readDataset(request);
  if (table.sha256 !== request.dataset_sha256) {
    throw new AppError(
      "failed_precondition",
      `Cannot train on ${request.dataset}: it was changed since the job was accepted`,
      {
        hint: "Start a new job on the data as it is now.",
      },
    );
  }
  return await parts.pool.run("prepare", prepareInput(request, table), { signal });
}

/** The part of a request that reading and sealing need. */
export function prepareInput(request: TrainingRequest, table: TableBytes): PrepareInput {
  return {
    ...sourceOf(table),
    target: request.target,
    validation: request.validation,
    seed: request.seed,
    ...(request.task ? { task: request.task } : {}),
    ...(request.features ? { features: request.features } : {}),
    ...(request.exclude ? { exclude: request.exclude } : {}),
    ...(request.sample_weight ? { sample_weight: request.sample_weight } : {}),
    ...(request.ignore_findings ? { ignore_findings: request.ignore_findings } : {}),
  };
}
