import assert from "node:assert/strict";
import { Random } from "@/shared/random.ts";
import { gradientBoosting } from "@/ml/ensemble/gradient_boosting.ts";
import { holdOut } from "@/ml/ensemble/holdout.ts";
import { contextFor, dataSet, largestDifference, matrixOf } from "../tree/reference_data.ts";

const regression = gradientBoosting.params.regression!;
const classification = gradientBoosting.params.classification!;

Deno.test("gradient_boosting learns where missing values go", () => {
  const random = new Random(1);
  const rows = Array.from({ length: 600 }, () => [random.float() < 0.3 ? NaN : random.float()]);
  const y = Float64Array.from(rows, ([x]) => Number.isNaN(x) ? 5 : x < 0.5 ? 0 : 1);
  const state = gradientBoosting.fit(matrixOf(rows), y, regression.parse({}), contextFor("regression", 0));
  const predictions = gradientBoosting.predict(matrixOf([[NaN], [0.1], [0.9]]), state);
  assert.ok(largestDifference(predictions, [5, 0, 1]) < 0.01);
});

Deno.test("gradient_boosting parts categories by set and sends unknown ones with the missing", () => {
  const random = new Random(2);
  const even = (code: number) => code % 2;
  const rows = Array.from({ length: 2000 }, () => [random.below(30)]).map(([c]) => c === 7 ? [NaN] : [c]);
  const y = Float64Array.from(rows, ([c]) => Number.isNaN(c) ? 1 : even(c));
  const X = matrixOf(rows, [32]);
  const state = gradientBoosting.fit(
    X,
    y,
    classification.parse({ max_iter: 40 }),
    contextFor("classification", 2),
  );
  const shares = gradientBoosting.predict(matrixOf([[4], [9], [NaN], [7], [31], [99]], [32]), state);
  assert.ok(shares[1] < 0.05 && shares[3] > 0.95 && shares[5] > 0.95);
  // 7, 31 and 99 were never seen: like missing.
  for (const unseen of [3, 4, 5]) assert.equal(shares[2 * unseen + 1], shares[5]);
});

Deno.test("gradient_boosting groups the rarest of more than 255 categories", () => {
  const random = new Random(3);
  // Codes from 0, ever rarer up to 999.
  const rows = Array.from({ length: 20000 }, () => [Math.floor(1000 * random.float() ** 3)]);
  const y = Float64Array.from(rows, ([c]) => c < 200 ? c % 2 : 3);
  const X = matrixOf(rows, [1000]);
  const params = regression.parse({ early_stopping: false });
  const state = gradientBoosting.fit(X, y, params, contextFor("regression", 0));
  const bins = state.category_bin as Int32Array;
  assert.equal(Math.max(...bins), 254);
  assert.ok(bins.filter((bin) => bin === 254).length > 100);
  const predictions = gradientBoosting.predict(matrixOf([[0], [1], [600], [999]], [1000]), state);
  assert.ok(largestDifference(predictions, [0, 1, 3, 3]) < 0.1);
});

Deno.test("gradient_boosting stops early, and sooner than it must", () => {
  const { X, y, task, n_classes } = dataSet("breast_cancer");
  const fit = (params: Record<string, unknown>) =>
    gradientBoosting.fit(
      X,
      y,
      classification.parse({ max_iter: 400, ...params }),
      contextFor(task, n_classes),
    );
  const stopped = fit({ early_stopping: true });
  const losses = stopped.stopping_loss as Float64Array;
  const rounds = (stopped.root as Int32Array).length;
  assert.equal(losses.length, rounds + 1);
  assert.ok(rounds < 300);
  // None of the last ten rounds was better than the one before them; up to then some were.
  const reference = losses[losses.length - 11] - 1e-7;
  assert.ok(losses.slice(-10).every((loss) => loss >= reference));
  assert.ok(losses.slice(-11, -1).some((loss) => loss < losses[losses.length - 12] - 1e-7));
  // Watching the training loss goes on longer; not stopping goes to the end.
  assert.ok((fit({ early_stopping: true, validation_fraction: null }).root as Int32Array).length > rounds);
  assert.equal((fit({ early_stopping: false, max_iter: 50 }).root as Int32Array).length, 50);
  assert.equal((fit({ max_iter: 50 }).root as Int32Array).length, 50);
});

