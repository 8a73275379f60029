import assert from "node:assert/strict";
import { decisionTree } from "@/ml/tree/decision_tree.ts";
import {
  contextFor,
  cyclingWeights,
  dataSet,
  largestDifference,
  reference,
  type SetName,
} from "./reference_data.ts";

for (const expected of reference.trees) {
  const title = `${expected.set} ${JSON.stringify(expected.params)}${expected.weighted ? " weighted" : ""}`;
  Deno.test(`decision_tree equals scikit-learn's tree on ${title}`, () => {
    const { X, y, task, n_classes } = dataSet(expected.set as SetName);
    const params = decisionTree.params[task]!.parse(expected.params);
    const sample_weight = expected.weighted ? cyclingWeights(X.rows) : undefined;
    for (const seed of [0, 1]) {
      const state = decisionTree.fit(X, y, params, contextFor(task, n_classes, { seed, sample_weight }));
      const leaves = (state.feature as Int32Array).filter((feature) => feature < 0).length;
      assert.equal(leaves, expected.leaves);
      const predictions = decisionTree.predict(X, state);
      const tolerance = task === "classification" ? 1e-11 : 1e-8;
      assert.ok(largestDifference(predictions, expected.predictions) < tolerance);
      if (expected.importances === null) continue;
      assert.ok(largestDifference(decisionTree.importances!(state), expected.importances) < 1e-9);
    }
  });
}
