import assert from "node:assert/strict";
import { extraTrees } from "@/ml/ensemble/extra_trees.ts";
import { randomForest } from "@/ml/ensemble/random_forest.ts";
import { takeMatrixRows } from "@/ml/matrix.ts";
import {
  contextFor,
  dataSet,
  largestDifference,
  reference,
  scoreOf,
  type SetName,
} from "../tree/reference_data.ts";

/** R2 on diabetes moves by 0.009 from seed to seed, accuracy elsewhere by far less. */
const seedsFor = (set: string) => set === "diabetes" ? 12 : 4;

for (const expected of reference.forests) {
  Deno.test(`${expected.algorithm} scores as scikit-learn's on ${expected.set}, over seeds and folds`, () => {
    const estimator = expected.algorithm === "random_forest" ? randomForest : extraTrees;
    const { X, y, task, n_classes } = dataSet(expected.set as SetName);
    const params = estimator.params[task]!.parse({ n_estimators: 60 });
    const rows = Int32Array.from({ length: X.rows }, (_, i) => i);
    const seeds = seedsFor(expected.set);
    let sum = 0;
    const importances = new Float64Array(X.cols);
    for (let fold = 0; fold < 3; fold++) {
      const train = rows.filter((i) => i % 3 !== fold);
      const test = rows.filter((i) => i % 3 === fold);
      const pick = (chosen: Int32Array) => Float64Array.from(chosen, (i) => y[i]);
      for (let seed = 0; seed < seeds; seed++) {
        const state = estimator.fit(
          takeMatrixRows(X, train),
          pick(train),
          params,
          contextFor(task, n_classes, { seed }),
        );
        const predictions = estimator.predict(takeMatrixRows(X, test), state);
        sum += scoreOf(pick(test), predictions, n_classes) / (3 * seeds);
        estimator.importances!(state).forEach((value, j) => importances[j] += value / (3 * seeds));
      }
    }
    assert.ok(Math.abs(sum - expected.score) < 0.01, `${sum} is not ${expected.score}`);
    assert.ok(largestDifference(importances, expected.importances) < 0.03);
  });
}
