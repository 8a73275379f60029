/** Data that is hard on arithmetic: every algorithm gives finite scores, or says what it does not take. */
import assert from "node:assert/strict";
import { checkParams } from "@/ml/check_params.ts";
import type { Estimator, Task } from "@/ml/estimator.ts";
import { ESTIMATORS } from "@/ml/estimators.ts";
import type { Matrix } from "@/ml/matrix.ts";
import { AppError } from "@/shared/errors.ts";
import { Random } from "@/shared/random.ts";
import { matrixOf } from "../ml/columns.ts";

interface OddData {
  X: Matrix;
  y: Float64Array;
  test?: Matrix;
  sample_weight?: Float64Array;
}

/** Rows and columns of numbers that the algorithm takes, and a target of 0 and 1, or of numbers from 0 up. */
function plainData({ demands }: Estimator, task: Task, rows: number, cols: number) {
  const random = new Random(rows * cols);
  const draw = () => demands?.features ? Math.abs(random.normal()) : random.normal();
  const cells = Array.from({ length: rows }, () => Array.from({ length: cols }, draw));
  const y = Float64Array.from(cells, (_, i) => task === "regression" ? Math.abs(random.normal()) : i % 2);
  return { cells, y };
}

const CASES: Record<string, (estimator: Estimator, task: Task) => OddData> = {
  "numbers beyond floats in rows to predict": (estimator, task) => {
    const { cells, y } = plainData(estimator, task, 40, 3);
    const test = matrixOf([1e300, -1e300, 1e20, 0].map((value) => [value, value, value]));
    return { X: matrixOf(cells), y, test };
  },
  "a row of huge numbers": (estimator, task) => {
    const { cells, y } = plainData(estimator, task, 40, 3);
    cells[0] = [1e150, 1e150, 1e150];
    return { X: matrixOf(cells), y };
  },
  "columns that do not vary": (estimator, task) => {
    const { cells, y } = plainData(estimator, task, 40, 3);
    return { X: matrixOf(cells.map(() => [1, 1, 1])), y };
  },
  "more columns than rows": (estimator, task) => {
    const { cells, y } = plainData(estimator, task, 10, 60);
    return { X: matrixOf(cells), y };
  },
  "one row": (estimator, task) => {
    const { cells, y } = plainData(estimator, task, 1, 3);
    return { X: matrixOf(cells), y };
  },
  "one row with a weight": (estimator, task) => {
    const { cells, y } = plainData(estimator, task, 40, 3);
    return { X: matrixOf(cells), y, sample_weight: new Float64Array(40).with(3, 1) };
  },
  "weights near 0": (estimator, task) => {
    const { cells, y } = plainData(estimator, task, 40, 3);
    return { X: matrixOf(cells), y, sample_weight: new Float64Array(40).fill(1e-300) };
  },
};

for (const estimator of ESTIMATORS) {
  for (const task of ["classification", "regression"] as const) {
    if (!estimator.params[task]) continue;
    // One class more than there are rows of.
    const n_classes = task === "classification" ? 3 : 0;
    Deno.test(`${estimator.name} gives finite scores for odd data, or refuses it: ${task}`, () => {
      for (const [name, make] of Object.entries(CASES)) {
        const { X, y, test, sample_weight } = make(estimator, task);
        const context = { task, n_classes, seed: 1, sample_weight, progress: () => {} };
        try {
          const state = estimator.fit(X, y, checkParams(estimator.name, task), context);
          const scores = estimator.predict(test ?? X, state);
          assert.ok(scores.every(Number.isFinite), name);
        } catch (error) {
          assert.ok(error instanceof AppError && error.code === "invalid_argument", `${name}: ${error}`);
        }
      }
    });
  }
}
