import assert from "node:assert/strict";
import { takeRows } from "@/dataset/table.ts";
import type { Task } from "@/ml/estimator.ts";
import { metricOf } from "@/ml/metrics.ts";
import { scoresFor, truthOf } from "@/ml/model_selection/scored_rows.ts";
import { encodeTarget, fitPipeline, targetSpec } from "@/ml/pipeline.ts";
import { readReference } from "../reference/read_reference.ts";
import { columnOfValues, numbers, tableOf } from "./columns.ts";

type Values = (number | string | null)[];

interface RealSet {
  name: string;
  task: Task;
  columns: { name: string; values: Values }[];
  target: number[];
  /** By algorithm and metric. */
  exact: Record<string, Record<string, number>>;
  /** The same as a mean over ten seeds, and `<metric>_std` its spread between seeds. */
  chance: Record<string, Record<string, number>>;
}

const SEEDS = 5;

function scoresOf(set: RealSet, algorithm: string, metrics: string[], seed: number): Record<string, number> {
  const table = tableOf(
    ...set.columns.map((c) => columnOfValues(c.name, c.values)),
    numbers("target", set.target),
  );
  const rows = Uint32Array.from({ length: table.rows }, (_, i) => i);
  const train = takeRows(table, rows.filter((i) => i % 4 !== 3));
  const test = takeRows(table, rows.filter((i) => i % 4 === 3));
  const pipeline = fitPipeline(train, { target: "target", task: set.task, algorithm, seed });
  const target = targetSpec(table.columns[table.columns.length - 1], set.task);
  const y = encodeTarget(test.columns[test.columns.length - 1], target);
  const truth = truthOf(y, scoresFor(pipeline, test, target), target);
  return Object.fromEntries(metrics.map((metric) => [metric, metricOf(metric, set.task).compute(truth)]));
}

for (const set of readReference<RealSet[]>("pipelines.json")) {
  for (const [algorithm, expected] of Object.entries(set.exact)) {
    Deno.test(`${algorithm} with its preparation scores as scikit-learn's pipeline on ${set.name}`, () => {
      const found = scoresOf(set, algorithm, Object.keys(expected), 0);
      for (const [metric, score] of Object.entries(expected)) {
        const distance = Math.abs(found[metric] - score);
        assert.ok(distance < 0.01, `${metric} is ${found[metric]}, not ${score}`);
      }
    });
  }

  for (const [algorithm, expected] of Object.entries(set.chance)) {
    Deno.test(`${algorithm} with its preparation scores as scikit-learn's, up to chance, on ${set.name}`, () => {
      const metric = set.task === "regression" ? "r2" : "accuracy";
      let sum = 0;
      for (let seed = 0; seed < SEEDS; seed++) sum += scoresOf(set, algorithm, [metric], seed)[metric];
      const distance = Math.abs(sum / SEEDS - expected[metric]);
      // Three standard errors of the difference of two means, and the promised 0.01 where seeds hardly matter.
      const allowed = Math.max(0.01, 3 * expected[`${metric}_std`] * Math.sqrt(1 / SEEDS + 1 / 10));
      assert.ok(distance < allowed, `${metric} is ${sum / SEEDS}, not ${expected[metric]} within ${allowed}`);
    });
  }
}
