import assert from "node:assert/strict";
import { decodeArtifact } from "@/artifact/artifact.ts";
import { LEARNING_TASKS } from "@/jobs/learning_tasks.ts";
import { READING_TASKS } from "@/jobs/reading_tasks.ts";
import type { Prepared, PrepareInput } from "@/jobs/tasks/prepare.ts";
import { openPool } from "@/jobs/learning_pool.ts";
import { findSample } from "@/dataset/samples.ts";
import { cellOf, type Table } from "@/dataset/table.ts";
import { decodeTable } from "@/dataset/table_file.ts";
import { fitPipeline } from "@/ml/pipeline.ts";
import { AppError } from "@/shared/errors.ts";
import { openLog } from "@/shared/log.ts";

const LOG = openLog(null, "test", "error");

function prepareSample(name: string, change: Partial<PrepareInput> = {}): Promise<Prepared> {
  const sample = findSample(name);
  return READING_TASKS.prepare({
    bytes: new TextEncoder().encode(sample.text),
    file_name: `${name}.csv`,
    target: sample.target,
    validation: { method: "holdout", test_fraction: 0.2 },
    seed: 0,
    ...change,
  });
}

function csv(lines: string[]): Pick<PrepareInput, "bytes" | "file_name"> {
  return { bytes: new TextEncoder().encode(lines.join("\n")), file_name: "t.csv" };
}

function rowsOf(table: Table): string[] {
  return Array.from(
    { length: table.rows },
    (_, i) => JSON.stringify(table.columns.map((column) => cellOf(column, i))),
  );
}

Deno.test("prepare seals a fifth of the rows, stratified, and training gets only the others", async () => {
  const { train, holdout, rows } = await prepareSample("penguins");
  const sealed = decodeTable(holdout!);
  assert.deepEqual(rows, { total: 344, train: 275, holdout: 69, without_target: 0 });
  assert.equal(train.rows + sealed.rows, 344);
  const seen = new Set(rowsOf(train));
  assert.ok(
    rowsOf(sealed).filter((row) => seen.has(row)).length <= 1,
    "the rows of the holdout are not among the training rows",
  );
  const share = (table: Table) => rowsOf(table).filter((row) => row.includes("Gentoo")).length / table.rows;
  assert.ok(Math.abs(share(train) - share(sealed)) < 0.02);
  assert.ok(
    train.columns.every((column) =>
      (column.storage === "numeric" ? column.values : column.codes).buffer instanceof SharedArrayBuffer
    ),
  );
});

Deno.test("comparing keeps what was said of the rows that a fold left out, one answer a training row", async () => {
  for (const [name, task] of [["penguins", "classification"], ["auto_mpg", "regression"]] as const) {
    const { train } = await prepareSample(name);
    const compared = LEARNING_TASKS.compare({
      train,
      options: { target: findSample(name).target, task, algorithm: "decision_tree", seed: 0 },
      folds: 3,
      metric: task === "classification" ? "accuracy" : "r2",
    }, () => {});
    const { prediction, confidence } = compared.answers!;
    assert.equal(prediction.counts.reduce((sum, count) => sum + count, prediction.missing), train.rows);
    assert.equal(confidence === null, task === "regression");
    if (confidence) {
      assert.equal(confidence.rows, train.rows);
      assert.ok(Math.abs(confidence.accuracy - compared.metrics.accuracy!) < 0.01);
    }
    const { artifact } = LEARNING_TASKS.fit({
      train,
      options: { target: findSample(name).target, task, algorithm: "decision_tree", seed: 0 },
      metric: task === "classification" ? "accuracy" : "r2",
      facts: {
        metrics: {},
        metrics_from: "a test",
        baseline_metrics: {},
        dataset: { ref: name, version: null, sha256: "0".repeat(64), license: null },
        code_version: "0.0.0",
        findings: [],
        ignored_findings: [],
      },
      answers: compared.answers,
    }, () => {});
    assert.deepEqual(decodeArtifact(artifact).profile!.answers, compared.answers);
  }
});

