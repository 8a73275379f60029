/**
 * How often the numbers of a long column occur, in 1 MB: all of them where there are few different ones, else those
 * that many rows share.
 *
 * Candidates of the second kind come from 65,536 rows by chance (a seed fixes them), and are then counted exactly over
 * all rows. A value of one row in 1000 is met 65 times on average, and missed (met less than three times) once in
 * 10^25 columns. Misra and Gries' counters would be certain, and took five times as long.
 */
import { Random } from "@/shared/random.ts";
import { hashWords, wordsOf } from "./number_bits.ts";

const MOST_DISTINCT = 16_384;
const SLOTS = 65_536;
const SAMPLE = 65_536;
const MET = 3;
/** One row of so many: rarer values of the second kind are not told, since some may have been missed. */
const TOLD = 1000;

export interface FrequentValues {
  /** Exact counts, the most frequent first (equal ones: the smaller value first). */
  values: { value: number; count: number }[];
  /** These are all the values there are. */
  complete: boolean;
}

/** Missing and infinite numbers are passed over. */
export function frequentValues(column: Float64Array): FrequentValues {
  const table = new CountingTable();
  for (let row = 0; row < column.length; row++) {
    if (!isFinite(column[row])) continue;
    if (table.add(column, row) > MOST_DISTINCT) return { values: sharedValues(column), complete: false };
  }
  return { values: table.entries(), complete: true };
}

function sharedValues(column: Float64Array): FrequentValues["values"] {
  const random = new Random(0);
  const sample = new Float64Array(SAMPLE);
  for (let i = 0; i < SAMPLE; i++) sample[i] = column[random.below(column.length)] + 0;
  sample.sort();
  const table = new CountingTable();
  for (let i = MET - 1; i < SAMPLE; i++) {
    if (isFinite(sample[i]) && sample[i] === sample[i - MET + 1]) table.add(sample, i);
  }
  if (table.used === 0) return [];
  table.restart();
  for (let row = 0; row < column.length; row++) if (isFinite(column[row])) table.addKnown(column, row);
  return table.entries().filter(({ count }) => count * TOLD >= column.length);
}

/** Counts by open addressing: no object a value. */
class CountingTable {
  readonly #keys = new Float64Array(SLOTS).fill(NaN);
  readonly #counts = new Int32Array(SLOTS);
  used = 0;

  #slotOf(column: Float64Array, words: Uint32Array, row: number): number {
    const value = column[row];
    // 0 and -0 are one value with two patterns of bits.
    let slot = value === 0 ? 0 : hashWords(words[2 * row], words[2 * row + 1], 0) & (SLOTS - 1);
    let key = this.#keys[slot];
    while (key === key && key !== value) {
      slot = (slot + 1) & (SLOTS - 1);
      key = this.#keys[slot];
    }
    return slot;
  }

  #words: Uint32Array = new Uint32Array(0);
  #of: Float64Array | null = null;
  #wordsOf(column: Float64Array): Uint32Array {
    if (this.#of !== column) [this.#of, this.#words] = [column, wordsOf(column)];
    return this.#words;
  }

  /** @returns how many different values there are now */
  add(column: Float64Array, row: number): number {
    const slot = this.#slotOf(column, this.#wordsOf(column), row);
    if (this.#keys[slot] !== column[row]) {
      this.#keys[slot] = column[row] + 0;
      this.used++;
    }
    this.#counts[slot]++;
    return this.used;
  }

  addKnown(column: Float64Array, row: number): void {
    const slot = this.#slotOf(column, this.#wordsOf(column), row);
    if (this.#keys[slot] === column[row]) this.#counts[slot]++;
  }

  /** Forgets the counts, and keeps the values. */
  restart(): void {
    this.#counts.fill(0);
  }

  entries(): FrequentValues["values"] {
    const found: FrequentValues["values"] = [];
    for (let slot = 0; slot < SLOTS; slot++) {
      if (this.#counts[slot] > 0) found.push({ value: this.#keys[slot], count: this.#counts[slot] });
    }
    return found.sort((a, b) => b.count - a.count || a.value - b.value);
  }
}
