import assert from "node:assert/strict";
import { METRICS } from "@/ml/metrics.ts";
import { findMetric, greaterIsBetter, thresholdAbove } from "../../../agent/planner/find_metric.ts";

Deno.test("the threshold is a tenth of the way from the baseline to perfect", () => {
  assert.equal(thresholdAbove("accuracy", 0.5).min_score, 0.55);
  assert.equal(thresholdAbove("roc_auc", 0.5).min_score, 0.55);
  assert.equal(thresholdAbove("r2", -0.45).min_score, 0.1);
  assert.match(thresholdAbove("r2", -0.45).reason, /the mean alone/);
  assert.equal(thresholdAbove("r2", 0.02).min_score, 0.118);
  assert.equal(thresholdAbove("rmse", 100).min_score, 90);
  assert.equal(thresholdAbove("log_loss", 0.69315).min_score, 0.6238);
});

Deno.test("the metric follows the task and the balance of the classes", () => {
  assert.equal(findMetric("regression", undefined, []).metric, "r2");
  assert.equal(findMetric("classification", undefined, [50, 50]).metric, "accuracy");
  assert.equal(findMetric("classification", undefined, [90, 10]).metric, "roc_auc");
  assert.equal(findMetric("classification", undefined, [90, 50, 5]).metric, "balanced_accuracy");
  assert.equal(findMetric("classification", undefined, []).metric, "accuracy");
  assert.equal(findMetric("classification", "f1", [90, 10]).metric, "f1");
});

Deno.test("the agent knows of every metric of the training-server whether more is better", () => {
  for (const metric of Object.values(METRICS)) {
    assert.equal(greaterIsBetter(metric.name), metric.greater_is_better, metric.name);
  }
});
