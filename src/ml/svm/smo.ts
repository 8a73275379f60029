/** Sequential minimal optimization: two coefficients at a time, until none gains from a change. */
import { type Arena, withArena } from "@/kernels/solo.ts";
import { checkStop } from "@/kernels/stop.ts";
import { type Points, RowCache } from "./kernel_rows.ts";

/**
 * Minimises coef K coef / 2 - target coef + epsilon |coef|_1 with lower <= coef <= upper and sum(coef) = 0: the dual
 * of classification (targets -+1, one bound 0, epsilon 0) and of regression.
 */
export interface Dual {
  /** Places that take part, bounds multiples of 4; the others stay out altogether. */
  ranges: readonly (readonly [from: number, to: number])[];
  /** (count) */
  target: Float64Array;
  /** (count); both 0 where a place must not be learned from. */
  lower: Float64Array;
  upper: Float64Array;
  epsilon: number;
  /** The largest gain of a change, in units of the target, that is left. */
  tol: number;
  max_iter: number;
}

export interface Solution {
  /** (count) */
  coef: Float64Array;
  /** What a prediction adds to the sum of coef times kernel. */
  offset: number;
  /** (count) the predictions, also where coefficients were held at 0. */
  predicted: Float64Array;
  iterations: number;
  converged: boolean;
}

const BOARD_DOUBLES = 6;
/** Changes after which places are looked for that will not change any more. */
const PERIOD = 1000;
/** The others are learned alone when they are less than this share. */
const ACTIVE_SHARE = 0.5;

/** Where a search stands: the coefficients, and how many changes it took. */
interface Search {
  dual: Dual;
  coef: Float64Array;
  iterations: number;
}

export class Smo {
  readonly #points: Points;
  readonly #cache: RowCache;
  readonly #arena: Arena;
  readonly #kernels: Arena["kernels"];
  readonly #rest: Float64Array;
  readonly #up: Float64Array;
  readonly #low: Float64Array;
  readonly #own: Float32Array;
  /** The struct Board of svm.as.ts, as words and as doubles. */
  readonly #words: Int32Array;
  readonly #board: Float64Array;
  readonly #best: Float64Array;
  readonly #zeros: Float32Array;

  constructor(points: Points, cache: RowCache) {
    const { arena, count } = points;
    this.#points = points;
    this.#cache = cache;
    this.#arena = arena;
    this.#kernels = arena.kernels;
    this.#rest = arena.doubles(count);
    this.#up = arena.doubles(count);
    this.#low = arena.doubles(count);
    this.#own = arena.floats(count);
    points.selves(this.#own);
    this.#board = arena.doubles(BOARD_DOUBLES);
    this.#words = new Int32Array(this.#board.buffer, this.#board.byteOffset, BOARD_DOUBLES * 2);
    this.#words.set([this.#rest, this.#up, this.#low, this.#own].map((array) => array.byteOffset));
    this.#best = arena.doubles(3);
    this.#zeros = arena.floats(count);
  }

  /** @param near the solution of a dual with the same targets and wider bounds: begins there and saves time */
  solve(dual: Dual, near?: Solution): Solution {
    const { target } = dual;
    const coef = near ? this.#startNear(dual, near) : new Float64Array(target.length);
    if (!near) this.#rest.set(target);
    const search = { dual, coef, iterations: 0 };
    const converged = this.#run(search);
    const offset = this.#offset(dual, coef);
    const predicted = target.map((value, t) => value - this.#rest[t] + offset);
    return { coef, offset, predicted, iterations: search.iterations, converged };
  }

  /**
   * Changes pairs until none gains, from the coefficients and what they leave in `#rest`. Now and then places that
   * stay at their bounds are left out: the others are learned alone, and then all are looked at again.
   *
   * Source: Joachims, "Making Large-Scale SVM Learning Practical" (1999), on shrinking.
   * @returns false when max_iter came first
   */
  #run(search: Search): boolean {
    const { dual, coef } = search;
    for (let t = 0; t < coef.length; t++) this.#setBounds(search, t);
    const zeros = this.#zeros.byteOffset;
    this.#update(dual, zeros, zeros, 0);
    const places = dual.ranges.reduce((sum, [from, to]) => sum + to - from, 0);
    for (;;) {
      const state = this.#change(search);
      if (state !== "unfinished") return state === "done";
      const active = this.#active(dual);
      if (active.length > ACTIVE_SHARE * places) continue;
      const before = coef.slice();
      this.#learnAlone(search, active);
      for (const t of active) {
        this.#setBounds(search, t);
        const step = coef[t] - before[t];
        if (step !== 0) this.#update(dual, this.#cache.row(t), zeros, step);
      }
      this.#update(dual, zeros, zeros, 0);
    }
  }

  #setBounds({ dual: { lower, upper, epsilon }, coef }: Search, t: number): void {
    const c = coef[t];
    this.#up[t] = c < upper[t] ? (c < 0 ? epsilon : -epsilon) : -Infinity;
    this.#low[t] = c > lower[t] ? (c > 0 ? -epsilon : epsilon) : Infinity;
  }

