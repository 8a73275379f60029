/** What the kernels do for many rows, beside the plain way. */
import assert from "node:assert/strict";
import { withArena } from "@/kernels/solo.ts";
import { gramOf } from "@/ml/linear_model/gram.ts";
import { type LinearProblem, type LossName, plainLoss, quickLoss } from "@/ml/linear_model/linear_loss.ts";
import { linearScores } from "@/ml/linear_model/linear_state.ts";
import { columnView, type Matrix } from "@/ml/matrix.ts";
import { Random } from "@/shared/random.ts";
import { distanceBetween } from "../columns.ts";

function randomMatrix(rows: number, cols: number, sparse = 0): Matrix {
  const random = new Random(rows * cols);
  const data = Float64Array.from(
    { length: rows * cols },
    (_, at) => Math.floor(at / rows) < cols - sparse ? random.normal() + 1 : random.below(10) === 0 ? 1 : 0,
  );
  const names = Array.from({ length: cols }, (_, j) => `x${j}`);
  return { rows, cols, data, names, categories: names.map(() => 0) };
}

for (const [rows, cols] of [[1, 1], [513, 4], [1025, 7], [2000, 6]]) {
  for (const [loss, outputs] of [["logistic", 1], ["poisson", 1], ["softmax", 3]] as [LossName, number][]) {
    Deno.test(`the loss by the kernels is the plain one: ${loss}, ${rows} x ${cols}`, () => {
      const random = new Random(rows);
      const X = randomMatrix(rows, cols);
      const y = Float64Array.from({ length: rows }, () => random.below(Math.max(outputs, 2)));
      const weight = Float64Array.from({ length: rows }, () => random.float());
      const theta = Float64Array.from({ length: outputs * (cols + 1) }, () => random.normal());
      for (const [fit_intercept, weights] of [[true, weight], [false, undefined]] as const) {
        const problem: LinearProblem = { X, y, weight: weights, loss, outputs, fit_intercept, penalty: 0.3 };
        const [plain, quick] = [new Float64Array(theta.length), new Float64Array(theta.length)];
        const value = plainLoss(problem)(theta, plain);
        const found = withArena((arena) => quickLoss(arena, problem)(theta, quick));
        assert.ok(Math.abs(found - value) <= 1e-13 * Math.abs(value), `${found} ${value}`);
        assert.ok(distanceBetween(quick, plain) < 1e-13);
      }
    });
  }
}

Deno.test("the slopes of a loss are those of its values", () => {
  const X = randomMatrix(50, 3);
  const y = Float64Array.from({ length: 50 }, (_, i) => i % 3);
  const problem: LinearProblem = { X, y, loss: "softmax", outputs: 3, fit_intercept: true, penalty: 0.1 };
  const evaluate = plainLoss(problem);
  const theta = Float64Array.from({ length: 12 }, (_, i) => Math.sin(i));
  const gradient = new Float64Array(12);
  evaluate(theta, gradient);
  const unused = new Float64Array(12);
  for (let at = 0; at < 12; at++) {
    const value = (move: number) => evaluate(theta.map((v, i) => i === at ? v + move : v), unused);
    assert.ok(Math.abs((value(1e-5) - value(-1e-5)) / 2e-5 - gradient[at]) < 1e-8);
  }
});

for (const [rows, cols, sparse] of [[40, 3, 0], [40, 5, 2], [3001, 11, 0], [3001, 14, 3], [600, 41, 40]]) {
  Deno.test(`gramOf is the product of all pairs of columns: ${rows} x ${cols}, ${sparse} of them sparse`, () => {
    const X = randomMatrix(rows, cols, sparse);
    const columns = Array.from({ length: cols }, (_, j) => columnView(X, j));
    const random = new Random(1);
    const weight = Float64Array.from({ length: rows }, () => random.float());
    for (const weights of [undefined, weight]) {
      const at = (i: number) => weights?.[i] ?? 1;
      const total = Array.from({ length: rows }, (_, i) => at(i)).reduce((a, b) => a + b);
      const means = Float64Array.from(
        { length: cols },
        (_, j) => columnView(X, j).reduce((sum, v, i) => sum + at(i) * v, 0) / total,
      );
      const expected = new Float64Array(cols * cols);
      for (let j = 0; j < cols; j++) {
        for (let k = 0; k < cols; k++) {
          for (let i = 0; i < rows; i++) {
            expected[j * cols + k] += at(i) * (X.data[j * rows + i] - means[j]) *
              (X.data[k * rows + i] - means[k]);
          }
        }
      }
      assert.ok(distanceBetween(gramOf(columns, means, weights), expected) < 1e-12);
    }
  });
}

Deno.test("scores of a matrix in the kernels' memory have the bits of the plain ones, one row more or less", () => {
  for (const rows of [1, 1024, 2047]) {
    const X = randomMatrix(rows, 7);
    const coef = Float64Array.from({ length: 14 }, (_, at) => Math.sin(at));
    const intercept = Float64Array.of(0.5, -2);
    const expected = linearScores(X, coef, intercept);
    withArena(({ room }) => {
      const data = room(X.data.length);
      data.set(X.data);
      assert.deepEqual(linearScores({ ...X, data }, coef, intercept), expected);
    });
  }
});
