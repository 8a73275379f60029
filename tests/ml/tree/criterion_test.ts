import assert from "node:assert/strict";
import { Random } from "@/shared/random.ts";
import { ClassificationCriterion } from "@/ml/tree/classification_criterion.ts";
import type { Criterion } from "@/ml/tree/criterion.ts";
import { sortPairs } from "@/ml/tree/ranks.ts";
import { RegressionCriterion, scaleTarget } from "@/ml/tree/regression_criterion.ts";

const ROWS = 500;
const random = new Random(4);
const keys = Int32Array.from({ length: ROWS }, () => 100 + random.below(60));
const rows = random.shuffle(Int32Array.from({ length: ROWS }, (_, i) => i));
const weight = Float64Array.from({ length: ROWS }, () => 1 + random.below(3));
const noisy = Float64Array.from({ length: ROWS }, (_, i) => Math.sin(keys[i] / 9) + random.normal());
const target = new Float64Array(ROWS);
for (let i = 0; i < ROWS; i++) target[rows[i]] = noisy[i];

const CRITERIA: [string, () => Criterion][] = [
  ["squared_error", () => new RegressionCriterion(scaleTarget(target), 4 * ROWS)],
  [
    "gini",
    () => new ClassificationCriterion(target.map((y) => y > 1 ? 2 : y > 0 ? 1 : 0), 3, false, 4 * ROWS),
  ],
  [
    "entropy",
    () => new ClassificationCriterion(target.map((y) => y > 1 ? 2 : y > 0 ? 1 : 0), 3, true, 4 * ROWS),
  ],
];

for (const [name, create] of CRITERIA) {
  Deno.test(`${name} finds the same split by counting as by sorting, and as by trying every threshold`, () => {
    for (const limits of [{ minSamples: 1, minWeight: 0 }, { minSamples: 120, minWeight: 400 }]) {
      const criterion = create();
      criterion.setWeights(weight);
      criterion.enter(rows, 0, ROWS);
      for (let again = 0; again < 2; again++) { // the tables must be clean again after use
        assert.ok(criterion.scanCounted(keys, rows, 0, ROWS, 100, 159, limits, -Infinity));
      }
      const counted = [criterion.quality, criterion.lowRank, criterion.highRank];
      const sortedKeys = keys.slice();
      const sortedRows = rows.slice();
      const order = Array.from(keys, (_, i) => i).sort((a, b) => keys[a] - keys[b]);
      order.forEach((from, to) => {
        sortedKeys[to] = keys[from];
        sortedRows[to] = rows[from];
      });
      assert.ok(criterion.scanSorted(sortedKeys, sortedRows, 0, ROWS, limits, -Infinity));
      assert.ok(Math.abs(criterion.quality - counted[0]) < 1e-9);
      assert.deepEqual([criterion.lowRank, criterion.highRank], counted.slice(1));
      // Nothing beats the best.
      assert.ok(!criterion.scanSorted(sortedKeys, sortedRows, 0, ROWS, limits, counted[0] + 1e-9));
      const values = Float64Array.from(keys);
      let best = -Infinity;
      for (let threshold = 100; threshold < 159; threshold++) {
        const quality = criterion.scanThreshold(values, threshold, rows, 0, ROWS, limits);
        if (quality > best) best = quality;
      }
      assert.ok(Math.abs(best - counted[0]) < 1e-9);
    }
  });
}

Deno.test("sortPairs sorts few and many pairs, over narrow and wide ranges, keeping equal keys in order", () => {
  for (const n of [1, 2, 39, 41, 1000]) {
    for (const range of [2, 300, 70_000, 20_000_000]) {
      const unsorted = Int32Array.from({ length: n }, () => 5 + random.below(range));
      const expected = Array.from(unsorted, (_, i) => i).sort((a, b) => unsorted[a] - unsorted[b] || a - b);
      const pairs = [unsorted.slice(), Int32Array.from({ length: n }, (_, i) => i)];
      const spare = [new Int32Array(n), new Int32Array(n)];
      const lowest = unsorted.reduce((a, b) => Math.min(a, b));
      const highest = unsorted.reduce((a, b) => Math.max(a, b));
      const inSpare = sortPairs(pairs[0], pairs[1], spare[0], spare[1], n, lowest, highest);
      const [sorted, order] = inSpare ? spare : pairs;
      assert.deepEqual([...order], expected);
      assert.deepEqual([...sorted], expected.map((i) => unsorted[i]));
    }
  }
});
