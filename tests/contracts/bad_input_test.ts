/** Tables and parameters that are wrong: every algorithm learns what can be learned, or says what it does not take. */
import assert from "node:assert/strict";
import type { Column } from "@/dataset/table.ts";
import { checkParams } from "@/ml/check_params.ts";
import type { Estimator, Task } from "@/ml/estimator.ts";
import { ESTIMATORS } from "@/ml/estimators.ts";
import { type FitOptions, fitPipeline, predictScores } from "@/ml/pipeline.ts";
import { AppError } from "@/shared/errors.ts";
import { Random } from "@/shared/random.ts";
import { z } from "zod";
import { numbers, tableOf, texts } from "../ml/columns.ts";

const random = new Random(5);
const ROWS = 40;
const draw = (rows: number) => Array.from({ length: rows }, () => Math.abs(random.normal()) + 0.1);
const times = <T>(rows: number, value: (i: number) => T) => Array.from({ length: rows }, (_, i) => value(i));
const weights = (values: number[]) => [numbers("a", draw(ROWS)), numbers("w", values)];

/** Where errors must not be (huge weights), svm goes on to its ten millionth change, which takes half a minute. */
const PARAMS: Record<string, Record<string, unknown>> = { svm: { max_iter: 10_000 } };

interface BadInput {
  columns: Column[];
  /** Beside the columns; default: two classes, or numbers above 0. */
  target?: (task: Task) => Column;
  options?: Partial<FitOptions>;
  /** The fit must be refused in these words; absent: it must work, or the algorithm itself says why not. */
  refused?: RegExp;
  /** Only tasks that it is about. */
  task?: Task;
}

const CASES: Record<string, BadInput> = {
  "columns that do not vary": {
    columns: [numbers("a", times(ROWS, () => 3)), texts("c", times(ROWS, () => "k"))],
    refused: /no feature is left beside the target "y"/,
  },
  "a column that does not vary, one without values, and one of a single value": {
    columns: [
      ...[numbers("a", times(ROWS, () => 3)), numbers("b", times(ROWS, () => NaN))],
      ...[numbers("c", times(ROWS, (i) => i === 0 ? 1 : NaN)), numbers("d", draw(ROWS))],
      texts("e", times(ROWS, () => null)),
    ],
  },
  "ten rows": { columns: [numbers("a", draw(10)), texts("c", times(10, (i) => String(i % 3)))] },
  "more columns than rows": { columns: times(60, (j) => numbers(`x${j}`, draw(12))) },
  "hundreds of categories": {
    columns: [texts("c", times(800, (i) => `k${i % 400}`)), numbers("b", draw(800))],
  },
  "an infinite number": {
    columns: [numbers("a", draw(ROWS).with(7, Infinity))],
    refused: /column "a": row 8 holds Infinity/,
  },
  "a number near the limit": {
    columns: [numbers("a", draw(ROWS).with(7, 1e149)), numbers("b", draw(ROWS))],
  },
  "numbers near 0": { columns: [numbers("a", draw(ROWS).map((value) => value * 1e-300))] },
  "a negative weight": {
    columns: weights(draw(ROWS).with(3, -1)),
    options: { sample_weight: "w" },
    refused: /column "w": row 4 holds -1/,
  },
  "a missing weight": {
    columns: weights(draw(ROWS).with(3, NaN)),
    options: { sample_weight: "w" },
    refused: /column "w": row 4 has no weight/,
  },
  "weights of 0 alone": {
    columns: weights(times(ROWS, () => 0)),
    options: { sample_weight: "w" },
    refused: /column "w": every weight is 0/,
  },
  "weights for one class alone": {
    columns: weights(times(ROWS, (i) => i % 2)),
    options: { sample_weight: "w" },
  },
  "huge weights": {
    columns: weights(draw(ROWS).map((value) => value * 1e140)),
    options: { sample_weight: "w" },
  },
  "tiny weights": {
    columns: weights(draw(ROWS).map((value) => value * 1e-140)),
    options: { sample_weight: "w" },
  },
  "targets near 1e300": {
    columns: [numbers("a", draw(ROWS))],
    target: () => numbers("y", draw(ROWS).map((value) => value * 1e300)),
    refused: /column "y": row 1 holds/,
    task: "regression",
  },
  "targets near the limit": {
    columns: [numbers("a", draw(ROWS))],
    target: () => numbers("y", draw(ROWS).map((value) => value * 1e149)),
    task: "regression",
  },
  "targets near 0": {
    columns: [numbers("a", draw(ROWS))],
    target: () => numbers("y", draw(ROWS).map((value) => value * 1e-300)),
    task: "regression",
  },
  "a class of one row": {
    columns: [numbers("a", draw(ROWS))],
    target: () => texts("y", times(ROWS, (i) => i === 5 ? "c" : i % 2 ? "a" : "b")),
    task: "classification",
  },
  "rows without a target": {
    columns: [numbers("a", draw(ROWS))],
    target: (task) =>
      task === "classification"
        ? texts("y", times(ROWS, (i) => i % 3 === 0 ? null : i % 2 ? "a" : "b"))
        : numbers("y", draw(ROWS).map((value, i) => i % 3 === 0 ? NaN : value)),
  },
};

