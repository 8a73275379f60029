import assert from "node:assert/strict";
import { extraTrees } from "@/ml/ensemble/extra_trees.ts";
import { randomForest } from "@/ml/ensemble/random_forest.ts";
import { takeMatrixRows } from "@/ml/matrix.ts";
import type { TreesState } from "@/ml/tree/trees_state.ts";
import { contextFor, dataSet, matrixOf, scoreOf } from "../tree/reference_data.ts";

Deno.test("random_forest's out-of-bag score is close to its score on rows it never saw", () => {
  for (const set of ["breast_cancer", "digits", "diabetes"] as const) {
    const { X, y, task, n_classes } = dataSet(set);
    const params = randomForest.params[task]!.parse({ oob_score: true });
    const rows = Int32Array.from({ length: X.rows }, (_, i) => i);
    let oob = 0;
    let test = 0;
    for (let fold = 0; fold < 4; fold++) {
      const train = rows.filter((i) => i % 4 !== fold);
      const held = rows.filter((i) => i % 4 === fold);
      const pick = (chosen: Int32Array) => Float64Array.from(chosen, (i) => y[i]);
      const state = randomForest.fit(
        takeMatrixRows(X, train),
        pick(train),
        params,
        contextFor(task, n_classes),
      ) as TreesState;
      oob += state.oob_score! / 4;
      test += scoreOf(pick(held), randomForest.predict(takeMatrixRows(X, held), state), n_classes) / 4;
    }
    assert.ok(Math.abs(oob - test) < 0.03, `${set}: ${oob} out of bag, ${test} held out`);
  }
});

Deno.test("random_forest draws rows in proportion to their weights", () => {
  // Two halves that say opposite things; the one with all the weight wins.
  const X = matrixOf(Array.from({ length: 400 }, (_, i) => [i % 200]));
  const y = Float64Array.from({ length: 400 }, (_, i) => Number((i % 200 < 100) === (i < 200)));
  const sample_weight = Float64Array.from({ length: 400 }, (_, i) => i < 200 ? 0 : 5);
  const params = randomForest.params.classification!.parse({ n_estimators: 20 });
  const state = randomForest.fit(X, y, params, contextFor("classification", 2, { sample_weight }));
  assert.ok(randomForest.predict(matrixOf([[10]]), state)[0] > 0.99);
  assert.ok(randomForest.predict(matrixOf([[190]]), state)[1] > 0.99);
});

Deno.test("random_forest with class_weight balanced finds more of a rare class", () => {
  const { X, y } = dataSet("breast_cancer");
  // Keep 20 rows of class 0, so that it is rare.
  let kept = 0;
  const rows = Int32Array.from({ length: X.rows }, (_, i) => i).filter((i) => y[i] === 1 || kept++ < 20);
  const rare = takeMatrixRows(X, rows);
  const target = Float64Array.from(rows, (i) => y[i]);
  const shareOfRare = (class_weight: string | null) => {
    const params = randomForest.params.classification!.parse({ class_weight, max_depth: 1 });
    const state = randomForest.fit(rare, target, params, contextFor("classification", 2));
    const predictions = randomForest.predict(X, state);
    let sum = 0;
    for (let i = 0; i < X.rows; i++) sum += predictions[2 * i];
    return sum / X.rows;
  };
  const plain = shareOfRare(null);
  assert.ok(shareOfRare("balanced") > plain + 0.1);
  assert.ok(shareOfRare("balanced_subsample") > plain + 0.1);
});

Deno.test("random_forest with max_samples grows smaller trees", () => {
  const { X, y, task, n_classes } = dataSet("digits");
  const nodes = (max_samples: number | null) => {
    const params = randomForest.params[task]!.parse({ n_estimators: 5, max_samples });
    return (randomForest.fit(X, y, params, contextFor(task, n_classes)).feature as Int32Array).length;
  };
  assert.ok(nodes(0.2) < nodes(null) / 2);
  assert.equal(nodes(180), nodes(0.2));
});

Deno.test("extra_trees refuses oob_score and max_samples without bootstrap", () => {
  const { X, y, task, n_classes } = dataSet("iris");
  for (const params of [{ oob_score: true }, { max_samples: 10 }]) {
    assert.throws(
      () => extraTrees.fit(X, y, extraTrees.params[task]!.parse(params), contextFor(task, n_classes)),
      /is set but bootstrap is false/,
    );
  }
});
