/**
 * Reading and learning Workers, as many at once as asked. A Worker serves one job (or one single task) and is then ended:
 * nothing of one table can be seen by the next, and cancelling is ending it. Spares are kept loaded, so that
 * a small task starts at once.
 */
import { AppError, fromWireError } from "@/shared/errors.ts";
import type { HoldoutDoor } from "@/shared/holdout_door.ts";
import type { Log } from "@/shared/log.ts";
import { workerUrl } from "@/shared/worker_entry.ts";
import {
  type Report,
  type TaskInput,
  type TaskName,
  type TaskOutput,
  WORKER_OF,
  type WorkerKind,
} from "./task_names.ts";
import type { Evaluation } from "./tasks/evaluate.ts";

export interface TaskOptions {
  signal?: AbortSignal;
  report?: Report;
  /** Keeps a piece of what the task has learned so far. */
  checkpoint?: (piece: Uint8Array, isWhole: boolean) => void;
  /** Longest that the task may take; it is then ended. */
  timeout_ms?: number;
  /** The job that the task is part of: its Workers are kept for its next tasks until `endJob`. */
  job_id?: string;
}

export interface LearningPool {
  /** @throws AppError as the task throws, or cancelled, or deadline_exceeded */
  run<N extends TaskName>(name: N, input: TaskInput<N>, options?: TaskOptions): Promise<TaskOutput<N>>;
  /**
   * Measures a model on sealed rows, as a single task. No Worker of the pool can read them: the holdout door does it.
   * @throws AppError data_loss when the rows are gone or altered, cancelled
   */
  evaluateSealed(sha256: string, artifact: Uint8Array, signal?: AbortSignal): Promise<Evaluation>;
  /** Ends the Workers that were kept for a job. */
  endJob(job_id: string): void;
  close(): void;
}

/**
 * Longest that a Worker may take to stop. One that is busy can't be ended from outside: Deno lets it run for two
 * seconds (2.6) or to the end of its work (2.9), and its threads longer. So it is asked through shared memory, at which
 * its loops and kernels look.
 */
const STOP_MS = 90;

/** Workers kept loaded: one reads and seals the table of a small job, the other learns from its training rows. */
const SPARES: readonly WorkerKind[] = ["reading_worker", "learning_worker"];

/** Starting one holds this thread up, so what follows from the end of a task goes first, in ms. */
const SPARE_PAUSE_MS = 25;

/** Places at work, and who waits for one. */
interface Lane {
  busy: number;
  waiting: (() => void)[];
}

/**
 * Jobs and single tasks have places of their own: a profile or a validation, for which a person waits, goes ahead
 * however many jobs are at work.
 * @param size Workers at work at once, for jobs and for single tasks each
 * @param holdouts what measures on sealed rows; null: none of these tasks
 */
