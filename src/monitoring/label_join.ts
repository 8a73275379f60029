/** Labels and the predictions that they are about, which may come from different replicas, in either order. */
import type { Labelled } from "./quality.ts";
import type { FeedbackEntry, WatchRequest } from "./watch_protocol.ts";
import type { FeedbackReport } from "./watch_report.ts";

/** A prediction that waits for the truth. */
export interface KeptPrediction {
  version: number;
  prediction: string | number;
  probabilities: Record<string, number> | null;
}

/** Takes out the prediction that each label is about; null where none is kept. */
export type TakePredictions = (labels: readonly FeedbackEntry[]) => (KeptPrediction | null)[];

/** Looks that a label waits for its prediction, which another replica may still have. */
const LOOKS = 3;
const MOST_WAITING = 20_000;

/** A label on its way, the replica that heard it, and how many looks it may still wait. */
interface Waiting {
  label: FeedbackEntry;
  key: string;
  looks: number;
}

export class LabelJoin {
  readonly report: FeedbackReport;
  /** For each replica, what its callers wait to hear. */
  readonly told = new Map<string, WatchRequest["joined"]>();
  #waiting: Waiting[] = [];

  constructor(readonly take: TakePredictions, report: FeedbackReport = { matched: 0, unmatched: 0 }) {
    this.report = { ...report };
  }

  /** @param replicas that take requests: where there is one, it has given the prediction before the label */
  hear(key: string, labels: readonly FeedbackEntry[], replicas: number): void {
    const looks = replicas > 1 ? LOOKS : 0;
    for (const label of labels) this.#waiting.push({ label, key, looks });
  }

  /** What has met since the last time. */
  join(): (Labelled & { version: number })[] {
    const asked = this.#waiting;
    this.#waiting = [];
    const found = this.take(asked.map(({ label }) => label));
    return asked.flatMap(({ label, key, looks }, i) => {
      const kept = found[i];
      if (!kept && looks > 0 && this.#waiting.length < MOST_WAITING) {
        this.#waiting.push({ label, key, looks: looks - 1 });
        return [];
      }
      if (label.ticket !== undefined) {
        const told = this.told.get(key) ?? [];
        told.push([label.ticket, kept !== null]);
        this.told.set(key, told);
      }
      if (!kept) this.report.unmatched++;
      else this.report.matched++;
      return kept ? [{ ...kept, actual: label.actual }] : [];
    });
  }
}
