/**
 * The search for a node's split: features are drawn one by one until `maxFeatures` of them were looked at and at
 * least one was not constant. What is constant in a node is known to its children.
 *
 * Source: scikit-learn, `node_split_best` and `node_split_random` of `_splitter.pyx`.
 */
import { checkStop } from "@/kernels/stop.ts";
import type { Random } from "@/shared/random.ts";
import { columnView, type Matrix } from "../matrix.ts";
import type { Criterion, SideLimits } from "./criterion.ts";
import { type Ranks, sortPairs } from "./ranks.ts";

/** A node is counted by rank when that touches at most this many numbers a row; else its rows are sorted. */
const COUNT_LIMIT = 4;

/** A node of so many rows that can't be counted by rank is counted by 256 bins of ranks, unless it must be exact. */
export const BINNED_ROWS = 256;
const BIN_BITS = 8;

/** How many numbers a criterion must be able to count by rank, for a matrix of so many rows. */
export function largestCount(rows: number, n_classes: number): number {
  return Math.max(COUNT_LIMIT * rows, Math.max(2, n_classes) << BIN_BITS);
}

export class Splitter {
  /** The row numbers of the tree, partitioned in place: a node owns rows[start…end). */
  readonly rows: Int32Array;
  /** Of the last split found. */
  feature = -1;
  threshold = 0;
  /** Constant features known before the search, and after it. */
  constants = 0;
  readonly #columns: readonly Float64Array[];
  #criterion: Criterion;
  /** Absent: thresholds are drawn at random. */
  #ranks: Ranks | undefined;
  #binnedRows: number;
  /** Of the best split so far: the last rank that goes left, and bits by which ranks were shifted into bins. */
  #cut = 0;
  #shift = 0;
  #maxFeatures: number;
  #features: Int32Array;
  #constantFeatures: Int32Array;
  #keys: Int32Array;
  #sortedRows: Int32Array;
  #spareKeys: Int32Array;
  #values: Float64Array;
  #spareRows: Int32Array;

  constructor(
    X: Matrix,
    criterion: Criterion,
    ranks: Ranks | undefined,
    maxFeatures: number,
    isExact: boolean,
  ) {
    this.#columns = Array.from({ length: X.cols }, (_, j) => columnView(X, j));
    this.#criterion = criterion;
    this.#ranks = ranks;
    this.#binnedRows = isExact ? Infinity : BINNED_ROWS;
    this.#maxFeatures = maxFeatures;
    this.rows = new Int32Array(X.rows);
    this.#features = new Int32Array(X.cols);
    this.#constantFeatures = new Int32Array(X.cols);
    this.#keys = new Int32Array(X.rows);
    this.#sortedRows = new Int32Array(X.rows);
    this.#spareKeys = new Int32Array(X.rows);
    this.#values = new Float64Array(X.rows);
    this.#spareRows = new Int32Array(X.rows);
  }

