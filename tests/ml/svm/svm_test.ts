import assert from "node:assert/strict";
import { withArena } from "@/kernels/solo.ts";
import { checkParams } from "@/ml/check_params.ts";
import type { FitContext } from "@/ml/estimator.ts";
import { takeMatrixRows } from "@/ml/matrix.ts";
import { Points, RowCache } from "@/ml/svm/kernel_rows.ts";
import { couplePairs, fitSigmoid } from "@/ml/svm/platt.ts";
import { type Dual, Smo } from "@/ml/svm/smo.ts";
import type { SvmState } from "@/ml/svm/predict.ts";
import { svm } from "@/ml/svm/svm.ts";
import { AppError } from "@/shared/errors.ts";
import { Random } from "@/shared/random.ts";
import { distanceBetween, matrixOf } from "../columns.ts";

function context(n_classes: number): FitContext {
  return { task: n_classes > 0 ? "classification" : "regression", n_classes, seed: 1, progress: () => {} };
}

/** Classes in rings around each other, a tenth of them wrong. */
function rings(rows: number, n_classes: number): { X: ReturnType<typeof matrixOf>; y: Float64Array } {
  const random = new Random(3);
  const cells = Array.from({ length: rows }, () => [random.normal(), random.normal()]);
  const ring = ([a, b]: number[]) => Math.min(n_classes - 1, Math.floor(Math.hypot(a, b)));
  const y = Float64Array.from(cells, (cell) => random.below(10) === 0 ? random.below(n_classes) : ring(cell));
  return { X: matrixOf(cells), y };
}

function fit(data: ReturnType<typeof rings>, n_classes: number, params: Record<string, unknown>): SvmState {
  const one = context(n_classes);
  return svm.fit(data.X, data.y, checkParams("svm", one.task, params), one) as SvmState;
}

Deno.test("svm gives the same model however few rows are kept", () => {
  const data = rings(301, 3);
  const state = fit(data, 3, {});
  assert.deepEqual(fit(data, 3, { cache_size: 1e-9 }), state);
});

for (const n_classes of [2, 3]) {
  Deno.test(`svm gives probabilities that are true as often as they say: ${n_classes} classes`, () => {
    const data = rings(1600, n_classes);
    const rows = (from: number, to: number) => Uint32Array.from({ length: to - from }, (_, i) => from + i);
    const train = { X: takeMatrixRows(data.X, rows(0, 800)), y: data.y.slice(0, 800) };
    const scores = svm.predict(takeMatrixRows(data.X, rows(800, 1600)), fit(train, n_classes, {}));
    let [sure, right, loss] = [0, 0, 0];
    for (let i = 0; i < 800; i++) {
      const row = scores.subarray(i * n_classes, (i + 1) * n_classes);
      const best = row.indexOf(Math.max(...row));
      sure += row[best] / 800;
      right += best === data.y[800 + i] ? 1 / 800 : 0;
      loss -= Math.log(row[data.y[800 + i]]) / 800;
    }
    assert.ok(right > 0.83, `${right}`);
    assert.ok(Math.abs(sure - right) < (n_classes === 2 ? 0.04 : 0.1), `${sure} ${right}`);
    assert.ok(loss < 0.6, `${loss}`);
  });
}

Deno.test("svm without probabilities says the class of the most votes", () => {
  const data = rings(400, 3);
  const scores = svm.predict(data.X, fit(data, 3, { probability: false }));
  const right = data.y.filter((truth, i) => {
    const row = [...scores.subarray(3 * i, 3 * i + 3)];
    return row.indexOf(Math.max(...row)) === truth;
  });
  assert.ok(right.length > 340, `${right.length}`);
});

Deno.test("a dual solved from the solution of a wider one is solved as from the start", () => {
  withArena((arena) => {
    const random = new Random(4);
    const spec = { kernel: "rbf", gamma: 0.5, coef0: 0, degree: 3 } as const;
    const points = new Points(arena, 80, 2, spec);
    const cells = Array.from({ length: 80 }, () => [random.normal(), random.normal()]);
    cells.forEach((cell, i) => points.set(i, (j) => cell[j]));
    const smo = new Smo(points, new RowCache(points, 1e6));
    const target = Float64Array.from(cells, ([a, b]) => a * b + random.normal() > 0 ? 1 : -1);
    const cost = target.map(() => 0.3 + random.float());
    const dual = (held: (t: number) => boolean): Dual => ({
      ranges: [[0, 80]],
      target,
      lower: target.map((one, t) => one > 0 || held(t) ? 0 : -cost[t]),
      upper: target.map((one, t) => one < 0 || held(t) ? 0 : cost[t]),
      epsilon: 0,
      tol: 1e-9,
      max_iter: 1e6,
    });
    const whole = smo.solve(dual(() => false));
    const part = dual((t) => t % 3 === 0);
    const [fresh, near] = [smo.solve(part), smo.solve(part, whole)];
    assert.ok(Math.abs(near.coef.reduce((sum, c) => sum + c, 0)) < 1e-12);
    assert.ok(near.coef.every((c, t) => c >= part.lower[t] && c <= part.upper[t]));
    assert.ok(distanceBetween(near.predicted, fresh.predicted) < 1e-6);
    assert.ok(near.iterations < fresh.iterations, `${near.iterations} ${fresh.iterations}`);
  });
});

