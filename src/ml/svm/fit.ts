/** The duals of classification and regression, and what a model keeps of their solutions. */
import type { Arena } from "@/kernels/solo.ts";
import { Random } from "@/shared/random.ts";
import type { FitContext } from "../estimator.ts";
import type { Matrix } from "../matrix.ts";
import { type KernelSpec, Points, RowCache } from "./kernel_rows.ts";
import { fitSigmoid } from "./platt.ts";
import type { SvmState } from "./predict.ts";
import { Smo, type Solution } from "./smo.ts";

export interface SvmProblem {
  X: Matrix;
  y: Float64Array;
  weight?: Float64Array;
  spec: KernelSpec;
  params: {
    C: number;
    tol: number;
    cache_size: number;
    max_iter: number;
    epsilon?: number;
    probability?: boolean;
  };
  context: FitContext;
}

const FOLDS = 5;

/** Rows by class, each class from a multiple of 4 on, so that a pair of classes is two ranges. */
interface Layout {
  /** (count) the row at each place, -1 where there is none. */
  rows: Int32Array;
  ranges: [from: number, to: number][];
}

function layOut({ X, y, weight, context }: SvmProblem): Layout {
  const groups: number[][] = Array.from({ length: Math.max(1, context.n_classes) }, () => []);
  for (let i = 0; i < X.rows; i++) {
    if (weight && !(weight[i] > 0)) continue;
    groups[context.n_classes > 0 ? y[i] : 0].push(i);
  }
  const places: number[] = [];
  const ranges = groups.map((group): [number, number] => {
    const from = places.length;
    places.push(...group);
    while (places.length % 4 !== 0) places.push(-1);
    return [from, places.length];
  });
  return { rows: Int32Array.from(places), ranges };
}

function prepare(arena: Arena, problem: SvmProblem) {
  const { X, weight, spec, params } = problem;
  const { rows, ranges } = layOut(problem);
  const points = new Points(arena, rows.length, X.cols, spec);
  // The cost of an error, 0 where there is no row.
  const cost = new Float64Array(rows.length);
  rows.forEach((row, place) => {
    if (row < 0) return;
    points.set(place, (j) => X.data[j * X.rows + row]);
    cost[place] = params.C * (weight?.[row] ?? 1);
  });
  const smo = new Smo(points, new RowCache(points, params.cache_size * 2 ** 20));
  const { tol } = params;
  const max_iter = params.max_iter < 0 ? Math.max(10_000_000, 100 * rows.length) : params.max_iter;
  return { rows, ranges, cost, smo, limits: { tol, max_iter } };
}

export function fitRegressor(arena: Arena, problem: SvmProblem): SvmState {
  const { X, y, spec, params, context } = problem;
  const { rows, ranges, cost, smo, limits } = prepare(arena, problem);
  const solution = smo.solve({
    ranges,
    target: Float64Array.from(rows, (row) => row < 0 ? 0 : y[row]),
    lower: cost.map((c) => -c),
    upper: cost,
    epsilon: params.epsilon ?? 0,
    ...limits,
  });
  context.progress(1, 1);
  const support = [...rows.keys()].filter((place) => solution.coef[place] !== 0);
  return {
    ...spec,
    cols: X.cols,
    n_classes: 0,
    sizes: [support.length],
    points: pointsOf(X, support.map((place) => rows[place])),
    coef: Float64Array.from(support, (place) => solution.coef[place]),
    offsets: Float64Array.of(solution.offset),
    sigmoids: new Float64Array(0),
    iterations: solution.iterations,
    converged: solution.converged,
  };
}

