import assert from "node:assert/strict";
import type { Task } from "@/ml/estimator.ts";
import { scoreAll } from "@/ml/metrics/score_all.ts";
import { readReference } from "../../reference/read_reference.ts";

interface Case {
  name: string;
  task: Task;
  y: number[];
  scores: number[];
  n_classes: number;
  sample_weight?: number[];
  expected: Record<string, number | null>;
  confusion_matrix?: number[][];
}

for (const one of readReference<Case[]>("metrics.json")) {
  Deno.test(`metrics equal scikit-learn's: ${one.task}, ${one.name}`, () => {
    const { metrics, confusion_matrix } = scoreAll(one.task, {
      y: Float64Array.from(one.y),
      scores: Float64Array.from(one.scores),
      n_classes: one.n_classes,
      sample_weight: one.sample_weight && Float64Array.from(one.sample_weight),
    });
    assert.deepEqual(Object.keys(metrics).sort(), Object.keys(one.expected).sort());
    for (const [name, expected] of Object.entries(one.expected)) {
      const found = metrics[name];
      if (expected === null || found === null) assert.equal(found, expected, name);
      else {
        const distance = Math.abs(found - expected) / (1 + Math.abs(expected));
        assert.ok(distance < 1e-12, `${name} is ${found}, not ${expected}`);
      }
    }
    if (one.confusion_matrix) {
      const flat = (matrix: number[][]) => matrix.flat().map((count) => count.toFixed(9));
      assert.deepEqual(flat(confusion_matrix ?? []), flat(one.confusion_matrix));
    }
  });
}
