/**
 * What the Workers that read and learn do with a message. They are started without rights, and give up what loading
 * from source needed, so what a broken table or a broken model can reach is its own memory.
 */
import { encodeState } from "@/artifact/state_file.ts";
import { checkStop, stopBy, Stopped } from "@/kernels/stop.ts";
import type { Checkpoint } from "@/ml/estimator.ts";
import { toWireError } from "@/shared/errors.ts";
import { revokeAllRights } from "@/shared/revoke_rights.ts";
import type { Report, TaskName } from "./task_names.ts";

export interface TaskMessage {
  name: TaskName;
  input: unknown;
  /** One word, not 0 when the task is no longer wanted. */
  stop: Int32Array;
  /** Whether checkpoints are kept. */
  isKept: boolean;
}

const port = self as unknown as {
  postMessage(message: unknown, transfer?: Transferable[]): void;
  onmessage: (event: MessageEvent<TaskMessage>) => void;
};

/** At most twenty reports a second. */
function throttled(): Report {
  let last = 0;
  return (done, total, score) => {
    checkStop();
    const now = performance.now();
    if (now - last < 50 && done < total) return;
    last = now;
    port.postMessage({ type: "progress", done, total, score });
  };
}

/** The least time between two checkpoints, in ms. */
const PAUSE_MS = 1000;
/** Of the time; so much a checkpoint may cost. */
const COST = 1 / 30;
/** Of the time so far; so much a death may lose, so that long fits keep few pieces. */
const LOSS = 1 / 50;

/** Asks for a piece when it is time, and hands it out. */
function kept(): Checkpoint {
  const started = performance.now();
  let next = started + PAUSE_MS;
  return (piece, isWhole) => {
    const now = performance.now();
    if (now < next) return;
    const bytes = encodeState(piece());
    port.postMessage({ type: "checkpoint", bytes, isWhole }, [bytes.buffer]);
    const end = performance.now();
    next = end + Math.max(PAUSE_MS, (end - now) / COST, (end - started) * LOSS);
  };
}

export type Task = (input: unknown, report: Report, checkpoint?: Checkpoint) => unknown;

/** @param tasks the functions that this Worker is for, by name */
export function serveTasks(tasks: Readonly<Record<string, Task>>): void {
  revokeAllRights();
  port.onmessage = async ({ data }) => {
    stopBy(data.stop);
    try {
      const value = await tasks[data.name](data.input, throttled(), data.isKept ? kept() : undefined);
      port.postMessage({ type: "result", value });
    } catch (error) {
      if (error instanceof Stopped) return port.postMessage({ type: "stopped" });
      const memory = error instanceof RangeError && /allocation|array length|buffer/i.test(error.message);
      port.postMessage({
        type: "error",
        error: memory
          ? {
            code: "resource_exhausted",
            message: `Cannot finish ${data.name}: there is not enough memory (${error.message})`,
            hint: "Use fewer rows or columns, or a machine with more memory.",
          }
          : toWireError(error),
        detail: error instanceof Error ? error.stack : String(error),
      });
    }
  };
}
