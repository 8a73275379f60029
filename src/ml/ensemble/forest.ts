/** What random forests and extremely randomised trees share: many trees, each on its own draw of rows. */
import { z } from "zod";
import { AppError } from "@/shared/errors.ts";
import { Random } from "@/shared/random.ts";
import type { FitContext } from "../estimator.ts";
import type { Matrix } from "../matrix.ts";
import { checkTraining } from "../tree/checks.ts";
import { balancedWeights, multiplyWeights } from "../tree/class_weight.ts";
import { createGrower } from "../tree/create_grower.ts";
import type { GrownTree } from "../tree/grown_tree.ts";
import {
  classificationCriterion,
  limitsFor,
  maxFeaturesParam,
  regressionCriterion,
  treeParams,
} from "../tree/params.ts";
import { prune } from "../tree/prune.ts";
import { scaleOf } from "../tree/regression_criterion.ts";
import { TreesBuilder, type TreesState } from "../tree/trees_state.ts";
import { checkContinues } from "./forest_continue.ts";
import { growByKernels, suitsKernels, type TakeTree } from "./forest_kernels.ts";
import { OutOfBag } from "./out_of_bag.ts";

/** The strict schemas of both tasks. */
export function forestParams(bootstrap: boolean) {
  const shared = {
    n_estimators: z.int().min(1).max(10_000).default(100).describe("Number of trees."),
    ...treeParams,
    bootstrap: z.boolean().default(bootstrap)
      .describe("true: each tree learns from rows drawn with replacement; false: from all rows."),
    oob_score: z.boolean().default(false)
      .describe("Score the forest on the rows that each tree did not draw. Needs bootstrap: true."),
    max_samples: z.union([z.int().min(1), z.number().gt(0).lt(1)]).nullable().default(null)
      .describe(
        "Rows drawn for each tree with bootstrap: a count from 1, a fraction between 0 and 1, or null for as many as there are.",
      ),
  };
  return {
    classification: z.strictObject({
      criterion: classificationCriterion,
      ...shared,
      max_features: maxFeaturesParam("sqrt"),
      class_weight: z.enum(["balanced", "balanced_subsample"]).nullable().default(null).describe(
        "balanced: all classes weigh the same, however rare; balanced_subsample: the same within each tree's draw; null: all rows weigh the same.",
      ),
    }),
    regression: z.strictObject({
      criterion: regressionCriterion,
      ...shared,
      max_features: maxFeaturesParam(null),
    }),
  };
}

type Schemas = ReturnType<typeof forestParams>;
export type ForestParams = z.output<Schemas["regression"]> | z.output<Schemas["classification"]>;

/** What a checkpoint keeps, and who grew these trees: the kernels and the plain grower are not mixed in one forest. */
type Piece = TreesState & { by_kernels: boolean };

/**
 * @throws AppError invalid_argument for bad data or parameters that contradict each other; failed_precondition when
 * it can't go on from that model
 */
export function fitForest(
  name: string,
  splitter: "best" | "random",
  X: Matrix,
  y: Float64Array,
  params: ForestParams,
  context: FitContext,
): TreesState {
  checkTraining(X, y, context, name, false);
  checkBootstrap(name, params);
  const { n_classes, seed } = context;
  const classWeight = "class_weight" in params ? params.class_weight : null;
  const subsample = classWeight === "balanced_subsample" && params.bootstrap;
  const balanced = classWeight !== null && !subsample
    ? balancedWeights(y, n_classes, context.sample_weight)
    : undefined;
  const weight = multiplyWeights(context.sample_weight, balanced);
  const draws = params.bootstrap ? new RowDraws(X.rows, params.max_samples, weight) : undefined;
  const { ccpAlpha } = limitsFor(params, X.rows, X.cols, n_classes > 0 ? 1 : scaleOf(y));
  const before = context.continue_from as TreesState | undefined;
  if (before) checkContinues(name, before, X, params, n_classes);
  const pieces = (context.resume ?? []) as Piece[];
  const open = (byKernels: boolean) =>
    new GrownForest(
      X,
      y,
      n_classes,
      { params, ccpAlpha, byKernels, draw: (tree) => draws?.draw(new Random(seed, tree)) },
      [...before ? [before] : [], ...pieces.filter(({ by_kernels }) => by_kernels === byKernels)],
      context,
    );
  const task = {
    X,
    y,
    params,
    n_classes,
    seed,
    splitter,
    draws: draws?.count ?? 0,
    ...(draws?.cumulative ? { cumulative: draws.cumulative } : {}),
    ...(draws === undefined && weight ? { weight } : {}),
    isSubsample: subsample,
    threads: context.threads ?? 1,
  };
  if (suitsKernels(task) && pieces.every(({ by_kernels }) => by_kernels)) {
    const grown = open(true);
    if (growByKernels({ ...task, first: grown.done }, grown.takers)) return grown.finish();
  }
  const grown = open(false);
  const { grower } = createGrower(X, y, params, n_classes, splitter, false);
  const everyRow = weight ?? new Float64Array(X.rows).fill(1);
  for (let tree = grown.done; tree < params.n_estimators; tree++) {
    const random = new Random(seed, tree);
    const counts = draws?.draw(random);
    const treeWeight = counts === undefined
      ? everyRow
      : subsample
      ? multiplyWeights(counts, balancedWeights(y, n_classes, counts))!
      : counts;
    grower.grow(treeWeight, random);
    grown.take(grower.tree, counts);
  }
  return grown.finish();
}

