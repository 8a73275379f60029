/** What a model's inputs and answers looked like when it was made: the reference that drift is measured against. */
import { type Column, spreadRows } from "@/dataset/table.ts";
import { numberBins } from "./bins.ts";
import { type ColumnProfile, profileCodes, profileColumn, profileNumbers, QUANTILE_ROWS } from "./profile.ts";

/**
 * How sure the model was of rows that it had not learned from, and how often it was right. Confidence is the
 * probability of the class that it named.
 */
export interface ConfidenceProfile {
  rows: number;
  accuracy: number;
  mean: number;
  /** The confidence, in bins as a column of numbers. */
  bins: ColumnProfile;
  /** In each bin, how many of its rows were right. */
  right: number[];
}

/** Of rows that the model had not learned from. */
export interface AnswerProfile {
  /** The predicted classes or numbers. */
  prediction: ColumnProfile;
  /** null for a regression. */
  confidence: ConfidenceProfile | null;
}

export interface ModelProfile {
  /** Of the training rows. */
  columns: ColumnProfile[];
  /** null when no unlearned rows were predicted. */
  answers: AnswerProfile | null;
}

/** So many columns are watched at most: the memory and time of a replica must not grow with a wide table. */
export const MOST_COLUMNS = 200;

/**
 * @param features the model's, in its order; of more than 200 those of the largest importance are profiled
 * @param importances by name
 */
export function profileColumns(
  columns: readonly Column[],
  features: readonly { name: string; categories?: readonly string[] }[],
  importances: Readonly<Record<string, number>>,
): ColumnProfile[] {
  const weight = (name: string) => importances[name] ?? 0;
  const chosen = features.length <= MOST_COLUMNS ? features : [...features.keys()]
    .sort((a, b) => weight(features[b].name) - weight(features[a].name) || a - b)
    .slice(0, MOST_COLUMNS).sort((a, b) => a - b).map((j) => features[j]);
  const byName = new Map(columns.map((column) => [column.name, column]));
  return chosen.map(({ name, categories }) => profileColumn(byName.get(name)!, categories));
}

/**
 * @param scores regression: (rows). Classification: (rows * classes) probabilities, row-major
 * @param y class numbers, or the true numbers
 * @returns null when a score is no finite number
 */
export function profileAnswers(
  name: string,
  classes: readonly (string | number)[],
  scores: Float64Array,
  y: Float64Array,
): AnswerProfile | null {
  if (!scores.every(Number.isFinite)) return null;
  if (classes.length === 0) return { prediction: profileNumbers(name, scores), confidence: null };
  const named = new Int32Array(y.length);
  const confidence = new Float64Array(y.length);
  let sum = 0;
  for (let i = 0; i < y.length; i++) {
    named[i] = likeliest(scores, i * classes.length, classes.length);
    confidence[i] = scores[i * classes.length + named[i]];
    sum += confidence[i];
  }
  const texts = classes.map(String);
  const prediction = profileCodes(name, named, texts, texts);
  const bins = profileNumbers("confidence", confidence);
  const binOf = numberBins(bins);
  const right = new Array<number>(bins.counts.length).fill(0);
  // Of very many rows the bins hold a sample, so the right ones are counted in the same.
  const sample = spreadRows(y.length, QUANTILE_ROWS);
  for (const i of sample) if (named[i] === y[i]) right[binOf(confidence[i]) - 1]++;
  const all = right.reduce((total, count) => total + count, 0);
  return {
    prediction,
    confidence: { rows: y.length, accuracy: all / sample.length, mean: sum / y.length, bins, right },
  };
}

/** The number of the class of the highest probability, the first of equals. */
export function likeliest(scores: ArrayLike<number>, from: number, classes: number): number {
  let best = 0;
  for (let k = 1; k < classes; k++) if (scores[from + k] > scores[from + best]) best = k;
  return best;
}
