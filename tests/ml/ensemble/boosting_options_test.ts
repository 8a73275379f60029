import assert from "node:assert/strict";
import { gradientBoosting } from "@/ml/ensemble/gradient_boosting.ts";
import type { BoostingState } from "@/ml/ensemble/boosting_state.ts";
import type { Matrix } from "@/ml/matrix.ts";
import { Random } from "@/shared/random.ts";
import { contextFor, dataSet, matrixOf } from "../tree/reference_data.ts";

const regression = gradientBoosting.params.regression!;
const classification = gradientBoosting.params.classification!;

function fit(X: Matrix, y: Float64Array, params: Record<string, unknown>, more = {}): BoostingState {
  const complete = regression.parse({ early_stopping: false, max_iter: 20, ...params });
  return gradientBoosting.fit(X, y, complete, contextFor("regression", 0, more)) as BoostingState;
}

const leaves = ({ feature }: BoostingState) => feature.filter((column) => column < 0).length;
const { X, y } = dataSet("diabetes");

Deno.test("boosting grows less with reg_alpha, min_split_gain and min_child_weight, down to nothing", () => {
  const free = fit(X, y, { min_samples_leaf: 2 });
  for (
    const [param, value] of [["reg_alpha", 2000], ["min_split_gain", 20_000], [
      "min_child_weight",
      40,
    ]] as const
  ) {
    const some = fit(X, y, { min_samples_leaf: 2, [param]: value });
    assert.ok(leaves(some) < leaves(free), param);
    assert.equal(leaves(fit(X, y, { min_samples_leaf: 2, [param]: 1e9 })), 20, param);
  }
  // A leaf's second derivatives are its rows here.
  const heavy = fit(X, y, { min_samples_leaf: 1, min_child_weight: 100, max_iter: 1, learning_rate: 1 });
  const sizes = new Map<number, number>();
  for (const value of gradientBoosting.predict(X, heavy)) sizes.set(value, (sizes.get(value) ?? 0) + 1);
  assert.ok(sizes.size > 1 && Math.min(...sizes.values()) >= 100);
});

Deno.test("boosting with reg_alpha draws a leaf's value by alpha / rows to 0", () => {
  const one = matrixOf(Array.from({ length: 100 }, (_, i) => [i < 50 ? 0 : 1]));
  const target = Float64Array.from({ length: 100 }, (_, i) => i < 50 ? 0 : 2);
  const state = fit(one, target, { reg_alpha: 50, learning_rate: 1, max_iter: 1 });
  const [low, , high] = [0, 1, 99].map((i) => gradientBoosting.predict(one, state)[i]);
  // The mean is 1, so the gradients of a side sum to 50: all of it is taken.
  assert.deepEqual([low, high], [1, 1]);
  const half = fit(one, target, { reg_alpha: 25, learning_rate: 1, max_iter: 1 });
  assert.deepEqual([...new Set(gradientBoosting.predict(one, half))], [0.5, 1.5]);
});

Deno.test("boosting learns other trees from samples of rows and columns, and the same for a seed", () => {
  const all = fit(X, y, {});
  for (const params of [{ subsample: 0.5 }, { colsample_bytree: 0.4 }, { max_features: 0.4 }]) {
    const part = fit(X, y, params);
    assert.notDeepEqual(part.feature, all.feature);
    assert.deepEqual(fit(X, y, params), part);
    assert.notDeepEqual(fit(X, y, params, { seed: 1 }).feature, part.feature);
  }
  // A tree of a share of 0.1 of ten columns uses one column.
  const narrow = fit(X, y, { colsample_bytree: 0.1 });
  const root = narrow.root;
  root.forEach((start, t) => {
    const used = narrow.feature.slice(start, root[t + 1] ?? narrow.feature.length).filter((j) => j >= 0);
    assert.ok(new Set(used).size <= 1);
  });
});

Deno.test("boosting with subsample learns from about so many rows, without those of out-of-range targets", () => {
  const X = matrixOf(Array.from({ length: 400 }, (_, i) => [i]));
  const y = Float64Array.from({ length: 400 }, (_, i) => Math.sin(i / 40));
  const state = fit(X, y, { subsample: 0.3, max_iter: 200, min_samples_leaf: 5 });
  const errors = gradientBoosting.predict(X, state).map((value, i) => Math.abs(value - y[i]));
  assert.ok(Math.max(...errors) < 0.1);
});

Deno.test("boosting with huber follows the many, with quantile has so many below", () => {
  const random = new Random(4);
  const X = matrixOf(Array.from({ length: 1000 }, () => [random.float()]));
  const y = X.data.map((x) => 3 * x + 0.1 * random.normal() + (random.float() < 0.05 ? 1000 : 0));
  const huber = gradientBoosting.predict(X, fit(X, y, { loss: "huber", max_iter: 60 }));
  assert.ok(huber.every((value, i) => Math.abs(value - 3 * X.data[i]) < 1));
  for (const alpha of [0.2, 0.7]) {
    const quantile = gradientBoosting.predict(X, fit(X, y, { loss: "quantile", alpha, max_iter: 60 }));
    const below = quantile.filter((value, i) => y[i] <= value).length / 1000;
    assert.ok(Math.abs(below - alpha) < 0.06, `${alpha}: ${below}`);
  }
});

