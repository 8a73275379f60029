/**
 * Points cut in halves, again and again, across the side that is widest: for few columns most of them need no look.
 *
 * Source: Friedman, Bentley and Finkel, "An Algorithm for Finding Best Matches in Logarithmic Expected Time" (1977);
 * the distance to a box is kept up to date as in Arya and Mount, "Algorithms for Fast Vector Quantization" (1993).
 */
import type { NearestRows } from "./nearest.ts";

const LEAF_ROWS = 12;
/** What rounding may add to the distance of a box. */
const SHY = 1 - 1e-12;

/** With more columns blocks of products are quicker. */
export const MOST_COLUMNS = 7;

export class KdTree {
  readonly #points: Float64Array;
  /** The points in the order of the leaves: neighbours in memory, too. */
  readonly #leaves: Float64Array;
  readonly #cols: number;
  /** Rows, so that the lower half of a node comes first. */
  readonly #order: Int32Array;
  /** Of the node whose upper half begins at this place of `order`. */
  readonly #column: Uint16Array;
  readonly #cut: Float64Array;
  readonly #squared: boolean;
  /** The distance from the query to the box of the node, column by column. */
  readonly #sides: Float64Array;

  /**
   * @param points (rows * cols) row-major
   * @param order of the distance: 1 or 2
   */
  constructor(points: Float64Array, cols: number, order: 1 | 2) {
    const rows = points.length / cols;
    this.#points = points;
    this.#cols = cols;
    this.#squared = order === 2;
    this.#order = Int32Array.from({ length: rows }, (_, i) => i);
    this.#column = new Uint16Array(rows);
    this.#cut = new Float64Array(rows);
    this.#sides = new Float64Array(cols);
    this.#build(0, rows);
    this.#leaves = new Float64Array(points.length);
    this.#order.forEach((row, i) =>
      this.#leaves.set(points.subarray(row * cols, (row + 1) * cols), i * cols)
    );
  }

  /** Fills `nearest` with the rows that its own search would find. */
  search(query: Float64Array, nearest: NearestRows): void {
    nearest.begin();
    this.#sides.fill(0);
    this.#visit(0, this.#order.length, 0, query, nearest);
  }

  #build(from: number, to: number): void {
    if (to - from <= LEAF_ROWS) return;
    const j = this.#widest(from, to);
    const middle = (from + to) >> 1;
    this.#select(from, to - 1, middle, j);
    this.#column[middle] = j;
    this.#cut[middle] = this.#points[this.#order[middle] * this.#cols + j];
    this.#build(from, middle);
    this.#build(middle, to);
  }

  #widest(from: number, to: number): number {
    let [widest, width] = [0, -1];
    for (let j = 0; j < this.#cols; j++) {
      let [least, most] = [Infinity, -Infinity];
      for (let i = from; i < to; i++) {
        const value = this.#points[this.#order[i] * this.#cols + j];
        if (value < least) least = value;
        if (value > most) most = value;
      }
      if (most - least > width) [widest, width] = [j, most - least];
    }
    return widest;
  }

  /** Puts the k-th smallest of a column to place k, smaller ones before it (Hoare's quickselect). */
  #select(low: number, high: number, k: number, j: number): void {
    const order = this.#order;
    const at = (i: number) => this.#points[order[i] * this.#cols + j];
    while (low < high) {
      const pivot = at((low + high) >> 1);
      let [i, n] = [low, high];
      while (i <= n) {
        while (at(i) < pivot) i++;
        while (at(n) > pivot) n--;
        if (i > n) break;
        const kept = order[i];
        order[i++] = order[n];
        order[n--] = kept;
      }
      if (k <= n) high = n;
      else if (k >= i) low = i;
      else return;
    }
  }

  /** The sum that NearestRows makes, to the bit. */
  #power(query: Float64Array, start: number): number {
    let sum = 0;
    for (let j = 0; j < this.#cols; j++) {
      const difference = query[j] - this.#leaves[start + j];
      sum += this.#squared ? difference * difference : Math.abs(difference);
    }
    return sum;
  }

  #visit(from: number, to: number, distance: number, query: Float64Array, nearest: NearestRows): void {
    if (to - from <= LEAF_ROWS) {
      for (let i = from; i < to; i++) {
        const power = this.#power(query, i * this.#cols);
        if (power <= nearest.limit) nearest.offerPower(power, this.#order[i]);
      }
      return;
    }
    const middle = (from + to) >> 1;
    const j = this.#column[middle];
    const away = query[j] - this.#cut[middle];
    if (away < 0) this.#visit(from, middle, distance, query, nearest);
    else this.#visit(middle, to, distance, query, nearest);
    const before = this.#sides[j];
    const side = this.#squared ? away * away : Math.abs(away);
    const beyond = distance - before + side;
    if (beyond * SHY > nearest.limit) return;
    this.#sides[j] = side;
    if (away < 0) this.#visit(middle, to, beyond, query, nearest);
    else this.#visit(from, middle, beyond, query, nearest);
    this.#sides[j] = before;
  }
}
