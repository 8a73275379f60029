import assert from "node:assert/strict";
import { kFoldSplits } from "@/dataset/split.ts";
import { type Table, takeRows } from "@/dataset/table.ts";
import { metricOf } from "@/ml/metrics.ts";
import { crossValidate, type CrossValidateOptions } from "@/ml/model_selection/cross_validate.ts";
import { encodeTarget, fitPipeline, predictScores, targetSpec } from "@/ml/pipeline.ts";
import { AppError } from "@/shared/errors.ts";
import { Random } from "@/shared/random.ts";
import { numbers, tableOf, texts } from "../columns.ts";

function noisy(rows: number, classes = 2): Table {
  const random = new Random(rows);
  const y = Array.from({ length: rows }, (_, i) => i % classes);
  return tableOf(
    numbers("a", y.map((value) => value + random.normal())),
    numbers("b", y.map((value) => random.float() < 0.1 ? null : random.normal() - value)),
    texts("t", y.map((value) => `class ${value}`)),
  );
}

function options(extra: Partial<CrossValidateOptions> = {}): CrossValidateOptions {
  const chosen = { algorithm: "logistic_regression", metric: "accuracy", folds: 4, seed: 2 };
  return { target: "t", task: "classification", ...chosen, ...extra };
}

Deno.test("crossValidate gives the scores of pipelines fitted by hand on each fold", () => {
  const table = noisy(90, 3);
  const target = targetSpec(table.columns[2], "classification");
  const y = encodeTarget(table.columns[2], target);
  const metric = metricOf("log_loss");
  const expected = kFoldSplits({ rows: 90, folds: 4, seed: 2, strata: y }).map(({ train, test }) => {
    const pipeline = fitPipeline(takeRows(table, train), options());
    const scores = predictScores(pipeline, takeRows(table, test));
    return metric.compute({ y: Float64Array.from(test, (row) => y[row]), scores, n_classes: 3 });
  });
  const seen: number[] = [];
  const result = crossValidate(
    table,
    options({
      metric: "log_loss",
      progress: (done, _, score) => Number.isInteger(done) && seen.push(score!),
    }),
  );
  assert.deepEqual(result.fold_scores, expected);
  assert.deepEqual(seen, expected);
  assert.equal(result.mean, expected.reduce((a, b) => a + b) / 4);
  assert.ok(result.std > 0);
  assert.ok(result.fit_rows >= 66 && result.fit_rows <= 68);
});

Deno.test("crossValidate cannot learn a target that is noise: nothing leaks between folds", () => {
  const random = new Random(1);
  const table = tableOf(
    ...Array.from(
      { length: 5 },
      (_, j) => numbers(`x${j}`, Array.from({ length: 200 }, () => random.normal())),
    ),
    texts("t", Array.from({ length: 200 }, () => random.float() < 0.5 ? "a" : "b")),
  );
  for (const algorithm of ["k_neighbors", "decision_tree"]) {
    const { mean } = crossValidate(table, options({ algorithm, params: {} }));
    assert.ok(mean > 0.35 && mean < 0.65, `${algorithm} scores ${mean}`);
  }
});

Deno.test("crossValidate skips rows without a target, with their groups and times", () => {
  const full = noisy(80);
  const holes = tableOf(
    full.columns[0],
    texts("t", Array.from({ length: 80 }, (_, i) => i % 8 === 5 ? null : `class ${i % 2}`)),
  );
  const kept = Uint32Array.from({ length: 80 }, (_, i) => i).filter((i) => i % 8 !== 5);
  const groups = Int32Array.from({ length: 80 }, (_, i) => Math.floor(i / 4));
  const order = Float64Array.from({ length: 80 }, (_, i) => 80 - i);
  assert.deepEqual(
    crossValidate(holes, options({ groups })),
    crossValidate(takeRows(holes, kept), options({ groups: Int32Array.from(kept, (i) => groups[i]) })),
  );
  assert.deepEqual(
    crossValidate(holes, options({ order })),
    crossValidate(takeRows(holes, kept), options({ order: Float64Array.from(kept, (i) => order[i]) })),
  );
});

Deno.test("crossValidate by time never trains on a later row", () => {
  // The rule turns over half way, so that only a look into the future could score well in the last folds.
  const rows = 120;
  const x = Array.from({ length: rows }, (_, i) => i % 2);
  const t = x.map((value, i) => i < 60 ? value : 1 - value);
  const table = tableOf(numbers("x", x), texts("t", t.map((value) => `class ${value}`)));
  const order = Float64Array.from({ length: rows }, (_, i) => i);
  const byTime = crossValidate(table, options({ folds: 3, order, algorithm: "decision_tree" }));
  assert.equal(byTime.fold_scores[1], 0);
});

Deno.test("crossValidate gives a class of one row probability 0 where its fold could not learn it", () => {
  const table = noisy(40);
  const t = Array.from({ length: 40 }, (_, i) => i === 0 ? "alone" : `class ${i % 2}`);
  const lone = tableOf(table.columns[0], texts("t", t));
  const { fold_scores } = crossValidate(lone, options());
  assert.ok(fold_scores.every((score) => score > 0.3 && score < 1));
  const { mean } = crossValidate(lone, options({ metric: "log_loss" }));
  assert.ok(mean > 36.04 / 40 && Number.isFinite(mean), `${mean}`);
});

Deno.test("crossValidate refuses classes too rare, an undefined metric and one of the other task", () => {
  const table = noisy(20);
  const rare = tableOf(
    table.columns[0],
    texts("t", Array.from({ length: 20 }, (_, i) => i === 0 ? "alone" : "usual")),
  );
  const refuses = (act: () => unknown, word: RegExp) =>
    assert.throws(act, (error: AppError) => {
      assert.ok(error instanceof AppError, String(error));
      assert.match(`${error.message} ${error.hint}`, word);
      return true;
    });
  refuses(() => crossValidate(rare, options()), /"usual".*"alone" has 1/);
  const twoOfThem = Array.from({ length: 20 }, (_, i) => i < 2 ? "rare" : "usual");
  const undefinedAuc = options({ metric: "roc_auc", folds: 5 });
  refuses(() => crossValidate(tableOf(table.columns[0], texts("t", twoOfThem)), undefinedAuc), /roc_auc/);
  refuses(() => crossValidate(table, options({ metric: "r2" })), /r2.*regression.*accuracy/);
  refuses(() => crossValidate(table, options({ folds: 30 })), /20 rows.*30 folds/);
});

Deno.test("crossValidate counts weights in fit and score", () => {
  const table = noisy(60);
  const unsure = tableOf(...table.columns, numbers("w", Array.from({ length: 60 }, (_, i) => i % 3)));
  const weighted = crossValidate(unsure, options({ sample_weight: "w" }));
  assert.notDeepEqual(weighted.fold_scores, crossValidate(table, options()).fold_scores);
});
