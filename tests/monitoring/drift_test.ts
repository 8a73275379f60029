import assert from "node:assert/strict";
import { estimateAccuracy, gravest, judgeColumn } from "@/monitoring/drift.ts";
import { numberBins } from "@/monitoring/bins.ts";
import { profileAnswers } from "@/monitoring/model_profile.ts";
import { profileNumbers } from "@/monitoring/profile.ts";
import { VersionWatch } from "@/monitoring/version_watch.ts";
import { Random } from "@/shared/random.ts";
import { firstLook, gradual, SHIFTS, simulate, sudden } from "./simulate.ts";

/** The verdicts on normal numbers that are moved by so many deviations. */
function verdicts(reference: number, rows: number, move: number, trials = 100): Record<string, number> {
  const random = new Random(reference + rows);
  const found: Record<string, number> = { none: 0, warning: 0, drift: 0 };
  for (let trial = 0; trial < trials; trial++) {
    const profile = profileNumbers("x", Float64Array.from({ length: reference }, () => random.normal()));
    const binOf = numberBins(profile);
    const counts = new Array<number>(profile.counts.length + 1).fill(0);
    for (let i = 0; i < rows; i++) counts[binOf(random.normal() + move)]++;
    found[judgeColumn(profile, counts, 10).verdict!]++;
  }
  return found;
}

Deno.test("numbers that have not moved are never called drifted, however few or many they are", () => {
  for (const reference of [60, 500, 5000]) {
    for (const rows of [50, 200, 1000, 10_000]) {
      assert.deepEqual(
        verdicts(reference, rows, 0),
        { none: 100, warning: 0, drift: 0 },
        `${reference}, ${rows}`,
      );
    }
  }
});

Deno.test("a move of a deviation is found in 300 rows, one of half a deviation in 1,000, a fifth is let pass", () => {
  assert.ok(verdicts(500, 300, 1).drift >= 98);
  const half = verdicts(2000, 1000, 0.5);
  assert.ok(half.warning + half.drift >= 98, JSON.stringify(half));
  assert.ok(verdicts(5000, 10_000, 0.2).none >= 98, "certain, but too small to matter");
});

Deno.test("a unit that has changed shows, though all values lie in the last bin as before", () => {
  const profile = profileNumbers("x", Float64Array.from({ length: 1000 }, (_, i) => i < 960 ? 1 : 2));
  const binOf = numberBins(profile);
  const counts = new Array<number>(profile.counts.length + 1).fill(0);
  for (let i = 0; i < 1000; i++) counts[binOf(i < 800 ? 1 : 200)]++;
  const { verdict, unseen_share, kolmogorov_smirnov } = judgeColumn(profile, counts, 1);
  assert.equal(verdict, "drift");
  assert.equal(unseen_share, 0.2);
  assert.ok(kolmogorov_smirnov!.statistic > 0.1);
});

Deno.test("missing values count as drift, too", () => {
  const profile = profileNumbers("x", Float64Array.from({ length: 1000 }, (_, i) => i % 50));
  const counts = [0, ...profile.counts];
  counts[0] = 300;
  const { verdict, missing_share } = judgeColumn(profile, counts, 1);
  assert.equal(verdict, "drift");
  assert.equal(missing_share, 0.2308);
});

Deno.test("nothing is said of fewer than fifty rows", () => {
  const profile = profileNumbers("x", Float64Array.from({ length: 1000 }, (_, i) => i));
  const counts = new Array<number>(profile.counts.length + 1).fill(0);
  counts[1] = 49;
  assert.equal(judgeColumn(profile, counts, 1).verdict, null);
  assert.equal(gravest([null, null]), null);
  assert.equal(gravest([null, "none", "warning"]), "warning");
});