export function openPool(size: number, log: Log, holdouts: HoldoutDoor | null = null): LearningPool {
  const start = (kind: WorkerKind) =>
    new Worker(workerUrl(kind), {
      type: "module",
      name: kind,
      deno: { permissions: "none" },
    });
  const spares = new Map(SPARES.map((kind) => [kind, start(kind)]));
  let closed = false;
  let replacing: ReturnType<typeof setTimeout> | undefined;
  const jobs: Lane = { busy: 0, waiting: [] };
  const singles: Lane = { busy: 0, waiting: [] };
  const active = new Set<Worker>();
  const kept = new Map<string, Worker[]>();

  const enter = async (lane: Lane, signal?: AbortSignal) => {
    while (lane.busy >= size && !signal?.aborted) {
      let go = () => {};
      await new Promise<void>((done) => {
        go = done;
        lane.waiting.push(go);
        signal?.addEventListener("abort", go, { once: true });
      });
      signal?.removeEventListener("abort", go);
      lane.waiting = lane.waiting.filter((other) => other !== go);
    }
    lane.busy++;
  };
  const leave = (lane: Lane) => {
    lane.busy--;
    lane.waiting.shift()?.();
  };
  const take = (kind: WorkerKind, job_id: string | undefined): Worker => {
    const own = job_id === undefined ? undefined : kept.get(job_id)?.pop();
    if (own) return own;
    const spare = spares.get(kind);
    spares.delete(kind);
    return spare ?? start(kind);
  };
  const replaceSpares = () => {
    replacing = undefined;
    for (const kind of SPARES) if (!closed && !spares.has(kind)) spares.set(kind, start(kind));
  };

  const runOne = <N extends TaskName>(name: N, input: TaskInput<N>, options: TaskOptions) =>
    new Promise<TaskOutput<N>>((done, failed) => {
      const worker = take(WORKER_OF[name], options.job_id);
      active.add(worker);
      const stop = new Int32Array(new SharedArrayBuffer(4));
      let timer: ReturnType<typeof setTimeout> | undefined;
      /** Why it was asked to stop. */
      let reason: AppError | undefined;
      const end = () => {
        settle(false);
        failed(reason);
      };
      const askToStop = (why: AppError) => {
        if (reason) return;
        reason = why;
        clearTimeout(timer);
        timer = setTimeout(() => {
          log.warn("a learning Worker did not stop in time", { task: name });
          end();
        }, STOP_MS);
        Atomics.store(stop, 0, 1);
      };
      const settle = (keep: boolean) => {
        clearTimeout(timer);
        options.signal?.removeEventListener("abort", cancel);
        active.delete(worker);
        if (keep && !closed && options.job_id !== undefined) {
          kept.set(options.job_id, [...(kept.get(options.job_id) ?? []), worker]);
        } else worker.terminate();
        if (!closed) replacing ??= setTimeout(replaceSpares, SPARE_PAUSE_MS);
      };
      const cancel = () => askToStop(wasCancelled());
      worker.onmessage = ({ data }) => {
        if (reason) return data.type === "progress" || data.type === "checkpoint" ? undefined : end();
        if (data.type === "progress") return options.report?.(data.done, data.total, data.score);
        if (data.type === "checkpoint") return options.checkpoint?.(data.bytes, data.isWhole);
        settle(true);
        if (data.type === "result") return done(data.value);
        if (data.error.code === "internal") {
          log.error(`learning task ${name} failed unexpectedly`, undefined, { detail: data.detail });
        }
        failed(fromWireError(data.error));
      };
      worker.onerror = (event) => {
        event.preventDefault();
        settle(false);
        log.error(`learning Worker ended during ${name}`, undefined, { detail: event.message });
        failed(
          new AppError("resource_exhausted", `Cannot finish ${name}: its Worker ended (${event.message})`, {
            hint: "It may need more memory than there is. Use fewer rows or columns.",
          }),
        );
      };
      if (options.timeout_ms) {
        timer = setTimeout(() =>
          askToStop(
            new AppError(
              "deadline_exceeded",
              `Cannot finish ${name}: it took longer than ${options.timeout_ms} ms`,
            ),
          ), options.timeout_ms);
      }
      options.signal?.addEventListener("abort", cancel, { once: true });
      worker.postMessage({ name, input, stop, isKept: options.checkpoint !== undefined });
    });

  return {
    async run(name, input, options = {}) {
      const lane = options.job_id === undefined ? singles : jobs;
      await enter(lane, options.signal);
      try {
        if (closed || options.signal?.aborted) {
          throw wasCancelled();
        }
        return await runOne(name, input, options);
      } finally {
        leave(lane);
      }
    },
    async evaluateSealed(sha256, artifact, signal) {
      if (!holdouts) {
        throw new AppError(
          "permission_denied",
          "Cannot validate: this program may not measure on sealed rows",
        );
      }
      await enter(singles, signal);
      try {
        return await holdouts.validate(sha256, artifact, signal) as Evaluation;
      } finally {
        leave(singles);
      }
    },
    endJob(job_id) {
      for (const worker of kept.get(job_id) ?? []) worker.terminate();
      kept.delete(job_id);
    },
    close() {
      closed = true;
      clearTimeout(replacing);
      for (const spare of spares.values()) spare.terminate();
      spares.clear();
      for (const job_id of [...kept.keys()]) this.endJob(job_id);
      for (const worker of active) worker.terminate();
      active.clear();
    },
  };
}

function wasCancelled(): AppError {
  return new AppError("cancelled", "Cannot finish the work: it was cancelled", {
    hint: "Ask again to have it done.",
  });
}
