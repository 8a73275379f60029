/**
 * A Worker that learns. It is started without rights, and gives up what loading from source needed, so what a
 * broken table or a broken model can reach is its own memory.
 */
import { toWireError } from "@/shared/errors.ts";
import { revokeAllRights } from "@/shared/confine.ts";
import { LEARNING_TASKS, type Report, type TaskName } from "./learning_tasks.ts";

export interface TaskMessage {
  name: TaskName;
  input: unknown;
}

const port = self as unknown as {
  postMessage(message: unknown, transfer?: Transferable[]): void;
  onmessage: (event: MessageEvent<TaskMessage>) => void;
};
revokeAllRights();

/** At most twenty reports a second. */
function throttled(): Report {
  let last = 0;
  return (done, total, score) => {
    const now = performance.now();
    if (now - last < 50 && done < total) return;
    last = now;
    port.postMessage({ type: "progress", done, total, score });
  };
}

port.onmessage = async ({ data }) => {
  try {
    const task = LEARNING_TASKS[data.name] as (input: unknown, report: Report) => unknown;
    port.postMessage({ type: "result", value: await task(data.input, throttled()) });
  } catch (error) {
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
