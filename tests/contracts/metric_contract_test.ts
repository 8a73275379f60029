/** What every metric of the table promises. */
import assert from "node:assert/strict";
import type { Truth } from "@/ml/metric.ts";
import { metricOf, METRICS } from "@/ml/metrics.ts";
import { Random } from "@/shared/random.ts";

/** `blur` 0: perfect; 1: pure chance. */
function truthOf(n_classes: number, rows: number, blur: number, seed: number): Truth {
  const random = new Random(seed);
  const y = Float64Array.from(
    { length: rows },
    (_, i) => n_classes > 0 ? i % n_classes : 2 + random.normal(),
  );
  if (n_classes === 0) {
    return { y, n_classes, scores: y.map((value) => (1 - blur) * value + blur * (2 + random.normal())) };
  }
  const scores = new Float64Array(rows * n_classes);
  for (let i = 0; i < rows; i++) {
    const row = scores.subarray(i * n_classes, (i + 1) * n_classes);
    for (let k = 0; k < n_classes; k++) row[k] = blur * random.float() + (1 - blur) * (k === y[i] ? 1 : 0);
    const sum = row.reduce((a, b) => a + b);
    for (let k = 0; k < n_classes; k++) row[k] = Math.round(row[k] / sum * 1000) / 1000;
  }
  return { y, scores, n_classes };
}

/** The rows of a truth in another order, or repeated. */
function rowsOf(truth: Truth, rows: number[]): Truth {
  const width = Math.max(truth.n_classes, 1);
  return {
    ...truth,
    y: Float64Array.from(rows, (i) => truth.y[i]),
    scores: Float64Array.from(rows.flatMap((i) => [...truth.scores.subarray(i * width, (i + 1) * width)])),
    sample_weight: truth.sample_weight && Float64Array.from(rows, (i) => truth.sample_weight![i]),
  };
}

for (const metric of METRICS) {
  const { name } = metric;
  const better = (a: number, b: number) => metric.greater_is_better ? a > b : a < b;

  Deno.test(`${name} has a title, a description and a source, and is found by name`, () => {
    assert.match(name, /^[a-z][a-z0-9_]*$/);
    assert.ok(metric.title && metric.description.endsWith("."));
    assert.match(metric.source, /^https:\/\//);
    assert.equal(metricOf(name), metric);
  });

  for (const n_classes of metric.task === "classification" ? [2, 3, 5] : [0]) {
    const what = n_classes > 0 ? `${n_classes} classes` : "numbers";

    Deno.test(`${name} is best for perfect predictions and worse the more they are blurred: ${what}`, () => {
      const perfect = metric.compute(truthOf(n_classes, 300, 0, 1));
      const good = metric.compute(truthOf(n_classes, 300, 0.7, 1));
      const chance = metric.compute(truthOf(n_classes, 300, 1, 1));
      assert.ok(Math.abs(perfect - (metric.greater_is_better ? 1 : 0)) < 1e-12, `perfect is ${perfect}`);
      assert.ok(better(perfect, good) && better(good, chance), `${perfect}, ${good}, ${chance}`);
    });

    Deno.test(`${name} does not depend on the order of the rows: ${what}`, () => {
      const truth = truthOf(n_classes, 60, 0.8, 2);
      truth.sample_weight = Float64Array.from({ length: 60 }, (_, i) => 1 + i % 4);
      const order = [...new Random(9).shuffle(Uint32Array.from({ length: 60 }, (_, i) => i))];
      const distance = metric.compute(rowsOf(truth, order)) - metric.compute(truth);
      assert.ok(Math.abs(distance) < 1e-12);
    });

    Deno.test(`${name} counts a row of weight 3 as three rows, one of weight 0 not at all: ${what}`, () => {
      const truth = truthOf(n_classes, 40, 0.8, 3);
      const counts = Array.from({ length: 40 }, (_, i) => i % 4);
      const repeated = rowsOf(truth, counts.flatMap((count, i) => new Array<number>(count).fill(i)));
      const weighted = metric.compute({ ...truth, sample_weight: Float64Array.from(counts) });
      assert.ok(Math.abs(weighted - metric.compute(repeated)) < 1e-12);
      assert.notEqual(weighted, metric.compute(truth));
    });

    Deno.test(`${name} gives a number or NaN for one row, one class, constant scores and no rows: ${what}`, () => {
      const width = Math.max(n_classes, 1);
      const same = new Float64Array(20 * width).fill(1 / width);
      const one = truthOf(n_classes, 1, 0.5, 4);
      assert.equal(typeof metric.compute(one), "number");
      assert.equal(typeof metric.compute({ y: new Float64Array(20), scores: same, n_classes }), "number");
      const none = metric.compute({ y: new Float64Array(0), scores: new Float64Array(0), n_classes });
      assert.ok(Number.isNaN(none));
    });

    Deno.test(`${name} leaves the truth alone: ${what}`, () => {
      const truth = truthOf(n_classes, 20, 0.8, 5);
      const before = structuredClone(truth);
      metric.compute(truth);
      assert.deepEqual(truth, before);
    });
  }
}
