/** The kernels of forests beside the plain TypeScript, which is their referee. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { type ForestTask, growByKernels, suitsKernels } from "@/ml/ensemble/forest_kernels.ts";
import { extraTrees } from "@/ml/ensemble/extra_trees.ts";
import { randomForest } from "@/ml/ensemble/random_forest.ts";
import type { Matrix } from "@/ml/matrix.ts";
import { balancedWeights, multiplyWeights } from "@/ml/tree/class_weight.ts";
import { createGrower } from "@/ml/tree/create_grower.ts";
import { GrownTree } from "@/ml/tree/grown_tree.ts";
import { TreesBuilder } from "@/ml/tree/trees_state.ts";
import { Random } from "@/shared/random.ts";
import { contextFor } from "../tree/reference_data.ts";

const FIELDS = ["feature", "threshold", "left", "right", "impurity", "weight"] as const;
const WITHOUT_THRESHOLD = FIELDS.filter((field) => field !== "threshold");

/** Numbers with many and with few values, doubles of 0 and -0, and constants, in any order. */
function randomMatrix(rows: number, cols: number, random: Random): Matrix {
  const data = new Float64Array(rows * cols);
  for (let j = 0; j < cols; j++) {
    const kind = random.below(6);
    for (let i = 0; i < rows; i++) {
      const value = random.normal();
      data[j * rows + i] = kind === 0
        ? Math.round(value)
        : kind === 1
        ? value > 0 ? 1 : -0
        : kind === 2
        ? 3
        : kind === 3
        ? Math.exp(9 * value)
        : value;
    }
  }
  return {
    rows,
    cols,
    data,
    names: Array.from({ length: cols }, (_, j) => `x${j}`),
    categories: new Array<number>(cols).fill(0),
  };
}

function randomTask(
  seed: number,
  splitter: ForestTask["splitter"],
  more: Partial<ForestTask["params"]> = {},
): ForestTask {
  const random = new Random(seed);
  const rows = [40, 300, 1200][random.below(3)];
  const X = randomMatrix(rows, 1 + random.below(40), random);
  const n_classes = [0, 0, 2, 2, 3, 11][random.below(6)];
  const y = new Float64Array(rows);
  for (let i = 0; i < rows; i++) {
    const signal = X.data[i] + X.data[(X.cols - 1) * rows + i] + random.normal();
    y[i] = n_classes === 0 ? 1e3 * signal : Math.abs(Math.round(2 * signal)) % n_classes;
  }
  let sum = 0;
  const weighted = random.below(3) === 0;
  const draws = random.below(3) === 0 ? 0 : Math.ceil(rows * random.float());
  const hasWeights = draws === 0 && random.below(2) === 0;
  return {
    X,
    y,
    n_classes,
    seed,
    splitter,
    draws,
    ...(hasWeights ? { weight: Float64Array.from(y, () => Math.max(0, random.float() - 0.1)) } : {}),
    isSubsample: draws > 0 && n_classes > 0 && random.below(3) === 0,
    isExact: random.below(2) === 0,
    ...(weighted ? { cumulative: Float64Array.from(y, (_, i) => sum += i % 5) } : {}),
    threads: 1,
    params: {
      n_estimators: 4,
      criterion: n_classes === 0 ? "squared_error" : random.below(3) === 0 ? "entropy" : "gini",
      max_depth: random.below(3) === 0 ? 5 : null,
      min_samples_split: random.below(3) === 0 ? 12 : 2,
      min_samples_leaf: random.below(3) === 0 ? 7 : 1,
      min_weight_fraction_leaf: random.below(4) === 0 ? 0.03 : 0,
      max_features: (["sqrt", null, 1, 0.5] as const)[random.below(4)],
      max_leaf_nodes: random.below(4) === 0 ? 2 + random.below(40) : null,
      min_impurity_decrease: random.below(4) === 0 ? 1e-3 : 0,
      ccp_alpha: 0,
      ...more,
    },
  };
}

