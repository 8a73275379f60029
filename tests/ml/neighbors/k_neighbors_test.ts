import assert from "node:assert/strict";
import { checkParams } from "@/ml/check_params.ts";
import { kNeighbors } from "@/ml/neighbors/k_neighbors.ts";
import { Random } from "@/shared/random.ts";
import { matrixOf } from "../columns.ts";

function predict(
  cells: number[][],
  y: number[],
  queries: number[][],
  params: Record<string, unknown>,
): number[] {
  const context = { task: "regression" as const, n_classes: 0, seed: 1, progress: () => {} };
  const state = kNeighbors.fit(
    matrixOf(cells),
    Float64Array.from(y),
    checkParams("k_neighbors", "regression", params),
    context,
  );
  return [...kNeighbors.predict(matrixOf(queries), state)];
}

Deno.test("k_neighbors shares the last votes among all rows that are as near as the last one", () => {
  const cells = [[0], [1], [-1], [1], [-1], [5]];
  const y = [10, 1, 2, 3, 4, 100];
  assert.deepEqual(predict(cells, y, [[0]], { n_neighbors: 3 }), [(10 + 2 * 2.5) / 3]);
  assert.deepEqual(predict(cells, y, [[0]], { n_neighbors: 1 }), [10]);
  assert.deepEqual(predict(cells, y, [[1]], { n_neighbors: 1, weights: "distance" }), [2]);
});

Deno.test("k_neighbors does not depend on the order of the training rows", () => {
  const random = new Random(4);
  // As the preparation makes them of categories: many rows are equally far.
  const cells = Array.from({ length: 300 }, () => [random.below(2), random.below(3), random.below(2)]);
  const y = cells.map(() => random.below(5));
  const order = [...random.shuffle(Int32Array.from(cells.keys()))];
  for (const params of [{}, { weights: "distance" }, { metric: "manhattan", n_neighbors: 30 }]) {
    const one = predict(cells, y, cells, params);
    const other = predict(order.map((i) => cells[i]), order.map((i) => y[i]), cells, params);
    one.forEach((value, i) => assert.ok(Math.abs(value - other[i]) < 1e-12, `${value} ${other[i]}`));
  }
});