export function fitClassifier(arena: Arena, problem: SvmProblem): SvmState {
  const { X, spec, params, context } = problem;
  const { n_classes } = context;
  const { rows, ranges, cost, smo, limits } = prepare(arena, problem);
  const random = new Random(context.seed);
  const pairs: { a: number; b: number; solution: Solution }[] = [];
  const sigmoids: number[] = [];
  const fits = params.probability ? FOLDS + 1 : 1;
  const total = fits * n_classes * (n_classes - 1) / 2;
  let [iterations, converged] = [0, true];
  for (let a = 0; a < n_classes; a++) {
    for (let b = a + 1; b < n_classes; b++) {
      const isFirst = (place: number) => place >= ranges[a][0] && place < ranges[a][1];
      const both = [ranges[a], ranges[b]];
      let done = pairs.length * fits;
      const solve = (held?: Uint8Array, near?: Solution) => {
        context.progress(done++, total);
        const costs = held ? cost.map((c, place) => held[place] ? 0 : c) : cost;
        return smo.solve({
          ranges: both,
          target: cost.map((_, place) => isFirst(place) ? 1 : -1),
          lower: costs.map((c, place) => isFirst(place) ? 0 : -c),
          upper: costs.map((c, place) => isFirst(place) ? c : 0),
          epsilon: 0,
          ...limits,
        }, near);
      };
      const solution = solve();
      iterations += solution.iterations;
      converged &&= solution.converged;
      if (params.probability) {
        const places = both.flatMap(([from, to]) =>
          Array.from({ length: to - from }, (_, t) => from + t).filter((place) => rows[place] >= 0)
        );
        const decisions = crossDecisions(places, isFirst, solution, solve, random);
        const { a: slope, b: shift } = fitSigmoid(
          Float64Array.from(places, (place) => decisions[place]),
          Uint8Array.from(places, (place) => isFirst(place) ? 1 : 0),
          Float64Array.from(places, (place) => cost[place] / params.C),
        );
        sigmoids.push(slope, shift);
      }
      pairs.push({ a, b, solution });
      context.progress(pairs.length * fits, total);
    }
  }
  const support = ranges.map(([from, to], k) => {
    const own = pairs.filter(({ a, b }) => a === k || b === k);
    return Array.from({ length: to - from }, (_, t) => from + t)
      .filter((place) => own.some(({ solution }) => solution.coef[place] !== 0));
  });
  const all = support.flat();
  // As libsvm: for a point of class k, one row of coefficients for each other class.
  const coef = new Float64Array((n_classes - 1) * all.length);
  for (const { a, b, solution } of pairs) {
    all.forEach((place, s) => {
      const value = solution.coef[place];
      if (value !== 0) coef[(isWithin(place, ranges[a]) ? b - 1 : a) * all.length + s] = value;
    });
  }
  return {
    ...spec,
    cols: X.cols,
    n_classes,
    sizes: support.map((places) => places.length),
    points: pointsOf(X, all.map((place) => rows[place])),
    coef,
    offsets: Float64Array.from(pairs, ({ solution }) => solution.offset),
    sigmoids: Float64Array.from(sigmoids),
    iterations,
    converged,
  };
}

function isWithin(place: number, [from, to]: readonly [number, number]): boolean {
  return place >= from && place < to;
}

/** Decisions about rows that the fit did not see: five folds, the same share of both classes in each. */
function crossDecisions(
  places: readonly number[],
  isFirst: (place: number) => boolean,
  whole: Solution,
  solve: (held: Uint8Array, near: Solution) => Solution,
  random: Random,
): Float64Array {
  const first = random.shuffle(places.filter(isFirst));
  const second = random.shuffle(places.filter((place) => !isFirst(place)));
  const folds = Math.min(FOLDS, first.length, second.length);
  const decisions = whole.predicted.slice();
  if (folds < 2) return decisions;
  for (let fold = 0; fold < folds; fold++) {
    const held = new Uint8Array(decisions.length);
    for (const group of [first, second]) {
      group.forEach((place, n) => held[place] = n % folds === fold ? 1 : 0);
    }
    const { predicted } = solve(held, whole);
    for (const place of places) if (held[place]) decisions[place] = predicted[place];
  }
  return decisions;
}

/** (rows * cols) row-major. */
function pointsOf(X: Matrix, rows: readonly number[]): Float32Array {
  const points = new Float32Array(rows.length * X.cols);
  rows.forEach((row, i) => {
    for (let j = 0; j < X.cols; j++) points[i * X.cols + j] = X.data[j * X.rows + row];
  });
  return points;
}