Deno.test("prepare seals the same rows for a seed, others for another, and none when test_fraction is 0", async () => {
  const one = await prepareSample("iris");
  assert.deepEqual((await prepareSample("iris")).holdout, one.holdout);
  assert.notDeepEqual((await prepareSample("iris", { seed: 1 })).holdout, one.holdout);
  const all = await prepareSample("iris", { validation: { method: "holdout", test_fraction: 0 } });
  assert.equal(all.holdout, null);
  assert.equal(all.train.rows, 150);
});

Deno.test("prepare by time seals the latest rows; by group no group is on both sides and the group is no feature", async () => {
  const lines = [
    "day,who,x,y",
    ...Array.from(
      { length: 40 },
      (_, i) => `2026-01-${String(1 + i % 28).padStart(2, "0")},p${i % 8},${i},${i % 3}.5`,
    ),
  ];
  const time = await prepareSample("iris", {
    ...csv(lines),
    target: "y",
    validation: { method: "time", column: "day", test_fraction: 0.25 },
  });
  const day = (table: Table) => table.columns.find(({ name }) => name === "day")!;
  const values = (table: Table) =>
    Array.from({ length: table.rows }, (_, i) => String(cellOf(day(table), i)));
  const latest = values(time.train).toSorted().at(-1)!;
  assert.ok(values(decodeTable(time.holdout!)).every((value) => value > latest));
  assert.equal(time.order!.length, time.train.rows);

  const group = await prepareSample("iris", {
    ...csv(lines),
    target: "y",
    validation: { method: "group", column: "who", test_fraction: 0.25 },
  });
  assert.ok(!group.train.columns.some(({ name }) => name === "who"));
  assert.equal(group.groups!.length, group.train.rows);
  assert.equal(new Set(group.groups).size, 6);
});

Deno.test("prepare refuses a number that no square can hold, by the row that it has in the file", () =>
  assert.rejects(
    async () =>
      await READING_TASKS.prepare({
        ...csv([
          "a,b,y",
          ...Array.from({ length: 50 }, (_, i) => `${i === 6 ? "1e300" : i},${i % 4},${i % 2}`),
        ]),
        target: "y",
        validation: { method: "holdout", test_fraction: 0.2 },
        seed: 0,
      }),
    /column "a": row 7 holds 1e\+300/,
  ));

Deno.test("prepare names the columns that the job may not use, and the model then takes rows that have them", async () => {
  const text = `id,a,b,y\n${
    Array.from({ length: 60 }, (_, i) => `${i},${i % 7},${i % 3},${i % 2 ? "no" : "yes"}`).join("\n")
  }\n`;
  const prepared = await READING_TASKS.prepare({
    bytes: new TextEncoder().encode(text),
    file_name: "t.csv",
    target: "y",
    exclude: ["b"],
    validation: { method: "holdout", test_fraction: 0.2 },
    seed: 0,
  });
  assert.deepEqual(prepared.left_out, ["b"]);
  const pipeline = fitPipeline(prepared.train, {
    target: "y",
    task: "classification",
    algorithm: "dummy",
    seed: 0,
    left_out: prepared.left_out,
  });
  assert.deepEqual(pipeline.ignored, ["id", "y", "b"]);
});

Deno.test("prepare names what can't be learned from", async () => {
  const lines = (head: string, row: (i: number) => string) =>
    csv([head, ...Array.from({ length: 30 }, (_, i) => row(i))]);
  const cases: [Partial<PrepareInput>, RegExp][] = [
    [{ target: "nope" }, /column "nope"/],
    [{ ...lines("a,b", (i) => `${i},1`), target: "b" }, /same value|constant/],
    [
      { ...lines("a,b", (i) => `${i},name${i}`), target: "b", task: "classification" },
      /unique|another value|every row/i,
    ],
    [{ ...lines("a,b", (i) => `${i * i},`), target: "b" }, /no value|missing/],
    [{ ...lines("b", (i) => `${i % 2}`), target: "b" }, /no (other )?column|one column|feature/i],
    [{ features: ["species"], target: "species" }, /is the target/],
    [{ validation: { method: "time", test_fraction: 0.2 } }, /validation\.column is missing/],
    [{ exclude: ["wings"] }, /"wings"/],
  ];
  for (const [change, expected] of cases) {
    await assert.rejects(
      prepareSample("penguins", change),
      (error: AppError) => error instanceof AppError && expected.test(`${error.message} ${error.hint}`),
      String(expected),
    );
  }
});

