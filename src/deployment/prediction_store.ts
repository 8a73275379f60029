/**
 * Predictions that wait for the truth, in a database of their own: labels come hours later, when the supervisor may
 * be another process. No inputs, and so many rows an endpoint at most. What a power cut takes is only measured less.
 */
import { DatabaseSync } from "node:sqlite";
import { join } from "node:path";
import { type Home, keepStatements, transact } from "@/shared/home.ts";
import type { KeptPrediction } from "@/monitoring/label_join.ts";
import type { FeedbackEntry, PredictionRecord } from "@/monitoring/watch_protocol.ts";

export class PredictionStore {
  readonly #db: DatabaseSync;
  readonly #newest = new Map<string, number>();

  /** @param most rows an endpoint */
  constructor(home: Home, readonly most: number) {
    this.#db = keepStatements(new DatabaseSync(join(home.path, "predictions.db")));
    this.#db.exec("PRAGMA busy_timeout = 10000; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL");
    this.#db.exec(
      `CREATE TABLE IF NOT EXISTS prediction (
         endpoint TEXT NOT NULL, request_id TEXT NOT NULL, row INTEGER NOT NULL, number INTEGER NOT NULL,
         version INTEGER NOT NULL, prediction TEXT NOT NULL, probabilities TEXT,
         PRIMARY KEY (endpoint, request_id, row)) WITHOUT ROWID;
       CREATE INDEX IF NOT EXISTS prediction_by_age ON prediction (endpoint, number);`,
    );
  }

  close(): void {
    this.#db.close();
  }

  /** The oldest go where there are too many. An id that comes again stands for the newest request. */
  keep(endpoint: string, records: readonly PredictionRecord[]): void {
    if (records.length === 0 || this.most === 0) return;
    let number = this.#newest.get(endpoint) ?? this.#newestOf(endpoint);
    transact(this.#db, () => {
      const add = this.#db.prepare("INSERT OR REPLACE INTO prediction VALUES (?, ?, ?, ?, ?, ?, ?)");
      for (const { request_id, row, version, prediction, probabilities } of records) {
        add.run(
          endpoint,
          request_id,
          row,
          ++number,
          version,
          JSON.stringify(prediction),
          probabilities ? JSON.stringify(probabilities, shortened) : null,
        );
      }
      this.#db.prepare("DELETE FROM prediction WHERE endpoint = ? AND number <= ?").run(
        endpoint,
        number - this.most,
      );
    });
    this.#newest.set(endpoint, number);
  }

  #newestOf(endpoint: string): number {
    const row = this.#db.prepare("SELECT max(number) AS newest FROM prediction WHERE endpoint = ?").get(
      endpoint,
    );
    return (row as { newest: number | null }).newest ?? 0;
  }

  /** Takes out the prediction that each label is about; null where none is kept. */
  join(endpoint: string, labels: readonly FeedbackEntry[]): (KeptPrediction | null)[] {
    if (labels.length === 0) return [];
    return transact(this.#db, () => {
      const take = this.#db.prepare(
        `DELETE FROM prediction WHERE endpoint = ? AND request_id = ? AND row = ?
         RETURNING version, prediction, probabilities`,
      );
      return labels.map(({ request_id, row }) => {
        const found = take.get(endpoint, request_id, row) as
          | { version: number; prediction: string; probabilities: string | null }
          | undefined;
        return found
          ? {
            version: found.version,
            prediction: JSON.parse(found.prediction),
            probabilities: found.probabilities === null ? null : JSON.parse(found.probabilities),
          }
          : null;
      });
    });
  }

  forget(endpoint: string): void {
    this.#db.prepare("DELETE FROM prediction WHERE endpoint = ?").run(endpoint);
    this.#newest.delete(endpoint);
  }
}

/** Six digits are enough for a loss. */
function shortened(_: string, value: unknown): unknown {
  return typeof value === "number" ? Number(value.toPrecision(6)) : value;
}