  /** PERIOD changes, or fewer. */
  #change(search: Search): "done" | "unfinished" | "too many" {
    const { dual, coef } = search;
    const { lower, upper } = dual;
    for (let n = 0; n < PERIOD; n++) {
      checkStop();
      if (!(this.#most - this.#least > dual.tol)) return "done";
      if (search.iterations++ >= dual.max_iter) return "too many";
      const i = this.#words[4];
      const rowI = this.#cache.row(i);
      const j = this.#partner(dual, rowI, i);
      if (j < 0) return "done";
      const rowJ = this.#cache.row(j);
      const between = this.#arena.floatAt(rowI + j * 4);
      const curve = Math.max(1e-12, this.#own[i] + this.#own[j] - 2 * between);
      const roomUp = (coef[i] < 0 ? 0 : upper[i]) - coef[i];
      const roomDown = coef[j] - (coef[j] > 0 ? 0 : lower[j]);
      const wished = (this.#most - (this.#rest[j] + this.#low[j])) / curve;
      const step = Math.min(wished, roomUp, roomDown);
      // At a bound the number itself, so that rounding leaves no crumbs.
      coef[i] = step === roomUp ? (coef[i] < 0 ? 0 : upper[i]) : coef[i] + step;
      coef[j] = step === roomDown ? (coef[j] > 0 ? 0 : lower[j]) : coef[j] - step;
      this.#setBounds(search, i);
      this.#setBounds(search, j);
      this.#update(dual, rowI, rowJ, step);
    }
    return "unfinished";
  }

  /** Places that gain from a change with another, as things are. */
  #active({ ranges }: Dual): number[] {
    const active: number[] = [];
    for (const [from, to] of ranges) {
      for (let t = from; t < to; t++) {
        const mayGrow = this.#rest[t] + this.#up[t] >= this.#least;
        if (mayGrow || this.#rest[t] + this.#low[t] <= this.#most) active.push(t);
      }
    }
    return active;
  }

  /** Changes the coefficients of some places until none of their pairs gains. */
  #learnAlone(search: Search, active: readonly number[]): void {
    const { dual, coef } = search;
    withArena((arena) => {
      const points = this.#points.take(arena, active);
      // Half of the room, so that parts of parts take no more than the whole.
      const part = new Smo(points, new RowCache(points, this.#cache.bytes / 2));
      const of = (values: Float64Array) => {
        const taken = new Float64Array(points.count);
        active.forEach((place, t) => taken[t] = values[place]);
        return taken;
      };
      part.#rest.set(of(this.#rest));
      const alone = {
        dual: {
          ...dual,
          ranges: [[0, points.count] as const],
          target: of(dual.target),
          lower: of(dual.lower),
          upper: of(dual.upper),
        },
        coef: of(coef),
        iterations: search.iterations,
      };
      part.#run(alone);
      search.iterations = alone.iterations;
      active.forEach((place, t) => coef[place] = alone.coef[t]);
    });
  }

  /** The coefficients of `near` within the new bounds, with the sum 0, and what they leave of the targets. */
  #startNear(dual: Dual, near: Solution): Float64Array {
    const { target, lower, upper } = dual;
    const coef = near.coef.map((value, t) => Math.min(Math.max(value, lower[t]), upper[t]));
    let excess = coef.reduce((sum, value) => sum + value, 0);
    for (let t = 0; t < coef.length && excess !== 0; t++) {
      const share = excess > 0
        ? Math.min(excess, Math.max(coef[t], 0))
        : Math.max(excess, Math.min(coef[t], 0));
      coef[t] -= share;
      excess -= share;
    }
    for (let t = 0; t < coef.length; t++) this.#rest[t] = target[t] - near.predicted[t] + near.offset;
    for (let t = 0; t < coef.length; t++) {
      const change = coef[t] - near.coef[t];
      if (change !== 0) this.#update(dual, this.#cache.row(t), this.#zeros.byteOffset, change);
    }
    return coef;
  }

  get #most(): number {
    return this.#board[3];
  }

  get #least(): number {
    return this.#board[4];
  }

  #update({ ranges }: Dual, rowI: number, rowJ: number, step: number): void {
    const board = this.#board.byteOffset;
    this.#board[3] = -Infinity;
    this.#board[4] = Infinity;
    for (const [from, to] of ranges) this.#kernels.svm_update(board, from, to, rowI, rowJ, step);
  }

  #partner({ ranges }: Dual, rowI: number, i: number): number {
    this.#best.set([-1, 0, 1]);
    const board = this.#board.byteOffset;
    for (const [from, to] of ranges) {
      this.#kernels.svm_partner(board, from, to, rowI, this.#own[i], this.#best.byteOffset);
    }
    return this.#best[0];
  }

  /** The mean over the places between their bounds; where there is none, the middle of what is possible. */
  #offset({ ranges, lower, upper, epsilon }: Dual, coef: Float64Array): number {
    let [sum, free] = [0, 0];
    for (const [from, to] of ranges) {
      for (let t = from; t < to; t++) {
        if (coef[t] === 0 || coef[t] === lower[t] || coef[t] === upper[t]) continue;
        sum += this.#rest[t] + (coef[t] > 0 ? -epsilon : epsilon);
        free++;
      }
    }
    if (free > 0) return sum / free;
    const { most, least } = { most: this.#most, least: this.#least };
    return Number.isFinite(most) && Number.isFinite(least)
      ? (most + least) / 2
      : Number.isFinite(most)
      ? most
      : Number.isFinite(least)
      ? least
      : 0;
  }
}
