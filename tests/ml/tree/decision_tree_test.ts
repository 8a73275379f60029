import assert from "node:assert/strict";
import { takeMatrixRows } from "@/ml/matrix.ts";
import { decisionTree } from "@/ml/tree/decision_tree.ts";
import { balancedWeights, multiplyWeights } from "@/ml/tree/class_weight.ts";
import { createGrower } from "@/ml/tree/create_grower.ts";
import type { GrownTree } from "@/ml/tree/grown_tree.ts";
import type { TreeParams } from "@/ml/tree/params.ts";
import { prune } from "@/ml/tree/prune.ts";
import { leafOf, TreesBuilder, type TreesState } from "@/ml/tree/trees_state.ts";
import { Random } from "@/shared/random.ts";
import { contextFor, dataSet, largestDifference, matrixOf } from "./reference_data.ts";

const regression = decisionTree.params.regression!;
const classification = decisionTree.params.classification!;

function leafSizes(X: ReturnType<typeof matrixOf>, state: TreesState): number[] {
  const sizes: number[] = [];
  for (let i = 0; i < X.rows; i++) {
    const leaf = leafOf(X, i, state, 0);
    sizes[leaf] = (sizes[leaf] ?? 0) + 1;
  }
  return sizes;
}

Deno.test("decision_tree puts the threshold halfway and sends equal values left", () => {
  const X = matrixOf([[1], [2], [4], [8]]);
  const state = decisionTree.fit(
    X,
    Float64Array.of(0, 0, 1, 1),
    regression.parse({}),
    contextFor("regression", 0),
  );
  assert.deepEqual([...(state.threshold as Float64Array).subarray(0, 1)], [3]);
  assert.deepEqual([...decisionTree.predict(matrixOf([[3], [3.0000001]]), state)], [0, 1]);
});

Deno.test("decision_tree parts neighbouring doubles, whose middle rounds to the upper one", () => {
  const low = 1 + Number.EPSILON;
  const high = 1 + 2 * Number.EPSILON;
  const X = matrixOf([[low], [high]]);
  const state = decisionTree.fit(X, Float64Array.of(3, 5), regression.parse({}), contextFor("regression", 0));
  assert.deepEqual([...decisionTree.predict(X, state)], [3, 5]);
});

Deno.test("decision_tree learns every training row when nothing limits it", () => {
  for (const splitter of ["best", "random"]) {
    for (const set of ["diabetes", "breast_cancer"] as const) {
      const { X, y, task, n_classes } = dataSet(set);
      const params = decisionTree.params[task]!.parse({ splitter });
      const predictions = decisionTree.predict(
        X,
        decisionTree.fit(X, y, params, contextFor(task, n_classes)),
      );
      const truth = n_classes === 0
        ? y
        : Float64Array.from({ length: 2 * X.rows }, (_, i) => +(y[i >> 1] === i % 2));
      assert.ok(largestDifference(predictions, truth) < 1e-9);
    }
  }
});

Deno.test("decision_tree keeps max_leaf_nodes, max_depth and min_samples_leaf", () => {
  const { X, y, task } = dataSet("diabetes");
  const fit = (params: Record<string, unknown>) =>
    decisionTree.fit(X, y, regression.parse(params), contextFor(task, 0)) as TreesState;
  assert.equal(leafSizes(X, fit({ max_leaf_nodes: 13 })).length, 13);
  assert.ok(leafSizes(X, fit({ max_depth: 3 })).length <= 8);
  for (const splitter of ["best", "random"]) {
    const sizes = leafSizes(X, fit({ min_samples_leaf: 9, splitter }));
    assert.ok(sizes.length > 10 && Math.min(...sizes) >= 9);
    const shares = leafSizes(X, fit({ min_samples_leaf: 0.1, splitter }));
    assert.ok(shares.length > 2 && Math.min(...shares) >= 45);
  }
  assert.ok(Math.min(...leafSizes(X, fit({ min_weight_fraction_leaf: 0.1 }))) >= 44);
});

