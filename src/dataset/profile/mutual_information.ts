/**
 * How much knowing one column tells of another, whatever the shape of the relation.
 *
 * Counted in bins, mutual information is too large, the more so the fewer rows a cell has: an identifier seems to tell
 * all. So what shuffled rows seem to tell, on average, is taken off. Source: Vinh, Epps and Bailey, "Information
 * theoretic measures for clusterings comparison" (2010), with shuffles in place of their sum, which costs much more.
 */
import { Random } from "@/shared/random.ts";
import type { Discrete } from "./discretise.ts";

export interface Informed {
  /** In nats, corrected, 0 at least. */
  mutual_information: number;
  /** Of what there is to know of the target (its entropy), 0 to 1. */
  share: number;
}

/** About so many rows are shuffled for each column, and for all; 4 to 64 times each. */
const SHUFFLED_ROWS = 160_000;
const SHUFFLED_CELLS = 200_000_000;

/**
 * @param features how many columns will be asked for
 * @returns what a column of the same rows tells of `target`; deterministic
 */
export function informationAbout(target: Discrete, features = 1): (feature: Discrete) => Informed {
  const rows = target.codes.length;
  const random = new Random(0);
  const affordable = Math.min(SHUFFLED_ROWS, SHUFFLED_CELLS / features) / Math.max(1, rows);
  const shuffles = Math.max(4, Math.min(64, Math.ceil(affordable)));
  const shuffled = Array.from({ length: shuffles }, () => random.shuffle(target.codes.slice()));
  // Logarithms are what this would spend its time on.
  const weights = Float64Array.from({ length: rows + 1 }, (_, n) => n === 0 ? 0 : n * Math.log(n));
  const entropyOf = (counts: Int32Array) => {
    let sum = 0;
    for (let cell = 0; cell < counts.length; cell++) sum += weights[counts[cell]];
    return Math.log(rows) - sum / rows;
  };
  const entropy = rows === 0 ? 0 : entropyOf(countsOf(target));
  return (feature) => {
    // A value a row: its cells are as empty as they can be, and so is what it tells.
    if (rows === 0 || entropy === 0 || feature.size <= 1 || feature.size === rows) {
      return { mutual_information: 0, share: 0 };
    }
    const table = new Int32Array(feature.size * target.size);
    const own = entropyOf(countsOf(feature));
    const informationOf = (codes: Int32Array) => {
      table.fill(0);
      for (let row = 0; row < rows; row++) table[feature.codes[row] * target.size + codes[row]]++;
      return own + entropy - entropyOf(table);
    };
    const seeming = informationOf(target.codes);
    const chance = shuffled.reduce((sum, codes) => sum + informationOf(codes), 0) / shuffles;
    const corrected = Math.max(0, seeming - chance);
    return { mutual_information: corrected, share: Math.min(1, corrected / entropy) };
  };
}

function countsOf({ codes, size }: Discrete): Int32Array {
  const counts = new Int32Array(size);
  for (let row = 0; row < codes.length; row++) counts[codes[row]]++;
  return counts;
}