function copyOf(tree: GrownTree): GrownTree {
  const { count, outputs } = tree;
  const copy = new GrownTree(outputs);
  copy.assign({
    count,
    feature: tree.feature.subarray(0, count),
    threshold: tree.threshold.subarray(0, count),
    left: tree.left.subarray(0, count),
    right: tree.right.subarray(0, count),
    impurity: tree.impurity.subarray(0, count),
    weight: tree.weight.subarray(0, count),
    value: tree.value.subarray(0, count * outputs),
  });
  return copy;
}

function byKernels(task: ForestTask, maxCodes?: number): GrownTree[] {
  const trees: GrownTree[] = [];
  assert.ok(growByKernels(task, { grown: (tree) => trees.push(copyOf(tree)) }, maxCodes));
  return trees;
}

function firstAbove(sorted: Float64Array, value: number): number {
  return sorted.findIndex((sum) => sum > value);
}

function byReferee(task: ForestTask): GrownTree[] {
  const { X, y, params, n_classes, splitter, seed, draws, cumulative, weight } = task;
  const { grower } = createGrower(X, y, params, n_classes, splitter, task.isExact === true);
  return Array.from({ length: params.n_estimators }, (_, tree) => {
    const random = new Random(seed, tree);
    const counts = new Float64Array(X.rows).fill(draws === 0 ? 1 : 0);
    for (let k = 0; k < draws; k++) {
      counts[
        cumulative ? firstAbove(cumulative, random.float() * cumulative[X.rows - 1]) : random.below(X.rows)
      ]++;
    }
    const balanced = task.isSubsample ? balancedWeights(y, n_classes, counts) : undefined;
    grower.grow(weight ?? multiplyWeights(counts, balanced)!, random);
    return copyOf(grower.tree);
  });
}

function assertSameTrees(
  kernels: GrownTree[],
  referee: GrownTree[],
  what: string,
  fields: readonly (typeof FIELDS)[number][],
) {
  kernels.forEach((tree, t) => {
    assert.equal(tree.count, referee[t].count, `${what}: nodes of tree ${t}`);
    for (const field of [...fields, "value"] as const) {
      const size = field === "value" ? tree.count * tree.outputs : tree.count;
      for (let i = 0; i < size; i++) {
        assert.ok(
          Object.is(tree[field][i], referee[t][field][i]),
          `${what}: ${field}[${i}] of tree ${t} is ${tree[field][i]}, not ${referee[t][field][i]}`,
        );
      }
    }
  });
}

Deno.test("forest kernels grow best splits to the bit as the plain grower", () => {
  let nodes = 0;
  for (let seed = 0; seed < 160; seed++) {
    const task = randomTask(seed, "best");
    const trees = byKernels(task);
    assertSameTrees(trees, byReferee(task), `seed ${seed}`, FIELDS);
    nodes += trees.reduce((sum, { count }) => sum + count, 0);
  }
  assert.ok(nodes > 20_000, `${nodes} nodes were compared`);
});

/** The codes of even steps that random cuts are drawn among, or the values of a column too skewed for them. */
function stepsOf(column: Float64Array): Float64Array {
  const lowest = Math.min(...column);
  const factor = 65535 / (Math.max(...column) - lowest);
  if (!(factor > 0 && factor < Infinity)) return column;
  const codes = column.map((value) => Math.min(65535, Math.floor((value - lowest) * factor)));
  const valuesOf = new Map<number, number[]>();
  codes.forEach((code, i) => valuesOf.set(code, [...valuesOf.get(code) ?? [], column[i]]));
  let shared = 0;
  for (const values of valuesOf.values()) {
    if (values.some((value) => value !== values[0])) shared += values.length ** 2;
  }
  return shared > column.length ** 2 / 4096 ? column : codes;
}

function inSteps(X: Matrix): Matrix {
  const data = new Float64Array(X.data.length);
  for (let j = 0; j < X.cols; j++) {
    data.set(stepsOf(X.data.subarray(j * X.rows, (j + 1) * X.rows)), j * X.rows);
  }
  return { ...X, data };
}

