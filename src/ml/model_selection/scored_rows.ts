/** Rows with a known target, as metrics want them. */
import { columnOf, type Table, takeRows } from "@/dataset/table.ts";
import type { Truth } from "../metric.ts";
import type { FittedPipeline } from "../pipeline.ts";
import { predictScores } from "../pipeline.ts";
import { encodeTarget, type TargetSpec } from "../preprocessing/target.ts";

/**
 * The rows whose target is there and, for classification, is a class of `target`.
 * @returns `rows` their numbers in `table`, `y` their encoded targets
 */
export function rowsWithTarget(
  table: Table,
  target: TargetSpec,
): { table: Table; y: Float64Array; rows: Uint32Array } {
  const encoded = encodeTarget(columnOf(table, target.name), target);
  const rows = Uint32Array.from(encoded.keys()).filter((row) => !Number.isNaN(encoded[row]));
  const y = Float64Array.from(rows, (row) => encoded[row]);
  return { table: rows.length === table.rows ? table : takeRows(table, rows), y, rows };
}

/**
 * The pipeline's predictions in the classes of `target`, which may have classes that the pipeline's rows had not:
 * their probability is 0.
 * @returns (rows) or (rows * target.classes.length)
 */
export function scoresFor(pipeline: FittedPipeline, table: Table, target: TargetSpec): Float64Array {
  const scores = predictScores(pipeline, table);
  const known = pipeline.target.classes;
  if (known.length === target.classes.length) return scores;
  const place = known.map((value) => target.classes.indexOf(value));
  const wide = new Float64Array(table.rows * target.classes.length);
  for (let i = 0; i < table.rows; i++) {
    for (let k = 0; k < known.length; k++) {
      wide[i * target.classes.length + place[k]] = scores[i * known.length + k];
    }
  }
  return wide;
}

/** What a metric compares. */
export function truthOf(
  y: Float64Array,
  scores: Float64Array,
  target: TargetSpec,
  sample_weight?: Float64Array,
): Truth {
  return { y, scores, n_classes: target.classes.length, sample_weight };
}
