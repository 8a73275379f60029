/** What every algorithm of the table promises. */
import assert from "node:assert/strict";
import { checkParams } from "@/ml/check_params.ts";
import type { Estimator, FitContext, Task } from "@/ml/estimator.ts";
import { ESTIMATORS } from "@/ml/estimators.ts";
import { columnView, type Matrix, takeMatrixRows } from "@/ml/matrix.ts";
import { fitPipeline, prepareMatrix } from "@/ml/pipeline.ts";
import type { State, StateValue } from "@/ml/state.ts";
import { AppError } from "@/shared/errors.ts";
import { Random } from "@/shared/random.ts";
import { z } from "zod";
import { dates, matrixOf, numbers, tableOf, texts } from "../ml/columns.ts";

const TASKS: Task[] = ["classification", "regression"];

/** Rows around one centre a class, or on a slope: easy for any algorithm, and of the kind that it demands. */
function easyData(
  { name, demands }: Estimator,
  rows: number,
  cols: number,
  n_classes: number,
): { X: Matrix; y: Float64Array } {
  const random = new Random(rows * 31 + cols * 7 + n_classes);
  const y = Float64Array.from({ length: rows }, (_, i) => n_classes > 0 ? i % n_classes : random.normal());
  const countsThings = demands?.features === "not_negative" || name === "bernoulli_nb";
  const cell = (value: number, j: number) => {
    if (!countsThings) return (j === 0 ? 5 * value : 0) + random.normal() / 2;
    return value === j || value >= cols ? 4 + random.below(2) : 0;
  };
  const X = matrixOf(Array.from(y, (value) => Array.from({ length: cols }, (_, j) => cell(value, j))));
  if (n_classes > 0) return { X, y };
  for (let i = 0; i < rows; i++) {
    const noise = random.normal() / 10;
    y[i] = demands?.target === "not_negative" ? Math.exp(2 + X.data[i] / 5) : 10 + 3 * X.data[i] + noise;
  }
  return { X, y };
}

function context(task: Task, n_classes: number, seed = 3): FitContext {
  return { task, n_classes, seed, progress: () => {} };
}

function fit(
  estimator: Estimator,
  task: Task,
  data: { X: Matrix; y: Float64Array },
  n_classes: number,
): State {
  return estimator.fit(data.X, data.y, checkParams(estimator.name, task), context(task, n_classes));
}

function* plainProblems(value: StateValue, path: string): Generator<string> {
  if (value === null || typeof value === "string" || typeof value === "boolean") return;
  if (typeof value === "number") return;
  if (ArrayBuffer.isView(value)) return;
  const proto = Object.getPrototypeOf(value);
  if (Array.isArray(value)) {
    for (const [i, item] of value.entries()) yield* plainProblems(item, `${path}[${i}]`);
  } else if (proto !== Object.prototype) yield `${path} is a ${proto?.constructor?.name ?? typeof value}`;
  else for (const [key, item] of Object.entries(value)) yield* plainProblems(item, `${path}.${key}`);
}

