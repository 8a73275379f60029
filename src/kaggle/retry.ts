/** Trying again, within bounds, what another try can help. */
import { AppError, ERROR_CODES } from "@/shared/errors.ts";

export interface RetryPolicy {
  /** Tries in all. */
  tries: number;
  /** Wait before the second try; doubled each time, with up to half of it by chance. */
  backoffMs: number;
  /** The longest wait between two tries, also when the server asks for a longer one. */
  maxWaitMs: number;
}

/** An error after which the server said how long to wait. */
export class WaitError extends AppError {
  constructor(readonly waitMs: number | null, ...rest: ConstructorParameters<typeof AppError>) {
    super(...rest);
  }
}

/**
 * Runs `work` until it succeeds, fails for good, or the tries are used up. What can be tried again is said by the
 * error's code. A server that asks for a longer wait than the policy allows gets none: its error goes up at once.
 */
export async function withRetry<T>(
  policy: RetryPolicy,
  signal: AbortSignal,
  work: () => Promise<T>,
): Promise<T> {
  for (let attempt = 1;; attempt++) {
    try {
      return await work();
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof AppError) || !ERROR_CODES[error.code].retry || attempt >= policy.tries) {
        throw error;
      }
      const asked = error instanceof WaitError ? error.waitMs : null;
      if (asked !== null && asked > policy.maxWaitMs) throw error;
      const backoff = policy.backoffMs * 2 ** (attempt - 1) * (1 + Math.random() / 2);
      await pause(Math.min(asked ?? backoff, policy.maxWaitMs), signal);
    }
  }
}

/** Waits; rejects with the signal's reason when it is aborted. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((done, failed) => {
    if (signal.aborted) return failed(signal.reason);
    const stop = () => {
      clearTimeout(timer);
      failed(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", stop);
      done();
    }, ms);
    signal.addEventListener("abort", stop, { once: true });
  });
}

/**
 * Runs `work` with a signal that is also aborted after `ms`.
 * @throws AppError deadline_exceeded when that time is up
 */
export async function withDeadline<T>(
  ms: number,
  signal: AbortSignal,
  what: string,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  const own = new AbortController();
  const stop = () => own.abort(signal.reason);
  signal.addEventListener("abort", stop, { once: true });
  const late = new AppError("deadline_exceeded", `Cannot ${what}: no answer within ${ms / 1000} s`, {
    hint: "Check the network (a proxy is taken from HTTPS_PROXY), and try again.",
  });
  const timer = setTimeout(() => own.abort(late), ms);
  try {
    return await work(own.signal);
  } catch (error) {
    throw own.signal.reason === late ? late : error;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", stop);
  }
}
