/** A fit that is cut off after any step goes on from what its checkpoints gave, to the same state. */
import assert from "node:assert/strict";
import { packState, unpackState } from "@/artifact/pack_state.ts";
import { checkParams } from "@/ml/check_params.ts";
import type { FitContext, Task } from "@/ml/estimator.ts";
import { estimatorOf, ESTIMATORS } from "@/ml/estimators.ts";
import type { Matrix } from "@/ml/matrix.ts";
import type { State } from "@/ml/state.ts";
import { Random } from "@/shared/random.ts";
import { decodeSafetensors, encodeSafetensors, type Tensor } from "@/shared/safetensors.ts";

const ROWS = 240;

function data(task: Task, algorithm: string): { X: Matrix; y: Float64Array } {
  const random = new Random(5);
  const codes = estimatorOf(algorithm).needs.categories === "native" ? 6 : 0;
  const columns = Array.from(
    { length: 4 },
    (_, j) =>
      Array.from({ length: ROWS }, () => j === 0 && codes > 0 ? random.below(codes) : random.normal()),
  );
  const y = Float64Array.from({ length: ROWS }, (_, i) => {
    const value = columns[0][i] + Math.sin(2 * columns[1][i]) + 0.3 * random.normal();
    return task === "regression" ? 1000 * value : value < 0 ? 0 : value < 1 ? 1 : 2;
  });
  return {
    X: {
      rows: ROWS,
      cols: 4,
      data: Float64Array.from(columns.flat()),
      names: ["a", "b", "c", "d"],
      categories: [codes, 0, 0, 0],
    },
    y,
  };
}

/** What a disk keeps: bytes. */
function kept(piece: State): State {
  const tensors: Record<string, Tensor> = {};
  const packed = JSON.stringify(packState(piece, "piece", tensors));
  const read = decodeSafetensors(encodeSafetensors(tensors, { packed }));
  return unpackState(
    JSON.parse(read.metadata.packed),
    "piece",
    read.tensors,
    new Set(Object.keys(tensors)),
  ) as State;
}

class Cut extends Error {}

interface Run {
  algorithm: string;
  task: Task;
  params: Record<string, unknown>;
  weighted?: boolean;
}

function fit({ algorithm, task, params, weighted }: Run, more: Partial<FitContext>): State {
  const { X, y } = data(task, algorithm);
  return estimatorOf(algorithm).fit(X, y, checkParams(algorithm, task, params), {
    task,
    n_classes: task === "regression" ? 0 : 3,
    seed: 3,
    ...(weighted ? { sample_weight: Float64Array.from(y, (_, i) => 1 + i % 3) } : {}),
    progress: () => {},
    ...more,
  });
}

/** Fits until `steps` checkpoints were offered, keeps every `every`-th and is cut off; undefined when it ended before. */
function cutOff(run: Run, steps: number, every: number, resume: State[]): State[] | undefined {
  const pieces = [...resume];
  let offered = 0;
  try {
    fit(run, {
      resume,
      checkpoint(piece, isWhole) {
        offered++;
        if (offered % every === 0) {
          const made = kept(piece());
          if (isWhole) pieces.length = 0;
          pieces.push(made);
        }
        if (offered === steps) throw new Cut();
      },
    });
  } catch (error) {
    if (error instanceof Cut) return pieces;
    throw error;
  }
}

const few = { n_estimators: 7 };
const RUNS: Run[] = [
  {
    algorithm: "gradient_boosting",
    task: "classification",
    params: { max_iter: 7, subsample: 0.7, max_features: 0.6 },
  },
  {
    algorithm: "gradient_boosting",
    task: "regression",
    params: { max_iter: 8, early_stopping: true, n_iter_no_change: 3 },
  },
  {
    algorithm: "gradient_boosting",
    task: "regression",
    params: { max_iter: 40, early_stopping: true, n_iter_no_change: 5, tol: 1e4 },
  },
  {
    algorithm: "gradient_boosting",
    task: "regression",
    params: { max_iter: 7, loss: "huber" },
    weighted: true,
  },
  { algorithm: "random_forest", task: "classification", params: { ...few, oob_score: true }, weighted: true },
  {
    algorithm: "random_forest",
    task: "regression",
    params: { ...few, oob_score: true, max_leaf_nodes: 9 },
  },
  {
    algorithm: "random_forest",
    task: "regression",
    params: { n_estimators: 20, oob_score: true, ccp_alpha: 100 },
    weighted: true,
  },
  {
    algorithm: "random_forest",
    task: "classification",
    params: { n_estimators: 20, class_weight: "balanced_subsample" },
  },
  { algorithm: "extra_trees", task: "classification", params: { n_estimators: 20 } },
  { algorithm: "extra_trees", task: "regression", params: { ...few, bootstrap: true, max_samples: 0.5 } },
  {
    algorithm: "mlp",
    task: "classification",
    params: { max_iter: 9, hidden_layer_sizes: [6], dropout: 0.3 },
  },
  {
    algorithm: "mlp",
    task: "regression",
    params: { max_iter: 30, early_stopping: true, learning_rate_init: 0.05, n_iter_no_change: 3 },
  },
  {
    algorithm: "mlp",
    task: "regression",
    params: { max_iter: 12, solver: "sgd", learning_rate: "adaptive", tol: 10, n_iter_no_change: 2 },
    weighted: true,
  },
];

