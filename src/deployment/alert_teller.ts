/** Tells alerts to a webhook, each at least once and in order, also when it, or this process, was down meanwhile. */
import type { Log } from "@/shared/log.ts";
import type { WatchRecords } from "./watch_records.ts";

const TIMEOUT_MS = 10_000;
const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 60_000;

export class AlertTeller {
  #running: Promise<void> | null = null;
  #failures = 0;
  #again_ms = 0;

  /** @param webhook empty: alerts are only logged */
  constructor(readonly webhook: string, readonly records: WatchRecords, readonly log: Log) {}

  get tells(): boolean {
    return this.webhook !== "";
  }

  /** Sends what waits, if it is time to. Never throws. */
  kick(): void {
    if (!this.tells || this.#running || performance.now() < this.#again_ms) return;
    this.#running = this.#sendAll().finally(() => this.#running = null);
  }

  async close(): Promise<void> {
    await this.#running;
  }

  async #sendAll(): Promise<void> {
    try {
      for (let notice; (notice = this.records.nextNotice());) {
        await this.#send(notice.body);
        this.records.dropNotice(notice.notice_id);
        this.#failures = 0;
      }
    } catch (error) {
      const wait_ms = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** this.#failures++);
      this.#again_ms = performance.now() + wait_ms;
      this.log.warn("an alert could not be told to the webhook", {
        error: (error as Error).message,
        again_in_ms: wait_ms,
      });
    }
  }

  async #send(body: string): Promise<void> {
    const response = await fetch(this.webhook, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body,
      // Another host than the one that was set has no business with it.
      redirect: "manual",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    await response.body?.cancel();
    if (!response.ok) throw new Error(`it answered ${response.status}`);
  }
}
