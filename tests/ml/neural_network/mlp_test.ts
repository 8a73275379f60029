import assert from "node:assert/strict";
import { checkParams } from "@/ml/check_params.ts";
import type { FitContext } from "@/ml/estimator.ts";
import { withArena } from "@/kernels/solo.ts";
import { takeMatrixRows } from "@/ml/matrix.ts";
import { mlp } from "@/ml/neural_network/mlp.ts";
import { networkOutput, type NetworkState, rowScores } from "@/ml/neural_network/predict.ts";
import { quickOutput } from "@/ml/neural_network/predict_blocks.ts";
import { AppError } from "@/shared/errors.ts";
import { Random } from "@/shared/random.ts";
import { matrixOf } from "../columns.ts";

function context(n_classes: number, seed = 1): FitContext {
  return { task: n_classes > 0 ? "classification" : "regression", n_classes, seed, progress: () => {} };
}

/** Inside or outside a ring: no line tells them apart. */
function ring(rows: number): { X: ReturnType<typeof matrixOf>; y: Float64Array } {
  const random = new Random(5);
  const points = Array.from({ length: rows }, () => [random.normal(), random.normal(), random.normal()]);
  return { X: matrixOf(points), y: Float64Array.from(points, ([a, b]) => a * a + b * b > 1.4 ? 1 : 0) };
}

function fit(data: ReturnType<typeof ring>, n_classes: number, params: Record<string, unknown>, seed = 1) {
  const { task } = context(n_classes);
  return mlp.fit(data.X, data.y, checkParams("mlp", task, params), context(n_classes, seed)) as NetworkState;
}

function accuracy(data: ReturnType<typeof ring>, state: NetworkState): number {
  const scores = mlp.predict(data.X, state);
  return data.y.reduce((sum, truth, i) => sum + (scores[2 * i + truth] > 0.5 ? 1 : 0), 0) / data.y.length;
}

Deno.test("mlp learns what is not linear, with every activation and solver, with dropout and without", () => {
  const data = ring(600);
  const quick = { max_iter: 60, learning_rate_init: 0.01, hidden_layer_sizes: [24, 12] };
  for (const params of [{}, { activation: "tanh" }, { dropout: 0.1 }]) {
    const found = accuracy(data, fit(data, 2, { ...quick, ...params }));
    assert.ok(found > 0.93, `${JSON.stringify(params)}: ${found}`);
  }
  const flat = fit(data, 2, { ...quick, activation: "logistic", max_iter: 150, learning_rate_init: 0.05 });
  assert.ok(accuracy(data, flat) > 0.93);
  const descent = fit(data, 2, { ...quick, solver: "sgd", learning_rate_init: 0.1 });
  assert.ok(accuracy(data, descent) > 0.93);
  const linear = fit(data, 2, { ...quick, activation: "identity" });
  assert.ok(accuracy(data, linear) < 0.75);
});

Deno.test("mlp predicts the same bits by the kernels and row by row", () => {
  const data = ring(400);
  for (const activation of ["relu", "tanh", "logistic", "identity"]) {
    const state = fit(data, 2, { max_iter: 3, activation, hidden_layer_sizes: [64, 9] });
    const batch = mlp.predict(data.X, state);
    for (const i of [0, 257, 399]) {
      const alone = mlp.predict(takeMatrixRows(data.X, Uint32Array.of(i)), state);
      assert.deepEqual(alone, batch.slice(2 * i, 2 * i + 2), activation);
    }
  }
});

