/** Counts of the rows that a model was asked about, and of its answers, in the bins of its profile. */
import type { Column } from "@/dataset/table.ts";
import { codeBins, numberBins } from "./bins.ts";
import { type Layout, layoutOf } from "./layout.ts";
import type { ModelProfile } from "./model_profile.ts";
import type { ColumnProfile } from "./profile.ts";

/** What was counted since it was last taken. Two add up field by field. */
export interface TallyWire {
  /** Rows that were looked at. */
  rows: number;
  /** In the order of the layout. */
  counts: number[];
  /** Classification: the sum of the rows' confidence. */
  confidence_sum: number;
}

/** One answer: the number, or the class with its probability. */
export interface Answer {
  prediction: string | number;
  /** null for a regression. */
  confidence: number | null;
}

export class Tally {
  readonly layout: Layout;
  readonly #counts: Float64Array;
  readonly #bins: ((value: number) => number)[];
  /** The feature that each profiled column is. */
  readonly #features: number[];
  readonly #binOfAnswer: ((prediction: string | number) => number) | null;
  readonly #binOfConfidence: ((confidence: number) => number) | null;
  #rows = 0;
  #confidence = 0;

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
    this.#binOfAnswer = answers && binOfAnswer(answers.prediction, classes);
    this.#binOfConfidence = answers?.confidence ? numberBins(answers.confidence.bins) : null;
  }

  /** @param columns the model's features, in its order; one answer a row */
  add(columns: readonly Column[], answers: readonly Answer[]): void {
    const counts = this.#counts;
    this.#rows += answers.length;
    for (let k = 0; k < this.#bins.length; k++) {
      const column = columns[this.#features[k]];
      const values = column.storage === "numeric" ? column.values : column.codes;
      const { offset } = this.layout.columns[k];
      const binOf = this.#bins[k];
      for (let i = 0; i < answers.length; i++) counts[offset + binOf(values[i])]++;
    }
    if (!this.#binOfAnswer) return;
    const { prediction: named, confidence: sure } = this.layout;
    for (const { prediction, confidence } of answers) {
      counts[named!.offset + this.#binOfAnswer(prediction)]++;
      if (confidence === null || !this.#binOfConfidence) continue;
      this.#confidence += confidence;
      counts[sure!.offset + this.#binOfConfidence(confidence)]++;
    }
  }

  /** What was counted since the last time; null when that is nothing. */
  take(): TallyWire | null {
    if (this.#rows === 0) return null;
    const wire: TallyWire = {
      rows: this.#rows,
      counts: Array.from(this.#counts),
      confidence_sum: this.#confidence,
    };
    this.#counts.fill(0);
    this.#rows = this.#confidence = 0;
    return wire;
  }
}

function binOfAnswer(
  profile: ColumnProfile,
  classes: readonly (string | number)[],
): (prediction: string | number) => number {
  if (profile.edges) return numberBins(profile) as (prediction: string | number) => number;
  const binOf = codeBins(profile, classes.map(String));
  const bins = new Map(classes.map((label, code) => [label, binOf(code)]));
  return (prediction) => bins.get(prediction) ?? profile.counts.length;
}

/** @returns their sum; of two that do not fit, the second */
export function addTallies(a: TallyWire | null, b: TallyWire): TallyWire {
  if (!a || a.counts.length !== b.counts.length) return b;
  return {
    rows: a.rows + b.rows,
    counts: a.counts.map((count, i) => count + b.counts[i]),
    confidence_sum: a.confidence_sum + b.confidence_sum,
  };
}
