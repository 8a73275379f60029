/** Fits on a matrix in the kernels' memory beside fits on a matrix of its own: the same bytes. */
import assert from "node:assert/strict";
import { columnOf, type Table } from "@/dataset/table.ts";
import { withArena } from "@/kernels/solo.ts";
import type { Task } from "@/ml/estimator.ts";
import { ESTIMATORS } from "@/ml/estimators.ts";
import { encodeTarget, fitPipeline, predictPrepared, predictScores, prepareMatrix } from "@/ml/pipeline.ts";
import { Random } from "@/shared/random.ts";

/** Enough cells for the kernels, an odd number of rows, a column with missing values, and categories. */
function table(task: Task, rows = 2301, classes = 3): Table {
  const random = new Random(3);
  const numbers = (draw: (i: number) => number) => Float64Array.from({ length: rows }, (_, i) => draw(i));
  const x = Array.from({ length: 10 }, () => numbers(() => random.float()));
  x[3] = x[3].map((value, i) => i % 9 === 0 ? NaN : value);
  const codes = Int32Array.from({ length: rows }, () => random.below(5));
  const y = numbers((i) => {
    const signal = 2 * x[0][i] + x[1][i] + (codes[i] === 2 ? 1 : 0) + random.float();
    return task === "regression" ? signal : Math.floor(signal) % classes;
  });
  const column = (name: string, values: Float64Array) =>
    ({ name, storage: "numeric", type: "number", values }) as const;
  return {
    rows,
    columns: [
      ...x.map((values, j) => column(`x${j}`, values)),
      { name: "c", storage: "coded", type: "category", codes, categories: ["a", "b", "c", "d", "e"] },
      column("y", y),
    ],
  };
}

for (const { name, needs, params } of ESTIMATORS) {
  if (!needs.kernels) continue;
  for (const task of Object.keys(params) as Task[]) {
    Deno.test(`${name} learns and says the same wherever its matrix lies: ${task}`, () => {
      const rows = table(task);
      const pipeline = fitPipeline(rows, { target: "y", task, algorithm: name, seed: 0 });
      const X = prepareMatrix(pipeline, rows);
      const { fit } = ESTIMATORS.find((one) => one.name === name)!;
      const state = fit(X, encodeTarget(columnOf(rows, "y"), pipeline.target), pipeline.params, {
        task,
        n_classes: pipeline.target.classes.length,
        seed: 0,
        progress: () => {},
      });
      assert.deepEqual(pipeline.state, state);
      assert.deepEqual(predictScores(pipeline, rows), predictPrepared(pipeline, X));
    });
  }
}

for (const { name, needs, params } of ESTIMATORS) {
  if (!needs.kernels) continue;
  const cases = Object.keys(params).flatMap((task) => task === "regression" ? [0] : [2, 3]);
  for (const classes of cases) {
    Deno.test(`${name} says the same of many rows block by block: ${classes || "no"} classes`, () => {
      const task = classes === 0 ? "regression" : "classification";
      const pipeline = fitPipeline(table(task, 2301, classes), {
        target: "y",
        task,
        algorithm: name,
        seed: 0,
      });
      const rows = table(task, 9001, classes);
      const scores = predictScores(pipeline, rows);
      const expected = predictPrepared(pipeline, prepareMatrix(pipeline, rows));
      assert.equal(scores.length, expected.length);
      assert.equal(scores.findIndex((score, at) => score !== expected[at]), -1);
    });
  }
}

Deno.test("many rows with a value that has no place are refused by its own row", () => {
  const rows = table("regression", 9001);
  const pipeline = fitPipeline(rows, { target: "y", task: "regression", algorithm: "ridge", seed: 0 });
  const [first] = rows.columns;
  if (first.storage === "numeric") first.values[8000] = 1e200;
  assert.throws(() => predictScores(pipeline, rows), /row 8001/);
});

Deno.test("predicting many rows takes no more of the kernels' memory than predicting some", () => {
  const taken = () => withArena(({ room }) => room(1).buffer.byteLength);
  for (const algorithm of ["ridge", "mlp", "random_forest"]) {
    const pipeline = fitPipeline(table("regression", 300), {
      ...{ target: "y", task: "regression", algorithm, seed: 0 } as const,
      params: algorithm === "mlp" ? { max_iter: 2 } : {},
    });
    predictScores(pipeline, table("regression", 9001));
    const before = taken();
    predictScores(pipeline, table("regression", 60_000));
    assert.equal(taken(), before, algorithm);
  }
});
