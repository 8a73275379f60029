import assert from "node:assert/strict";
import { checkParams } from "@/ml/check_params.ts";
import type { FitContext } from "@/ml/estimator.ts";
import { estimatorOf } from "@/ml/estimators.ts";
import { minimizeL1 } from "@/ml/linear_model/owl_qn.ts";
import { AppError } from "@/shared/errors.ts";
import { Random } from "@/shared/random.ts";
import { matrixOf } from "../columns.ts";

const CONTEXT: FitContext = { task: "regression", n_classes: 0, seed: 1, progress: () => {} };

/** A line in three of five columns, with noise that has a long tail. */
function line(rows: number): { X: ReturnType<typeof matrixOf>; y: Float64Array } {
  const random = new Random(rows);
  const cells = Array.from({ length: rows }, () => Array.from({ length: 5 }, () => random.normal()));
  const noise = () => -Math.log(1 - random.float());
  return { X: matrixOf(cells), y: Float64Array.from(cells, ([a, b, c]) => 3 * a - 2 * b + c + noise()) };
}

function fit(algorithm: string, data: ReturnType<typeof line>, params: Record<string, unknown>) {
  const checked = checkParams(algorithm, "regression", params);
  return estimatorOf(algorithm).fit(data.X, data.y, checked, CONTEXT) as {
    coef: Float64Array;
    intercept: Float64Array;
    converged: boolean;
  };
}

Deno.test("quantile_regression leaves the asked share of many rows below it", () => {
  const data = line(4000);
  for (const quantile of [0.05, 0.5, 0.9]) {
    const state = fit("quantile_regression", data, { quantile, alpha: 0 });
    assert.ok(state.converged);
    const scores = estimatorOf("quantile_regression").predict(data.X, state);
    const below = data.y.filter((value, i) => value < scores[i]).length / 4000;
    assert.ok(Math.abs(below - quantile) < 0.002, `${quantile}: ${below}`);
    assert.ok(Math.abs(state.coef[0] - 3) < 0.15 && Math.abs(state.coef[3]) < 0.15);
  }
});

Deno.test("quantile_regression is the same line whatever the unit of the target", () => {
  const data = line(300);
  const params = { quantile: 0.3, alpha: 0.01 };
  const state = fit("quantile_regression", data, params);
  for (const unit of [1e-100, 1e12, 1e290]) {
    const scaled = fit("quantile_regression", { X: data.X, y: data.y.map((v) => v * unit) }, params);
    scaled.coef.forEach((w, j) => assert.ok(Math.abs(w / unit - state.coef[j]) < 1e-8, `${unit}: ${w}`));
  }
});

Deno.test("lasso and elastic_net give useless columns of many rows the weight 0", () => {
  const data = line(3000);
  for (const algorithm of ["lasso", "elastic_net"]) {
    const { coef, converged } = fit(algorithm, data, { alpha: 0.2 });
    assert.ok(converged);
    assert.deepEqual([...coef].map((w) => w === 0), [false, false, false, true, true], algorithm);
  }
});

Deno.test("poisson_regression names the row of a target below 0", () => {
  const data = line(50);
  data.y[0] = 1;
  data.y[1] = -2;
  assert.throws(
    () => fit("poisson_regression", data, {}),
    (error) => error instanceof AppError && /target of row 2 is -2/.test(error.message),
  );
});

Deno.test("logistic_regression refuses an l1_ratio that contradicts its penalty", () => {
  const data = line(20);
  const y = data.y.map((value) => value > 1 ? 1 : 0);
  const context: FitContext = { ...CONTEXT, task: "classification", n_classes: 2 };
  const run = (params: Record<string, unknown>) =>
    estimatorOf("logistic_regression").fit(
      data.X,
      y,
      checkParams("logistic_regression", "classification", params),
      context,
    );
  for (const params of [{ penalty: "l1", l1_ratio: 0.5 }, { penalty: "none", l1_ratio: 1 }]) {
    assert.throws(() => run(params), (error) => error instanceof AppError && /l1_ratio/.test(error.message));
  }
  assert.deepEqual(run({ penalty: "elasticnet", l1_ratio: 1 }), run({ penalty: "l1" }));
});

Deno.test("minimizeL1 finds the soft threshold of a bowl, and zeros exactly", () => {
  const centre = [3, -0.2, 0.5, -4];
  const evaluate = (x: Float64Array, gradient: Float64Array) => {
    let value = 0;
    centre.forEach((c, i) => {
      gradient[i] = (i + 1) * (x[i] - c);
      value += (i + 1) / 2 * (x[i] - c) ** 2;
    });
    return value;
  };
  const l1 = Float64Array.of(1, 1, 1, 0);
  const { x, converged } = minimizeL1(new Float64Array(4), evaluate, l1, { tol: 1e-12, max_iter: 200 });
  assert.ok(converged);
  [2, 0, 1 / 6, -4].forEach((expected, i) => assert.ok(Math.abs(x[i] - expected) < 1e-8, `${x}`));
  assert.equal(x[1], 0);
});
