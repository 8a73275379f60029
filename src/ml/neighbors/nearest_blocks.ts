/**
 * The nearest rows of many queries at once, by products of matrices in single precision.
 *
 * These find candidates: some more than asked for, and how wrong their distances can be at most. The candidates' exact
 * distances decide. Where more might be as near as the last one, all rows are looked at once more, and those that are
 * near enough are candidates. So the result is that of NearestRows, to the bit.
 */
import { checkStop } from "@/kernels/stop.ts";
import { type Arena, withArena } from "@/kernels/solo.ts";
import type { NearestRows } from "./nearest.ts";

const QUERIES = 64;
const BLOCK = 256;
/** Candidates beyond those asked for. */
const MORE = 12;
/** From so many products of numbers on it is quicker than row by row. */
const ENOUGH_WORK = 100_000;
const FEW_QUERIES = 16;
/** More neighbours than this are found by rows: the lists of candidates are sorted by insertion. */
const MOST_NEIGHBORS = 128;
/** Squares of larger numbers leave the range of floats. */
const LARGEST = 1e15;
/** Queries with fewer numbers that are not 0 than this share, such as one-hot columns, are multiplied by those only. */
const SPARSE_SHARE = 0.25;
/** Half a GiB of floats; more is searched row by row. */
const MOST_CELLS = 2 ** 27;

/** Whether the blocks are quicker, and can hold the numbers. */
export function suitsBlocks(queries: Float64Array, points: Float64Array, cols: number, k: number): boolean {
  const rows = queries.length / cols;
  if (rows < FEW_QUERIES || rows * points.length < ENOUGH_WORK || k > MOST_NEIGHBORS) return false;
  if (points.length > MOST_CELLS || points.length / cols < 4 * (k + MORE)) return false;
  return largest(points) < LARGEST && largest(queries) < LARGEST;
}

function largest(values: Float64Array): number {
  let most = 0;
  for (let i = 0; i < values.length; i++) most = Math.max(most, Math.abs(values[i]));
  return most;
}

/**
 * Calls `take` for each query in turn, when `nearest` holds its neighbours.
 * @param queries (rows * cols) row-major
 * @param points (n * cols) row-major
 * @param nearest of the order 2 over the same points
 */
export function searchBlocks(
  queries: Float64Array,
  points: Float64Array,
  cols: number,
  nearest: NearestRows,
  take: (query: number) => void,
): void {
  withArena((arena) => {
    const search = new BlockSearch(arena, points, cols, nearest.rows.length + MORE);
    const rows = queries.length / cols;
    for (let start = 0; start < rows; start += QUERIES) {
      checkStop();
      const count = Math.min(QUERIES, rows - start);
      search.run(queries, start, count);
      for (let i = 0; i < count; i++) {
        const query = queries.subarray((start + i) * cols, (start + i + 1) * cols);
        nearest.begin();
        search.offerCandidates(i, nearest.rows.length, (row) => nearest.offer(query, row));
        take(start + i);
      }
    }
  });
}

class BlockSearch {
  readonly #arena: Arena;
  readonly #cols: number;
  /** Points, padded to a multiple of BLOCK. */
  readonly #count: number;
  /** (cols, stride) */
  readonly #points: Float32Array;
  /** Not a power of two: columns would share the same few lines of the cache. */
  readonly #stride: number;
  /** (count) minus half of their squared lengths; -Infinity behind the last. */
  readonly #halves: Float32Array;
  readonly #queries: Float32Array;
  /** (QUERIES, BLOCK) half of |query|² minus the squared distance. */
  readonly #products: Float32Array;
  readonly #k: number;
  /** (count) the products of one query with all points. */
  readonly #row: Float32Array;
  /** Points that are there. */
  readonly #rows: number;
  readonly #best: Float32Array;
  readonly #places: Int32Array;
  readonly #scratch: number;
  readonly #longest: number;
  /** Floats from one query to the next. */
  readonly #width: number;
  #isSparse = false;
  readonly #lengths = new Float64Array(QUERIES);
  /** Numbers of each query that are not 0: so many products can be wrong. */
  readonly #terms = new Int32Array(QUERIES);

