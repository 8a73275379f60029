import assert from "node:assert/strict";
import { checkParams } from "@/ml/check_params.ts";
import { estimatorOf } from "@/ml/estimators.ts";
import { normalizeRows } from "@/ml/naive_bayes/log_scores.ts";
import { AppError } from "@/shared/errors.ts";
import { matrixOf } from "../columns.ts";

function fit(algorithm: string, cells: number[][], params: Record<string, unknown>) {
  const y = Float64Array.from(cells, (_, i) => i % 2);
  return estimatorOf(algorithm).fit(matrixOf(cells), y, checkParams(algorithm, "classification", params), {
    task: "classification",
    n_classes: 2,
    seed: 0,
    progress: () => {},
  });
}

Deno.test("multinomial_nb names the column and the row of a number below 0", () => {
  assert.throws(
    () => fit("multinomial_nb", [[1, 2], [0, 3], [4, -1]], {}),
    (error) => error instanceof AppError && /column "x1" holds -1 in row 3/.test(error.message),
  );
});

for (const algorithm of ["multinomial_nb", "bernoulli_nb"]) {
  Deno.test(`${algorithm} refuses priors that are not one a class with sum 1`, () => {
    for (const class_prior of [[1], [0.5, 0.6]]) {
      assert.throws(
        () => fit(algorithm, [[1], [2]], { class_prior }),
        (error) => error instanceof AppError && /class_prior has/.test(error.message),
      );
    }
  });

  Deno.test(`${algorithm} rules out a class of prior 0`, () => {
    const cells = [[1, 0], [0, 1], [1, 1], [0, 2]];
    const state = fit(algorithm, cells, { class_prior: [1, 0] });
    const scores = estimatorOf(algorithm).predict(matrixOf(cells), state);
    assert.deepEqual([...scores], [1, 0, 1, 0, 1, 0, 1, 0]);
  });
}

Deno.test("normalizeRows gives the priors where every class is infinitely unlikely", () => {
  const logs = Float64Array.of(-Infinity, -Infinity, -1000, -1000);
  normalizeRows(logs, Float64Array.of(0.3, 0.7));
  assert.deepEqual([...logs], [0.3, 0.7, 0.5, 0.5]);
});