for (const [epsilon, C] of [[0, 100], [0.1, 5]]) {
  Deno.test(`rows that were left out for a while fit as well in the end: epsilon ${epsilon}`, () => {
    withArena((arena) => {
      const count = 400;
      const random = new Random(9);
      const spec = { kernel: "linear", gamma: 1, coef0: 0, degree: 1 } as const;
      const points = new Points(arena, count, 5, spec);
      const cells = Array.from({ length: count }, () => Array.from({ length: 5 }, () => random.normal()));
      cells.forEach((cell, i) => points.set(i, (j) => cell[j]));
      const value = (cell: number[]) => cell[0] - 2 * cell[1] + random.normal();
      const target = Float64Array.from(cells, (cell) => epsilon > 0 ? value(cell) : value(cell) > 0 ? 1 : -1);
      const isClass = epsilon === 0;
      const dual: Dual = {
        ranges: [[0, count]],
        target,
        lower: target.map((one) => isClass && one > 0 ? 0 : -C),
        upper: target.map((one) => isClass && one < 0 ? 0 : C),
        epsilon,
        tol: 1e-4,
        max_iter: 1e6,
      };
      const { coef, offset, predicted, converged, iterations } = new Smo(points, new RowCache(points, 1e6))
        .solve(dual);
      assert.ok(converged && iterations > 2000, `${iterations}`);
      const weights = cells[0].map((_, j) => cells.reduce((sum, cell, i) => sum + coef[i] * cell[j], 0));
      let [most, least] = [-Infinity, Infinity];
      cells.forEach((cell, i) => {
        const plain = cell.reduce((sum, x, j) => sum + x * weights[j], offset);
        // Kernels are floats, times up to C.
        assert.ok(Math.abs(predicted[i] - plain) < 5e-5 * C, `${predicted[i]} ${plain}`);
        const rest = target[i] - plain;
        if (coef[i] < dual.upper[i]) most = Math.max(most, rest + (coef[i] < 0 ? epsilon : -epsilon));
        if (coef[i] > dual.lower[i]) least = Math.min(least, rest + (coef[i] > 0 ? -epsilon : epsilon));
      });
      assert.ok(most - least < 1e-3 + 1e-4 * C, `${most} ${least}`);
    });
  });
}

Deno.test("svm says when max_iter came first", () => {
  const data = rings(200, 2);
  assert.equal(fit(data, 2, { max_iter: 3 }).converged, false);
  assert.equal(fit(data, 2, {}).converged, true);
});

Deno.test("svm refuses more rows than it can compare, with the figure and the way out", () => {
  const rows = 50_001;
  const X = { rows, cols: 1, data: new Float64Array(rows), names: ["x"], categories: [0] };
  assert.throws(
    () => fit({ X, y: new Float64Array(rows) }, 2, {}),
    (error) =>
      error instanceof AppError && error.code === "resource_exhausted" &&
      /50001 rows are more than 50000, and 2\.5 billion pairs/.test(error.message) &&
      /sample/.test(error.hint ?? ""),
  );
});

Deno.test("fitSigmoid finds the curve that decisions were drawn from", () => {
  const random = new Random(8);
  const n = 20_000;
  const decisions = Float64Array.from({ length: n }, () => random.normal() * 2);
  const isFirst = Uint8Array.from(
    decisions,
    (d) => random.float() < 1 / (1 + Math.exp(-1.5 * d + 0.5)) ? 1 : 0,
  );
  const { a, b } = fitSigmoid(decisions, isFirst, new Float64Array(n).fill(1));
  assert.ok(Math.abs(a + 1.5) < 0.05 && Math.abs(b - 0.5) < 0.05, `${a} ${b}`);
});

Deno.test("couplePairs gives back the probabilities that the pairs came from", () => {
  const p = [0.6, 0.25, 0.1, 0.05];
  const pairs = Float64Array.from({ length: 16 }, (_, at) => p[at >> 2] / (p[at >> 2] + p[at & 3]));
  const out = new Float64Array(4);
  couplePairs(pairs, 4, out);
  assert.ok(distanceBetween(out, p) < 2e-3, `${out}`);
});
