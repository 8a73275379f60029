/** What a model's inputs and answers looked like when it was made: the reference that drift is measured against. */
import type { Column } from "@/dataset/table.ts";
import { type ColumnProfile, profileCodes, profileColumn, profileNumbers } from "./profile.ts";

/**
 * How sure the model was of rows that it had not learned from, and how often it was right. Confidence is the
 * probability of the class that it named.
 */
export interface ConfidenceProfile {
  rows: number;
  accuracy: number;
  mean: number;
  /** As many rows had less confidence as were wrong; fewer, where many have the very same confidence. */
  threshold: number;
  /** Rows with at least that confidence. */
  confident: number;
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
  let right = 0;
  for (let i = 0; i < y.length; i++) {
    named[i] = likeliest(scores, i * classes.length, classes.length);
    confidence[i] = scores[i * classes.length + named[i]];
    if (named[i] === y[i]) right++;
  }
  const texts = classes.map(String);
  const prediction = profileCodes(name, named, texts, texts);
  const sorted = confidence.toSorted();
  const threshold = sorted[Math.min(y.length - right, sorted.length - 1)];
  let sum = 0;
  let confident = 0;
  for (const value of sorted) {
    sum += value;
    if (value >= threshold) confident++;
  }
  return {
    prediction,
    confidence: {
      rows: y.length,
      accuracy: right / y.length,
      mean: sum / y.length,
      threshold,
      confident,
    },
  };
}

/** The number of the class of the highest probability, the first of equals. */
export function likeliest(scores: ArrayLike<number>, from: number, classes: number): number {
  let best = 0;
  for (let k = 1; k < classes; k++) if (scores[from + k] > scores[from + best]) best = k;
  return best;
}
