/** The downloads of one server process: each goes on while calls come, wait for a while, and leave. */
import { AppError } from "@/shared/errors.ts";
import { canonicalJson } from "@/shared/hash.ts";
import type { KaggleClient } from "./client.ts";
import { downloadDataset, type Downloaded, type DownloadRequest, type DownloadWatch } from "./download.ts";
import { datasetName } from "./ref.ts";

export type DownloadStatus = "running" | "succeeded" | "failed" | "cancelled";

export interface Download {
  readonly download_id: string;
  /** owner/slug, or an address. */
  readonly ref: string;
  status: DownloadStatus;
  done_bytes: number;
  total_bytes: number | null;
  message: string;
  result: Downloaded | null;
  /** What it failed with; null otherwise. */
  failure: unknown;
  /** Settles when the status is final; never rejects. */
  readonly finished: Promise<void>;
}

/** A download from elsewhere than Kaggle. */
export interface OtherDownload {
  ref: string;
  /** Asks for the same as another one of the same key. */
  key: string;
  run(watch: DownloadWatch): Promise<Downloaded>;
}

interface Running extends Download {
  readonly key: string;
  readonly stop: AbortController;
  waiting: number;
  readonly listeners: Set<() => void>;
}

/** So many are remembered after they ended. */
const REMEMBERED = 200;

export class Downloads {
  readonly #all = new Map<string, Running>();

  constructor(readonly client: KaggleClient, readonly datasetsDir: string) {}

  /** Begins, or joins the one that is fetching just the same. */
  start(request: DownloadRequest | OtherDownload): Download {
    const { ref, key, run } = "run" in request ? request : this.#atKaggle(request);
    for (const other of this.#all.values()) if (other.key === key && other.status === "running") return other;
    const stop = new AbortController();
    const running: Running = {
      download_id: `dl_${crypto.randomUUID().replaceAll("-", "").slice(0, 12)}`,
      ref,
      status: "running",
      done_bytes: 0,
      total_bytes: null,
      message: "asking for it",
      result: null,
      failure: null,
      finished: Promise.resolve(),
      key,
      stop,
      waiting: 0,
      listeners: new Set(),
    };
    (running as { finished: Promise<void> }).finished = this.#run(running, run);
    this.#all.set(running.download_id, running);
    this.#forget();
    return running;
  }

  /** @throws AppError not_found */
  get(download_id: string): Download {
    const found = this.#all.get(download_id);
    if (found) return found;
    throw new AppError(
      "not_found",
      `Cannot find download "${download_id}": this server has none of that id`,
      {
        hint:
          "Ids live as long as the server. Call download_dataset again: what has arrived is kept and used.",
      },
    );
  }

  /**
   * Waits until the download ends or `wait_ms` are over. When the signal is aborted and no other call waits,
   * the download is stopped too.
   * @throws what the signal was aborted with
   */
  async wait(download: Download, wait_ms: number, signal: AbortSignal, onChange: () => void): Promise<void> {
    const running = this.#all.get(download.download_id);
    if (!running || running.status !== "running") return;
    running.waiting++;
    running.listeners.add(onChange);
    const left = Promise.withResolvers<void>();
    const leave = () => left.resolve();
    signal.addEventListener("abort", leave, { once: true });
    if (signal.aborted) leave();
    const timer = setTimeout(leave, wait_ms);
    try {
      await Promise.race([running.finished, left.promise]);
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", leave);
      running.listeners.delete(onChange);
      running.waiting--;
    }
    if (!signal.aborted) return;
    if (running.waiting === 0) running.stop.abort(signal.reason);
    throw signal.reason;
  }

  /** Stops everything that runs; parts are kept. */
  async close(): Promise<void> {
    for (const running of this.#all.values()) running.stop.abort(new Error("the server is stopping"));
    await Promise.all([...this.#all.values()].map((running) => running.finished));
  }

  #atKaggle(request: DownloadRequest): OtherDownload {
    return {
      ref: datasetName(request.ref),
      key: canonicalJson(request),
      run: (watch) => downloadDataset(this.client, this.datasetsDir, request, watch),
    };
  }

  async #run(running: Running, run: OtherDownload["run"]): Promise<void> {
    try {
      running.result = await run({
        signal: running.stop.signal,
        onProgress: (done, total, message) => {
          Object.assign(running, { done_bytes: done, total_bytes: total, message });
          for (const listener of running.listeners) listener();
        },
      });
      running.status = "succeeded";
    } catch (error) {
      const stopped = running.stop.signal.aborted;
      running.status = stopped ? "cancelled" : "failed";
      running.failure = stopped
        ? new AppError("cancelled", `Cannot finish the download of ${running.ref}: it was cancelled`, {
          hint: "Call download_dataset again to go on: what has arrived is kept.",
        })
        : error;
    }
  }

  #forget(): void {
    for (const [id, running] of this.#all) {
      if (this.#all.size <= REMEMBERED) return;
      if (running.status !== "running") this.#all.delete(id);
    }
  }
}
