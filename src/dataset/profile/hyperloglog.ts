/**
 * How many different values there are, in 16 KB however many values are added.
 *
 * Source: Flajolet and others, HyperLogLog (2007); the estimator without tables of bias is Ertl's "New cardinality
 * estimation algorithms for HyperLogLog sketches" (2017), algorithm 6. Standard error 0.8 %.
 */
import { hashWords } from "./number_bits.ts";

const INDEX_BITS = 14;
const REGISTERS = 1 << INDEX_BITS;
/** Bits that a run of zeros is looked for in. */
const RANK_BITS = 32;

export class HyperLogLog {
  readonly #registers = new Uint8Array(REGISTERS);

  /** One value, by its two words; equal values must have equal words. */
  add(low: number, high: number): void {
    const at = hashWords(low, high, 0x9747b28c) >>> (32 - INDEX_BITS);
    const rank = Math.clz32(hashWords(low, high, 0x5bd1e995)) + 1;
    if (rank > this.#registers[at]) this.#registers[at] = rank;
  }

  /** A whole number; the same for the same values in any order. */
  count(): number {
    const having = new Float64Array(RANK_BITS + 2);
    for (const rank of this.#registers) having[rank]++;
    let z = REGISTERS * tau(1 - having[RANK_BITS + 1] / REGISTERS);
    for (let rank = RANK_BITS; rank >= 1; rank--) z = 0.5 * (z + having[rank]);
    z += REGISTERS * sigma(having[0] / REGISTERS);
    return Math.round(REGISTERS * REGISTERS / (2 * Math.LN2 * z));
  }
}

function sigma(share: number): number {
  if (share === 1) return Infinity;
  let [x, y, z] = [share, 1, share];
  for (let last = -1; z !== last;) {
    last = z;
    x *= x;
    z += x * y;
    y += y;
  }
  return z;
}

function tau(share: number): number {
  if (share === 0 || share === 1) return 0;
  let [x, y, z] = [share, 1, 1 - share];
  for (let last = -1; z !== last;) {
    last = z;
    x = Math.sqrt(x);
    y *= 0.5;
    z -= (1 - x) ** 2 * y;
  }
  return z / 3;
}
