import assert from "node:assert/strict";
import { medianOf } from "@/ml/preprocessing/median.ts";
import { Random } from "@/shared/random.ts";

function plain(values: Float64Array): number {
  const sorted = values.slice().sort();
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : sorted[middle - 1] / 2 + sorted[middle] / 2;
}

const SHAPES: [string, (random: Random, i: number) => number][] = [
  ["normal", (random) => random.normal()],
  ["whole numbers", (random) => random.below(5) - 2],
  ["one value", () => 3],
  ["two far values", (_, i) => i % 2 === 0 ? -1e300 : 1e300],
  ["around zero", (random, i) => i % 3 === 0 ? random.float() : i % 3 === 1 ? -random.float() : 0],
  ["of every size", (random) => (random.float() - 0.5) * 10 ** (random.below(600) - 300)],
];

for (const [name, draw] of SHAPES) {
  Deno.test(`medianOf finds the middle of many values as of few, and leaves them alone: ${name}`, () => {
    for (const length of [1, 2, 7, 4095, 4096, 4097, 20_001]) {
      const random = new Random(length);
      const values = Float64Array.from({ length }, (_, i) => draw(random, i));
      const before = values.slice();
      assert.equal(medianOf(values), plain(values), `${length} values`);
      assert.deepEqual(values, before);
    }
  });
}

Deno.test("medianOf of no values is 0", () => assert.equal(medianOf(new Float64Array(0)), 0));
