import assert from "node:assert/strict";
import { gradientBoosting } from "@/ml/ensemble/gradient_boosting.ts";
import { readReference } from "../../reference/read_reference.ts";
import { contextFor, dataSet, largestDifference, type SetName } from "../tree/reference_data.ts";

interface Case {
  set: SetName;
  params: Record<string, unknown>;
  missing: boolean;
  predictions: number[];
}

const { cases } = readReference<{ cases: Case[] }>("boosting.json");

for (const { set, params, missing, predictions } of cases) {
  Deno.test(`gradient_boosting equals scikit-learn's on ${set} ${JSON.stringify(params)}${missing ? " missing" : ""}`, () => {
    const { X, y, task, n_classes } = dataSet(set);
    for (let j = 0; missing && j < X.cols; j += 2) {
      for (let i = 0; i < X.rows; i++) if ((i * 7 + j) % 9 === 0) X.data[j * X.rows + i] = NaN;
    }
    const parsed = gradientBoosting.params[task]!.parse({ ...params, early_stopping: false });
    const scores = gradientBoosting.predict(
      X,
      gradientBoosting.fit(X, y, parsed, contextFor(task, n_classes)),
    );
    const ours = n_classes === 0 ? scores : scores.filter((_, i) => i % 2 === 1);
    const difference = largestDifference(ours, predictions);
    assert.ok(difference < (n_classes === 0 ? 1e-4 : 1e-6), `${difference}`);
  });
}