  /** Starts a tree on the rows with a weight. Returns their number. */
  reset(weight: Float64Array): number {
    let count = 0;
    for (let i = 0; i < weight.length; i++) if (weight[i] > 0) this.rows[count++] = i;
    for (let j = 0; j < this.#features.length; j++) this.#features[j] = j;
    return count;
  }

  /**
   * Finds the best split of rows[start…end), which the criterion has entered, and sets feature and threshold.
   * `constants` holds how many features are known to be constant, before and after.
   * @returns false if no split keeps the limits
   */
  find(start: number, end: number, limits: SideLimits, random: Random): boolean {
    const features = this.#features;
    const known = this.constants;
    let undrawn = features.length; // features[undrawn…] were drawn and are not constant
    let visited = 0;
    let foundConstants = 0;
    let drawnConstants = 0;
    let totalConstants = known;
    let best = -Infinity;
    let found = false;
    while (
      undrawn > totalConstants &&
      (visited < this.#maxFeatures || visited <= foundConstants + drawnConstants)
    ) {
      visited++;
      checkStop();
      let drawn = drawnConstants + random.below(undrawn - foundConstants - drawnConstants);
      if (drawn < known) {
        swap(features, drawnConstants, drawn);
        drawnConstants++;
        continue;
      }
      drawn += foundConstants;
      const feature = features[drawn];
      const quality = this.#ranks === undefined
        ? this.#tryRandom(feature, start, end, limits, best, random)
        : this.#tryBest(this.#ranks, feature, start, end, limits, best);
      if (quality === undefined) {
        swap(features, drawn, totalConstants);
        foundConstants++;
        totalConstants++;
        continue;
      }
      undrawn--;
      swap(features, undrawn, drawn);
      if (quality > best) {
        best = quality;
        found = true;
      }
    }
    // The order of the constants known before is the same for siblings and children.
    for (let j = 0; j < known; j++) features[j] = this.#constantFeatures[j];
    for (let j = known; j < totalConstants; j++) this.#constantFeatures[j] = features[j];
    this.constants = totalConstants;
    if (found && this.#shift > 0) this.#settleBins(this.#ranks!, start, end);
    return found;
  }

  /** Moves the rows that go left to the front, keeping their order. Returns where the right side starts. */
  partition(start: number, end: number): number {
    const rows = this.rows;
    const column = this.#columns[this.feature];
    const threshold = this.threshold;
    const right = this.#spareRows;
    let left = start;
    let rightCount = 0;
    for (let p = start; p < end; p++) {
      const row = rows[p];
      const goes = column[row] <= threshold ? 1 : 0;
      rows[left] = row; // both written, one counter moves: no branch to guess
      right[rightCount] = row;
      left += goes;
      rightCount += 1 - goes;
    }
    for (let i = 0; i < rightCount; i++) rows[left + i] = right[i];
    return left;
  }

  /** The quality of the feature's best split, `best` or less if none beats it, undefined if it is constant. */
  #tryBest(
    ranks: Ranks,
    feature: number,
    start: number,
    end: number,
    limits: SideLimits,
    best: number,
  ): number | undefined {
    const n = end - start;
    const rows = this.rows;
    const keys = this.#keys;
    const rank = ranks.rank;
    const offset = feature * rows.length;
    const criterion = this.#criterion;
    let lowest = rank[offset + rows[start]];
    let highest = lowest;
    for (let i = 0; i < n; i++) {
      const key = rank[offset + rows[start + i]];
      keys[i] = key;
      if (key < lowest) lowest = key;
      else if (key > highest) highest = key;
    }
    if (lowest === highest) return undefined;
    let better: boolean;
    if ((highest - lowest + 1) * criterion.width <= COUNT_LIMIT * n) {
      better = criterion.scanCounted(keys, rows, start, n, lowest, highest, limits, best);
    } else if (n >= this.#binnedRows) {
      const shift = Math.max(0, 32 - Math.clz32(highest - lowest) - BIN_BITS);
      for (let i = 0; i < n; i++) keys[i] = (keys[i] - lowest) >> shift;
      if (!criterion.scanCounted(keys, rows, start, n, 0, (highest - lowest) >> shift, limits, best)) {
        return best;
      }
      this.feature = feature;
      this.#shift = shift;
      this.#cut = lowest + ((criterion.lowRank + 1) << shift) - 1;
      if (shift > 0) return criterion.quality;
      criterion.lowRank += lowest;
      criterion.highRank += lowest;
      return this.#keep(ranks, feature);
    } else {
      const sorted = this.#sortedRows;
      for (let i = 0; i < n; i++) sorted[i] = rows[start + i];
      better = sortPairs(keys, sorted, this.#spareKeys, this.#spareRows, n, lowest, highest)
        ? criterion.scanSorted(this.#spareKeys, this.#spareRows, 0, n, limits, best)
        : criterion.scanSorted(keys, sorted, 0, n, limits, best);
    }
    return better ? this.#keep(ranks, feature) : best;
  }

  /** Makes the criterion's best split that of the node. */
  #keep(ranks: Ranks, feature: number): number {
    const { lowRank, highRank, quality } = this.#criterion;
    const values = ranks.offset[feature];
    this.feature = feature;
    this.#shift = 0;
    this.threshold = midpoint(ranks.values[values + lowRank], ranks.values[values + highRank]);
    return quality;
  }

  /** Puts the threshold halfway between the node's values on both sides of the cut between two bins. */
  #settleBins({ rank, values, offset }: Ranks, start: number, end: number): void {
    const at = this.feature * this.rows.length;
    let low = -1;
    let high = Infinity;
    for (let p = start; p < end; p++) {
      const key = rank[at + this.rows[p]];
      if (key <= this.#cut) low = Math.max(low, key);
      else high = Math.min(high, key);
    }
    const first = offset[this.feature];
    this.threshold = midpoint(values[first + low], values[first + high]);
  }

  /** The quality of one threshold drawn between the feature's smallest and largest value in the node. */
  #tryRandom(
    feature: number,
    start: number,
    end: number,
    limits: SideLimits,
    best: number,
    random: Random,
  ): number | undefined {
    const rows = this.rows;
    const column = this.#columns[feature];
    const values = this.#values;
    const n = end - start;
    let lowest = column[rows[start]];
    let highest = lowest;
    for (let i = 0; i < n; i++) {
      const value = column[rows[start + i]];
      values[i] = value;
      if (value < lowest) lowest = value;
      else if (value > highest) highest = value;
    }
    if (lowest === highest) return undefined;
    const share = random.uint32() / 2 ** 32;
    let threshold = lowest * (1 - share) + highest * share; // no overflow, even of the range
    if (threshold >= highest || threshold < lowest) threshold = lowest;
    const quality = this.#criterion.scanThreshold(values, threshold, rows, start, n, limits);
    if (quality > best) {
      this.feature = feature;
      this.threshold = threshold;
      return quality;
    }
    return best;
  }
}

/** Halfway between two neighbours, but below the upper one even if rounding says otherwise. */
function midpoint(low: number, high: number): number {
  const middle = low / 2 + high / 2;
  return middle < high ? middle : low;
}

function swap(items: Int32Array, i: number, j: number): void {
  const kept = items[i];
  items[i] = items[j];
  items[j] = kept;
}