Deno.test("gradient_boosting holds out the same share of every class", () => {
  const y = Float64Array.from({ length: 1000 }, (_, i) => i < 700 ? 0 : i < 995 ? 1 : 2);
  const { train, held } = holdOut(y, 3, 0.1, new Random(0));
  assert.equal(held.length, 100);
  assert.equal(train.length, 900);
  assert.deepEqual([...train, ...held].sort((a, b) => a - b), Array.from({ length: 1000 }, (_, i) => i));
  const counts = [0, 0, 0];
  for (const row of held) counts[y[row]]++;
  assert.deepEqual(counts.slice(0, 2).map((count) => Math.round(count / 10)), [7, 3]);
  assert.ok(counts[2] <= 1);
  assert.throws(() => holdOut(Float64Array.of(1), 0, 0.1, new Random(0)), /leaves none to learn from/);
});

Deno.test("gradient_boosting keeps max_leaf_nodes and min_samples_leaf", () => {
  const { X, y } = dataSet("diabetes");
  const params = regression.parse({ max_iter: 3, max_leaf_nodes: 5, min_samples_leaf: 30, learning_rate: 1 });
  const state = gradientBoosting.fit(X, y, params, contextFor("regression", 0));
  const root = state.root as Int32Array;
  const feature = state.feature as Int32Array;
  for (let t = 0; t < 3; t++) {
    const end = t === 2 ? feature.length : root[t + 1];
    assert.ok(feature.slice(root[t], end).filter((column) => column < 0).length <= 5);
  }
  // One tree's distinct predictions are its leaves.
  const one = gradientBoosting.fit(X, y, { ...params, max_iter: 1 }, contextFor("regression", 0));
  const sizes = new Map<number, number>();
  for (const value of gradientBoosting.predict(X, one)) sizes.set(value, (sizes.get(value) ?? 0) + 1);
  assert.ok(sizes.size > 2 && Math.min(...sizes.values()) >= 30);
});

Deno.test("gradient_boosting with absolute_error is not moved by an outlier", () => {
  const X = matrixOf(Array.from({ length: 101 }, (_, i) => [i]));
  const y = Float64Array.from({ length: 101 }, (_, i) => i === 50 ? 1e9 : 3);
  const params = regression.parse({ loss: "absolute_error" });
  const predictions = gradientBoosting.predict(
    X,
    gradientBoosting.fit(X, y, params, contextFor("regression", 0)),
  );
  assert.ok(predictions.every((value) => Math.abs(value - 3) < 1e-6));
});

Deno.test("gradient_boosting refuses targets below 0 with poisson", () => {
  const X = matrixOf([[1], [2]]);
  const fit = (y: Float64Array) =>
    gradientBoosting.fit(X, y, regression.parse({ loss: "poisson" }), contextFor("regression", 0));
  assert.throws(() => fit(Float64Array.of(1, -1)), /target of row 2 is -1, below 0/);
  assert.throws(() => fit(Float64Array.of(0, 0)), /all targets are 0/);
});

Deno.test("gradient_boosting ignores a column without any value", () => {
  const X = matrixOf(Array.from({ length: 100 }, (_, i) => [i, NaN]));
  const y = Float64Array.from({ length: 100 }, (_, i) => i < 50 ? 0 : 1);
  const state = gradientBoosting.fit(X, y, regression.parse({}), contextFor("regression", 0));
  assert.deepEqual([...gradientBoosting.importances!(state)], [1, 0]);
});
