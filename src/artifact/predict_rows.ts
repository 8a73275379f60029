/** From rows as JSON to predictions as JSON: the same function behind the tool and the endpoint. */
import { estimatorOf } from "@/ml/estimators.ts";
import { type FittedPipeline, labelsOf, predictScores } from "@/ml/pipeline.ts";
import { compileRows, type ReadRows } from "./compile_rows.ts";
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
  const { scores, warnings } = scoreRows(pipeline, rows);
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

const compiled = new WeakMap<FittedPipeline, ReadRows>();

/**
 * @returns what predictScores gives, and the warnings of rowsToTable
 * @throws AppError invalid_argument naming the row, the column and the rule
 */
export function scoreRows(
  pipeline: FittedPipeline,
  rows: readonly unknown[],
): { scores: Float64Array; warnings: string[] } {
  let read = compiled.get(pipeline);
  if (read === undefined) compiled.set(pipeline, read = compileRows(pipeline));
  const matrix = rows.length > 0 ? read(rows) : null;
  if (matrix !== null) {
    return { scores: estimatorOf(pipeline.algorithm).predict(matrix, pipeline.state), warnings: [] };
  }
  const { table, warnings } = rowsToTable(pipeline, rows);
  return { scores: predictScores(pipeline, table), warnings };
}
