/** Trees say the same by the kernels, for many rows, as walked row by row. */
import assert from "node:assert/strict";
import type { Estimator } from "@/ml/estimator.ts";
import { extraTrees } from "@/ml/ensemble/extra_trees.ts";
import { randomForest } from "@/ml/ensemble/random_forest.ts";
import { type Matrix, takeMatrixRows } from "@/ml/matrix.ts";
import { decisionTree } from "@/ml/tree/decision_tree.ts";
import { predictTrees, type TreesState, walkTrees } from "@/ml/tree/trees_state.ts";
import { scoreTrees } from "@/ml/tree/trees_scorer.ts";
import { Random } from "@/shared/random.ts";
import { contextFor } from "./reference_data.ts";

function numbers(rows: number, cols: number, seed: number): Matrix {
  const random = new Random(seed);
  const data = Float64Array.from({ length: rows * cols }, (_, at) => {
    const kind = at % 11;
    return kind === 0
      ? -0
      : kind === 1
      ? random.below(3)
      : kind === 2
      ? 1e300 * random.normal()
      : random.normal();
  });
  return {
    rows,
    cols,
    data,
    names: Array.from({ length: cols }, (_, j) => `x${j}`),
    categories: new Array(cols).fill(0),
  };
}

function walked(X: Matrix, state: TreesState): Float64Array {
  const result = new Float64Array(X.rows * Math.max(1, state.n_classes));
  walkTrees(X, state, result);
  return state.root.length > 1 ? result.map((sum) => sum / state.root.length) : result;
}

/** More rows than a block of 40 columns has. */
const MANY = 7001;

for (
  const [estimator, n_estimators] of [[randomForest, 20], [extraTrees, 70], [decisionTree, undefined]] as [
    Estimator,
    number | undefined,
  ][]
) {
  for (const n_classes of [0, 2, 3]) {
    Deno.test(`${estimator.name} says the same of ${n_classes || "no"} classes in batches and row by row`, () => {
      const X = numbers(400, 40, 1);
      const random = new Random(2);
      const y = Float64Array.from({ length: X.rows }, (_, i) => {
        const signal = X.data[3 * 400 + i] % 5 + random.normal();
        return n_classes === 0 ? signal : Math.abs(Math.floor(2 * signal)) % n_classes;
      });
      const task = n_classes > 0 ? "classification" : "regression";
      const params = estimator.params[task]!.parse(n_estimators === undefined ? {} : { n_estimators });
      const state = estimator.fit(X, y, params, contextFor(task, n_classes)) as TreesState;
      const unseen = numbers(MANY, 40, 3);
      // Values that are a threshold go left.
      state.feature.forEach((column, node) => {
        if (column >= 0) unseen.data[column * MANY + node % MANY] = state.threshold[node];
      });
      assert.ok(scoreTrees(unseen, state, new Float64Array(MANY * Math.max(1, n_classes))));
      const [batch, alone] = [predictTrees(unseen, state), walked(unseen, state)];
      assert.equal(batch.findIndex((value, at) => value !== alone[at]), -1);
      for (const [from, to] of [[0, 1], [7000, 7001], [5, 38], [64, 595]]) {
        const some = takeMatrixRows(unseen, Int32Array.from({ length: to - from }, (_, i) => from + i));
        assert.deepEqual(predictTrees(some, state), walked(some, state));
      }
    });
  }
}

Deno.test("a forest of trees with one node each says their mean, in batches too", () => {
  const X = numbers(40, 2, 1);
  const y = new Float64Array(40).fill(3);
  const params = randomForest.params.regression!.parse({ n_estimators: 9 });
  const state = randomForest.fit(X, y, params, contextFor("regression", 0)) as TreesState;
  assert.equal(state.feature.length, 9);
  assert.deepEqual(predictTrees(numbers(1000, 2, 4), state), new Float64Array(1000).fill(3));
});
