/** What is done with columns too long to sort, against sorting. */
import assert from "node:assert/strict";
import { estimateDuplicateRows } from "@/dataset/profile/estimate_duplicates.ts";
import { frequentValues } from "@/dataset/profile/frequent_values.ts";
import { HyperLogLog } from "@/dataset/profile/hyperloglog.ts";
import { wordsOf } from "@/dataset/profile/number_bits.ts";
import { summariseNumbers } from "@/dataset/profile/number_summary.ts";
import { selectRanks } from "@/dataset/profile/quantiles.ts";
import { countDuplicateRows } from "@/dataset/duplicates.ts";
import type { Table } from "@/dataset/table.ts";
import { Random } from "@/shared/random.ts";

const ROWS = 60_000;
const SHAPES: Record<string, (random: Random, row: number) => number> = {
  "normal numbers": (random) => random.normal(),
  "numbers of one sign, small and large": (random) => -Math.exp(40 * random.normal()),
  "whole numbers": (random) => random.below(1000) - 500,
  "decimals with ties and missing ones": (random, row) => row % 10 === 0 ? NaN : random.below(90_000) / 100,
  "two zeros": (_, row) => row % 2 === 0 ? 0 : -0,
  "one value among many": (random, row) => row % 3 === 0 ? 7.5 : random.float(),
  "values of one row in 500 among many": (random, row) => row % 500 < 3 ? row % 500 : 3 + random.float(),
  "numbers in order": (_, row) => row / 7,
  "infinite ones": (random, row) =>
    row % 100 === 0 ? (row % 200 === 0 ? Infinity : -Infinity) : random.float(),
  "values at the ends of what a double can hold": (random, row) =>
    [1e300, -1e300, 5e-324, -5e-324, 1.7e308, 0][row % 6] * random.float(),
};

for (const [name, shape] of Object.entries(SHAPES)) {
  const random = new Random(1);
  const column = Float64Array.from({ length: ROWS }, (_, row) => shape(random, row));
  const sorted = column.filter((value) => Number.isFinite(value)).sort();

  Deno.test(`selectRanks() finds what sorting finds: ${name}`, () => {
    const last = sorted.length - 1;
    const ranks = [0, 1, 77, Math.floor(last / 3), Math.floor(last / 2), last - 1, last];
    const found = selectRanks(column, ranks);
    for (const rank of ranks) assert.equal(found.get(rank), sorted[rank] + 0, `rank ${rank}`);
  });

  Deno.test(`frequentValues() counts exactly, and misses no value of one row in 1000: ${name}`, () => {
    const { values, complete } = frequentValues(column);
    const exact = new Map<number, number>();
    for (const value of sorted) exact.set(value + 0, (exact.get(value + 0) ?? 0) + 1);
    for (const { value, count } of values) assert.equal(count, exact.get(value), `count of ${value}`);
    const wanted = [...exact.values()].filter((count) => complete || count * 1000 >= ROWS);
    assert.equal(values.length, wanted.length);
    assert.deepEqual(values.map(({ count }) => count), wanted.sort((a, b) => b - a));
  });

  Deno.test(`a long column is described as a short one, but for an estimate of distinct: ${name}`, () => {
    const short = summariseNumbers(column, { top: 5 });
    const long = summariseNumbers(column, { top: 5, most_sorted: 0 });
    assert.equal(short.distinct_is_estimate, false);
    const top = short.top.filter(({ count }) => !long.distinct_is_estimate || count * 1000 >= ROWS);
    const { distinct, distinct_is_estimate: _, ...rest } = short;
    const { distinct: estimate, distinct_is_estimate, ...other } = long;
    assert.deepEqual(other, { ...rest, top });
    if (!distinct_is_estimate) assert.equal(estimate, distinct);
    else assert.ok(Math.abs(estimate / distinct - 1) < 0.03, `${estimate} for ${distinct}`);
    assert.deepEqual(summariseNumbers(column, { top: 5, most_sorted: 0 }), long);
  });
}

Deno.test("HyperLogLog counts within four standard errors of 0.8 %, from none to two million", () => {
  const errors: number[] = [];
  for (const size of [0, 1, 10, 1000, 20_000, 50_000, 300_000, 2_000_000]) {
    for (const seed of size > 100_000 ? [1] : [1, 2, 3]) {
      const sketch = new HyperLogLog();
      const one = new Float64Array(1);
      const words = wordsOf(one);
      for (let i = 0; i < size; i++) {
        one[0] = i * 0.37 + seed;
        // Twice: what was seen before adds nothing.
        for (let twice = 0; twice < 2; twice++) sketch.add(words[0], words[1]);
      }
      const count = sketch.count();
      if (size <= 10) assert.equal(count, size);
      else errors.push(count / size - 1);
      assert.ok(Math.abs(count - size) <= Math.max(1, 0.0325 * size), `${count} for ${size}`);
    }
  }
  const spread = Math.sqrt(errors.reduce((sum, error) => sum + error * error, 0) / errors.length);
  assert.ok(spread < 0.0125, `the standard error is ${spread}`);
});

function repeating(rows: number, different: number, seed: number): Table {
  const random = new Random(seed);
  const picks = Int32Array.from({ length: rows }, () => random.below(different));
  return {
    rows,
    columns: [
      {
        name: "a",
        storage: "numeric",
        type: "number",
        values: Float64Array.from(picks, (pick) => pick * 0.1),
      },
      {
        name: "b",
        storage: "numeric",
        type: "number",
        values: Float64Array.from(picks, (pick, row) => pick % 5 === 0 ? (row % 2 === 0 ? 0 : -0) : NaN),
      },
      {
        name: "c",
        storage: "coded",
        type: "category",
        codes: picks.map((pick) => pick % 7 - 1),
        categories: [..."abcdef"],
      },
    ],
  };
}

Deno.test("estimateDuplicateRows() is exact as long as it remembers all rows, and near when it does not", () => {
  for (const different of [1, 100, 90_000, 1e9]) {
    const table = repeating(100_000, different, 4);
    const exact = countDuplicateRows(table);
    assert.equal(estimateDuplicateRows(table), exact, `${different} different rows`);
    const estimate = estimateDuplicateRows(table, 20_000);
    assert.ok(Math.abs(estimate - exact) <= 0.03 * table.rows, `${estimate} for ${exact}`);
    assert.equal(estimateDuplicateRows(table, 20_000), estimate);
  }
  // Half of the rows are one row, which the sample may miss.
  const values = Float64Array.from({ length: 100_000 }, (_, row) => row % 2 === 0 ? 5 : row / 3);
  const half: Table = {
    rows: values.length,
    columns: [{ name: "a", storage: "numeric", type: "number", values }],
  };
  const estimate = estimateDuplicateRows(half, 20_000);
  assert.ok(Math.abs(estimate - 49_999) < 3000, `${estimate}`);
  assert.equal(estimateDuplicateRows({ columns: [], rows: 5 }), 0);
});
