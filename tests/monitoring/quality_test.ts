import assert from "node:assert/strict";
import { QualityWindow } from "@/monitoring/quality.ts";

// sklearn.metrics.log_loss([0, 1, 1, 0], [[.9, .1], [.2, .8], [.6, .4], [0, 1]]) of scikit-learn 1.9.1.
const SKLEARN_LOG_LOSS = 9.322112;

Deno.test("accuracy and log loss are scikit-learn's", () => {
  const window = new QualityWindow("classification");
  const rows = [["a", 0.9], ["b", 0.2], ["b", 0.6], ["a", 0]] as const;
  for (const [actual, a] of rows) {
    window.add({ prediction: a > 0.5 ? "a" : "b", actual, probabilities: { a, b: 1 - a } });
  }
  const { rows: count, metrics } = window.report()!;
  assert.equal(count, 4);
  assert.equal(metrics.accuracy, 0.5);
  assert.ok(Math.abs(metrics.log_loss - SKLEARN_LOG_LOSS) < 1e-4, String(metrics.log_loss));
});

Deno.test("errors of a regression are in units of the target", () => {
  const window = new QualityWindow("regression");
  for (const [prediction, actual] of [[1, 2], [5, 2]]) {
    window.add({ prediction, actual, probabilities: null });
  }
  assert.deepEqual(window.report(), {
    rows: 2,
    metrics: { rmse: Number(Math.sqrt(5).toPrecision(6)), mae: 2 },
  });
});

Deno.test("quality is that of the last thousand labels, in bounded memory, and goes on from its state", () => {
  let window = new QualityWindow("classification");
  assert.equal(window.report(), null);
  for (let i = 0; i < 20_000; i++) {
    if (i === 10_000) {
      window = new QualityWindow("classification", JSON.parse(JSON.stringify(window.state())));
    }
    window.add({ prediction: "a", actual: i < 19_000 ? "a" : "b", probabilities: null });
  }
  const { rows, metrics } = window.report()!;
  assert.ok(rows > 900 && rows <= 1000);
  assert.equal(metrics.accuracy, 0);
  assert.equal(window.state().length, 10);
});
