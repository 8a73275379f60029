import assert from "node:assert/strict";
import { gradientBoosting } from "@/ml/ensemble/gradient_boosting.ts";
import { columnView, type Matrix } from "@/ml/matrix.ts";
import {
  contextFor,
  cyclingWeights,
  dataSet,
  largestDifference,
  reference,
  type SetName,
} from "../tree/reference_data.ts";

/** The columns that the script makes categories, and the values that it takes away. */
function spoil(X: Matrix, sizes: Record<string, number>, missing: boolean): Matrix {
  const categories = [...X.categories];
  for (const [key, size] of Object.entries(sizes)) {
    const column = columnView(X, Number(key));
    const lowest = Math.min(...column);
    for (let i = 0; i < column.length; i++) column[i] = Math.floor((column[i] - lowest) / size);
    categories[Number(key)] = Math.max(...column) + 1;
  }
  if (missing) {
    for (let j = 0; j < X.cols; j += 2) {
      for (let i = 0; i < X.rows; i++) if ((i * 7 + j) % 9 === 0) X.data[j * X.rows + i] = NaN;
    }
  }
  return { ...X, categories };
}

function firstRows(X: Matrix, rows: number): Matrix {
  const data = new Float64Array(rows * X.cols);
  for (let j = 0; j < X.cols; j++) data.set(columnView(X, j).subarray(0, rows), j * rows);
  return { ...X, rows, data };
}

for (const expected of reference.boosting) {
  const { set, params, weighted, missing, categories } = expected;
  const title = [
    set,
    JSON.stringify(params),
    weighted ? "weighted" : "",
    missing ? "missing" : "",
    Object.keys(categories).length > 0 ? "categories" : "",
  ].filter(Boolean).join(" ");
  Deno.test(`gradient_boosting equals scikit-learn's on ${title}`, () => {
    const data = dataSet(set as SetName);
    const X = spoil(data.X, categories as unknown as Record<string, number>, missing);
    const { y, task, n_classes } = data;
    const parsed = gradientBoosting.params[task]!.parse({ ...params, early_stopping: false });
    const sample_weight = weighted ? cyclingWeights(X.rows) : undefined;
    const state = gradientBoosting.fit(X, y, parsed, contextFor(task, n_classes, { sample_weight }));
    // Targets of the regression are 25 to 346.
    const tolerance = task === "classification" ? 1e-6 : 1e-4;
    assert.ok(largestDifference(gradientBoosting.predict(X, state), expected.predictions) < tolerance);
    const unseen = firstRows(X, 40);
    for (let i = 0; i < 40; i += 2) unseen.data[40 + i] = NaN;
    assert.ok(largestDifference(gradientBoosting.predict(unseen, state), expected.unseen) < tolerance);
  });
}
