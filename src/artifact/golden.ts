/**
 * Golden rows: a few training rows with the predictions that the model gave when it was made. A model that no
 * longer gives them, on another machine, another version or after damage, must not serve.
 */
import { cellOf, type Table, takeRows } from "@/dataset/table.ts";
import { type FittedPipeline, labelsOf, predictScores } from "@/ml/pipeline.ts";
import { rowsToTable } from "./rows_to_table.ts";

export interface Golden {
  rows: Record<string, string | number | null>[];
  predictions: (string | number)[];
  /** Classification: one number a class, in the order of the target's classes. */
  probabilities?: number[][];
}

export interface Check {
  name: string;
  passed: boolean;
  detail: string;
}

const GOLDEN_ROWS = 8;
/** Absolute, for probabilities and, relative to the value, for numbers. */
const TOLERANCE = 1e-9;

/** Rows spread evenly over the table. */
export function makeGolden(pipeline: FittedPipeline, table: Table): Golden {
  const count = Math.min(GOLDEN_ROWS, table.rows);
  const picked = Uint32Array.from({ length: count }, (_, i) => Math.floor(i * table.rows / count));
  const few = takeRows(table, picked);
  const columns = pipeline.features.map((feature) =>
    few.columns.find((column) => column.name === feature.name)!
  );
  const rows = Array.from(
    { length: count },
    (_, row) => Object.fromEntries(columns.map((column) => [column.name, cellOf(column, row)])),
  );
  // Through the same door as a request, so that what is compared is what callers get.
  const scores = predictScores(pipeline, rowsToTable(pipeline, rows).table);
  const classes = pipeline.target.classes.length;
  return {
    rows,
    predictions: labelsOf(pipeline, scores),
    ...(classes > 0 ? { probabilities: rowsOf(scores, classes) } : {}),
  };
}

/** Predicts the golden rows again; one check a row. */
export function replayGolden(artifact: { pipeline: FittedPipeline; golden: Golden }): Check[] {
  const { pipeline, golden } = artifact;
  const scores = predictScores(pipeline, rowsToTable(pipeline, golden.rows).table);
  return compareGolden(
    golden,
    labelsOf(pipeline, scores),
    golden.probabilities ? rowsOf(scores, pipeline.target.classes.length) : undefined,
  );
}

/** @param probabilities one list a row, in the order of the target's classes */
export function compareGolden(
  golden: Golden,
  predictions: readonly (string | number)[],
  probabilities?: readonly (readonly number[])[],
): Check[] {
  return golden.rows.map((_, i) => {
    const expected = golden.predictions[i];
    const got = predictions[i];
    const same = typeof expected === "number" && typeof got === "number" && !golden.probabilities
      ? Math.abs(expected - got) <= TOLERANCE * Math.max(1, Math.abs(expected))
      : expected === got;
    const far = (golden.probabilities?.[i] ?? []).findIndex((p, k) =>
      !(Math.abs(p - (probabilities?.[i]?.[k] ?? NaN)) <= TOLERANCE)
    );
    const passed = same && far < 0;
    return {
      name: `golden row ${i + 1}`,
      passed,
      detail: passed
        ? `${JSON.stringify(got)} as when it was trained`
        : same
        ? `probability ${far} is ${probabilities?.[i]?.[far]}, was ${
          golden.probabilities?.[i][far]
        } when it was trained`
        : `${JSON.stringify(got)}, was ${JSON.stringify(expected)} when it was trained`,
    };
  });
}

function rowsOf(scores: Float64Array, classes: number): number[][] {
  return Array.from(
    { length: scores.length / classes },
    (_, i) => Array.from(scores.subarray(i * classes, (i + 1) * classes)),
  );
}