async function assertNoRights(entry: URL): Promise<void> {
  const worker = new Worker(entry, { type: "module", deno: { permissions: "none" } });
  try {
    const answer = await new Promise<{ allowed: string[] }>((done, failed) => {
      worker.onmessage = ({ data }) => data.type === "probed" && done(data);
      worker.onerror = (event) => {
        event.preventDefault();
        failed(new Error(event.message));
      };
      worker.postMessage({ name: "probe" });
    });
    assert.deepEqual(answer.allowed, []);
  } finally {
    worker.terminate();
  }
}

Deno.test("a Worker that reads or learns has no rights at all", async () => {
  await assertNoRights(new URL("./reading_rights_worker.ts", import.meta.url));
  await assertNoRights(new URL("./learning_rights_worker.ts", import.meta.url));
});

Deno.test("the pool ends a Worker at once when its task is cancelled or takes too long, and others go on", async () => {
  const pool = openPool(2, LOG);
  try {
    const { train } = await prepareSample("titanic");
    const options = {
      target: "survived",
      task: "classification" as const,
      algorithm: "random_forest",
      params: { n_estimators: 5000 },
      seed: 0,
    };
    const target = train.columns.find(({ name }) => name.toLowerCase() === "survived")!.name;
    const abort = new AbortController();
    const long = pool.run(
      "compare",
      { train, options: { ...options, target }, folds: 5, metric: "accuracy" },
      {
        signal: abort.signal,
        report: () => abort.abort(),
      },
    );
    const cancelSoon = setTimeout(() => abort.abort(), 300);
    await assert.rejects(long, (error: AppError) => error.code === "cancelled");
    clearTimeout(cancelSoon);
    await assert.rejects(
      pool.run("compare", { train, options: { ...options, target }, folds: 5, metric: "accuracy" }, {
        timeout_ms: 200,
      }),
      (error: AppError) => error.code === "deadline_exceeded",
    );
    const sample = findSample("iris");
    const profile = await pool.run("profile", {
      bytes: new TextEncoder().encode(sample.text),
      file_name: "iris.csv",
    });
    assert.equal(profile.rows, 150);
  } finally {
    pool.close();
  }
});

Deno.test("a single task goes ahead of the jobs that take every place, and a waiting one can be cancelled", async () => {
  const pool = openPool(1, LOG);
  const { train } = await prepareSample("titanic");
  const work = {
    train,
    options: {
      target: "survived",
      task: "classification" as const,
      algorithm: "random_forest",
      params: { n_estimators: 5000 },
      seed: 0,
    },
    folds: 5,
    metric: "accuracy",
  };
  const abort = new AbortController();
  const never = new AbortController();
  const long = pool.run("compare", work, { job_id: "one", signal: never.signal }).catch(() => "ended");
  const second = pool.run("compare", work, { job_id: "two", signal: abort.signal });
  try {
    const sample = findSample("iris");
    const bytes = new TextEncoder().encode(sample.text);
    assert.equal((await pool.run("profile", { bytes, file_name: "iris.csv" })).rows, 150);
    abort.abort();
    await assert.rejects(second, (error: AppError) => error.code === "cancelled");
    never.abort();
    assert.equal(await long, "ended");
    const third = await pool.run("compare", {
      ...work,
      options: { ...work.options, params: { n_estimators: 2 } },
    }, {
      job_id: "three",
    });
    assert.equal(third.fold_scores.length, 5);
  } finally {
    pool.close();
  }
});

Deno.test("the pool hands a task's error over with its code and hint", async () => {
  const pool = openPool(1, LOG);
  try {
    await assert.rejects(
      pool.run("profile", { bytes: new Uint8Array([0, 1, 2]), file_name: "x.csv" }),
      (error: AppError) => error.code === "invalid_argument" && error.hint !== "",
    );
  } finally {
    pool.close();
  }
});
