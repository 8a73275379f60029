/** Predictions as JSON lines under <home>/logs/predictions/<endpoint>, in a few files of which the oldest is let go. */
import { join } from "node:path";
import type { Home } from "@/shared/home.ts";
import type { PredictionRecord } from "@/monitoring/watch_protocol.ts";

const FILES = 4;

export class PredictionLog {
  readonly #folder: string;

  constructor(home: Home, readonly max_mb: number) {
    this.#folder = join(home.logs, "predictions");
  }

  /** @param models by version */
  write(
    endpoint: string,
    records: readonly PredictionRecord[],
    models: (version: number) => string | null,
  ): void {
    const lines = records.filter(({ log }) => log).map((record) => {
      const { request_id, row, at_ms, version, prediction, probabilities, log } = record;
      return JSON.stringify({
        time: new Date(at_ms).toISOString(),
        request_id,
        row,
        version,
        model_id: models(version),
        ...(log!.inputs === undefined ? {} : { inputs: log!.inputs }),
        prediction,
        ...(probabilities ? { probabilities } : {}),
      });
    });
    if (lines.length === 0) return;
    const folder = join(this.#folder, endpoint);
    Deno.mkdirSync(folder, { recursive: true, mode: 0o700 });
    const path = join(folder, "predictions.jsonl");
    this.#rotate(path);
    Deno.writeTextFileSync(path, lines.join("\n") + "\n", { append: true, mode: 0o600 });
  }

  #rotate(path: string): void {
    try {
      if (Deno.statSync(path).size < this.max_mb * 1024 * 1024 / FILES) return;
      const older = (k: number) => k === 0 ? path : `${path}.${k}`;
      for (let k = FILES - 2; k >= 0; k--) {
        try {
          Deno.renameSync(older(k), older(k + 1));
        } catch { /* there are not so many yet */ }
      }
    } catch { /* no file yet */ }
  }
}
