import assert from "node:assert/strict";
import { join } from "node:path";
import { type Checkpoints, openCheckpoints } from "@/jobs/checkpoints.ts";
import { openPool } from "@/jobs/learning_pool.ts";
import type { TrainingRequest } from "@/jobs/job.ts";
import { type JobQueue, openQueue } from "@/jobs/queue.ts";
import { type JobRunner, startRunner } from "@/jobs/runner.ts";
import { findSample } from "@/dataset/samples.ts";
import { decodeTable } from "@/dataset/table_file.ts";
import { openRegistry } from "@/registry/registry.ts";
import { sha256Hex } from "@/shared/hash.ts";
import { openHoldouts } from "@/shared/holdout_door.ts";
import { createHome, type Home } from "@/shared/home.ts";
import { openLog } from "@/shared/log.ts";

const CALLER = { name: "test", run_id: null };
const never = new AbortController().signal;

function request(change: Partial<TrainingRequest> = {}): TrainingRequest {
  const { text } = findSample("iris");
  return {
    dataset: "sample/iris",
    target: findSample("iris").target,
    algorithm: "decision_tree",
    params: {},
    validation: { method: "holdout", test_fraction: 0.2 },
    seed: 0,
    threads: 2,
    name: "iris",
    dataset_sha256: sha256Hex(new TextEncoder().encode(text)),
    dataset_ref: "sample/iris",
    dataset_version: null,
    dataset_license: null,
    ...change,
  };
}

function open(
  home: Home,
  workers = 2,
  damage: (queue: JobQueue) => JobQueue = (queue) => queue,
  watch: (checkpoints: Checkpoints) => Checkpoints = (checkpoints) => checkpoints,
) {
  const log = openLog(null, "test", "error");
  const queue = damage(openQueue(home));
  const registry = openRegistry(home);
  const pool = openPool(workers, log);
  const bytes = new TextEncoder().encode(findSample("iris").text);
  const runner: JobRunner = startRunner({
    ...{ holdouts: openHoldouts(home.holdouts), queue, registry, pool, log, at_once: 2 },
    checkpoints: watch(openCheckpoints(home.checkpoints, log)),
    readDataset: () => Promise.resolve({ bytes, file_name: "iris.csv", sha256: sha256Hex(bytes) }),
  });
  return {
    ...{ queue, registry, runner },
    async close() {
      await runner.close();
      pool.close();
      queue.close();
      registry.close();
    },
  };
}

