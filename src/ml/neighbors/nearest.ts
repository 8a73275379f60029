/** The k nearest training rows, by comparing with all of them. */
import { power as powerOf } from "@/kernels/exp_log.ts";

import { type SparseRows, sparseRows } from "./sparse_rows.ts";

/** The order of the Minkowski distance: 1, 2, another number from 1 up, or Infinity for the largest difference. */
export type Order = number;

/**
 * Reusable search over `rows` points of `cols` numbers.
 *
 * A point is left as soon as the sum so far is beyond the k-th best, which on real data skips most of the work.
 * Of points at the same distance the earlier one is taken, so that the result does not depend on the search; those
 * that are as near as the last one taken are `tied`.
 */
export class NearestRows {
  readonly #points: Float64Array;
  readonly #cols: number;
  readonly #rows: number;
  readonly #order: Order;
  /** (k) the row numbers, nearest first. */
  readonly rows: Int32Array;
  /** Other rows at the distance of the last of `rows`, in any order. */
  readonly tied: number[] = [];
  /** (k) before the root: the sum of the powers. */
  readonly #powers: Float64Array;
  readonly #sparse: SparseRows | undefined;
  /** The columns of `#query` that are not 0, and the number of columns behind them. */
  readonly #columns: Int32Array;
  #query: Float64Array | undefined;

  /** @param points (rows * cols) row-major */
  constructor(points: Float64Array, cols: number, k: number, order: Order) {
    this.#points = points;
    this.#cols = cols;
    this.#rows = points.length / cols;
    this.#order = order;
    this.rows = new Int32Array(k);
    this.#powers = new Float64Array(k);
    this.#sparse = order === 2 ? sparseRows(points, cols) : undefined;
    this.#columns = new Int32Array(cols + 1);
  }

  /** Fills `rows` with the nearest of `query` (cols). */
  search(query: Float64Array): void {
    this.begin();
    for (let row = 0; row < this.#rows; row++) this.offer(query, row);
  }

  /** Forgets the rows of the query before; then every row may be offered once, in any order. */
  begin(): void {
    this.#powers.fill(Infinity);
    this.tied.length = 0;
    for (let i = 0; i < this.rows.length; i++) this.rows[i] = i; // what stays when a distance overflows
  }

  /** The power of the last of the nearest so far: what is farther need not be offered. */
  get limit(): number {
    return this.#powers[this.#powers.length - 1];
  }

  offer(query: Float64Array, row: number): void {
    const power = this.#sparse
      ? this.#sparsePower(query, row, this.#sparse)
      : this.#power(query, row * this.#cols, this.limit);
    this.offerPower(power, row);
  }

  /** @param power the sum of the powers of the differences, before the root */
  offerPower(power: number, row: number): void {
    const powers = this.#powers;
    const rows = this.rows;
    const last = powers.length - 1;
    const [limit, left] = [powers[last], rows[last]];
    if (power > limit || power === Infinity) return;
    if (power === limit && row > left) {
      this.tied.push(row);
      return;
    }
    let at = last;
    for (; at > 0 && (powers[at - 1] > power || powers[at - 1] === power && rows[at - 1] > row); at--) {
      powers[at] = powers[at - 1];
      rows[at] = rows[at - 1];
    }
    powers[at] = power;
    rows[at] = row;
    if (powers[last] < limit) this.tied.length = 0;
    else if (limit !== Infinity) this.tied.push(left);
  }

  /** How many of `rows` are at the distance of the last one. */
  get tiedWithin(): number {
    let count = 1;
    for (let at = this.#powers.length - 1; at > 0 && this.#powers[at - 1] === this.limit; at--) count++;
    return count;
  }

  /** The distance of the i-th nearest. */
  distance(i: number): number {
    const power = this.#powers[i];
    if (this.#order === 2) return Math.sqrt(power);
    if (this.#order === 1 || this.#order === Infinity) return power;
    return powerOf(power, 1 / this.#order);
  }

  /** The bits of `#power`: what is 0 in both adds 0. */
  #sparsePower(query: Float64Array, row: number, { starts, columns }: SparseRows): number {
    const own = this.#columns;
    if (this.#query !== query) {
      let count = 0;
      for (let j = 0; j < query.length; j++) if (query[j] !== 0) own[count++] = j;
      own[count] = this.#cols;
      this.#query = query;
    }
    const points = this.#points;
    const start = row * this.#cols;
    const end = this.#cols;
    const limit = this.limit;
    let sum = 0;
    let at = 0;
    let other = starts[row];
    for (;;) {
      const a = own[at];
      const b = columns[other];
      const j = a < b ? a : b;
      if (j === end) return sum;
      if (a === j) at++;
      if (b === j) other++;
      const difference = query[j] - points[start + j];
      sum += difference * difference;
      if (sum > limit) return sum;
    }
  }

  /** The sum of the powers, or something beyond `limit` if it is beyond it. */
  #power(query: Float64Array, start: number, limit: number): number {
    const points = this.#points;
    const cols = this.#cols;
    const order = this.#order;
    let sum = 0;
    if (order === 2) {
      for (let j = 0; j < cols; j++) {
        const difference = query[j] - points[start + j];
        sum += difference * difference;
        if (sum > limit) return sum;
      }
    } else if (order === 1) {
      for (let j = 0; j < cols; j++) {
        sum += Math.abs(query[j] - points[start + j]);
        if (sum > limit) return sum;
      }
    } else if (order === Infinity) {
      for (let j = 0; j < cols; j++) sum = Math.max(sum, Math.abs(query[j] - points[start + j]));
    } else {
      for (let j = 0; j < cols; j++) sum += powerOf(Math.abs(query[j] - points[start + j]), order);
    }
    return sum;
  }
}
