import assert from "node:assert/strict";
import { withArena } from "@/kernels/solo.ts";
import { plainNumbers, quickNumbers } from "@/ml/preprocessing/loaded_numbers.ts";
import { medianOf } from "@/ml/preprocessing/median.ts";
import { Random } from "@/shared/random.ts";

const SHAPES: [string, (random: Random, i: number) => number][] = [
  ["normal", (random) => random.normal()],
  ["whole numbers", (random) => random.below(5) - 2],
  ["one value", () => 3],
  ["two far values", (_, i) => i % 2 === 0 ? -1e300 : 1e300],
  ["around zero", (random, i) => i % 3 === 0 ? random.float() : i % 3 === 1 ? -random.float() : 0],
  ["of every size", (random) => (random.float() - 0.5) * 10 ** (random.below(600) - 300)],
];

for (const [name, draw] of SHAPES) {
  Deno.test(`the kernels find sums and median of a column to the bit, and leave it alone: ${name}`, () => {
    for (const missing of [0, 3]) {
      for (const length of [1, 2, 7, 4095, 4096, 4097, 20_001]) {
        const random = new Random(length);
        const values = Float64Array.from({ length }, (_, i) => draw(random, i));
        for (let i = 1; missing > 0 && i < length; i += missing) values[i] = NaN;
        const before = values.slice();
        withArena((arena) => {
          const [quick, plain] = [quickNumbers(arena, values), plainNumbers(values)];
          assert.equal(quick.count, plain.count);
          assert.equal(quick.sum, plain.sum);
          assert.deepEqual(quick.sumsFrom(1.5), plain.sumsFrom(1.5), "moments");
          assert.equal(quick.median(), plain.median(), `${length} values`);
        });
        assert.deepEqual(values, before);
      }
    }
  });
}

Deno.test("where a sample of the places misleads, the median is found all the same", () => {
  // Every 24th value, which is what a sample of 1024 sees, is far off.
  const values = Float64Array.from({ length: 24 * 1024 }, (_, i) => i % 24 === 0 ? 1e6 : Math.sin(i));
  withArena((arena) => assert.equal(quickNumbers(arena, values).median(), medianOf(values)));
});

Deno.test("no values have the median 0", () => {
  assert.equal(medianOf(new Float64Array(0)), 0);
  const missing = new Float64Array(5000).fill(NaN);
  withArena((arena) => assert.equal(quickNumbers(arena, missing).median(), 0));
});