Deno.test("forest kernels grow random splits as the plain grower on even steps of the values", () => {
  let nodes = 0;
  let skewed = 0;
  for (let seed = 0; seed < 160; seed++) {
    const task = randomTask(seed, "random");
    const X = inSteps(task.X);
    for (let j = 0; j < X.cols; j++) skewed += Number(X.data[j * X.rows] === task.X.data[j * X.rows]);
    const trees = byKernels(task);
    assertSameTrees(trees, byReferee({ ...task, X }), `seed ${seed}`, WITHOUT_THRESHOLD);
    if (task.draws === 0 && !task.weight) { for (const tree of trees) assertThresholdsPart(tree, task.X); }
    nodes += trees.reduce((sum, { count }) => sum + count, 0);
  }
  assert.ok(nodes > 20_000, `${nodes} nodes were compared`);
  assert.ok(skewed > 100, `${skewed} columns were too skewed for steps`);
});

Deno.test("forest kernels grow odd data as the plain grower: a row, one class, constants, 1e300, huge ranges", () => {
  const random = new Random(8);
  const one = {
    ...randomTask(2, "best"),
    draws: 0,
    cumulative: undefined,
    weight: undefined,
    isSubsample: false,
  };
  const shapes: [number, number, (i: number, j: number) => number, (i: number) => number, number][] = [
    [1, 3, (_, j) => j, () => 4, 0],
    [2, 1, (i) => i, (i) => i, 2],
    [30, 2, () => 7, (i) => i % 2, 2],
    [5, 100, () => random.normal(), (i) => i, 0],
    [40, 3, () => random.normal(), () => 0, 1],
    [60, 1, (i) => i, (i) => i < 30 ? -1e300 : 1e300, 0],
    [50, 2, (i, j) => j === 0 ? i * 1e305 - 25e305 : i % 7, (i) => i % 3, 0],
    [50, 2, (i) => (i % 2 ? -1 : 1) * 2 ** -1070, (i) => i % 3, 3],
    [700, 130, () => random.below(1000), (i) => i % 5, 5],
    [900, 250, () => random.normal(), (i) => i % 2, 2],
  ];
  for (const [rows, cols, value, target, n_classes] of shapes) {
    const X = randomMatrix(rows, cols, random);
    for (let k = 0; k < X.data.length; k++) X.data[k] = value(k % rows, Math.floor(k / rows));
    for (const splitter of ["best", "random"] as const) {
      const criterion = n_classes > 0 ? "gini" as const : "squared_error" as const;
      const y = Float64Array.from({ length: rows }, (_, i) => target(i));
      const task = { ...one, X, y, n_classes, splitter, params: { ...one.params, criterion } };
      const referee = byReferee(splitter === "best" ? task : { ...task, X: inSteps(X) });
      const fields = splitter === "best" ? FIELDS : WITHOUT_THRESHOLD;
      assertSameTrees(byKernels(task), referee, `${rows} x ${cols}, ${splitter}`, fields);
    }
  }
});

Deno.test("forest kernels part a column of too many values into codes of neighbours", () => {
  for (let seed = 0; seed < 40; seed++) {
    const task = randomTask(seed, "best");
    const { X } = task;
    const most = 50;
    // The referee sees the first value of each code.
    const data = X.data.slice();
    for (let j = 0; j < X.cols; j++) {
      const column = data.subarray(j * X.rows, (j + 1) * X.rows);
      const distinct = [...new Set(Array.from(column, (value) => value + 0))].sort((a, b) => a - b);
      if (distinct.length <= most) continue;
      const code = (k: number) => Math.floor(k * most / distinct.length);
      const first = new Map(distinct.map((value, k) => {
        const from = distinct.findIndex((_, other) => code(other) === code(k));
        return [value, distinct[from]];
      }));
      for (let i = 0; i < column.length; i++) column[i] = first.get(column[i] + 0)!;
    }
    const kernels = byKernels(task, most);
    assertSameTrees(
      kernels,
      byReferee({ ...task, X: { ...X, data } }),
      `seed ${seed}`,
      WITHOUT_THRESHOLD,
    );
    for (const tree of task.draws === 0 && !task.weight ? kernels : []) assertThresholdsPart(tree, X);
  }
});