Deno.test("boosting with monotonic_cst moves one way along a feature, by name and by place", () => {
  const grid = Array.from({ length: 60 }, (_, i) => [i / 10, 0.5]);
  const random = new Random(2);
  const noisy = matrixOf(Array.from({ length: 800 }, () => [6 * random.float(), random.float()]));
  const target = noisy.data.slice(0, 800).map((x) => Math.sin(2 * x) + x / 3 + 0.3 * random.normal());
  const along = (params: Record<string, unknown>) =>
    gradientBoosting.predict(matrixOf(grid), fit(noisy, target, params));
  const rises = (values: Float64Array) => values.every((value, i) => i === 0 || value >= values[i - 1]);
  assert.ok(!rises(along({})));
  assert.ok(rises(along({ monotonic_cst: { x0: 1 } })));
  assert.deepEqual(along({ monotonic_cst: [1, 0] }), along({ monotonic_cst: { x0: 1 } }));
  assert.ok(rises(along({ monotonic_cst: { x0: -1 } }).reverse()));
});

Deno.test("boosting with interaction_cst uses together what may be together", () => {
  const groups = [[0, 2, 8], [3, 8], [1, 4, 5, 6, 7, 9]];
  const state = fit(X, y, { interaction_cst: [["x0", 2, 8], [3, "x8"]], min_samples_leaf: 5 });
  const used = (node: number, above: number[]) => {
    const j = state.feature[node];
    if (j < 0) return assert.ok(groups.some((group) => above.every((k) => group.includes(k))), `${above}`);
    used(node + 1, [...above, j]);
    used(state.right[node], [...above, j]);
  };
  for (const root of state.root) used(root, []);
});

Deno.test("boosting refuses constraints that it can't keep, naming parameter and column", () => {
  const refused = (params: Record<string, unknown>, message: RegExp, on = X) =>
    assert.throws(() => fit(on, y, params), message);
  refused({ monotonic_cst: [1, 0] }, /monotonic_cst has 2 numbers, but there are 10 features/);
  refused({ monotonic_cst: { nope: 1 } }, /monotonic_cst names "nope", which is not a feature/);
  refused({ interaction_cst: [[0, 10]] }, /interaction_cst names feature 10, but they are 0 to 9/);
  const coded = { ...X, categories: X.categories.map((_, j) => j === 1 ? 3 : 0) };
  refused({ monotonic_cst: { x1: 1 } }, /monotonic_cst names "x1", which holds categories/, coded);
  const iris = dataSet("iris");
  const params = classification.parse({ monotonic_cst: { x0: 1 } });
  assert.throws(
    () => gradientBoosting.fit(iris.X, iris.y, params, contextFor(iris.task, 3)),
    /monotonic_cst is for two classes or regression, but there are 3 classes/,
  );
});

Deno.test("boosting refuses targets that gamma can't have", () => {
  const two = matrixOf([[1], [2]]);
  assert.throws(() => fit(two, Float64Array.of(1, 0), { loss: "gamma" }), /row 2 is 0, not above 0/);
});

for (
  const params of [
    {},
    { subsample: 0.6, max_features: 0.5 },
    { loss: "huber" },
    { early_stopping: true, n_iter_no_change: 50 },
    { loss: "poisson", early_stopping: true, validation_fraction: null, n_iter_no_change: 50 },
  ]
) {
  Deno.test(`boosting that goes on from 7 rounds ends with the bytes of 20 at once: ${JSON.stringify(params)}`, () => {
    const whole = fit(X, y, params);
    const first = fit(X, y, { ...params, max_iter: 7 });
    assert.equal(first.root.length, 7);
    assert.deepEqual(fit(X, y, params, { continue_from: structuredClone(first) }), whole);
  });
}

Deno.test("boosting goes on with categories and several classes, and refuses another model's data", () => {
  const wine = dataSet("wine");
  const coded = { ...wine.X, data: wine.X.data.slice(), categories: wine.X.categories.slice() };
  for (let i = 0; i < coded.rows; i++) coded.data[i] = Math.floor(coded.data[i]);
  coded.categories[0] = 20;
  const run = (max_iter: number, continue_from?: BoostingState) =>
    gradientBoosting.fit(
      coded,
      wine.y,
      classification.parse({ max_iter }),
      contextFor(wine.task, 3, { continue_from }),
    ) as BoostingState;
  const first = run(4);
  assert.deepEqual(run(9, first), run(9));
  assert.throws(() => run(3, first), /the model has 4 rounds, max_iter is 3/);
  assert.throws(() => fit(X, y, {}, { continue_from: first }), /the model has 13 features, the data 10/);
});

Deno.test("boosting fits ten rows, a constant target, an all-missing column and more columns than rows", () => {
  const random = new Random(9);
  const wide = matrixOf(Array.from({ length: 10 }, () => Array.from({ length: 40 }, () => random.normal())));
  wide.data.fill(NaN, 0, 10);
  const target = Float64Array.from({ length: 10 }, () => random.normal());
  for (const loss of ["squared_error", "absolute_error", "huber", "quantile"]) {
    for (const values of [target, new Float64Array(10).fill(3), target.map((value) => 1e299 * value)]) {
      const state = fit(wide, values, { loss, min_samples_leaf: 1 });
      assert.ok(gradientBoosting.predict(wide, state).every(Number.isFinite), loss);
    }
  }
});
