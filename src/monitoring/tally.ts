/** Counts of the rows that a model was asked about, kept while it answers. A row of 20 columns takes about 0.3 µs. */
import type { Column } from "@/dataset/table.ts";
import { codeBins, type Layout, layoutOf, numberBins } from "./layout.ts";
import { likeliest, type ModelProfile } from "./model_profile.ts";

/** What was counted since it was last taken. Two add up field by field. */
export interface TallyWire {
  /** Rows that were looked at. */
  rows: number;
  /** In the order of the layout. */
  counts: number[];
  /** Classification: the sum of the rows' confidence. */
  confidence_sum: number;
  /** Classification: rows with at least the confidence of the profile's threshold. */
  confident: number;
}

/** So many rows a second are looked at. Beyond them the shares would not get better, only the answers slower. */
export const ROWS_PER_SECOND = 1000;

export class Tally {
  readonly layout: Layout;
  readonly #counts: Float64Array;
  readonly #bins: ((value: number) => number)[];
  /** The feature that each profiled column is. */
  readonly #features: number[];
  readonly #binOfNumber: ((value: number) => number) | null;
  readonly #binOfClass: ((code: number) => number) | null;
  readonly #classes: number;
  readonly #threshold: number;
  #rows = 0;
  #confidence = 0;
  #confident = 0;
  #second = -1;
  #left = 0;

  /**
   * @param features the model's, in the order of its tables' columns
   * @param classes the target's; none for a regression
   */
  constructor(
    profile: ModelProfile,
    features: readonly { name: string; categories?: readonly string[] }[],
    classes: readonly (string | number)[],
  ) {
    this.layout = layoutOf(profile);
    this.#counts = new Float64Array(this.layout.width);
    const place = new Map(features.map(({ name }, j) => [name, j]));
    this.#features = profile.columns.map(({ name }) => place.get(name)!);
    this.#bins = profile.columns.map((column, k) =>
      column.edges ? numberBins(column) : codeBins(column, features[this.#features[k]].categories ?? [])
    );
    const { answers } = profile;
    this.#classes = classes.length;
    this.#binOfNumber = answers?.prediction.edges ? numberBins(answers.prediction) : null;
    this.#binOfClass = answers?.prediction.categories
      ? codeBins(answers.prediction, classes.map(String))
      : null;
    this.#threshold = answers?.confidence?.threshold ?? 0;
  }

  /**
   * Looks at some rows of a table and what was predicted for them, spread evenly over it.
   * @param scores regression: (rows). Classification: (rows * classes) probabilities, row-major
   * @param now_ms performance.now()
   */
  observe(columns: readonly Column[], scores: ArrayLike<number>, rows: number, now_ms: number): void {
    const second = Math.floor(now_ms / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#left = ROWS_PER_SECOND;
    }
    const taken = Math.min(rows, this.#left);
    if (taken === 0) return;
    this.#left -= taken;
    this.#rows += taken;
    const step = rows / taken;
    const counts = this.#counts;
    for (let k = 0; k < this.#bins.length; k++) {
      const column = columns[this.#features[k]];
      const values = column.storage === "numeric" ? column.values : column.codes;
      const { offset } = this.layout.columns[k];
      const binOf = this.#bins[k];
      for (let i = 0; i < taken; i++) counts[offset + binOf(values[Math.floor(i * step)])]++;
    }
    for (let i = 0; i < taken; i++) this.#observeAnswer(scores, Math.floor(i * step));
  }

  #observeAnswer(scores: ArrayLike<number>, row: number): void {
    const { prediction } = this.layout;
    if (!prediction) return;
    if (this.#binOfNumber) this.#counts[prediction.offset + this.#binOfNumber(scores[row])]++;
    else {
      const named = likeliest(scores, row * this.#classes, this.#classes);
      const confidence = scores[row * this.#classes + named];
      this.#counts[prediction.offset + this.#binOfClass!(named)]++;
      this.#confidence += confidence;
      if (confidence >= this.#threshold) this.#confident++;
    }
  }

  /** What was counted since the last time; null when that is nothing. */
  take(): TallyWire | null {
    if (this.#rows === 0) return null;
    const wire: TallyWire = {
      rows: this.#rows,
      counts: Array.from(this.#counts),
      confidence_sum: this.#confidence,
      confident: this.#confident,
    };
    this.#counts.fill(0);
    this.#rows = this.#confidence = this.#confident = 0;
    return wire;
  }
}

/** @returns their sum; of two that do not fit, the second */
export function addTallies(a: TallyWire | null, b: TallyWire): TallyWire {
  if (!a || a.counts.length !== b.counts.length) return b;
  return {
    rows: a.rows + b.rows,
    counts: a.counts.map((count, i) => count + b.counts[i]),
    confidence_sum: a.confidence_sum + b.confidence_sum,
    confident: a.confident + b.confident,
  };
}
