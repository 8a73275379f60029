import type { Table } from "@/dataset/table.ts";
import { AppError } from "@/shared/errors.ts";
import { Random } from "@/shared/random.ts";
import { columnView, type Matrix, takeMatrixRows } from "../matrix.ts";
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
  const plainScores = predictPrepared(pipeline, X);
  const score = (scores: Float64Array) => compute(truthOf(known.y, scores, target));
  const plain = score(plainScores);
  const importances = pipeline.features.map(({ name }, stream): FeatureImportance => {
    const random = new Random(options.seed, stream);
    const drops = Array.from({ length: repeats }, () => {
      const places = random.shuffle(Uint32Array.from(known.y.keys()));
      const shuffled = score(predictShuffled(pipeline, X, columns[stream], places, plainScores));
      return greater_is_better ? plain - shuffled : shuffled - plain;
    });
    const mean = drops.reduce((sum, drop) => sum + drop, 0) / repeats;
    const std = Math.sqrt(drops.reduce((sum, drop) => sum + (drop - mean) ** 2, 0) / repeats);
    return { feature: name, mean, std };
  });
  return importances.sort((a, b) => b.mean - a.mean);
}

/**
 * The predictions when one feature has the values of other rows. Each row is prepared and predicted for itself, so
 * prepared numbers stand for values, and a row that gets the numbers it had keeps its scores: of a category, most do.
 * @param block the columns of the feature in X
 * @param places (rows) the row whose values each row gets
 * @param plain what is predicted for X
 */
function predictShuffled(
  pipeline: FittedPipeline,
  X: Matrix,
  block: { from: number; to: number },
  places: Uint32Array,
  plain: Float64Array,
): Float64Array {
  const own = Array.from({ length: block.to - block.from }, (_, k) => columnView(X, block.from + k));
  const changed = Uint32Array.from(places.keys()).filter((row) =>
    own.some((column) => !Object.is(column[row], column[places[row]]))
  );
  if (changed.length === 0) return plain;
  const some = takeMatrixRows(X, changed);
  for (const [k, column] of own.entries()) {
    const to = columnView(some, block.from + k);
    for (let i = 0; i < changed.length; i++) to[i] = column[places[changed[i]]];
  }
  const predicted = predictPrepared(pipeline, some);
  const width = plain.length / X.rows;
  const scores = plain.slice();
  for (let i = 0; i < changed.length; i++) {
    scores.set(predicted.subarray(i * width, (i + 1) * width), changed[i] * width);
  }
  return scores;
}