/** The thresholds send as many rows left as the tree says. */
function assertThresholdsPart(tree: GrownTree, X: Matrix): void {
  const weight = new Float64Array(tree.count);
  for (let i = 0; i < X.rows; i++) {
    for (let node = 0; node >= 0;) {
      weight[node]++;
      const column = tree.feature[node];
      if (column < 0) break;
      node = X.data[column * X.rows + i] <= tree.threshold[node] ? tree.left[node] : tree.right[node];
    }
  }
  assert.deepEqual([...weight], [...tree.weight.subarray(0, tree.count)]);
}

Deno.test("forest kernels leave compact trees as they are made from whole ones", () => {
  for (let seed = 0; seed < 20; seed++) {
    const task = randomTask(seed, seed % 2 === 0 ? "best" : "random", { max_leaf_nodes: null });
    const whole = new TreesBuilder(task.n_classes, task.X.cols);
    const compact = new TreesBuilder(task.n_classes, task.X.cols);
    assert.ok(growByKernels(task, { grown: (tree) => whole.add(tree) }));
    assert.ok(growByKernels(task, { compact: (tree) => compact.addCompact(tree) }));
    assert.deepEqual(compact.finish(null), whole.finish(null));
  }
});

Deno.test("random_forest and extra_trees learn the same bytes on 1, 2 and 3 threads", () => {
  for (const estimator of [randomForest, extraTrees]) {
    for (const n_classes of [0, 3]) {
      const random = new Random(5);
      const X = randomMatrix(12_000, 20, random);
      const y = Float64Array.from(
        { length: X.rows },
        (_, i) => n_classes === 0 ? X.data[i] + random.normal() : random.below(n_classes),
      );
      const task = n_classes === 0 ? "regression" : "classification";
      const params = estimator.params[task]!.parse({ n_estimators: 9, bootstrap: true, oob_score: true });
      const states = [1, 2, 3].map((threads) => {
        const seen: number[] = [];
        const progress = (done: number) => seen.push(done);
        const state = estimator.fit(X, y, params, { ...contextFor(task, n_classes), threads, progress });
        assert.deepEqual(seen, [1, 2, 3, 4, 5, 6, 7, 8, 9]);
        return state;
      });
      for (const other of [1, 2]) {
        for (const [field, value] of Object.entries(states[0])) {
          const same = states[other][field];
          // Of large arrays deepEqual would take minutes to say what differs.
          if (ArrayBuffer.isView(value)) {
            const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
            assert.ok(bytes.equals(Buffer.from((same as typeof value).buffer)), field);
          } else assert.deepEqual(same, value);
        }
      }
    }
  }
});

Deno.test("a row drawn too often to be counted in 16 bits leaves the forest to the plain grower", () => {
  const task = randomTask(3, "best", { n_estimators: 2 });
  const { X, y } = { X: randomMatrix(3000, 8, new Random(1)), y: new Float64Array(3000) };
  for (let i = 0; i < y.length; i++) y[i] = i % 40;
  const cumulative = new Float64Array(3000).map((_, i) => i < 10 ? 0 : i);
  cumulative.fill(1e9, 10);
  assert.equal(
    growByKernels({ ...task, X, y, n_classes: 40, draws: 3000, cumulative }, {}),
    false,
  );
  const sample_weight = new Float64Array(3000).fill(1e-9);
  sample_weight[10] = 1e9;
  const params = randomForest.params.classification!.parse({ n_estimators: 100 });
  const state = randomForest.fit(X, y, params, { ...contextFor("classification", 40), sample_weight });
  assert.equal(randomForest.predict(X, state)[y[10]], 1);
});

Deno.test("very small forests and what the kernels can't grow go the plain way", () => {
  const large = { ...randomTask(1, "best"), X: randomMatrix(20_000, 10, new Random(1)) };
  const gini = { ...large, n_classes: 2, params: { ...large.params, criterion: "gini" as const } };
  const base = { ...gini, params: { ...gini.params, n_estimators: 100 } };
  assert.ok(suitsKernels(base));
  assert.equal(suitsKernels({ ...base, n_classes: 100 }), false);
  const few = { ...base, X: randomMatrix(150, 4, new Random(1)) };
  assert.equal(suitsKernels(few), true);
  assert.equal(suitsKernels({ ...few, params: { ...few.params, n_estimators: 5 } }), false);
});
