/**
 * Rows that occur more than once, of tables of any length, in 64 MB: rows are known by 64 bits of hash, and of many
 * rows only those whose hash ends in zeros are looked at. Equal rows have equal hashes, so that of what repeats all
 * or nothing is seen, and the counts can be scaled up: of the rows seen before, which is exact where none repeats, or
 * of the different rows, which is right where one row makes up much of the table and is missed. Where the two
 * contradict each other, the second is right.
 */
import type { Table } from "../table.ts";
import { hashWords, wordsOf } from "./number_bits.ts";

const BLOCK = 65_536;
const MOST_KEPT = 3_000_000;

/** @param most_kept for tests: rows that are remembered */
export function estimateDuplicateRows({ columns, rows }: Table, most_kept = MOST_KEPT): number {
  if (columns.length === 0 || rows === 0) return 0;
  let zeros = 0;
  while (rows / 2 ** zeros > most_kept) zeros++;
  const mask = 2 ** zeros - 1;
  let size = 16;
  while (size < Math.min(rows, most_kept) * 2) size *= 2;
  const [highs, lows] = [new Int32Array(size), new Int32Array(size)];
  const [high, low] = [new Int32Array(BLOCK), new Int32Array(BLOCK)];
  let [seen, different] = [0, 0];
  for (let from = 0; from < rows; from += BLOCK) {
    const to = Math.min(rows, from + BLOCK);
    high.fill(1);
    low.fill(2);
    for (const column of columns) {
      if (column.storage === "coded") addCodes(column.codes, from, to, high, low);
      else addNumbers(column.values, from, to, high, low);
    }
    for (let i = 0; i < to - from; i++) {
      if ((low[i] & mask) !== 0) continue;
      let slot = (high[i] ^ (low[i] >>> zeros)) & (size - 1);
      // Two zeros mark a free slot; a row of that very hash (one in 2^64) would count as seen.
      while ((highs[slot] | lows[slot]) !== 0 && (highs[slot] !== high[i] || lows[slot] !== low[i])) {
        slot = (slot + 1) & (size - 1);
      }
      if ((highs[slot] | lows[slot]) !== 0) seen++;
      else different++;
      [highs[slot], lows[slot]] = [high[i], low[i]];
    }
  }
  const scale = 2 ** zeros;
  const byDifferent = Math.max(0, rows - different * scale);
  const noise = 5 * Math.sqrt(different + 1) * scale;
  return zeros > 0 && Math.abs(byDifferent - seen * scale) > noise ? byDifferent : seen * scale;
}

function addCodes(codes: Int32Array, from: number, to: number, high: Int32Array, low: Int32Array): void {
  for (let row = from; row < to; row++) add(high, low, row - from, codes[row], 0);
}

function addNumbers(values: Float64Array, from: number, to: number, high: Int32Array, low: Int32Array): void {
  const words = wordsOf(values);
  for (let row = from; row < to; row++) {
    const value = values[row];
    // 0 and -0 are equal, and so are all patterns of bits that say missing.
    if (value === 0) add(high, low, row - from, 0, 0);
    else if (value !== value) add(high, low, row - from, 0, 0x7ff80000);
    else add(high, low, row - from, words[2 * row], words[2 * row + 1]);
  }
}

function add(high: Int32Array, low: Int32Array, at: number, a: number, b: number): void {
  high[at] = hashWords(a, b ^ high[at], high[at]);
  low[at] = hashWords(a ^ low[at], b, low[at] ^ 0x5bd1e995);
}