async function withHome(work: (home: Home) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await work(createHome(folder));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("a job ends as a model with lineage, metrics beside the baseline, and a sealed holdout", () =>
  withHome(async (home) => {
    const server = open(home);
    try {
      const { job_id } = server.queue.add(request(), CALLER);
      server.runner.wake();
      const job = await server.runner.wait(job_id, 60, never, () => {});
      assert.equal(job.status, "succeeded", JSON.stringify(job.error));
      assert.ok(job.result!.metrics.accuracy! > 0.9);
      assert.ok(job.result!.baseline.accuracy! < 0.4);
      assert.deepEqual(job.result!.rows, { total: 150, train: 120, holdout: 30, without_target: 0 });
      const model = server.registry.find("iris@1");
      assert.equal(model.dataset.sha256, request().dataset_sha256);
      const file = await Deno.readFile(join(home.holdouts, `${model.holdout!.sha256}.safetensors`));
      assert.equal(sha256Hex(file), model.holdout!.sha256);
      assert.equal(decodeTable(file).rows, 30);
    } finally {
      await server.close();
    }
  }));

Deno.test("the same request gives the same artifact, whatever the number of Workers", () =>
  withHome(async (home) => {
    const hashes = new Set<string>();
    for (const workers of [1, 2]) {
      const server = open(home, workers);
      try {
        const { job_id } = server.queue.add(request({ algorithm: "auto", trials: 3 }), CALLER);
        server.runner.wake();
        const { result, error } = await server.runner.wait(job_id, 120, never, () => {});
        assert.ok(result, JSON.stringify(error));
        assert.equal(result.leaderboard.length, 3);
        hashes.add(server.registry.find(result.model_id).artifact_sha256);
      } finally {
        await server.close();
      }
    }
    assert.equal(hashes.size, 1);
  }));

Deno.test("a job whose server closes in the middle waits and ends in the next server, as one model", () =>
  withHome(async (home) => {
    const slow = request({ algorithm: "random_forest", params: { n_estimators: 3000 } });
    const first = open(home);
    const { job_id } = first.queue.add(slow, CALLER);
    first.runner.wake();
    const seen = new Promise<void>((done) => {
      const abort = new AbortController();
      void first.runner.wait(job_id, 60, abort.signal, ({ stage }) => {
        if (stage === "comparing") {
          abort.abort();
          done();
        }
      });
    });
    await seen;
    await first.close();
    const second = open(home);
    try {
      const job = await second.runner.wait(job_id, 120, never, () => {});
      assert.equal(job.status, "succeeded", JSON.stringify(job.error));
      assert.equal(second.registry.list().length, 1);
    } finally {
      await second.close();
    }
  }));

Deno.test("a job ends all the same when the disk was full while its progress and its end were written", () =>
  withHome(async (home) => {
    let left = 2;
    const full = () => {
      if (left-- > 0) throw new Error("database or disk is full");
    };
    const server = open(home, 2, (queue) => ({
      ...queue,
      report: () => {
        throw new Error("database or disk is full");
      },
      succeed: (job_id, result) => {
        full();
        queue.succeed(job_id, result);
      },
    }));
    try {
      const { job_id } = server.queue.add(request(), CALLER);
      server.runner.wake();
      const job = await server.runner.wait(job_id, 60, never, () => {});
      assert.deepEqual([job.status, left, job.attempts], ["succeeded", -1, 1], JSON.stringify(job.error));
    } finally {
      await server.close();
    }
  }));

Deno.test("cancelling a running job ends its Workers, and the next job runs", () =>
  withHome(async (home) => {
    const server = open(home, 1);
    try {
      const long =
        server.queue.add(request({ algorithm: "random_forest", params: { n_estimators: 10_000 } }), CALLER)
          .job_id;
      server.runner.wake();
      let asked = false;
      const job = await server.runner.wait(long, 60, never, ({ stage }) => {
        if (stage === "comparing" && !asked) {
          asked = true;
          server.runner.cancel(long);
        }
      });
      assert.equal(job.status, "cancelled", JSON.stringify(job.error));
      const next = server.queue.add(request(), CALLER).job_id;
      server.runner.wake();
      assert.equal((await server.runner.wait(next, 60, never, () => {})).status, "succeeded");
      assert.equal(server.registry.list().length, 1);
    } finally {
      await server.close();
    }
  }));

/** The threads of this process that are Workers, by their numbers; only where /proc tells. */
function workerThreads(): string[] {
  return [...Deno.readDirSync("/proc/self/task")].map(({ name }) => name).filter((thread) => {
    try {
      return Deno.readTextFileSync(`/proc/self/task/${thread}/comm`).startsWith("worker-");
    } catch {
      return false; // it has just ended
    }
  });
}

/** Hundredths of a second that they have worked. */
function workOf(threads: string[]): number {
  return threads.reduce((sum, thread) => {
    try {
      const text = Deno.readTextFileSync(`/proc/self/task/${thread}/stat`);
      return sum + Number(text.slice(text.lastIndexOf(")")).split(" ")[12]);
    } catch {
      return sum;
    }
  }, 0);
}

const ENDLESS: [string, Record<string, unknown>][] = [
  ["gradient_boosting", { max_iter: 100_000, early_stopping: false }],
  // Deep trees by the kernels: one task takes long.
  ["random_forest", { n_estimators: 10_000 }],
  // By plain TypeScript.
  ["random_forest", { n_estimators: 10_000, max_leaf_nodes: 100 }],
  ["mlp", { max_iter: 10_000_000, tol: 0, n_iter_no_change: 10_000_000 }],
  ["svm", { tol: 1e-300 }],
];

for (const [algorithm, params] of ENDLESS) {
  // The one that no message to the outside would stop is enough for both ways.
  for (const from of algorithm === "svm" ? ["its own", "another"] : ["its own"]) {
    Deno.test({
      name: `cancelling ${algorithm} ${JSON.stringify(params)} from ${from} process stops its threads`,
      ignore: Deno.build.os !== "linux",
      fn: () =>
        withHome(async (home) => {
          const server = open(home, 2);
          const other = openQueue(home);
          try {
            const { job_id } = server.queue.add(request({ algorithm, params }), CALLER);
            server.runner.wake();
            let threads: string[] = [];
            let asked = false;
            const job = await server.runner.wait(job_id, 60, never, ({ stage }) => {
              if (stage !== "comparing" || asked) return;
              threads = workerThreads();
              if (workOf(threads) < 20) return; // it has hardly begun
              asked = true;
              if (from === "another") other.cancel(job_id);
              else server.runner.cancel(job_id);
            });
            assert.deepEqual([job.status, asked], ["cancelled", true], JSON.stringify(job.error));
            // Threads that did not stop would work on for all of this second.
            const before = workOf(threads);
            await new Promise((go) => setTimeout(go, 1000));
            const after = workOf(threads);
            assert.ok(after - before < 30, `they have worked ${10 * (after - before)} ms more`);
          } finally {
            other.close();
            await server.close();
          }
        }),
    });
  }
}

Deno.test("a job says why when its data was changed since it was accepted, or its algorithm can't be fitted", () =>
  withHome(async (home) => {
    const server = open(home);
    try {
      const changed = server.queue.add(request({ dataset_sha256: "1".repeat(64) }), CALLER).job_id;
      const wrong =
        server.queue.add(request({ algorithm: "decision_tree", params: { max_depth: 0 } }), CALLER).job_id;
      server.runner.wake();
      const first = await server.runner.wait(changed, 60, never, () => {});
      assert.match(first.error!.message, /changed since the job was accepted/);
      const second = await server.runner.wait(wrong, 60, never, () => {});
      assert.equal(second.status, "failed");
      assert.match(second.error!.message, /max_depth/);
    } finally {
      await server.close();
    }
  }));

Deno.test("a checkpoint is for the same data, params, seed and part alone, whatever the threads", () =>
  withHome(async (home) => {
    const keys: string[][] = [];
    const server = open(home, 2, undefined, (checkpoints) => ({
      ...checkpoints,
      read(job_id, key) {
        keys.at(-1)!.push(key);
        return checkpoints.read(job_id, key);
      },
    }));
    const params = { max_depth: 2 };
    const changes = [{ params }, { params, threads: 1 }, { params: { max_depth: 3 } }, { params, seed: 1 }, {
      params,
      target: "sepal_length",
    }];
    for (const change of changes) {
      keys.push([]);
      const { job_id } = server.queue.add(request(change), CALLER);
      server.runner.wake();
      assert.equal((await server.runner.wait(job_id, 60, never, () => {})).status, "succeeded");
      assert.equal(new Set(keys.at(-1)).size, 3, "the candidate, the dummy and the fit");
    }
    assert.deepEqual(keys[0].toSorted(), keys[1].toSorted());
    assert.equal(new Set(keys.flat()).size, 4 * 3);
    await server.close();
  }));

Deno.test("a job that was cut off goes on behind what it had compared, and ends with the same bytes", async () => {
  const wanted = request({ algorithm: "auto", trials: 3, threads: 1 });
  const finish = async (home: Home, job_id: string | null, from: ReturnType<typeof open>) => {
    const id = job_id ?? from.queue.add(wanted, CALLER).job_id;
    from.runner.wake();
    const job = await from.runner.wait(id, 60, never, () => {});
    assert.equal(job.status, "succeeded", JSON.stringify(job.error));
    const rows = openQueue(home);
    assert.equal(rows.keptPart(id, "compare 0"), undefined, "what was kept is forgotten at the end");
    rows.close();
    return { job, sha256: from.registry.find(job.result!.model_id).artifact_sha256 };
  };
  let whole = "";
  await withHome(async (home) => {
    const server = open(home);
    whole = (await finish(home, null, server)).sha256;
    await server.close();
  });
  await withHome(async (home) => {
    const kept: string[] = [];
    let cut = () => {};
    const isCut = new Promise<void>((done) => cut = done);
    const first = open(home, 1, (queue) => ({
      ...queue,
      keepPart(job_id, part, value) {
        queue.keepPart(job_id, part, value);
        kept.push(part);
        if (kept.length === 2) cut();
      },
    }));
    const { job_id } = first.queue.add(wanted, CALLER);
    first.runner.wake();
    await isCut;
    await first.close();
    const again: string[] = [];
    const second = open(home, 1, (queue) => ({
      ...queue,
      keepPart(job_id, part, value) {
        again.push(part);
        queue.keepPart(job_id, part, value);
      },
    }));
    assert.equal((await finish(home, job_id, second)).sha256, whole);
    assert.deepEqual([kept, again], [["compare 0", "compare 1"], ["compare 2", "compare 3"]]);
    await second.close();
  });
});
