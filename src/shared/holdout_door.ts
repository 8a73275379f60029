/**
 * The sealed rows, and the only two things that can be done with them: put them away, and measure a model on them.
 *
 * The main thread keeps them, for no Worker of the training-server may read their folder. (Deno's rights are lists
 * of what is allowed: a Worker that reads the home reads all of it and can hand it on, so the home is given to it in
 * parts, see confine.ts. And a Worker can't start one with more rights than its own, so the main thread starts the
 * validating Worker, with the right to read that one file.) It never looks inside an artifact or a holdout.
 */
import { join } from "node:path";
import { writeAtomic } from "./atomic_file.ts";
import { AppError, fromWireError, toWireError, type WireError } from "./errors.ts";
import { sha256Hex } from "./hash.ts";
import { workerUrl } from "./worker_entry.ts";

export interface HoldoutDoor {
  /** Puts rows away and returns their SHA-256, by which they are asked for. */
  seal(rows: Uint8Array): Promise<string>;
  /**
   * What the validating Worker (src/jobs/validating_worker.ts) says of this artifact on those rows.
   * @throws AppError data_loss when the rows are gone or altered, cancelled, or as validating fails
   */
  validate(sha256: string, artifact: Uint8Array, signal?: AbortSignal): Promise<unknown>;
}

/** What the validating Worker gets. */
export interface ValidationOrder {
  path: string;
  sha256: string;
  artifact: Uint8Array;
}

/** What it answers, once. */
export type ValidationOutcome = { value: unknown } | { error: WireError };

/** The door itself, for who may read and write that folder. */
export function openHoldouts(folder: string): HoldoutDoor {
  return {
    async seal(rows) {
      const sha256 = sha256Hex(rows);
      await writeAtomic(join(folder, fileName(sha256)), rows, { mode: 0o600 });
      return sha256;
    },
    async validate(sha256, artifact, signal) {
      return await inValidatingWorker({ path: join(folder, fileName(sha256)), sha256, artifact }, signal);
    },
  };
}

function fileName(sha256: string): string {
  if (/^[0-9a-f]{64}$/.test(sha256)) return `${sha256}.safetensors`;
  throw new AppError(
    "invalid_argument",
    `Cannot find the holdout "${sha256.slice(0, 80)}": it is no SHA-256`,
  );
}

function inValidatingWorker(order: ValidationOrder, signal?: AbortSignal): Promise<unknown> {
  return new Promise((done, failed) => {
    const worker = new Worker(workerUrl("validating_worker"), {
      type: "module",
      name: "validating",
      deno: {
        permissions: {
          ...{ read: [order.path], write: false, net: false, run: false },
          ...{ env: false, sys: false, ffi: false, import: false },
        },
      },
    });
    const end = () => {
      worker.terminate();
      signal?.removeEventListener("abort", cancel);
    };
    const cancel = () => {
      end();
      failed(new AppError("cancelled", "Cannot finish the validation: it was cancelled"));
    };
    worker.onmessage = ({ data }: MessageEvent<ValidationOutcome>) => {
      end();
      if ("error" in data) failed(fromWireError(data.error));
      else done(data.value);
    };
    worker.onerror = (event) => {
      event.preventDefault();
      end();
      failed(
        new AppError(
          "resource_exhausted",
          `Cannot finish the validation: its Worker ended (${event.message})`,
          {
            hint: "It may need more memory than there is.",
          },
        ),
      );
    };
    if (signal?.aborted) return cancel();
    signal?.addEventListener("abort", cancel, { once: true });
    worker.postMessage(order);
  });
}

type HoldoutMessage =
  & { type: "holdout"; id: number }
  & (
    | { op: "seal"; rows: Uint8Array }
    | { op: "validate"; sha256: string; artifact: Uint8Array }
    | { op: "cancel" }
  );

export type HoldoutAnswer = { type: "holdout_answer"; id: number } & ValidationOutcome;

/** The main thread's side: answers what the Worker asks. */
export function answerHoldouts(
  door: HoldoutDoor,
  post: (answer: HoldoutAnswer) => void,
): (message: HoldoutMessage) => Promise<void> {
  const running = new Map<number, AbortController>();
  return async (message) => {
    const { id } = message;
    if (message.op === "cancel") return running.get(id)?.abort();
    const abort = new AbortController();
    running.set(id, abort);
    try {
      const value = message.op === "seal"
        ? await door.seal(message.rows)
        : await door.validate(message.sha256, message.artifact, abort.signal);
      post({ type: "holdout_answer", id, value });
    } catch (error) {
      post({ type: "holdout_answer", id, error: toWireError(error) });
    } finally {
      running.delete(id);
    }
  };
}

/** The Worker's side, over its own message port. `receive` must be called with each answer. */
export function holdoutsThrough(
  post: (message: HoldoutMessage) => void,
): { holdouts: HoldoutDoor; receive(answer: HoldoutAnswer): void } {
  let last = 0;
  const waiting = new Map<number, (answer: HoldoutAnswer) => void>();
  const ask = async (message: (id: number) => HoldoutMessage, signal?: AbortSignal): Promise<unknown> => {
    const id = ++last;
    const cancel = () => post({ type: "holdout", id, op: "cancel" });
    const answered = new Promise<HoldoutAnswer>((done) => waiting.set(id, done));
    post(message(id));
    if (signal?.aborted) cancel();
    signal?.addEventListener("abort", cancel, { once: true });
    const answer = await answered;
    signal?.removeEventListener("abort", cancel);
    if ("error" in answer) throw fromWireError(answer.error);
    return answer.value;
  };
  return {
    holdouts: {
      seal: (rows) => ask((id) => ({ type: "holdout", id, op: "seal", rows })) as Promise<string>,
      validate: (sha256, artifact, signal) =>
        ask((id) => ({ type: "holdout", id, op: "validate", sha256, artifact }), signal),
    },
    receive(answer) {
      waiting.get(answer.id)?.(answer);
      waiting.delete(answer.id);
    },
  };
}
