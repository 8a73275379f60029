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
      const unseen = mixed(131, 2, [...categories], true);
      const raw = (rows: Matrix) => {
        const sums = new Float64Array(state.baseline.length * rows.rows);
        addTrees(rows, state, sums);
        return sums;
      };
      assert.deepEqual(raw(unseen), plain(unseen, state));
      for (const i of [0, 64, 130]) {
        const alone = takeMatrixRows(unseen, Int32Array.of(i));
        assert.deepEqual(raw(alone), plain(alone, state));
      }
    });
  }
}