Deno.test("decision_tree takes whole weights as repeated rows and weight 0 as an absent row", () => {
  for (const set of ["diabetes", "wine"] as const) {
    const { X, y, task, n_classes } = dataSet(set);
    const weight = Float64Array.from({ length: X.rows }, (_, i) => (i * 7) % 3);
    const repeated: number[] = [];
    weight.forEach((times, i) => {
      for (let k = 0; k < times; k++) repeated.push(i);
    });
    const rows = Int32Array.from(repeated);
    const params = decisionTree.params[task]!.parse({ max_depth: 3 });
    const weighted = decisionTree.fit(X, y, params, contextFor(task, n_classes, { sample_weight: weight }));
    const plain = decisionTree.fit(
      takeMatrixRows(X, rows),
      Float64Array.from(rows, (i) => y[i]),
      params,
      contextFor(task, n_classes),
    );
    assert.ok(largestDifference(decisionTree.predict(X, weighted), decisionTree.predict(X, plain)) < 1e-9);
  }
});

Deno.test("decision_tree looks on past max_features until it drew a feature that is not constant", () => {
  const X = matrixOf(Array.from({ length: 40 }, (_, i) => [...new Array(30).fill(7), i]));
  const y = Float64Array.from({ length: 40 }, (_, i) => i % 5);
  for (const splitter of ["best", "random"]) {
    const params = regression.parse({ max_features: 1, splitter });
    const state = decisionTree.fit(X, y, params, contextFor("regression", 0));
    assert.ok(largestDifference(decisionTree.predict(X, state), y) < 1e-12);
  }
});

Deno.test("decision_tree gives the same bytes for the same seed", () => {
  const { X, y, task, n_classes } = dataSet("digits");
  const params = classification.parse({ max_features: "sqrt" });
  const [a, b, c] = [1, 1, 2].map((seed) =>
    decisionTree.fit(X, y, params, contextFor(task, n_classes, { seed }))
  );
  assert.deepEqual(a, b);
  assert.notDeepEqual(a, c);
});

Deno.test("decision_tree is not disturbed by targets that are huge, tiny or far from 0", () => {
  const { X, y, task } = dataSet("diabetes");
  const params = regression.parse({ max_depth: 3 });
  const plain = decisionTree.predict(X, decisionTree.fit(X, y, params, contextFor(task, 0)));
  for (const [factor, offset] of [[1e297, 0], [1e-200, 0], [1, 1e9], [1e290, -1e292]]) {
    const moved = y.map((value) => value * factor + offset);
    const predictions = decisionTree.predict(X, decisionTree.fit(X, moved, params, contextFor(task, 0)));
    assert.ok(predictions.every((value, i) => Math.abs((value - offset) / factor - plain[i]) < 1e-4));
  }
});

Deno.test("decision_tree names the column and row of a value that it can't take", () => {
  const y = Float64Array.of(1, 2);
  const fit = (rows: number[][], target = y, more = {}) =>
    decisionTree.fit(matrixOf(rows), target, regression.parse({}), contextFor("regression", 0, more));
  assert.throws(() => fit([[1, 2], [3, NaN]]), /column "x1" holds a missing value in row 2/);
  assert.throws(() => fit([[1, -Infinity], [3, 4]]), /column "x1" holds an infinite value in row 1/);
  assert.throws(() => fit([[1], [2]], Float64Array.of(1, Infinity)), /target of row 2 is infinite/);
  assert.throws(
    () => fit([[1], [2]], Float64Array.of(1, 2e300)),
    /target of row 2 is 2e\+300, beyond 1e\+300/,
  );
  assert.throws(() => fit([]), /there are no rows/);
  assert.throws(() => fit([[], []]), /no feature columns/);
  assert.throws(
    () => fit([[1], [2]], y, { sample_weight: Float64Array.of(0, 0) }),
    /all sample weights are zero/,
  );
  assert.throws(() => fit([[1], [2]], y, { sample_weight: Float64Array.of(1, -1) }), /weight of row 2 is -1/);
  const state = fit([[1], [2]]);
  assert.throws(() => decisionTree.predict(matrixOf([[1, 2]]), state), /fitted on 1 columns and got 2/);
  assert.throws(
    () => decisionTree.predict(matrixOf([[NaN]]), state),
    /column "x0" holds a missing value in row 1/,
  );
});

Deno.test("decision_tree names a parameter that is wrong", () => {
  const failures: [Record<string, unknown>, string][] = [
    [{ max_depth: 0 }, "max_depth"],
    [{ min_samples_leaf: 1.5 }, "min_samples_leaf"],
    [{ max_features: "all" }, "max_features"],
    [{ ccp_alpha: -1 }, "ccp_alpha"],
    [{ depth: 3 }, "depth"],
  ];
  for (const [params, name] of failures) {
    const result = regression.safeParse(params);
    assert.ok(!result.success && JSON.stringify(result.error.issues).includes(name));
  }
});