Deno.test("mlp predicts the same bits block by block, as a chain of matrices and row by row", () => {
  const data = ring(331);
  for (const [n_classes, layers] of [[0, [7]], [2, [33, 6]], [3, [64]]] as const) {
    const target = { X: data.X, y: data.y.map((label, i) => n_classes === 3 ? i % 3 : label) };
    for (const activation of ["relu", "tanh", "logistic", "identity"]) {
      const params = { max_iter: 2, activation, hidden_layer_sizes: [...layers] };
      const state = fit(target, n_classes, params);
      const X = ring(3000).X;
      const scores = withArena((arena) =>
        rowScores(arena, X, Int32Array.from(X.data.keys()).slice(0, 3000), state)(state.weights)
      );
      const chained = networkOutput(scores, state);
      const placed = withArena(({ room }) => {
        const there = room(X.data.length);
        there.set(X.data);
        return quickOutput({ ...X, data: there }, state);
      });
      const width = chained.length / 3000;
      for (const quick of [quickOutput(X, state)!, placed!]) {
        assert.equal(quick.findIndex((value, at) => value !== chained[at]), -1, activation);
      }
      for (const i of [0, 63, 64, 2999]) {
        const alone = mlp.predict(takeMatrixRows(X, Uint32Array.of(i)), state);
        assert.deepEqual(alone, chained.slice(width * i, width * (i + 1)), activation);
      }
    }
  }
});

Deno.test("mlp with early stopping keeps the weights of the best score", () => {
  const data = ring(500);
  const state = fit(data, 2, {
    early_stopping: true,
    n_iter_no_change: 3,
    learning_rate_init: 0.02,
    max_iter: 300,
  });
  const best = state.scores.indexOf(Math.max(...state.scores));
  assert.ok(state.converged && state.scores.length < 300);
  assert.ok(best < state.scores.length - 1);
  const until = fit(data, 2, { early_stopping: true, learning_rate_init: 0.02, max_iter: best + 1 });
  assert.deepEqual(until.weights, state.weights);
});

Deno.test("mlp learns a target in any unit", () => {
  const data = ring(300);
  const y = Float64Array.from(data.y, (_, i) => 3 * data.X.data[i] - data.X.data[300 + i]);
  for (const [unit, offset] of [[1e9, 5e9], [1e-9, 0], [1e299, 0]]) {
    const target = y.map((value) => value * unit + offset);
    const state = fit({ X: data.X, y: target }, 0, { learning_rate_init: 0.01, max_iter: 60 });
    const scores = mlp.predict(data.X, state);
    const off = scores.reduce((sum, score, i) => sum + Math.abs(score / unit - target[i] / unit) / 300, 0);
    assert.ok(off < 0.3, `${unit}: ${off}`);
  }
});

Deno.test("mlp learns nothing from batches whose rows all have the weight 0", () => {
  const data = ring(80);
  const params = { batch_size: 20, shuffle: false, max_iter: 5 };
  const weighted = (sample_weight: Float64Array, { X, y }: typeof data) =>
    mlp.fit(X, y, checkParams("mlp", "classification", params), { ...context(2), sample_weight });
  const half = Float64Array.from({ length: 80 }, (_, i) => i < 40 ? 1 : 0);
  const first = Uint32Array.from({ length: 40 }, (_, i) => i);
  const alone = weighted(half.slice(0, 40), { X: takeMatrixRows(data.X, first), y: data.y.slice(0, 40) });
  assert.deepEqual((weighted(half, data) as NetworkState).weights, (alone as NetworkState).weights);
});

Deno.test("mlp gives other weights for another seed", () => {
  const data = ring(60);
  assert.notDeepEqual(fit(data, 2, { max_iter: 2 }, 1).weights, fit(data, 2, { max_iter: 2 }, 2).weights);
});

Deno.test("mlp says that the weights grew beyond all numbers", () => {
  const data = ring(100);
  assert.throws(
    () => fit(data, 2, { solver: "sgd", learning_rate_init: 1e30, max_iter: 50 }),
    (error) => error instanceof AppError && /learning_rate_init 1e\+30/.test(error.message),
  );
});

Deno.test("mlp refuses layers that do not fit into memory, with the figure", () => {
  const data = ring(10);
  assert.throws(
    () => fit(data, 2, { hidden_layer_sizes: [8192, 8192, 8192] }),
    (error) =>
      error instanceof AppError && error.code === "resource_exhausted" && /3\.1 GiB/.test(error.message),
  );
});
