import assert from "node:assert/strict";
import { minimize } from "@/ml/linear_model/lbfgs.ts";

/** 50 bowls of very different steepness. */
function bowls(x: Float64Array, gradient: Float64Array): number {
  let value = 0;
  for (let i = 0; i < x.length; i++) {
    const steep = 10 ** (i % 5);
    value += steep * (x[i] - i) ** 2 / 2;
    gradient[i] = steep * (x[i] - i);
  }
  return value;
}

function rosenbrock(x: Float64Array, gradient: Float64Array): number {
  const [a, b] = x;
  gradient[0] = -2 * (1 - a) - 400 * a * (b - a * a);
  gradient[1] = 200 * (b - a * a);
  return (1 - a) ** 2 + 100 * (b - a * a) ** 2;
}

Deno.test("minimize finds the lowest point of an ill-conditioned bowl and of a bent valley", () => {
  const bowl = minimize(new Float64Array(50), bowls, { tol: 1e-9, max_iter: 500 });
  assert.ok(bowl.converged);
  bowl.x.forEach((value, i) => assert.ok(Math.abs(value - i) < 1e-8));
  const valley = minimize(Float64Array.of(-1.2, 1), rosenbrock, { tol: 1e-9, max_iter: 200 });
  assert.ok(valley.converged && valley.iterations < 100, `${valley.iterations} iterations`);
  assert.ok(Math.abs(valley.x[0] - 1) < 1e-8 && Math.abs(valley.x[1] - 1) < 1e-8);
});

Deno.test("minimize stops at max_iter and says that it has not converged", () => {
  const values: number[] = [];
  const result = minimize(Float64Array.of(-1.2, 1), rosenbrock, {
    tol: 1e-9,
    max_iter: 5,
    onIteration: (_, value) => values.push(value),
  });
  assert.equal(result.converged, false);
  assert.equal(result.iterations, 5);
  assert.deepEqual(values, [...values].sort((a, b) => b - a));
  assert.equal(values[4], result.value);
});

Deno.test("minimize leaves a lowest point where it is, and its start as it was", () => {
  const start = Float64Array.of(1, 1);
  const result = minimize(start, rosenbrock, { tol: 1e-6, max_iter: 10 });
  assert.deepEqual(result.x, start);
  assert.equal(result.iterations, 0);
});
