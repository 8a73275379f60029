import type { Table } from "@/dataset/table.ts";
import { AppError } from "@/shared/errors.ts";
import { Random } from "@/shared/random.ts";
import { metricOf } from "../metrics.ts";
import { rowsWithTarget, truthOf } from "../model_selection/scored_rows.ts";
import { featureColumns, type FittedPipeline, predictPrepared, prepareMatrix } from "../pipeline.ts";

export interface FeatureImportance {
  feature: string;
  /** How much worse the metric gets, in its units, when the feature's values are shuffled; below 0 is chance. */
  mean: number;
  /** Over the repeats, divided by n. */
  std: number;
}

/**
 * How much the model leans on each feature of the table, the column that goes in and not the matrix columns.
 *
 * Source: https://scikit-learn.org/stable/modules/permutation_importance.html
 * @param table has the features and the target; best rows that training did not see
 * @returns one a feature, the most important first
 * @throws AppError invalid_argument when no row has a target that the model knows
 */
export function permutationImportance(
  pipeline: FittedPipeline,
  table: Table,
  metric: string,
  options: { repeats?: number; seed: number },
): FeatureImportance[] {
  const { compute, greater_is_better } = metricOf(metric, pipeline.task);
  const { target } = pipeline;
  const repeats = options.repeats ?? 5;
  const known = rowsWithTarget(table, target);
  if (known.y.length === 0) {
    throw new AppError(
      "invalid_argument",
      `Cannot explain the model: no row of the table has a known value of "${target.name}"`,
      { hint: "Give rows with their true target." },
    );
  }
  const X = prepareMatrix(pipeline, known.table);
  const columns = featureColumns(pipeline);
  const score = () => compute(truthOf(known.y, predictPrepared(pipeline, X), target));
  const plain = score();
  const importances = pipeline.features.map(({ name }, stream): FeatureImportance => {
    const random = new Random(options.seed, stream);
    // Each row is prepared for itself, so prepared numbers can be shuffled in place of values.
    const { from, to } = columns[stream];
    const own = X.data.subarray(from * X.rows, to * X.rows);
    const kept = own.slice();
    const drops = Array.from({ length: repeats }, () => {
      const places = random.shuffle(Uint32Array.from(known.y.keys()));
      for (let start = 0; start < own.length; start += X.rows) {
        for (let i = 0; i < X.rows; i++) own[start + i] = kept[start + places[i]];
      }
      const shuffled = score();
      return greater_is_better ? plain - shuffled : shuffled - plain;
    });
    own.set(kept);
    const mean = drops.reduce((sum, drop) => sum + drop, 0) / repeats;
    const std = Math.sqrt(drops.reduce((sum, drop) => sum + (drop - mean) ** 2, 0) / repeats);
    return { feature: name, mean, std };
  });
  return importances.sort((a, b) => b.mean - a.mean);
}
