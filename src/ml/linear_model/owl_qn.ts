/**
 * Limited-memory quasi-Newton for a smooth convex function plus an L1 penalty.
 *
 * Source: Andrew and Gao, "Scalable Training of L1-Regularized Log-Linear Models" (2007): a step stays within the
 * orthant of its start, and the direction is that of the pseudo-gradient.
 */
import { type LbfgsOptions, type LbfgsResult, twoLoops } from "./lbfgs.ts";

/**
 * @param evaluate the smooth part: writes its gradient at x and returns its value
 * @param l1 (n) factor of |x_i|, 0 or more
 */
export function minimizeL1(
  start: Float64Array,
  evaluate: (x: Float64Array, gradient: Float64Array) => number,
  l1: Float64Array,
  options: LbfgsOptions,
): LbfgsResult {
  const memory = options.memory ?? 10;
  const n = start.length;
  const whole = (x: Float64Array, smooth: number) =>
    x.reduce((sum, v, i) => sum + l1[i] * Math.abs(v), smooth);
  let x: Float64Array = start.slice();
  let gradient: Float64Array = new Float64Array(n);
  let value = whole(x, evaluate(x, gradient));
  const pairs: { s: Float64Array; y: Float64Array; rho: number }[] = [];
  for (let iteration = 1; iteration <= options.max_iter; iteration++) {
    const pseudo = pseudoGradient(x, gradient, l1);
    const most = pseudo.reduce((largest, v) => Math.max(largest, Math.abs(v)), 0);
    if (most <= options.tol) return { x, value, iterations: iteration - 1, converged: true };
    const direction = twoLoops(pseudo, pairs);
    for (let i = 0; i < n; i++) if (direction[i] * pseudo[i] >= 0) direction[i] = 0;
    const orthant = x.map((v, i) => Math.sign(v) || -Math.sign(pseudo[i]));
    const first = pairs.length === 0
      ? Math.min(1, 1 / Math.sqrt(pseudo.reduce((sum, v) => sum + v * v, 0)))
      : 1;
    const searchLine = (step: number) => {
      for (let attempt = 0; attempt < 40; attempt++, step /= 2) {
        const next = x.map((v, i) => {
          const moved = v + step * direction[i];
          return l1[i] > 0 && Math.sign(moved) !== orthant[i] ? 0 : moved;
        });
        const g = new Float64Array(n);
        const after = whole(next, evaluate(next, g));
        const descent = next.reduce((sum, v, i) => sum + pseudo[i] * (v - x[i]), 0);
        if (after <= value + 1e-4 * descent && after < value) return { x: next, gradient: g, value: after };
      }
      return undefined;
    };
    const found = searchLine(first);
    if (!found) {
      if (pairs.length === 0) return { x, value, iterations: iteration, converged: true };
      pairs.length = 0; // the memory misleads: once more along the steepest descent
      continue;
    }
    const s = found.x.map((v, i) => v - x[i]);
    const y = found.gradient.map((v, i) => v - gradient[i]);
    const curvature = dot(s, y);
    if (curvature > Number.EPSILON * dot(y, y)) {
      pairs.push({ s, y, rho: 1 / curvature });
      if (pairs.length > memory) pairs.shift();
    }
    ({ x, gradient, value } = found);
    options.onIteration?.(iteration, value);
  }
  return { x, value, iterations: options.max_iter, converged: false };
}

/** The slope of the steepest descent: 0 where neither direction goes down. */
function pseudoGradient(x: Float64Array, gradient: Float64Array, l1: Float64Array): Float64Array {
  return gradient.map((g, i) => {
    if (x[i] !== 0) return g + Math.sign(x[i]) * l1[i];
    if (g + l1[i] < 0) return g + l1[i];
    return g - l1[i] > 0 ? g - l1[i] : 0;
  });
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}
