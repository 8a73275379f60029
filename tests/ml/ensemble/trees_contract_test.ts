/** What all four tree algorithms promise, on data of every shape. */
import assert from "node:assert/strict";
import { extraTrees } from "@/ml/ensemble/extra_trees.ts";
import { gradientBoosting } from "@/ml/ensemble/gradient_boosting.ts";
import { randomForest } from "@/ml/ensemble/random_forest.ts";
import { columnView, type Matrix } from "@/ml/matrix.ts";
import { decisionTree } from "@/ml/tree/decision_tree.ts";
import { contextFor, dataSet, matrixOf } from "../tree/reference_data.ts";

/** Few rounds, so that every shape is quick; leaves small enough for small data. */
const QUICK: Record<string, Record<string, unknown>> = {
  decision_tree: {},
  random_forest: { n_estimators: 5 },
  extra_trees: { n_estimators: 5 },
  gradient_boosting: { max_iter: 5, min_samples_leaf: 1 },
};
const ESTIMATORS = [decisionTree, randomForest, extraTrees, gradientBoosting];

function rowOf(X: Matrix, i: number): Matrix {
  return { ...X, rows: 1, data: Float64Array.from({ length: X.cols }, (_, j) => columnView(X, j)[i]) };
}

for (const estimator of ESTIMATORS) {
  const { name } = estimator;

  Deno.test(`${name} gives one row the same prediction alone as in a batch`, () => {
    for (const set of ["wine", "diabetes", "breast_cancer"] as const) {
      const { X, y, task, n_classes } = dataSet(set);
      const params = estimator.params[task]!.parse(QUICK[name]);
      const state = estimator.fit(X, y, params, contextFor(task, n_classes));
      const batch = estimator.predict(X, state);
      const outputs = Math.max(1, n_classes);
      for (let i = 0; i < X.rows; i += 17) {
        const alone = estimator.predict(rowOf(X, i), state);
        assert.deepEqual([...alone], [...batch.subarray(i * outputs, (i + 1) * outputs)]);
      }
    }
  });

  Deno.test(`${name} gives probabilities that sum to 1 and importances that sum to 1`, () => {
    for (const set of ["wine", "breast_cancer"] as const) {
      const { X, y, task, n_classes } = dataSet(set);
      const params = estimator.params[task]!.parse(QUICK[name]);
      const state = estimator.fit(X, y, params, contextFor(task, n_classes));
      const shares = estimator.predict(X, state);
      for (let i = 0; i < X.rows; i++) {
        const row = shares.subarray(i * n_classes, (i + 1) * n_classes);
        assert.ok(row.every((share) => share >= 0 && share <= 1));
        assert.ok(Math.abs(row.reduce((a, b) => a + b, 0) - 1) < 1e-12);
      }
      const importances = estimator.importances!(state);
      assert.equal(importances.length, X.cols);
      assert.ok(importances.every((share) => share >= 0));
      assert.ok(Math.abs(importances.reduce((a, b) => a + b, 0) - 1) < 1e-12);
    }
  });

  Deno.test(`${name} gives the same bytes for the same seed and does not change its input`, () => {
    const { X, y, task, n_classes } = dataSet("wine");
    const more = name === "gradient_boosting"
      ? { max_features: 0.5, early_stopping: true }
      : { max_features: 3 };
    const params = estimator.params[task]!.parse({ ...QUICK[name], ...more });
    const before = X.data.slice();
    const fit = (seed: number) => estimator.fit(X, y, params, contextFor(task, n_classes, { seed }));
    const first = fit(3);
    assert.deepEqual(fit(3), first);
    assert.notDeepEqual(fit(4), first);
    assert.deepEqual(X.data, before);
    assert.deepEqual(structuredClone(first), first);
  });

  Deno.test(`${name} handles one row, two rows, constant columns and more columns than rows`, () => {
    const shapes: number[][][] = [
      [[1, 2]],
      [[1, 2], [3, 2]],
      [[7, 7], [7, 7], [7, 7]],
      [
        Array.from({ length: 50 }, (_, j) => j),
        Array.from({ length: 50 }, (_, j) => j * j),
        new Array(50).fill(3),
      ],
    ];
    for (const rows of shapes) {
      const X = matrixOf(rows);
      const y = Float64Array.from(rows, (_, i) => i % 2);
      for (const task of ["regression", "classification"] as const) {
        const params = estimator.params[task]!.parse(QUICK[name]);
        const state = estimator.fit(X, y, params, contextFor(task, task === "regression" ? 0 : 2));
        assert.ok(estimator.predict(X, state).every(Number.isFinite));
        assert.ok(estimator.importances!(state).every(Number.isFinite));
      }
    }
  });

  Deno.test(`${name} is certain when there is one class only`, () => {
    const X = matrixOf([[1], [2], [3]]);
    const y = Float64Array.of(0, 0, 0);
    const params = estimator.params.classification!.parse(QUICK[name]);
    const one = estimator.fit(X, y, params, contextFor("classification", 1));
    assert.deepEqual([...estimator.predict(X, one)], [1, 1, 1]);
    const oneOfTwo = estimator.predict(X, estimator.fit(X, y, params, contextFor("classification", 2)));
    assert.ok(oneOfTwo.every((share, i) => Math.abs(share - (i % 2 === 0 ? 1 : 0)) < 1e-12));
    const oneOfThree = estimator.predict(X, estimator.fit(X, y, params, contextFor("classification", 3)));
    assert.ok(oneOfThree.every((share, i) => Math.abs(share - (i % 3 === 0 ? 1 : 0)) < 1e-9));
  });

  Deno.test(`${name} gives finite predictions for targets of 1e300`, () => {
    const X = matrixOf(Array.from({ length: 60 }, (_, i) => [i]));
    const y = Float64Array.from({ length: 60 }, (_, i) => i < 30 ? -1e300 : 1e300);
    const params = estimator.params.regression!.parse(QUICK[name]);
    const predictions = estimator.predict(X, estimator.fit(X, y, params, contextFor("regression", 0)));
    assert.ok(predictions.every(Number.isFinite));
    assert.ok(predictions[0] < -3e299 && predictions[59] > 3e299);
  });

  Deno.test(`${name} leaves rows of weight 0 without influence and refuses infinite values`, () => {
    const X = matrixOf(Array.from({ length: 40 }, (_, i) => [i, (i * 13) % 7]));
    const y = Float64Array.from({ length: 40 }, (_, i) => i % 4 === 0 ? 1000 : i);
    const sample_weight = y.map((value) => value === 1000 ? 0 : 1);
    const params = estimator.params.regression!.parse(QUICK[name]);
    const state = estimator.fit(X, y, params, contextFor("regression", 0, { sample_weight }));
    assert.ok(estimator.predict(X, state).every((value) => value < 41));
    X.data[41] = Infinity;
    assert.throws(
      () => estimator.fit(X, y, params, contextFor("regression", 0)),
      /column "x1" holds an infinite value in row 2/,
    );
    assert.throws(() => estimator.predict(X, state), /column "x1" holds an infinite value in row 2/);
  });

  Deno.test(`${name} reports progress up to the end`, () => {
    const { X, y, task, n_classes } = dataSet("iris");
    const seen: [number, number][] = [];
    const progress = (done: number, total: number) => void seen.push([done, total]);
    estimator.fit(
      X,
      y,
      estimator.params[task]!.parse(QUICK[name]),
      contextFor(task, n_classes, { progress }),
    );
    const steps = name === "decision_tree" ? 1 : 5;
    assert.deepEqual(seen, Array.from({ length: steps }, (_, i) => [i + 1, steps]));
  });
}
