/** The quick walks through boosted trees end in the leaves that a plain walk finds. */
import assert from "node:assert/strict";
import { addTrees } from "@/ml/ensemble/boosting_predict.ts";
import type { BoostingState } from "@/ml/ensemble/boosting_state.ts";
import { gradientBoosting } from "@/ml/ensemble/gradient_boosting.ts";
import { type Matrix, takeMatrixRows } from "@/ml/matrix.ts";
import { Random } from "@/shared/random.ts";
import { contextFor } from "../tree/reference_data.ts";

function mixed(rows: number, seed: number, categories: number[], unknown: boolean): Matrix {
  const random = new Random(seed);
  const data = Float64Array.from({ length: rows * categories.length }, (_, at) => {
    const codes = categories[Math.floor(at / rows)];
    if (random.float() < 0.15) return NaN;
    return codes > 0 ? random.below(unknown ? codes + 3 : codes - 2) : random.normal() * 10;
  });
  return { rows, cols: categories.length, data, names: categories.map((_, j) => `x${j}`), categories };
}

/** As the description of the state says, row by row. */
function plain(X: Matrix, state: BoostingState): Float64Array {
  const { root, feature, threshold, right, missing_left, set, sets, category_bin, category_offset } = state;
  const perRound = state.baseline.length;
  const raw = new Float64Array(perRound * X.rows);
  for (let i = 0; i < X.rows; i++) {
    root.forEach((start, t) => {
      let node = start;
      while (feature[node] >= 0) {
        const value = X.data[feature[node] * X.rows + i];
        const offset = category_offset[feature[node]];
        const isKnown = value < category_offset[feature[node] + 1] - offset;
        const bin = set[node] < 0 ? 0 : isKnown ? category_bin[offset + value] : -1;
        const isMissing = Number.isNaN(value) || bin < 0;
        const isLeft = isMissing
          ? missing_left[node] === 1
          : set[node] < 0
          ? value <= threshold[node]
          : (sets[8 * set[node] + (bin >> 5)] >>> (bin & 31) & 1) === 1;
        node = isLeft ? node + 1 : right[node];
      }
      raw[(t % perRound) * X.rows + i] += threshold[node];
    });
  }
  return raw;
}

for (
  const [title, categories] of [
    ["numbers", [0, 0, 0, 0]],
    ["categories", [0, 12, 0, 255, 5]],
  ] as const
) {
  for (const n_classes of [0, 2, 3]) {
    Deno.test(`boosting walks ${title} to the leaves, of ${n_classes || "no"} classes, in batches and alone`, () => {
      const X = mixed(700, 1, [...categories], false);
      const random = new Random(5);
      const y = Float64Array.from({ length: 700 }, (_, i) => {
        const sum = (X.data[i] || 7) + (X.data[700 + i] || 4) * 3 + 5 * random.normal();
        return n_classes === 0 ? sum : Math.abs(Math.floor(sum / 10)) % n_classes;
      });
      const task = n_classes > 0 ? "classification" : "regression";
      const params = gradientBoosting.params[task]!.parse({ max_iter: 11, min_samples_leaf: 3 });
      const state = gradientBoosting.fit(X, y, params, contextFor(task, n_classes)) as BoostingState;
      if (title === "categories") assert.ok(state.set.some((place) => place >= 0));
      const unseen = mixed(4200, 2, [...categories], true);
      const raw = (rows: Matrix) => {
        const sums = new Float64Array(state.baseline.length * rows.rows);
        addTrees(rows, state, sums);
        return sums;
      };
      assert.deepEqual(raw(unseen), plain(unseen, state));
      for (const [from, to] of [[0, 1], [4199, 4200], [7, 30], [64, 195]]) {
        const some = takeMatrixRows(unseen, Int32Array.from({ length: to - from }, (_, i) => from + i));
        assert.deepEqual(raw(some), plain(some, state));
      }
    });
  }
}

Deno.test("boosting walks many rows to the leaves of trees that are too large for bytes", () => {
  for (
    const [params, X] of [[{ max_leaf_nodes: 300 }, mixed(3000, 3, [0, 0, 0], false)], [
      { max_iter: 4 },
      mixed(700, 4, [0, 12, 0, 255, 5], false),
    ]] as const
  ) {
    const y = Float64Array.from({ length: X.rows }, (_, i) => (X.data[i] || 7) + 50 * Math.sin(i));
    const all = gradientBoosting.params.regression!.parse({ max_iter: 2, min_samples_leaf: 2, ...params });
    const fitted = gradientBoosting.fit(X, y, all, contextFor("regression", 0)) as BoostingState;
    // One more threshold of a column than a byte can number.
    const state = "max_iter" in params ? withStumps(fitted, 255) : fitted;
    const raw = new Float64Array(X.rows);
    addTrees(X, state, raw);
    assert.deepEqual(raw, plain(X, state));
  }
});

/** The model and so many trees of one split, each at another threshold of the first column. */
function withStumps(state: BoostingState, count: number): BoostingState {
  const nodes = state.feature.length;
  const add = <A extends Int32Array | Float64Array | Uint8Array>(array: A, of: (at: number) => number): A => {
    const all = [...array, ...Array.from({ length: 3 * count }, (_, at) => of(at))];
    return (array.constructor as unknown as { from(values: number[]): A }).from(all);
  };
  return {
    ...state,
    root: Int32Array.from([...state.root, ...Array.from({ length: count }, (_, t) => nodes + 3 * t)]),
    feature: add(state.feature, (at) => at % 3 === 0 ? 0 : -1),
    threshold: add(state.threshold, (at) => at % 3 === 0 ? at / 50 : at),
    right: add(state.right, (at) => at % 3 === 0 ? nodes + at + 2 : 0),
    missing_left: add(state.missing_left, () => 0),
    set: add(state.set, () => -1),
  };
}
