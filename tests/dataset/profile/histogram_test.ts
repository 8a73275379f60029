import assert from "node:assert/strict";
import { binsFor, countBins } from "@/dataset/profile/histogram.ts";
import { extentOf } from "@/dataset/profile/moments.ts";
import { quantilesBy } from "@/dataset/profile/quantiles.ts";
import { Random } from "@/shared/random.ts";

function binned(values: number[], isDate = false) {
  const column = Float64Array.from(values);
  const extent = extentOf(column);
  const sorted = column.filter((value) => Number.isFinite(value)).sort();
  const { p25, p75 } = quantilesBy(sorted.length, (rank) => sorted[rank]);
  const bins = binsFor(extent, p75 - p25, isDate);
  return { ...bins, counts: countBins(column, bins) };
}

const many = (n: number, value: (random: Random) => number) => {
  const random = new Random(2);
  return Array.from({ length: n }, () => value(random));
};

Deno.test("few whole numbers get a bin each", () => {
  assert.deepEqual(binned([1, 2, 2, 4]), { from: 0.5, to: 4.5, count: 4, counts: [1, 2, 0, 1] });
  assert.deepEqual(binned([0, 1, 1]).counts, [1, 2]);
});

Deno.test("bins of many whole numbers hold as many numbers each", () => {
  const { from, to, count, counts } = binned(Array.from({ length: 1000 }, (_, i) => i));
  const width = (to - from) / count;
  assert.equal(width, Math.floor(width));
  assert.deepEqual(new Set(counts.slice(0, -1)), new Set([width]));
});

Deno.test("every finite number lies in one of at most 30 bins", () => {
  const sets = [
    many(5000, (random) => random.normal()),
    many(5000, (random) => Math.exp(5 * random.normal())),
    [5],
    [NaN, 3.5, 3.5],
    [1e300, -1e300, 1.7e308, -1.7e308],
    [0, 5e-324],
    [1e15 + 0.5, 1e15 + 0.75, 1e15 + 1],
    [Infinity, 1.5, -Infinity, 2.5],
    [0, 2 ** 60],
  ];
  for (const values of sets) {
    const { from, to, count, counts } = binned(values);
    assert.ok(count >= 1 && count <= 30, `${count} bins`);
    assert.ok(Number.isFinite(from) && Number.isFinite(to) && from <= to);
    const finite = values.filter((value) => Number.isFinite(value));
    assert.equal(counts.reduce((sum, one) => sum + one), finite.length);
    assert.ok(finite.every((value) => value >= from && value <= to));
  }
});

Deno.test("dates are cut by time, not between milliseconds", () => {
  const days = Array.from({ length: 10 }, (_, i) => Date.UTC(2020, 0, 1 + i));
  assert.deepEqual(binned(days, true), {
    from: days[0],
    to: days[9],
    count: 5,
    counts: [2, 2, 2, 2, 2],
  });
});
