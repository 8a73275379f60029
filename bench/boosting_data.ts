/** The data of bench/boosting.ts: made from seeds, as columns for us and as rows for the peers. */
import type { Column, Table } from "@/dataset/table.ts";
import { Random } from "@/shared/random.ts";

export interface BoostingSet {
  name: string;
  train: number;
  test: number;
  numbers: number;
  /** The first so many numbers have missing values. */
  missing: number;
  /** Values of each column of categories. */
  categories: readonly number[];
}

export const SETS: readonly BoostingSet[] = [
  { name: "100,000 x 20", train: 100_000, test: 20_000, numbers: 20, missing: 0, categories: [] },
  {
    name: "100,000 x 17, 8 with missing values, 5 of categories",
    train: 100_000,
    test: 20_000,
    numbers: 12,
    missing: 8,
    categories: [8, 20, 60, 150, 12],
  },
  { name: "1,000,000 x 28", train: 1_000_000, test: 100_000, numbers: 28, missing: 0, categories: [] },
];

/** (rows * (columns + 1)) column by column, the target (0 or 1) last. */
export function makeColumns(set: BoostingSet): Float64Array[] {
  const random = new Random(set.train + set.numbers);
  const rows = set.train + set.test;
  const width = set.numbers + set.categories.length;
  const columns = Array.from({ length: width + 1 }, () => new Float64Array(rows));
  const effects = set.categories.map((size) => Array.from({ length: size }, () => random.normal()));
  const score = new Float64Array(rows);
  for (let i = 0; i < rows; i++) {
    const x = Array.from({ length: set.numbers }, () => random.normal());
    let sum = x[0] * x[1] + Math.sin(2 * x[2]) + x[3] * x[3] - x[4] * Math.abs(x[5]) + 0.5 * x[6] +
      (x[7] > 0.5 ? x[8] : 0) + random.normal();
    for (let j = 0; j < set.numbers; j++) {
      // Some columns have few values, as real ones do.
      const value = j % 7 === 5 ? Math.round(2 * x[j]) : x[j];
      columns[j][i] = j < set.missing && random.float() < 0.1 ? NaN : value;
    }
    set.categories.forEach((size, k) => {
      const code = random.below(size);
      columns[set.numbers + k][i] = code;
      sum += effects[k][code];
    });
    score[i] = sum;
  }
  const middle = score.slice().sort()[rows >> 1];
  score.forEach((value, i) => columns[width][i] = value > middle ? 1 : 0);
  return columns;
}

/** Rows from..to as a table; categories are texts, the target too. */
export function tableOf(set: BoostingSet, columns: readonly Float64Array[], from: number, to: number): Table {
  const target = columns.length - 1;
  return {
    rows: to - from,
    columns: columns.map((values, j): Column => {
      const name = j === target ? "y" : `x${j}`;
      if (j < set.numbers) {
        return { name, storage: "numeric", type: "number", values: values.subarray(from, to) };
      }
      const size = j === target ? 2 : set.categories[j - set.numbers];
      return {
        name,
        storage: "coded",
        type: "category",
        codes: Int32Array.from(values.subarray(from, to)),
        categories: Array.from({ length: size }, (_, code) => `c${String(code).padStart(3, "0")}`),
      };
    }),
  };
}