Deno.test("decision_tree grows by the kernels what the plain grower grows", () => {
  const random = new Random(6);
  const rows = 4000;
  const X = matrixOf(Array.from({ length: rows }, () => [
    random.normal(),
    Math.exp(3 * random.normal()),
    random.below(9),
    random.float(),
  ]));
  const signal = Float64Array.from(
    { length: rows },
    (_, i) => X.data[i] + X.data[2 * rows + i] + random.normal(),
  );
  const sample_weight = Float64Array.from(signal, () => random.below(4) * random.float());
  for (
    const [task, n_classes] of [["regression", 0], ["classification", 2], ["classification", 5]] as const
  ) {
    const y = n_classes === 0 ? signal : signal.map((value) => Math.abs(Math.round(value)) % n_classes);
    const classWeight = n_classes > 0 ? { class_weight: "balanced" } : {};
    for (
      const more of [
        {},
        classWeight,
        { ccp_alpha: 0.003, max_features: 2 },
        { max_leaf_nodes: 60, min_samples_leaf: 3 },
        { min_impurity_decrease: 0.001, ...(n_classes > 0 ? { criterion: "entropy" } : {}) },
      ]
    ) {
      for (const weighted of [{}, { sample_weight }]) {
        const params = decisionTree.params[task]!.parse(more);
        const context = contextFor(task, n_classes, { ...weighted, seed: 5 });
        const { grower, limits } = createGrower(
          X,
          y,
          params as unknown as TreeParams,
          n_classes,
          "best",
          true,
        );
        const balanced = "class_weight" in more ? balancedWeights(y, n_classes) : undefined;
        const weight = multiplyWeights(context.sample_weight, balanced);
        grower.grow(weight ?? new Float64Array(rows).fill(1), new Random(5));
        if (limits.ccpAlpha > 0) prune(grower.tree, limits.ccpAlpha);
        const plain = new TreesBuilder(n_classes, X.cols);
        plain.add(grower.tree);
        assert.deepEqual(decisionTree.fit(X, y, params, context), plain.finish(null));
      }
    }
  }
});

Deno.test("prune takes the branch with the smallest gain a leaf again and again", () => {
  const { X, y, task } = dataSet("diabetes");
  const { grower } = createGrower(X, y, regression.parse({}) as unknown as TreeParams, 0, "best", true);
  let pruned = 0;
  for (const alpha of [0, 1e-6, 1e-4, 1e-3, 1e-2, 1]) {
    grower.grow(new Float64Array(X.rows).fill(1), new Random(0));
    const tree = grower.tree;
    const expected = tree.feature.slice(0, tree.count);
    pruneSlowly(tree, expected, alpha);
    prune(tree, alpha);
    // Below a pruned node nothing is reached, so only what is reached counts.
    for (const nodes = [0]; nodes.length > 0;) {
      const node = nodes.pop()!;
      assert.equal(tree.feature[node], expected[node], `node ${node} at ${alpha}`);
      if (tree.feature[node] >= 0) nodes.push(tree.left[node], tree.right[node]);
      else pruned += Number(tree.left[node] >= 0);
    }
  }
  assert.ok(task === "regression" && pruned > 20, `${pruned} branches were pruned`);
});

/** As the definition says it: all branches are weighed anew each time. */
function pruneSlowly(tree: GrownTree, feature: Int32Array, alpha: number): void {
  const ownOf = (node: number) => tree.weight[node] * tree.impurity[node] / tree.weight[0];
  const leavesOf = (node: number): number[] =>
    feature[node] < 0 ? [node] : [...leavesOf(tree.left[node]), ...leavesOf(tree.right[node])];
  for (;;) {
    let weakest = -1;
    let lowest = Infinity;
    for (const nodes = [0]; nodes.length > 0;) {
      const node = nodes.pop()!;
      if (feature[node] < 0) continue;
      const leaves = leavesOf(node);
      const gain = (ownOf(node) - leaves.reduce((sum, leaf) => sum + ownOf(leaf), 0)) / (leaves.length - 1);
      if (gain < lowest) [weakest, lowest] = [node, gain];
      nodes.push(tree.right[node], tree.left[node]);
    }
    if (weakest < 0 || alpha < lowest) return;
    feature[weakest] = -1;
  }
}
