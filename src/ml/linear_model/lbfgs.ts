/**
 * Limited-memory BFGS for a smooth convex function.
 *
 * Source: Nocedal and Wright, Numerical Optimization, 2nd edition, algorithms 7.4 and 7.5; the line search is
 * the bisection for the weak Wolfe conditions of Lewis and Overton 2013 (https://doi.org/10.1007/s10107-012-0514-2).
 */
export interface LbfgsOptions {
  /** Ends when no element of the gradient is larger. */
  tol: number;
  max_iter: number;
  /** Pairs of steps that are remembered. */
  memory?: number;
  onIteration?(iteration: number, value: number): void;
}

export interface LbfgsResult {
  x: Float64Array;
  value: number;
  iterations: number;
  /** False when `max_iter` was reached before `tol`. */
  converged: boolean;
}

/** @param evaluate writes the gradient at x into the second argument and returns the value */
export function minimize(
  start: Float64Array,
  evaluate: (x: Float64Array, gradient: Float64Array) => number,
  options: LbfgsOptions,
): LbfgsResult {
  const memory = options.memory ?? 10;
  const n = start.length;
  let x: Float64Array = start.slice();
  let gradient: Float64Array = new Float64Array(n);
  let value = evaluate(x, gradient);
  const pairs: { s: Float64Array; y: Float64Array; rho: number }[] = [];
  for (let iteration = 1; iteration <= options.max_iter; iteration++) {
    if (largest(gradient) <= options.tol) return { x, value, iterations: iteration - 1, converged: true };
    const direction = twoLoops(gradient, pairs);
    const slope = dot(gradient, direction);
    const first = pairs.length === 0 ? Math.min(1, 1 / Math.sqrt(dot(gradient, gradient))) : 1;
    const found = searchLine({ x, value, slope, direction, first }, evaluate);
    if (!found) return { x, value, iterations: iteration, converged: true }; // as low as rounding lets it
    const s = new Float64Array(n);
    const y = new Float64Array(n);
    for (let i = 0; i < n; i++) {
      s[i] = found.x[i] - x[i];
      y[i] = found.gradient[i] - gradient[i];
    }
    const curvature = dot(s, y);
    if (curvature > Number.EPSILON * dot(y, y)) {
      pairs.push({ s, y, rho: 1 / curvature });
      if (pairs.length > memory) pairs.shift();
    }
    ({ x, gradient, value } = found);
    options.onIteration?.(iteration, value);
  }
  return { x, value, iterations: options.max_iter, converged: largest(gradient) <= options.tol };
}

/** Minus the gradient times the remembered inverse Hessian. */
export function twoLoops(
  gradient: Float64Array,
  pairs: readonly { s: Float64Array; y: Float64Array; rho: number }[],
): Float64Array {
  const q = gradient.map((value) => -value);
  const alphas = new Float64Array(pairs.length);
  for (let p = pairs.length - 1; p >= 0; p--) {
    const { s, y, rho } = pairs[p];
    alphas[p] = rho * dot(s, q);
    for (let i = 0; i < q.length; i++) q[i] -= alphas[p] * y[i];
  }
  if (pairs.length > 0) {
    const { y, rho } = pairs[pairs.length - 1];
    const scale = 1 / (rho * dot(y, y));
    for (let i = 0; i < q.length; i++) q[i] *= scale;
  }
  for (let p = 0; p < pairs.length; p++) {
    const { s, y, rho } = pairs[p];
    const beta = rho * dot(y, q);
    for (let i = 0; i < q.length; i++) q[i] += (alphas[p] - beta) * s[i];
  }
  return q;
}

/** A step that lowers the value enough and flattens the slope; undefined when rounding hides any descent. */
function searchLine(
  from: { x: Float64Array; value: number; slope: number; direction: Float64Array; first: number },
  evaluate: (x: Float64Array, gradient: Float64Array) => number,
): { x: Float64Array; gradient: Float64Array; value: number } | undefined {
  let low = 0;
  let high = Infinity;
  let step = from.first;
  for (let attempt = 0; attempt < 40; attempt++) {
    const x = from.x.map((value, i) => value + step * from.direction[i]);
    const gradient = new Float64Array(x.length);
    const value = evaluate(x, gradient);
    if (!(value <= from.value + 1e-4 * step * from.slope)) high = step;
    else if (dot(gradient, from.direction) < 0.9 * from.slope) low = step;
    else return { x, gradient, value };
    step = high < Infinity ? (low + high) / 2 : 2 * low;
  }
  return undefined;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

function largest(values: Float64Array): number {
  let most = 0;
  for (const value of values) most = Math.max(most, Math.abs(value));
  return most;
}