for (const run of RUNS) {
  Deno.test(`${run.algorithm} cut off after any step ends with the same state: ${run.task} ${JSON.stringify(run.params)}`, () => {
    const whole = fit(run, {});
    let cuts = 0;
    for (let steps = 1;; steps++) {
      const pieces = cutOff(run, steps, 1, []);
      if (!pieces) break;
      cuts++;
      assert.deepEqual(fit(run, { resume: pieces, threads: 1 + steps % 2 }), whole, `cut off after ${steps}`);
    }
    assert.ok(cuts >= 2, `it offered ${cuts} checkpoints`);
  });
}

for (const run of [RUNS[0], RUNS[4], RUNS[10]]) {
  Deno.test(`${run.algorithm} cut off again and again, with few checkpoints kept, ends with the same state`, () => {
    const whole = fit(run, {});
    let pieces: State[] = [];
    for (let deaths = 0; deaths < 50; deaths++) {
      const left = cutOff(run, 3, 2, pieces);
      if (!left) break;
      pieces = left;
    }
    assert.deepEqual(fit(run, { resume: pieces }), whole);
  });
}

Deno.test("an algorithm says how it is continued by parameters that it has", () => {
  const able = ESTIMATORS.filter(({ continues }) => continues);
  assert.deepEqual(able.map(({ name }) => name).sort(), [
    "extra_trees",
    "gradient_boosting",
    "mlp",
    "random_forest",
  ]);
  for (const { name, continues } of able) {
    for (const param of [continues!.steps, ...continues!.free]) {
      assert.ok(param in checkParams(name, "regression", {}), `${name} has no ${param}`);
    }
  }
});

for (const { algorithm, task, params } of [RUNS[0], RUNS[6], RUNS[8]]) {
  Deno.test(`${algorithm} that goes on from a model of fewer steps ends with the state of one fit, cut off or not`, () => {
    const run = { algorithm, task, params };
    const { steps } = estimatorOf(algorithm).continues!;
    const few = algorithm === "gradient_boosting" ? 3 : 15;
    const first = fit({ ...run, params: { ...params, [steps]: few } }, {});
    const whole = fit(run, {});
    assert.deepEqual(fit(run, { continue_from: kept(first) }), whole);
    const pieces: State[] = [];
    assert.throws(() =>
      fit(run, {
        continue_from: first,
        checkpoint(piece) {
          pieces.push(kept(piece()));
          throw new Cut();
        },
      }), Cut);
    assert.deepEqual(fit(run, { continue_from: first, resume: pieces }), whole);
  });
}

Deno.test("mlp that goes on from a model learns further, in epochs of its own", () => {
  const run: Run = {
    algorithm: "mlp",
    task: "regression",
    params: { max_iter: 10, hidden_layer_sizes: [8] },
  };
  const first = fit(run, {});
  const more = fit({ ...run, params: { ...run.params, max_iter: 25 } }, { continue_from: first });
  const [before, after] = [first.losses as number[], more.losses as number[]];
  assert.deepEqual([after.slice(0, 10), after.length], [before, 25]);
  assert.ok(after[24] < before[9]);
});

Deno.test("a model of other columns, classes, layers or of more steps than wanted is not continued", () => {
  for (const algorithm of ["random_forest", "mlp"]) {
    const { steps } = estimatorOf(algorithm).continues!;
    const run = (task: Task, count: number): Run => ({ algorithm, task, params: { [steps]: count } });
    const first = fit(run("regression", 4), {});
    assert.throws(
      () => fit(run("regression", 3), { continue_from: first }),
      new RegExp(`4 (trees|epochs), ${steps} is 3`),
    );
    assert.throws(
      () => fit(run("classification", 5), { continue_from: first }),
      /the model has 0 classes, the data 3/,
    );
  }
});

for (const run of [RUNS[0], RUNS[1], RUNS[4], RUNS[11]]) {
  Deno.test(`${run.algorithm} tells at once where it goes on, with the score if it has one: ${run.task}`, () => {
    const pieces = cutOff(run, 3, 1, [])!;
    const told: (number | undefined)[][] = [];
    fit(run, { resume: pieces, progress: (done, _, score) => told.push([done, score]) });
    const hasScore = run.algorithm !== "random_forest";
    assert.deepEqual([told[0][0], told[0][1] !== undefined, told[1][0]], [3, hasScore, 4]);
  });
}