Deno.test("every row counts as right as often as the unlearned rows of its confidence were", () => {
  // 600 rows of confidence 0.9, of which 540 were right, and 400 of 0.6, of which 200 were.
  const values = Float64Array.from({ length: 1000 }, (_, i) => i < 600 ? 0.9 : 0.6);
  const bins = profileNumbers("confidence", values);
  assert.deepEqual(bins.counts, [0, 400, 600, 0]);
  const profile = { rows: 1000, accuracy: 0.74, mean: 0.78, bins, right: [0, 200, 540, 0] };
  const reference = {
    reference_accuracy: 0.74,
    reference_confidence: 0.78,
  };
  assert.deepEqual(estimateAccuracy(profile, [0, 0, 400, 600, 0], 780), {
    ...reference,
    accuracy: 0.74,
    confidence: 0.78,
    rows: 1000,
  });
  // More rows that it is unsure of; ten are more sure than any before, and count as the surest.
  assert.deepEqual(estimateAccuracy(profile, [0, 0, 150, 40, 10], 135), {
    ...reference,
    accuracy: 0.6,
    confidence: 0.675,
    rows: 200,
  });
  assert.equal(estimateAccuracy(profile, [0, 0, 40, 9, 0], 30), null);
});

Deno.test("the estimate follows the true accuracy of other mixtures, also where probabilities are not calibrated", () => {
  const random = new Random(3);
  // It is surer than it should be: of rows with confidence p only p³ are right.
  const answer = (sure: number) => {
    const p = 0.5 + 0.5 * random.float() ** sure;
    return { p, right: random.float() < p ** 3 };
  };
  const learned = Array.from({ length: 4000 }, () => answer(0.5));
  const scores = Float64Array.from(learned.flatMap(({ p }) => [p, 1 - p]));
  const y = Float64Array.from(learned, ({ right }) => right ? 0 : 1);
  const profile = profileAnswers("y", ["a", "b"], scores, y)!.confidence!;
  const binOf = numberBins(profile.bins);
  for (const sure of [0.2, 0.5, 1, 3]) {
    const rows = Array.from({ length: 2000 }, () => answer(sure));
    const counts = new Array<number>(profile.bins.counts.length + 1).fill(0);
    for (const { p } of rows) counts[binOf(p)]++;
    const { accuracy } = estimateAccuracy(profile, counts, 0)!;
    const truth = rows.filter(({ right }) => right).length / rows.length;
    assert.ok(Math.abs(accuracy - truth) < 0.04, `${sure}: ${accuracy} for ${truth}`);
  }
});

Deno.test("a model without a profile has no drift, and says why", () => {
  const { drift, drift_reason } = new VersionWatch(1, "classification", null).report(0);
  assert.equal(drift, null);
  assert.match(drift_reason!, /Train it again/);
});

Deno.test("a stream of the sample's own rows raises no alarm", async () => {
  for (const sample of ["iris", "penguins", "wine", "breast_cancer", "titanic"]) {
    for (const seed of [0, 1, 2]) {
      const looks = await simulate({ sample, train: 400, rows: 4000, step: 100, seed });
      assert.equal(firstLook(looks, "warning"), null, `${sample}, ${seed}`);
    }
  }
});

Deno.test("drift that begins at once is called so within 700 rows, and not before it begins", async () => {
  for (const { name, ...shift } of SHIFTS) {
    const looks = await simulate({
      ...shift,
      ...{ train: 1000, rows: 4000, step: 100, seed: 1, strength: sudden(2000) },
    });
    const at = firstLook(looks, "drift");
    assert.ok(at !== null && at > 2000 && at <= 2700, `${shift.sample}.${shift.column}: ${name}: ${at}`);
  }
});

Deno.test("drift that grows is warned of while it grows", async () => {
  for (const { name, ...shift } of SHIFTS) {
    const looks = await simulate({
      ...shift,
      ...{ train: 1000, rows: 6000, step: 100, seed: 2, strength: gradual(2000, 5000) },
    });
    const at = firstLook(looks, "warning");
    assert.ok(at !== null && at > 2000 && at <= 5000, `${shift.sample}.${shift.column}: ${name}: ${at}`);
  }
});
