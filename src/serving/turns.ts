/**
 * Prediction requests take turns. A prediction is computed without a pause, so what comes meanwhile waits in the
 * kernel, unseen, and a replica that is asked more than it can do would answer everyone late. So requests are first
 * taken in, then worked on one after the other for a slice of time, then the next are taken in: how many wait is
 * known, and whoever comes when too many do is told at once to try again.
 */
import { AppError } from "@/shared/errors.ts";

/** What waits: a request whose client may leave meanwhile. */
export interface Waiter {
  /** Begins to look whether the client is there. */
  watch?(): void;
  readonly gone?: boolean;
}

/** So long predictions follow one another before the next requests are taken in. */
const SLICE_MS = 5;

interface Turn {
  waiter: Waiter;
  deadline_ms: number;
  start: (error: AppError | null) => void;
}

export class Turns {
  #queue: Turn[] = [];
  #next = 0;
  #working = false;

  /** How many wait. */
  get waiting(): number {
    return this.#queue.length - this.#next;
  }

  /**
   * Resolves when the caller may compute, which it must do at once.
   * @param max_waiting most that may wait before
   * @param deadline_ms performance.now() from which nobody wants the answer; Infinity for never
   * @throws AppError unavailable when too many wait, deadline_exceeded, or cancelled when the client has left
   */
  take(waiter: Waiter, max_waiting: number, deadline_ms: number): Promise<void> {
    if (this.waiting >= max_waiting) throw overloaded(this.waiting);
    return new Promise((done, failed) => {
      const start = (error: AppError | null) => error === null ? done() : failed(error);
      this.#queue.push({ waiter, deadline_ms, start });
      if (this.#working) return;
      this.#working = true;
      // A microtask, so that everything that the kernel has brought at once is in the queue before the first begins.
      queueMicrotask(() => void this.#work());
    });
  }

  async #work(): Promise<void> {
    while (this.waiting > 0) {
      const until_ms = performance.now() + SLICE_MS;
      while (this.waiting > 0) {
        const turn = this.#queue[this.#next++];
        turn.start(this.#fault(turn));
        // Its work runs in the microtasks before these.
        await null;
        await null;
        await null;
        if (performance.now() >= until_ms) break;
      }
      this.#forget();
      if (this.waiting > 0) await this.#takeIn();
    }
    this.#working = false;
  }

  #fault({ waiter, deadline_ms }: Turn): AppError | null {
    if (waiter.gone) return new AppError("cancelled", "Cannot answer: the client has left");
    return deadline_ms !== Infinity && performance.now() >= deadline_ms ? tooLate() : null;
  }

  /** Lets the kernel bring what has come meanwhile. */
  async #takeIn(): Promise<void> {
    for (let i = this.#next; i < this.#queue.length; i++) this.#queue[i].waiter.watch?.();
    await new Promise<void>((done) => setTimeout(done, 0));
  }

  #forget(): void {
    this.#queue = this.#queue.slice(this.#next);
    this.#next = 0;
  }
}

export function tooLate(): AppError {
  return new AppError("deadline_exceeded", "Cannot answer in time: the request's own deadline has passed", {
    hint: "Give more time in x-request-timeout-ms, or send fewer rows at once.",
  });
}

function overloaded(waiting: number): AppError {
  return new AppError("unavailable", `Cannot answer now: ${waiting} requests wait already`, {
    hint:
      "Try again in a second, as the header Retry-After says; more replicas take more (scale_deployment).",
  });
}