  constructor(arena: Arena, points: Float64Array, cols: number, k: number) {
    const rows = points.length / cols;
    this.#arena = arena;
    this.#cols = cols;
    this.#k = k;
    this.#count = Math.ceil(rows / BLOCK) * BLOCK;
    this.#stride = this.#count + 16;
    this.#points = arena.floats(this.#stride * cols);
    this.#halves = arena.floats(this.#count).fill(-Infinity);
    let longest = 0;
    for (let i = 0; i < rows; i++) {
      let square = 0;
      for (let j = 0; j < cols; j++) {
        const x = points[i * cols + j];
        this.#points[j * this.#stride + i] = x;
        square += x * x;
      }
      this.#halves[i] = -square / 2;
      longest = Math.max(longest, square);
    }
    this.#longest = Math.sqrt(longest);
    this.#width = Math.ceil(cols / 4) * 4;
    this.#queries = arena.floats(QUERIES * this.#width);
    this.#products = arena.floats(QUERIES * BLOCK);
    this.#row = arena.floats(this.#count);
    this.#rows = rows;
    this.#best = arena.floats(QUERIES * k);
    this.#places = arena.integers(QUERIES * k);
    this.#scratch = arena.floats(arena.kernels.matrix_scratch() / 4).byteOffset;
  }

  run(queries: Float64Array, start: number, count: number): void {
    const cols = this.#cols;
    let sum = 0;
    for (let i = 0; i < count; i++) {
      let [square, terms] = [0, 0];
      for (let j = 0; j < cols; j++) {
        const x = this.#queries[i * this.#width + j] = queries[(start + i) * cols + j];
        square += x * x;
        if (x !== 0) terms++;
      }
      this.#lengths[i] = Math.sqrt(square);
      this.#terms[i] = terms;
      sum += terms;
    }
    this.#isSparse = sum < SPARSE_SHARE * count * cols;
    this.#best.fill(-Infinity);
    for (let from = 0; from < this.#count; from += BLOCK) {
      this.#multiply(this.#products.byteOffset, 0, count, from, BLOCK);
      this.#arena.kernels.neighbors_offer(
        ...[this.#products.byteOffset, BLOCK, count, BLOCK, from] as const,
        ...[this.#best.byteOffset, this.#places.byteOffset, this.#k] as const,
      );
    }
  }

  /** out (count, width) = the products of some queries with `width` points from one on. */
  #multiply(out: number, query: number, count: number, from: number, width: number): void {
    const { kernels } = this.#arena;
    const wide = this.#width;
    const q = this.#queries.byteOffset + query * wide * 4;
    const [points, cols] = [this.#points.byteOffset + from * 4, this.#cols];
    kernels.matrix_fill(out, this.#halves.byteOffset + from * 4, count, width);
    if (this.#isSparse) {
      kernels.matrix_multiply_sparse(
        ...[out, width, q, wide, points, this.#stride, count, width, cols, this.#scratch] as const,
      );
    } else {
      kernels.matrix_multiply(
        ...[out, width, q, wide, 1, points, this.#stride, count, width, cols, this.#scratch] as const,
      );
    }
  }

  /** Offers the rows among which the k nearest of the i-th query are. */
  offerCandidates(i: number, k: number, offer: (row: number) => void): void {
    const best = this.#best.subarray(i * this.#k, (i + 1) * this.#k);
    // Rounding of the numbers, of each product and of each sum, in units of 2^-24 of the largest term.
    const wrong = (this.#terms[i] + 8) * 2 ** -23 * (this.#lengths[i] + this.#longest) ** 2;
    if (best[k - 1] - best[this.#k - 1] > 2 * wrong) {
      for (let n = 0; n < this.#k; n++) offer(this.#places[i * this.#k + n]);
      return;
    }
    this.#multiply(this.#row.byteOffset, i, 1, 0, this.#count);
    for (let row = 0; row < this.#rows; row++) {
      // Not a number is offered, too.
      if (!(this.#row[row] < best[k - 1] - 2 * wrong)) offer(row);
    }
  }
}
