/** The kernels and their threads give what plain TypeScript gives, to the bit. */
import assert from "node:assert/strict";
import { boost } from "@/ml/ensemble/gradient_boosting.ts";
import { classification, regression } from "@/ml/ensemble/boosting_params.ts";
import type { BoostingState } from "@/ml/ensemble/boosting_state.ts";
import type { Workers } from "@/ml/ensemble/boosting_setup.ts";
import type { Matrix } from "@/ml/matrix.ts";
import { Random } from "@/shared/random.ts";
import { contextFor } from "../tree/reference_data.ts";

/** Numbers of many and few values, categories of few and many, two columns with values missing, a constant one. */
function mixed(rows: number, seed: number): { X: Matrix; y: Float64Array } {
  const random = new Random(seed);
  const categories = [0, 0, 0, 12, 300, 0, 0, 0];
  const data = new Float64Array(rows * categories.length);
  const y = new Float64Array(rows);
  for (let i = 0; i < rows; i++) {
    const row = [
      random.normal(),
      random.float() < 0.2 ? NaN : random.normal(),
      Math.round(random.normal() * 3) / 2,
      random.float() < 0.2 ? NaN : random.below(12),
      Math.floor(300 * random.float() ** 2),
      random.below(2),
      1e-300 * random.normal(),
      7,
    ];
    row.forEach((value, j) => data[j * rows + i] = value);
    const [a, b, , d, e] = row;
    y[i] = 2 * a + (b === b ? b * b : 3) + (d % 3 === 0 ? 2 : 0) + e % 7 + random.normal();
  }
  return { X: { rows, cols: 8, data, names: [..."abcdefgh"], categories }, y };
}

const ENGINES: [string, Workers, number][] = [
  ["plain", { engine: "plain", isCutFine: false }, 1],
  ["1 thread", { engine: "kernels", isCutFine: false }, 1],
  ["2 threads", { engine: "kernels", isCutFine: true }, 2],
  ["3 threads", { engine: "kernels", isCutFine: true }, 3],
];

const CASES: { params: Record<string, unknown>; n_classes?: number; rows?: number }[] = [
  { params: {} },
  { params: { early_stopping: true, n_iter_no_change: 3, max_bins: 40 } },
  { params: { subsample: 0.5, colsample_bytree: 0.6, max_features: 0.5 } },
  { params: { early_stopping: true, validation_fraction: null, subsample: 0.3 } },
  { params: { loss: "absolute_error" } },
  { params: { loss: "huber", max_leaf_nodes: 6 } },
  { params: { loss: "quantile", alpha: 0.3, subsample: 0.7 } },
  { params: { loss: "poisson" } },
  { params: { loss: "gamma", early_stopping: true } },
  { params: { reg_alpha: 2, l2_regularization: 1, min_split_gain: 0.1, min_child_weight: 5 } },
  { params: { monotonic_cst: { a: 1, c: -1, b: 1 }, reg_alpha: 0.5 } },
  { params: { interaction_cst: "pairwise" } },
  { params: { interaction_cst: [["a", "b"], ["d", 4]], max_features: 0.5 } },
  { params: { max_leaf_nodes: null, max_depth: 4, min_samples_leaf: 1 } },
  { params: { early_stopping: true }, n_classes: 2 },
  { params: { monotonic_cst: [1, 0, 0, 0, 0, 0, -1, 0] }, n_classes: 2 },
  { params: { class_weight: "balanced", early_stopping: true }, n_classes: 4 },
  { params: {}, rows: 4500 },
  { params: {}, rows: 4097, n_classes: 3 },
];

function target(y: Float64Array, loss: unknown, n_classes: number): Float64Array {
  if (loss === "poisson" || loss === "gamma") return y.map((value) => Math.abs(value) + 0.1);
  if (n_classes === 0) return y;
  const sorted = y.slice().sort();
  const bounds = Array.from(
    { length: n_classes - 1 },
    (_, k) => sorted[Math.floor(y.length * (k + 1) / n_classes)],
  );
  return y.map((value) => bounds.filter((bound) => value > bound).length);
}

for (const [at, { params, n_classes = 0, rows = 1301 }] of CASES.entries()) {
  const isWeighted = at % 2 === 1;
  const title = `${JSON.stringify(params)}${n_classes > 0 ? `, ${n_classes} classes` : ""}, ${rows} rows${
    isWeighted ? ", weighted" : ""
  }`;
  Deno.test(`boosting learns the same bytes in plain TypeScript and on 1, 2 and 3 threads: ${title}`, () => {
    const { X, y } = mixed(rows, at + 1);
    const task = n_classes > 0 ? "classification" : "regression";
    const schema = n_classes > 0 ? classification : regression;
    const complete = schema.parse({ max_iter: 12, early_stopping: false, ...params });
    const random = new Random(at);
    const weight = isWeighted ? Float64Array.from(y, () => random.below(4)) : undefined;
    const labels = target(y, params.loss, n_classes);
    const states = ENGINES.map(([, workers, threads]) =>
      boost(X, labels, weight, complete, contextFor(task, n_classes, { threads }), workers)
    );
    assert.ok((states[0].feature as Int32Array).length > 12, "there are splits");
    states.slice(1).forEach((state, i) => assertSame(state, states[0], ENGINES[i + 1][0]));
  });
}

function assertSame(state: BoostingState, plain: BoostingState, who: string): void {
  for (const [key, value] of Object.entries(plain)) {
    const other = state[key];
    if (ArrayBuffer.isView(value)) {
      assert.ok(ArrayBuffer.isView(other));
      assert.deepEqual(bytesOf(other), bytesOf(value), `${key} of ${who}`);
    } else assert.deepEqual(other, value, `${key} of ${who}`);
  }
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

Deno.test("boosting learns the same bytes with cuts from a sample, of more than 200,000 rows", () => {
  const { X, y } = mixed(200_100, 3);
  const complete = regression.parse({ max_iter: 2, early_stopping: false });
  const states = ENGINES.slice(0, 3).map(([, workers, threads]) =>
    boost(X, y, undefined, complete, contextFor("regression", 0, { threads }), workers)
  );
  states.slice(1).forEach((state, i) => assertSame(state, states[0], ENGINES[i + 1][0]));
});
