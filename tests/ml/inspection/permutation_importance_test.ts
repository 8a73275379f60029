import assert from "node:assert/strict";
import { permutationImportance } from "@/ml/inspection/permutation_importance.ts";
import { fitPipeline } from "@/ml/pipeline.ts";
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
