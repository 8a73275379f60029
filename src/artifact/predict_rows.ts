/** From rows as JSON to predictions as JSON: the same function behind the tool and the endpoint. */
import { type FittedPipeline, labelsOf, predictScores } from "@/ml/pipeline.ts";
import { rowsToTable } from "./rows_to_table.ts";

export interface RowPredictions {
  /** One a row: the number, or the class of the highest probability. */
  predictions: (string | number)[];
  /** Classification: for each row, the probability of each class. */
  probabilities?: Record<string, number>[];
  warnings: string[];
}

/** @throws AppError invalid_argument naming the row, the column and the rule */
export function predictRows(
  artifact: { pipeline: FittedPipeline },
  rows: readonly unknown[],
): RowPredictions {
  const { pipeline } = artifact;
  const { table, warnings } = rowsToTable(pipeline, rows);
  const scores = predictScores(pipeline, table);
  const { classes } = pipeline.target;
  const predictions = labelsOf(pipeline, scores);
  if (classes.length === 0) return { predictions, warnings };
  const probabilities = predictions.map((_, i) => {
    const row: Record<string, number> = {};
    for (let k = 0; k < classes.length; k++) row[String(classes[k])] = scores[i * classes.length + k];
    return row;
  });
  return { predictions, probabilities, warnings };
}
