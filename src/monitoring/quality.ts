/** How right a model was, by labels that came later: over the last thousand of them. */

export interface QualityReport {
  /** Labelled rows that it is measured on. */
  rows: number;
  metrics: Record<string, number>;
}

/** Sums over labelled rows. */
interface Sums {
  rows: number;
  right: number;
  /** Rows whose probabilities are known, and the sum of -ln of the true class's. */
  scored: number;
  log_loss: number;
  squared: number;
  absolute: number;
}

const NOTHING: Sums = { rows: 0, right: 0, scored: 0, log_loss: 0, squared: 0, absolute: 0 };
const WINDOW_ROWS = 1000;
const PARTS = 10;
/** As scikit-learn's log_loss: a probability of 0 does not make it infinite. */
const LEAST = 2 ** -52;

export interface Labelled {
  prediction: string | number;
  actual: string | number;
  probabilities: Record<string, number> | null;
}

export class QualityWindow {
  readonly #parts: Sums[];

  constructor(readonly task: "classification" | "regression", parts: readonly Sums[] = []) {
    this.#parts = [...parts];
  }

  add({ prediction, actual, probabilities }: Labelled): void {
    const last = this.#parts.at(-1);
    const part = last && last.rows < WINDOW_ROWS / PARTS ? last : { ...NOTHING };
    if (part !== last) this.#parts.push(part);
    if (this.#parts.length > PARTS) this.#parts.shift();
    part.rows++;
    if (this.task === "regression") {
      const error = Number(actual) - Number(prediction);
      part.squared += error ** 2;
      part.absolute += Math.abs(error);
      return;
    }
    if (actual === prediction) part.right++;
    if (!probabilities) return;
    part.scored++;
    part.log_loss -= Math.log(Math.max(LEAST, probabilities[String(actual)] ?? 0));
  }

  /** null before the first label. */
  report(): QualityReport | null {
    const sum = { ...NOTHING };
    for (const part of this.#parts) {
      for (const key of Object.keys(sum) as (keyof Sums)[]) sum[key] += part[key];
    }
    if (sum.rows === 0) return null;
    const metrics: Record<string, number> = this.task === "regression"
      ? { rmse: Math.sqrt(sum.squared / sum.rows), mae: sum.absolute / sum.rows }
      : {
        accuracy: sum.right / sum.rows,
        ...(sum.scored > 0 ? { log_loss: sum.log_loss / sum.scored } : {}),
      };
    return {
      rows: sum.rows,
      metrics: Object.fromEntries(
        Object.entries(metrics).map(([name, value]) => [name, Number(value.toPrecision(6))]),
      ),
    };
  }

  state(): Sums[] {
    return this.#parts;
  }
}
