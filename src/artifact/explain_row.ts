/** What each value of a row does to its prediction: the change when that value is taken away. */
import type { FittedPipeline } from "@/ml/pipeline.ts";
import { predictRows, type RowPredictions } from "./predict_rows.ts";

export interface RowExplanation {
  prediction: string | number;
  /** By the size of the effect, the largest first; values that the row lacks have none. */
  effects: Effect[];
}

export interface Effect {
  column: string;
  /** The prediction if this value were missing. */
  without: string | number;
  /** Regression: what the value adds. Classification: what it adds to the predicted class's probability. */
  effect: number;
}

/** @throws AppError invalid_argument naming the column and the rule */
export function explainRow(
  artifact: { pipeline: FittedPipeline },
  row: Record<string, unknown>,
): RowExplanation {
  const given = artifact.pipeline.features.map(({ name }) => name).filter((name) =>
    row[name] !== undefined && row[name] !== null
  );
  const all = predictRows(artifact, [row, ...given.map((name) => ({ ...row, [name]: null }))]);
  const prediction = all.predictions[0];
  const effects = given.map((column, i) => ({
    column,
    without: all.predictions[i + 1],
    effect: valueOf(all, 0, prediction) - valueOf(all, i + 1, prediction),
  })).sort((a, b) => Math.abs(b.effect) - Math.abs(a.effect));
  return { prediction, effects };
}

/** The number that an effect is a difference of. */
function valueOf({ predictions, probabilities }: RowPredictions, i: number, label: string | number): number {
  return probabilities ? probabilities[i][String(label)] : Number(predictions[i]);
}