function targetOf({ columns, target }: BadInput, task: Task): Column {
  if (target) return target(task);
  const { rows } = tableOf(...columns);
  return task === "classification"
    ? texts("y", times(rows, (i) => i % 2 ? "a" : "b"))
    : numbers("y", draw(rows));
}

function forEachTask(work: (estimator: Estimator, task: Task) => void): void {
  for (const estimator of ESTIMATORS) {
    for (const task of ["classification", "regression"] as const) {
      if (estimator.params[task]) work(estimator, task);
    }
  }
}

forEachTask(({ name }, task) => {
  Deno.test(`${name} learns from bad tables what can be learned, or says what is wrong: ${task}`, () => {
    for (const [what, bad] of Object.entries(CASES)) {
      if (bad.task && bad.task !== task) continue;
      const table = tableOf(...bad.columns, targetOf(bad, task));
      const options = { target: "y", task, algorithm: name, seed: 1, params: PARAMS[name], ...bad.options };
      if (bad.refused) {
        assert.throws(() => fitPipeline(table, options), (error) => {
          assert.ok(error instanceof AppError && error.code === "invalid_argument", `${what}: ${error}`);
          assert.match(error.message, bad.refused!);
          return error.hint.length > 0;
        });
        continue;
      }
      try {
        const scores = predictScores(fitPipeline(table, options), table);
        assert.ok(scores.every(Number.isFinite), `${what}: ${scores.find((s) => !Number.isFinite(s))}`);
      } catch (error) {
        // An algorithm may have no use for weights, or limits of its own; it names itself.
        assert.ok(error instanceof AppError && error.code === "invalid_argument", `${what}: ${error}`);
        assert.match(error.message, new RegExp(name), what);
      }
    }
  });
});

/** Just outside each limit that a parameter's schema states. */
function outside(rule: z.core.JSONSchema.JSONSchema): number[] {
  const rules = [rule, ...(rule.anyOf ?? []) as z.core.JSONSchema.JSONSchema[]];
  const limits = (...names: (keyof z.core.JSONSchema.JSONSchema)[]) =>
    rules.flatMap((one) => names.map((key) => one[key])).filter((limit) => typeof limit === "number");
  const least = Math.min(...limits("minimum", "exclusiveMinimum"));
  const most = Math.max(...limits("maximum", "exclusiveMaximum"));
  return [least - 1, most + 1].filter((value) => Number.isFinite(value) && Math.abs(value) < 1e12);
}

forEachTask(({ name, params }, task) => {
  Deno.test(`${name} names parameter, value and rule of a number out of range: ${task}`, () => {
    const schema = z.toJSONSchema(params[task] as z.ZodType, { io: "input" });
    for (const [param, rule] of Object.entries(schema.properties ?? {})) {
      for (const value of outside(rule as z.core.JSONSchema.JSONSchema)) {
        assert.throws(() => checkParams(name, task, { [param]: value }), (error) => {
          assert.ok(error instanceof AppError && error.code === "invalid_argument");
          const start = `Cannot train ${name}: parameter ${param} is ${value}, but the rule is: `;
          assert.ok(error.message.startsWith(start), error.message);
          assert.match(error.message.slice(start.length), /expected/);
          return error.hint.startsWith(`${param}: `);
        });
      }
    }
  });
});

const CONTRADICTIONS: [algorithm: string, task: Task, params: Record<string, unknown>, says: RegExp][] = [
  ["extra_trees", "regression", { oob_score: true }, /oob_score.*bootstrap is false/],
  ["random_forest", "regression", { bootstrap: false, max_samples: 10 }, /max_samples.*bootstrap is false/],
  [
    "logistic_regression",
    "classification",
    { penalty: "l1", l1_ratio: 0.3 },
    /l1_ratio is 0.3.*penalty is l1/,
  ],
  ["k_neighbors", "regression", { n_neighbors: 41 }, /n_neighbors is 41.*40 rows/],
  ["gaussian_nb", "classification", { priors: [0.5, 0.2, 0.3] }, /priors/],
  ["gaussian_nb", "classification", { priors: [0.5, 0.9] }, /priors/],
  ["multinomial_nb", "classification", { class_prior: [1] }, /class_prior/],
  ["gradient_boosting", "regression", { monotonic_cst: { nobody: 1 } }, /monotonic_cst.*nobody/],
  ["gradient_boosting", "regression", { interaction_cst: [["nobody"]] }, /interaction_cst.*nobody/],
  ["gradient_boosting", "regression", { early_stopping: true, validation_fraction: 0.99 }, /early_stopping/],
  ["mlp", "regression", { early_stopping: true, validation_fraction: 0.99 }, /early_stopping/],
];

for (const [algorithm, task, params, says] of CONTRADICTIONS) {
  Deno.test(`${algorithm} refuses what contradicts itself or the data: ${JSON.stringify(params)}`, () => {
    const bad = { columns: [numbers("a", draw(ROWS)), numbers("b", draw(ROWS))] };
    const table = tableOf(...bad.columns, targetOf(bad, task));
    assert.throws(() => fitPipeline(table, { target: "y", task, algorithm, params, seed: 1 }), (error) => {
      assert.ok(error instanceof AppError && error.code === "invalid_argument", String(error));
      assert.match(error.message, says);
      return error.hint.length > 0;
    });
  });
}
