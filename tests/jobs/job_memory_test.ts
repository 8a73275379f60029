import assert from "node:assert/strict";
import type { TrainingRequest } from "@/jobs/job.ts";
import { requireJobMemory } from "@/jobs/job_memory.ts";
import type { Prepared } from "@/jobs/tasks/prepare.ts";
import { AppError } from "@/shared/errors.ts";

const ROWS = 100_000;

const prepared = {
  train: {
    rows: ROWS,
    columns: ["a", "b", "y"].map((name) => ({
      name,
      storage: "numeric" as const,
      type: "number" as const,
      values: new Float64Array(ROWS),
    })),
  },
  task: "regression",
  classes: [],
  features: 2,
  rows: { total: 125_000, train: ROWS, holdout: 25_000, without_target: 0 },
} as unknown as Prepared;

const request = (algorithm: string, params = {}, threads = 2) =>
  ({ algorithm, params, target: "y", threads }) as unknown as TrainingRequest;

/** Megabytes that it says it needs. */
function needed(asked: TrainingRequest): number {
  try {
    requireJobMemory(asked, prepared, 1);
  } catch (error) {
    assert.ok(error instanceof AppError && error.code === "resource_exhausted", String(error));
    assert.match(error.message, /^Cannot train \w+ on 100000 rows: .*, the limit is 1 MB$/);
    assert.match(error.hint!, /sample_rows: \d+.*max_fit_mb/);
    return Number(/about ([\d,]+) MB/.exec(error.message)![1].replaceAll(",", ""));
  }
  throw new Error("it was not refused");
}

Deno.test("a job that will not fit is refused with the figure and the ways out", () => {
  const forest = needed(request("random_forest"));
  assert.ok(forest > 300 && forest < 3000, `${forest} MB`);
  assert.ok(needed(request("random_forest", { n_estimators: 10 })) < forest / 4);
  assert.ok(needed(request("random_forest", { max_leaf_nodes: 100 })) < forest / 4);
  assert.ok(needed(request("ridge")) < 20);
  assert.ok(needed(request("auto", {}, 4)) > needed(request("auto", {}, 1)));
  requireJobMemory(request("random_forest"), prepared, 4e9);
});
