/** The kernel of points with each other, row by row as they are needed, in the kernels' memory. */
import type { Arena } from "@/kernels/solo.ts";

export const KERNELS = ["linear", "poly", "rbf", "sigmoid"] as const;

export type KernelSpec = {
  kernel: typeof KERNELS[number];
  gamma: number;
  coef0: number;
  degree: number;
};

const f = Math.fround;

/** Larger numbers count as this: the squares of larger ones leave the range of floats. */
const LARGEST = 1e15;

function float(x: number): number {
  return f(Math.min(Math.max(x, -LARGEST), LARGEST));
}

/** Points column by column, at places that are a multiple of 4 in number. */
export class Points {
  readonly arena: Arena;
  readonly cols: number;
  /** Places; those without a point are zeros. */
  readonly count: number;
  readonly spec: KernelSpec;
  readonly #x: Float32Array;
  readonly #norms: Float32Array;
  /** What of a point is not 0, and where those columns begin in bytes: one-hot columns mostly are. */
  readonly #point: Float32Array;
  readonly #places: Int32Array;
  #terms = 0;

  constructor(arena: Arena, count: number, cols: number, spec: KernelSpec) {
    this.arena = arena;
    this.cols = cols;
    this.count = count;
    this.spec = spec;
    this.#x = arena.floats(count * cols);
    this.#norms = arena.floats(count);
    this.#point = arena.floats(cols);
    this.#places = arena.integers(cols);
  }

  /** @param value the j-th number of the point */
  set(place: number, value: (j: number) => number): void {
    let norm = 0;
    for (let j = 0; j < this.cols; j++) {
      const x = float(value(j));
      this.#x[j * this.count + place] = x;
      norm = f(norm + f(x * x));
    }
    this.#norms[place] = norm;
  }

  /** Some of the points, in their order. */
  take(arena: Arena, places: readonly number[]): Points {
    const part = new Points(arena, (places.length + 3) & ~3, this.cols, this.spec);
    for (let j = 0; j < this.cols; j++) {
      places.forEach((place, t) => part.#x[j * part.count + t] = this.#x[j * this.count + place]);
    }
    places.forEach((place, t) => part.#norms[t] = this.#norms[place]);
    return part;
  }

  /** Writes the kernel of the point at a place with all points to the pointer. */
  rowOf(place: number, out: number): void {
    this.#terms = 0;
    for (let j = 0; j < this.cols; j++) this.#add(j, this.#x[j * this.count + place]);
    this.#row(this.#norms[place], out);
  }

  /** The same for a point that is not among them. */
  rowOfOther(value: (j: number) => number, out: number): void {
    let norm = 0;
    this.#terms = 0;
    for (let j = 0; j < this.cols; j++) {
      const x = float(value(j));
      this.#add(j, x);
      norm = f(norm + f(x * x));
    }
    this.#row(norm, out);
  }

  /** The kernel of each point with itself. */
  selves(out: Float32Array): void {
    if (this.spec.kernel === "rbf") return void out.fill(1);
    // The product of a point with itself is its norm: so a row over the norms as points of one column.
    this.#terms = 0;
    this.#add(0, 1);
    this.#row(0, out.byteOffset, this.#norms.byteOffset);
  }

  #add(j: number, x: number): void {
    if (x === 0) return;
    this.#point[this.#terms] = x;
    this.#places[this.#terms++] = j * this.count * 4;
  }

  #row(norm: number, out: number, points = this.#x.byteOffset): void {
    const { gamma, coef0, degree } = this.spec;
    const kind = KERNELS.indexOf(this.spec.kernel);
    this.arena.kernels.svm_row(
      ...[kind, points, this.count, this.#norms.byteOffset, this.#point.byteOffset] as const,
      ...[this.#places.byteOffset, this.#terms, norm, out, gamma, coef0, degree] as const,
    );
  }
}

/** Memory is taken for so many bytes of rows at once. */
const GROUP_BYTES = 1 << 22;

/** Rows that were computed, the least recently used of them given up when there is no room. */
export class RowCache {
  readonly #points: Points;
  /** For all rows. */
  readonly bytes: number;
  readonly #most: number;
  readonly #slotOf: Int32Array;
  readonly #rowOf: number[] = [];
  readonly #used: number[] = [];
  readonly #pointers: number[] = [];
  #time = 0;

  /** @param bytes for all rows; there is room for two at least */
  constructor(points: Points, bytes: number) {
    this.#points = points;
    this.bytes = bytes;
    this.#most = Math.max(2, Math.floor(bytes / (points.count * 4)));
    this.#slotOf = new Int32Array(points.count).fill(-1);
  }

  /** A pointer to the row, good until the next but one is asked for. */
  row(place: number): number {
    let slot = this.#slotOf[place];
    if (slot < 0) {
      slot = this.#freeSlot();
      this.#slotOf[place] = slot;
      this.#rowOf[slot] = place;
      this.#points.rowOf(place, this.#pointers[slot]);
    }
    this.#used[slot] = ++this.#time;
    return this.#pointers[slot];
  }

  #freeSlot(): number {
    const slot = this.#rowOf.length;
    if (slot === this.#most) {
      let oldest = 0;
      for (let s = 1; s < slot; s++) if (this.#used[s] < this.#used[oldest]) oldest = s;
      this.#slotOf[this.#rowOf[oldest]] = -1;
      return oldest;
    }
    if (slot === this.#pointers.length) {
      const size = this.#points.count * 4;
      const group = Math.min(Math.max(1, Math.floor(GROUP_BYTES / size)), this.#most - slot);
      const start = this.#points.arena.bytes(group * size);
      for (let g = 0; g < group; g++) this.#pointers.push(start + g * size);
    }
    return slot;
  }
}