for (const estimator of ESTIMATORS) {
  const { name } = estimator;
  const tasks = TASKS.filter((task) => estimator.params[task]);

  Deno.test(`${name} has a name, a description, a source and at least one task`, () => {
    assert.match(name, /^[a-z][a-z0-9_]*$/);
    assert.ok(estimator.title && estimator.description.endsWith("."));
    assert.match(estimator.source, /^https:\/\//);
    assert.ok(tasks.length > 0);
    assert.equal(ESTIMATORS.filter((other) => other.name === name).length, 1);
  });

  Deno.test(`${name} takes missing values if it takes category codes, where NaN stands for unknown`, () => {
    if (estimator.needs.categories === "native") assert.equal(estimator.needs.missing, "native");
  });

  for (const task of tasks) {
    const schema = estimator.params[task] as z.ZodObject;
    const sizes = task === "classification" ? [2, 3] : [0];

    Deno.test(`${name} has default params for ${task}, each described, and refuses an unknown one`, () => {
      assert.ok(schema instanceof z.ZodObject);
      const complete = checkParams(name, task);
      assert.deepEqual(Object.keys(complete).sort(), Object.keys(schema.shape).sort());
      assert.deepEqual(checkParams(name, task, complete), complete);
      for (const [param, rule] of Object.entries(schema.shape)) {
        assert.ok((rule as z.ZodType).description, `${param} has no description`);
      }
      assert.throws(() => checkParams(name, task, { no_such_param: 1 }), (error: AppError) => {
        assert.equal(error.code, "invalid_argument");
        assert.match(error.message, new RegExp(`${name}.*no_such_param`));
        for (const param of Object.keys(schema.shape)) assert.ok(error.hint.includes(param), param);
        return true;
      });
    });

    Deno.test(`${name} names the param of a wrong value for ${task}`, () => {
      for (const param of Object.keys(schema.shape)) {
        for (const wrong of ["no such value", { a: "no such value" }, NaN]) {
          assert.throws(() => checkParams(name, task, { [param]: wrong }), (error: AppError) => {
            assert.equal(error.code, "invalid_argument");
            assert.ok(error.message.startsWith(`Cannot train ${name}: parameter ${param} is`), error.message);
            return true;
          });
        }
      }
    });

    for (const n_classes of sizes) {
      const what = n_classes > 0 ? `${n_classes} classes` : "regression";

      Deno.test(`${name} learns easy data: ${what}`, () => {
        const data = easyData(estimator, 120, 3, n_classes);
        const scores = estimator.predict(data.X, fit(estimator, task, data, n_classes));
        assert.equal(scores.length, 120 * Math.max(n_classes, 1));
        let right = 0;
        let loss = 0;
        for (let i = 0; i < 120; i++) {
          if (n_classes === 0) loss += Math.abs(scores[i] - data.y[i]);
          else {
            const row = scores.subarray(i * n_classes, (i + 1) * n_classes);
            if (row.indexOf(Math.max(...row)) === data.y[i]) right++;
          }
        }
        if (name === "dummy") return assert.ok(n_classes === 0 ? loss / 120 > 3 : right === 120 / n_classes);
        // svm lets go of far targets with its default C.
        assert.ok(
          n_classes === 0 ? loss / 120 < 2.5 : right > 110,
          `${right} right, mean error ${loss / 120}`,
        );
      });

      Deno.test(`${name} gives finite predictions, probabilities that sum to 1: ${what}`, () => {
        const data = easyData(estimator, 40, 2, n_classes);
        const far = matrixOf([[1e6, -1e6], [0, 0], [-1e6, 1e6]]);
        const state = fit(estimator, task, data, n_classes);
        for (const X of [data.X, far]) {
          const scores = estimator.predict(X, state);
          assert.ok(scores.every(Number.isFinite));
          if (n_classes === 0) continue;
          for (let i = 0; i < X.rows; i++) {
            const row = scores.subarray(i * n_classes, (i + 1) * n_classes);
            assert.ok(row.every((p) => p >= 0 && p <= 1));
            assert.ok(Math.abs(row.reduce((a, b) => a + b) - 1) < 1e-12);
          }
        }
      });

      Deno.test(`${name} gives the same state for a seed, of plain data that can be cloned: ${what}`, () => {
        const data = easyData(estimator, 60, 3, n_classes);
        const state = fit(estimator, task, data, n_classes);
        assert.deepEqual(fit(estimator, task, data, n_classes), state);
        assert.deepEqual([...plainProblems(state, "state")], []);
        const clone = structuredClone(state);
        assert.deepEqual(clone, state);
        assert.deepEqual(estimator.predict(data.X, clone), estimator.predict(data.X, state));
      });

      Deno.test(`${name} predicts a row alone as in a batch, in any order, and no rows at all: ${what}`, () => {
        const data = easyData(estimator, 30, 3, n_classes);
        const state = fit(estimator, task, data, n_classes);
        const width = Math.max(n_classes, 1);
        const batch = estimator.predict(data.X, state);
        for (const i of [17, 0, 29]) {
          const alone = estimator.predict(takeMatrixRows(data.X, Uint32Array.of(i)), state);
          assert.deepEqual(alone, batch.slice(i * width, (i + 1) * width));
        }
        assert.equal(estimator.predict(takeMatrixRows(data.X, new Uint32Array(0)), state).length, 0);
      });

      Deno.test(`${name} does not change what it is given: ${what}`, () => {
        const data = easyData(estimator, 30, 3, n_classes);
        const params = checkParams(name, task);
        const before = structuredClone({ X: data.X, y: data.y, params });
        const state = estimator.fit(data.X, data.y, params, context(task, n_classes));
        const kept = structuredClone(state);
        estimator.predict(data.X, state);
        assert.deepEqual({ X: data.X, y: data.y, params }, before);
        assert.deepEqual(state, kept);
      });

      Deno.test(`${name} fits one column, a constant column and six rows: ${what}`, () => {
        const wide = easyData(estimator, 6, 2, n_classes);
        wide.X.data.fill(7, 6);
        for (const data of [easyData(estimator, 30, 1, n_classes), wide]) {
          const scores = estimator.predict(data.X, fit(estimator, task, data, n_classes));
          assert.ok(scores.every(Number.isFinite));
        }
      });

      Deno.test(`${name} does not learn from rows of weight 0, or refuses weights: ${what}`, () => {
        const clean = easyData(estimator, 60, 2, n_classes);
        const rows = Uint32Array.from({ length: 120 }, (_, i) => i % 60);
        const wrong = (value: number) => n_classes > 0 ? (value + 1) % n_classes : value + 1000;
        const y = Float64Array.from(rows, (row, i) => i < 60 ? clean.y[row] : wrong(clean.y[row]));
        const sample_weight = Float64Array.from({ length: 120 }, (_, i) => i < 60 ? 2 : 0);
        const weighted = { ...context(task, n_classes), sample_weight };
        let state: State;
        try {
          state = estimator.fit(takeMatrixRows(clean.X, rows), y, checkParams(name, task), weighted);
        } catch (error) {
          assert.ok(error instanceof AppError && error.code === "invalid_argument");
          assert.match(error.message, /weight/);
          return;
        }
        const scores = estimator.predict(clean.X, state);
        for (let i = 0; i < 60; i++) {
          if (n_classes === 0) assert.ok(scores[i] < 100, `${scores[i]}`);
          else if (name === "dummy") assert.ok(Math.abs(scores[i * n_classes] - 1 / n_classes) < 1e-12);
          else {
            const row = scores.subarray(i * n_classes, (i + 1) * n_classes);
            assert.ok(row[clean.y[i]] > row[wrong(clean.y[i])], `row ${i}: ${row}`);
          }
        }
      });

      Deno.test(`${name} reports progress that never passes its total: ${what}`, () => {
        const data = easyData(estimator, 40, 2, n_classes);
        let last = 0;
        estimator.fit(data.X, data.y, checkParams(name, task), {
          ...context(task, n_classes),
          progress: (done, total) => {
            assert.ok(done >= last && done <= total);
            last = done;
          },
        });
        if (name !== "dummy") assert.ok(last > 0);
      });

      if (!estimator.importances) continue;
      Deno.test(`${name} says how much each column counts, the telling one most: ${what}`, () => {
        const data = easyData(estimator, 80, 3, n_classes);
        const importances = estimator.importances!(fit(estimator, task, data, n_classes));
        assert.equal(importances.length, 3);
        assert.ok(importances.every((value) => value >= 0));
        assert.ok(Math.abs(importances.reduce((a, b) => a + b) - 1) < 1e-9);
        assert.equal(importances.indexOf(Math.max(...importances)), 0);
      });
    }

    Deno.test(`${name} gets columns as it needs them: ${task}`, () => {
      const rows = 30;
      const every = <T>(make: (i: number) => T) => Array.from({ length: rows }, (_, i) => make(i));
      const table = tableOf(
        numbers("n", every((i) => i % 7 === 0 ? null : i * 10)),
        texts("c", every((i) => i % 11 === 0 ? null : ["x", "y", "z"][i % 3])),
        texts("b", every((i) => i % 2 === 0 ? "yes" : "no"), "boolean"),
        dates("d", every((i) => i % 13 === 0 ? null : `2024-0${1 + i % 9}-1${i % 10}T00:00:00Z`)),
        task === "regression"
          ? numbers("t", every((i) => (i * 17) % 23))
          : texts("t", every((i) => i % 4 === 0 ? "p" : "q")),
      );
      const pipeline = fitPipeline(table, { target: "t", task, algorithm: name, seed: 1 });
      const X = prepareMatrix(pipeline, table);
      assert.deepEqual(X.categories.length, X.cols);
      const { missing, categories, scaling } = estimator.needs;
      if (missing === "impute") assert.ok(X.data.every((value) => !Number.isNaN(value)));
      else assert.ok(Number.isNaN(X.data[0]));
      assert.deepEqual(
        X.categories.filter((k) => k > 0),
        categories === "native" ? [3, 2] : [],
      );
      assert.equal(X.names.includes("c=x"), categories === "one_hot");
      if (!scaling) return;
      for (const at of [X.names.indexOf("n"), X.names.indexOf("d_epoch_days")]) {
        const column = columnView(X, at);
        const mean = column.reduce((a, b) => a + b) / rows;
        const variance = column.reduce((sum, value) => sum + (value - mean) ** 2, 0) / rows;
        assert.ok(Math.abs(mean) < 1e-12 && Math.abs(variance - 1) < 1e-9);
      }
    });
  }
}
