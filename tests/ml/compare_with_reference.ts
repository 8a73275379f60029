/** Tests that compare an algorithm with scikit-learn's numbers. */
import assert from "node:assert/strict";
import { checkParams } from "@/ml/check_params.ts";
import type { Task } from "@/ml/estimator.ts";
import { estimatorOf } from "@/ml/estimators.ts";
import { readReference } from "../reference/read_reference.ts";
import { distanceBetween, matrixOf } from "./columns.ts";

interface Case {
  name: string;
  algorithm: string;
  task: Task;
  n_classes: number;
  params: Record<string, unknown>;
  X: number[][];
  y: number[];
  sample_weight?: number[];
  test: number[][];
  expected: number[];
  coef?: number[];
  intercept?: number[];
  tolerance?: number;
}

/** @param tolerances by algorithm, 1e-9 for the others; a case may have its own */
export function compareWithReference(file: string, tolerances: Record<string, number> = {}): void {
  for (const one of readReference<Case[]>(file)) {
    Deno.test(`${one.algorithm} equals scikit-learn's: ${one.task}, ${one.name}`, () => {
      const estimator = estimatorOf(one.algorithm);
      const state = estimator.fit(
        matrixOf(one.X),
        Float64Array.from(one.y),
        checkParams(one.algorithm, one.task, one.params),
        {
          task: one.task,
          n_classes: one.n_classes,
          seed: 0,
          sample_weight: one.sample_weight && Float64Array.from(one.sample_weight),
          progress: () => {},
        },
      );
      const tolerance = one.tolerance ?? tolerances[one.algorithm] ?? 1e-9;
      const scores = estimator.predict(matrixOf(one.test), state);
      const distance = distanceBetween(scores, one.expected);
      assert.ok(distance < tolerance, `predictions differ by ${distance}`);
      if (one.coef && one.intercept) {
        const { coef, intercept } = state as { coef: Float64Array; intercept: Float64Array };
        const weights = distanceBetween(coef, one.coef);
        assert.ok(weights < tolerance, `weights differ by ${weights}`);
        const offsets = distanceBetween(intercept, one.intercept);
        assert.ok(offsets < tolerance, `intercepts differ by ${offsets}`);
      }
    });
  }
}
