import { columnOf, type Table, takeRows } from "@/dataset/table.ts";
import { AppError } from "@/shared/errors.ts";
import { Random } from "@/shared/random.ts";
import { metricOf } from "../metrics.ts";
import { rowsWithTarget, truthOf } from "../model_selection/scored_rows.ts";
import { type FittedPipeline, predictScores } from "../pipeline.ts";

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
  const scoreOf = (rows: Table) => compute(truthOf(known.y, predictScores(pipeline, rows), target));
  const plain = scoreOf(known.table);
  const importances = pipeline.features.map(({ name }, stream): FeatureImportance => {
    const random = new Random(options.seed, stream);
    const column = columnOf(known.table, name);
    const drops = Array.from({ length: repeats }, () => {
      const places = random.shuffle(Uint32Array.from(known.y.keys()));
      const [shuffled] = takeRows({ rows: places.length, columns: [column] }, places).columns;
      const columns = known.table.columns.map((other) => other === column ? shuffled : other);
      const score = scoreOf({ rows: places.length, columns });
      return greater_is_better ? plain - score : score - plain;
    });
    const mean = drops.reduce((sum, drop) => sum + drop, 0) / repeats;
    const std = Math.sqrt(drops.reduce((sum, drop) => sum + (drop - mean) ** 2, 0) / repeats);
    return { feature: name, mean, std };
  });
  return importances.sort((a, b) => b.mean - a.mean);
}
