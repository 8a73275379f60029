/** From rows as JSON to predictions as JSON: the same function behind the tool and the endpoint. */
import { estimatorOf } from "@/ml/estimators.ts";
import { type FittedPipeline, labelsOf, predictScores } from "@/ml/pipeline.ts";
import { compileRows, type ReadRows } from "./compile_rows.ts";
import { rangeWarnings } from "./range_warnings.ts";
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
 * @returns what predictScores gives, and the warnings of rowsToTable and rangeWarnings
 * @throws AppError invalid_argument naming the row, the column and the rule
 */
export function scoreRows(
  pipeline: FittedPipeline,
  rows: readonly unknown[],
): { scores: Float64Array; warnings: string[] } {
  let read = compiled.get(pipeline);
  if (read === undefined) compiled.set(pipeline, read = compileRows(pipeline));
  const compiledRows = rows.length > 0 ? read(rows) : null;
  if (compiledRows !== null) {
    const { matrix, isInside } = compiledRows;
    const scores = estimatorOf(pipeline.algorithm).predict(matrix, pipeline.state);
    return { scores, warnings: isInside ? [] : rangeWarnings(pipeline, rows) };
  }
  const { table, warnings } = rowsToTable(pipeline, rows);
  return {
    scores: predictScores(pipeline, table),
    warnings: [...warnings, ...rangeWarnings(pipeline, rows)],
  };
}
