import assert from "node:assert/strict";
import type { JobResult, TrainingRequest } from "@/jobs/job.ts";
import { openQueue } from "@/jobs/queue.ts";
import { AppError } from "@/shared/errors.ts";
import { createHome, type Home } from "@/shared/home.ts";

const REQUEST: TrainingRequest = {
  dataset: "sample/iris",
  target: "species",
  algorithm: "auto",
  params: {},
  validation: { method: "holdout", test_fraction: 0.2 },
  seed: 0,
  threads: 1,
  name: "iris",
  dataset_sha256: "0".repeat(64),
  dataset_ref: "sample/iris",
  dataset_version: null,
  dataset_license: null,
};
const CALLER = { name: "test", run_id: "run_1" };
const RESULT = { model_id: "iris@1" } as JobResult;

async function withHome(work: (home: Home) => void | Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await work(createHome(folder));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("a queue gives each job to one taker, the oldest first", () =>
  withHome((home) => {
    const [one, two] = [openQueue(home), openQueue(home)];
    const ids = [one.add(REQUEST, CALLER).job_id, one.add(REQUEST, CALLER).job_id];
    const taken = [two.take()!, one.take()!];
    assert.deepEqual(new Set(taken.map(({ job_id }) => job_id)), new Set(ids));
    assert.equal(one.take(), null);
    assert.equal(two.take(), null);
    assert.deepEqual(taken.map(({ status }) => status), ["running", "running"]);
    one.close();
    two.close();
  }));

Deno.test("a job whose process is gone is taken again, and given up after three times", () =>
  withHome((home) => {
    const { job_id } = (() => {
      const queue = openQueue(home);
      const job = queue.add(REQUEST, CALLER);
      queue.close();
      return job;
    })();
    for (const attempt of [1, 2, 3]) {
      const queue = openQueue(home);
      assert.equal(queue.take()?.attempts, attempt);
      // Closing without reporting is what the death of a process leaves behind: its lock is free, its job runs.
      queue.close();
    }
    const queue = openQueue(home);
    assert.equal(queue.take(), null);
    const job = queue.get(job_id);
    assert.equal(job.status, "failed");
    assert.match(job.error!.message, /ended 3 times/);
    queue.close();
  }));

Deno.test("a job that came further each time is taken again, however often its process ended", () =>
  withHome((home) => {
    const first = openQueue(home);
    const { job_id } = first.add(REQUEST, CALLER);
    first.close();
    for (const attempt of [1, 2, 3, 4, 5]) {
      const queue = openQueue(home);
      assert.equal(queue.take()?.attempts, attempt);
      if (attempt % 2 === 0) queue.keepPart(job_id, `part ${attempt}`, 1);
      else queue.advance(job_id);
      queue.close();
    }
  }));

Deno.test("a queue tells whether another process has written, and not that it has itself", () =>
  withHome((home) => {
    const [one, two] = [openQueue(home), openQueue(home)];
    one.hasChanged();
    const { job_id } = one.add(REQUEST, CALLER);
    assert.equal(one.hasChanged(), false);
    two.cancel(job_id);
    assert.equal(one.hasChanged(), true);
    assert.equal(one.hasChanged(), false);
    one.close();
    two.close();
  }));

Deno.test("a job that runs in a living process is not taken by another", () =>
  withHome((home) => {
    const [one, two] = [openQueue(home), openQueue(home)];
    one.add(REQUEST, CALLER);
    assert.ok(one.take());
    assert.equal(two.take(), null);
    one.close();
    assert.ok(two.take());
    two.close();
  }));

Deno.test("only the owner of a job can end it", () =>
  withHome((home) => {
    const [one, two] = [openQueue(home), openQueue(home)];
    const { job_id } = one.add(REQUEST, CALLER);
    one.take();
    two.succeed(job_id, RESULT);
    assert.equal(one.get(job_id).status, "running");
    one.succeed(job_id, RESULT);
    assert.equal(two.get(job_id).status, "succeeded");
    assert.deepEqual(two.get(job_id).result, RESULT);
    one.fail(job_id, { code: "internal", message: "late", hint: "" });
    assert.equal(one.get(job_id).status, "succeeded");
    one.close();
    two.close();
  }));

Deno.test("cancel() ends a waiting job at once, and asks the process of a running one", () =>
  withHome((home) => {
    const queue = openQueue(home);
    const waiting = queue.add(REQUEST, CALLER).job_id;
    assert.equal(queue.cancel(waiting).status, "cancelled");
    assert.equal(queue.take(), null);
    const running = queue.add(REQUEST, CALLER).job_id;
    queue.take();
    assert.equal(queue.cancelRequested(running), false);
    assert.equal(queue.cancel(running).status, "running");
    assert.equal(queue.cancelRequested(running), true);
    queue.fail(running, { code: "cancelled", message: "stopped", hint: "" });
    assert.equal(queue.get(running).status, "cancelled");
    queue.close();
  }));

Deno.test("jobs of one millisecond are taken in the order they came, and listed newest first", () =>
  withHome((home) => {
    const queue = openQueue(home);
    const added = Array.from({ length: 20 }, () => queue.add(REQUEST, CALLER).job_id);
    assert.deepEqual(queue.list().map(({ job_id }) => job_id), added.toReversed());
    assert.deepEqual(added.map(() => queue.take()!.job_id), added);
    queue.close();
  }));

Deno.test("release() puts a job back without counting the attempt, and list() filters by status and run", () =>
  withHome((home) => {
    const queue = openQueue(home);
    const { job_id } = queue.add(REQUEST, CALLER);
    queue.add(REQUEST, { name: "other", run_id: null });
    queue.take();
    queue.release(job_id);
    assert.equal(queue.get(job_id).status, "queued");
    assert.equal(queue.take()!.attempts, 1);
    assert.equal(queue.list({ run_id: "run_1" }).length, 1);
    assert.equal(queue.list({ status: "queued" }).length, 1);
    assert.equal(queue.list().length, 2);
    assert.throws(() => queue.get("job_unknown"), (error: AppError) => error.code === "not_found");
    queue.close();
  }));
