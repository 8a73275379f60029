import assert from "node:assert/strict";
import { codeBins, numberBins } from "@/monitoring/bins.ts";
import { profileAnswers, profileColumns } from "@/monitoring/model_profile.ts";
import { profileCodes, profileNumbers } from "@/monitoring/profile.ts";
import { Random } from "@/shared/random.ts";

Deno.test("a numeric profile has quantile bins of equal size, and none of its rows outside", () => {
  const random = new Random(0);
  const profile = profileNumbers("x", Float64Array.from({ length: 1000 }, () => random.normal()));
  assert.equal(profile.edges!.length, 19);
  assert.deepEqual(profile.counts, [0, ...new Array(20).fill(50), 0]);
});

Deno.test("a column of few numbers has a bin for each of them", () => {
  const profile = profileNumbers("x", Float64Array.from([3, 1, 2, 2, NaN, 3, 3]));
  assert.deepEqual(profile, {
    name: "x",
    range: [1, 3],
    edges: [1, 2],
    counts: [0, 1, 2, 3, 0],
    missing: 1,
  });
  assert.deepEqual([NaN, 0, 1, 1.5, 2, 3, 3.1].map(numberBins(profile)), [0, 1, 2, 3, 3, 4, 5]);
});

Deno.test("the bins of a profile count its own rows as the profile does", () => {
  const random = new Random(1);
  for (
    const values of [
      Float64Array.from({ length: 500 }, () => Math.exp(3 * random.normal())),
      Float64Array.from({ length: 500 }, () => random.below(25)),
      Float64Array.from({ length: 500 }, () => random.below(3) === 0 ? NaN : random.below(2)),
      new Float64Array(5).fill(NaN),
    ]
  ) {
    const profile = profileNumbers("x", values);
    const counts = new Array(profile.counts.length + 1).fill(0);
    const binOf = numberBins(profile);
    for (const value of values) counts[binOf(value)]++;
    assert.deepEqual(counts, [profile.missing, ...profile.counts]);
  }
});

Deno.test("a value that training had once counts as unseen, as Good says, and a rare one has no bin of its own", () => {
  const codes = Int32Array.from(
    [11, 10, 9, 2, 1].flatMap((rows, code) => new Array(rows).fill(code)).concat([-1]),
  );
  const profile = profileCodes("c", codes, ["a", "b", "c", "d", "e"], ["e", "d", "c", "b", "a"]);
  assert.deepEqual(profile, { name: "c", categories: ["a", "b"], counts: [11, 10, 11, 1], missing: 1 });
  // Codes as the model numbers them: e, d, c, b, a, and one that it does not know.
  assert.deepEqual([-1, 0, 1, 2, 3, 4, 5].map(codeBins(profile, ["e", "d", "c", "b", "a"])), [
    0,
    3,
    3,
    3,
    2,
    1,
    4,
  ]);
});

Deno.test("a column of many values lists the thirty most frequent", () => {
  const codes = Int32Array.from(
    { length: 40 * 410 },
    (_, i) => Math.floor((Math.sqrt(8 * i + 1) - 1) / 2) % 40,
  );
  const texts = Array.from({ length: 40 }, (_, i) => `v${i}`);
  const { categories, counts } = profileCodes("c", codes, texts, texts);
  assert.equal(categories!.length, 30);
  assert.equal(counts.reduce((sum, count) => sum + count, 0), codes.length);
  assert.ok(counts[0] >= counts[29] && counts[30] > 0);
});

Deno.test("of a wide table the columns of the largest importance are profiled, in their order", () => {
  const columns = Array.from({ length: 300 }, (_, j) => ({
    name: `x${j}`,
    storage: "numeric" as const,
    type: "number" as const,
    values: Float64Array.of(1, 2),
  }));
  const importances = Object.fromEntries(columns.map(({ name }, j) => [name, j < 100 ? 0 : 1]));
  const profiled = profileColumns(columns, columns, importances);
  assert.deepEqual(profiled.map(({ name }) => name), columns.slice(100).map(({ name }) => name));
});

Deno.test("answers tell how sure they were, and how often those as sure were right", () => {
  // Each four times: a class of fewer than ten rows would have no bin.
  const confident = [0.625, 0.75, 0.875, 0.875, 1].flatMap((p) => [p, p, p, p]);
  const scores = Float64Array.from(confident.flatMap((p) => [p, 1 - p]));
  const y = Float64Array.from([0, 1, 0, 1, 0].flatMap((k) => [k, k, k, k]));
  const { prediction, confidence } = profileAnswers("y", ["a", "b"], scores, y)!;
  assert.deepEqual(confidence, {
    rows: 20,
    accuracy: 0.6,
    mean: 0.825,
    bins: {
      name: "confidence",
      range: [0.625, 1],
      edges: [0.625, 0.75, 0.875],
      counts: [0, 4, 4, 8, 4, 0],
      missing: 0,
    },
    right: [0, 4, 0, 4, 4, 0],
  });
  assert.deepEqual(prediction, { name: "y", categories: ["a"], counts: [20, 0, 0], missing: 0 });
});