interface Growing {
  params: ForestParams;
  ccpAlpha: number;
  byKernels: boolean;
  /** How often each row was drawn for a tree, by its number. */
  draw(tree: number): Float64Array | undefined;
}

/** What becomes of the trees, whoever grew them. */
class GrownForest {
  #trees: TreesBuilder;
  #oob: OutOfBag | undefined;
  #ccpAlpha: number;
  #byKernels: boolean;
  #isBestFirst: boolean;
  #context: FitContext;
  #done = 0;
  #total: number;
  /** The next piece is the first of these trees. */
  #isFresh: boolean;

  /** @param before the trees that are there, in pieces */
  constructor(
    X: Matrix,
    y: Float64Array,
    n_classes: number,
    { params, ccpAlpha, byKernels, draw }: Growing,
    before: readonly TreesState[],
    context: FitContext,
  ) {
    this.#trees = new TreesBuilder(n_classes, X.cols, before);
    this.#oob = params.oob_score ? new OutOfBag(X, y, n_classes) : undefined;
    this.#ccpAlpha = ccpAlpha;
    this.#byKernels = byKernels;
    this.#isBestFirst = params.max_leaf_nodes !== null;
    this.#context = context;
    this.#total = params.n_estimators;
    this.#isFresh = !before.some((trees) => "by_kernels" in trees);
    this.#done = before.reduce((sum, { root }) => sum + root.length, 0);
    if (this.#done === 0) return;
    if (this.#oob) {
      const all = this.#trees.finish(null);
      all.root.forEach((root, tree) => this.#oob!.addKept(all, root, draw(tree)!));
    }
    context.progress(this.#done, this.#total);
  }

  /** Trees that are there. */
  get done(): number {
    return this.#done;
  }

  #tell(): void {
    this.#context.progress(++this.#done, this.#total);
    this.#context.checkpoint?.(() => {
      this.#isFresh = false;
      return { ...this.#trees.piece(), by_kernels: this.#byKernels };
    }, this.#isFresh);
  }

  /** @param counts (rows) how often each row was drawn */
  take(tree: GrownTree, counts: Float64Array | Int32Array | undefined): void {
    if (this.#ccpAlpha > 0) prune(tree, this.#ccpAlpha);
    this.#trees.add(tree);
    if (counts !== undefined) this.#oob?.add(tree, counts);
    this.#tell();
  }

  /** For the kernels: whole trees only where more is done with them than keeping them, or nodes stand in another order. */
  get takers(): TakeTree {
    if (this.#ccpAlpha > 0 || this.#oob || this.#isBestFirst) {
      return { grown: (tree, counts) => this.take(tree, counts) };
    }
    return {
      compact: (tree) => {
        this.#trees.addCompact(tree);
        this.#tell();
      },
    };
  }

  finish(): TreesState {
    return this.#trees.finish(this.#oob?.score() ?? null);
  }
}

function checkBootstrap(name: string, params: ForestParams): void {
  if (params.bootstrap) return;
  for (const key of ["oob_score", "max_samples"] as const) {
    if (params[key] === false || params[key] === null) continue;
    throw new AppError("invalid_argument", `Cannot fit ${name}: ${key} is set but bootstrap is false`, {
      hint: `Set bootstrap to true, or leave out ${key}.`,
    });
  }
}

/** Draws rows with replacement, in proportion to their weights. */
class RowDraws {
  /** Rows drawn for each tree. */
  readonly count: number;
  #rows: number;
  /** (rows) sums of the weights up to each row; absent: all rows are equally likely. */
  readonly cumulative: Float64Array | undefined;

  constructor(rows: number, maxSamples: number | null, weight: Float64Array | undefined) {
    this.#rows = rows;
    let total = rows;
    if (weight !== undefined) {
      this.cumulative = new Float64Array(rows);
      total = 0;
      for (let i = 0; i < rows; i++) {
        total += weight[i];
        this.cumulative[i] = total;
      }
    }
    if (maxSamples === null) this.count = rows;
    else if (maxSamples >= 1) this.count = maxSamples;
    else this.count = Math.max(1, Math.floor(maxSamples * Math.min(total, rows)));
  }

  /** (rows) how often each row was drawn. */
  draw(random: Random): Float64Array {
    const counts = new Float64Array(this.#rows);
    const cumulative = this.cumulative;
    if (cumulative === undefined) {
      for (let k = 0; k < this.count; k++) counts[random.below(this.#rows)]++;
      return counts;
    }
    const total = cumulative[cumulative.length - 1];
    for (let k = 0; k < this.count; k++) counts[firstAbove(cumulative, random.float() * total)]++;
    return counts;
  }
}

/** The index of the first element above `value`, in a sorted array whose last element is. */
function firstAbove(sorted: Float64Array, value: number): number {
  let low = 0;
  let high = sorted.length - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle] > value) high = middle;
    else low = middle + 1;
  }
  return low;
}
