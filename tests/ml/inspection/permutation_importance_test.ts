import assert from "node:assert/strict";
import { permutationImportance } from "@/ml/inspection/permutation_importance.ts";
import { type NumericColumn, type Table, takeRows } from "@/dataset/table.ts";
import { metricOf } from "@/ml/metrics.ts";
import { fitPipeline, predictScores } from "@/ml/pipeline.ts";
import { AppError } from "@/shared/errors.ts";
import { Random } from "@/shared/random.ts";
import { numbers, tableOf, texts } from "../columns.ts";

const random = new Random(8);
const strong = Array.from({ length: 200 }, () => random.normal());
const weak = Array.from({ length: 200 }, () => random.normal());
const table = tableOf(
  numbers("noise", Array.from({ length: 200 }, () => random.normal())),
  numbers("weak", weak),
  texts("strong", strong.map((value) => value > 0 ? "up" : "down")),
  numbers("t", strong.map((value, i) => (value > 0 ? 5 : 0) + weak[i])),
);

Deno.test("permutationImportance ranks features by the drop of the metric, for either direction of it", () => {
  const pipeline = fitPipeline(table, { target: "t", task: "regression", algorithm: "ridge", seed: 0 });
  for (const metric of ["r2", "mae"]) {
    const importances = permutationImportance(pipeline, table, metric, { repeats: 4, seed: 1 });
    assert.deepEqual(importances.map(({ feature }) => feature), ["strong", "weak", "noise"]);
    assert.ok(importances[0].mean > 0.5 && importances[1].mean > 0.1);
    assert.ok(Math.abs(importances[2].mean) < 0.02);
    assert.ok(importances[0].std > 0);
    assert.deepEqual(permutationImportance(pipeline, table, metric, { repeats: 4, seed: 1 }), importances);
  }
});

Deno.test("permutationImportance refuses rows without a target that the model knows", () => {
  const classes = tableOf(
    ...table.columns.slice(0, 2),
    texts("c", weak.map((value) => value > 0 ? "a" : "b")),
  );
  const options = { target: "c", task: "classification", algorithm: "gaussian_nb", seed: 0 } as const;
  const pipeline = fitPipeline(classes, options);
  const others = tableOf(...classes.columns.slice(0, 2), texts("c", weak.map(() => "z")));
  assert.throws(
    () => permutationImportance(pipeline, others, "accuracy", { seed: 0 }),
    (error: AppError) => error instanceof AppError && /known value of "c"/.test(error.message),
  );
});

Deno.test("permutationImportance is the drop that shuffled columns of the table give, whatever prepares and predicts", () => {
  const gaps = tableOf(
    numbers("noise", weak.map((value, i) => i % 7 === 0 ? NaN : value * 3)),
    ...table.columns.slice(1),
  );
  for (const algorithm of ["gradient_boosting", "k_neighbors", "random_forest", "ridge"]) {
    const pipeline = fitPipeline(gaps, { target: "t", task: "regression", algorithm, seed: 0 });
    const score = (shuffled: Table) =>
      metricOf("r2").compute({
        y: (gaps.columns[3] as NumericColumn).values,
        scores: predictScores(pipeline, shuffled),
        n_classes: 0,
      });
    const expected = pipeline.features.map(({ name: feature }, stream) => {
      const places = new Random(5, stream).shuffle(Uint32Array.from({ length: gaps.rows }, (_, i) => i));
      const shuffled = takeRows(gaps, places).columns;
      const columns = gaps.columns.map((column, i) => column.name === feature ? shuffled[i] : column);
      return { feature, mean: score(gaps) - score({ ...gaps, columns }), std: 0 };
    });
    const got = permutationImportance(pipeline, gaps, "r2", { repeats: 1, seed: 5 });
    assert.deepEqual(got, expected.sort((a, b) => b.mean - a.mean), algorithm);
    assert.ok(got[0].mean > 0.5, algorithm);
  }
});
