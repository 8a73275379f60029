import { z } from "zod";
import { Random } from "@/shared/random.ts";
import { growByKernels, suitsKernels } from "../ensemble/forest_kernels.ts";
import { defineEstimator } from "../estimator.ts";
import { checkColumns, checkFeatures, checkTraining } from "./checks.ts";
import { balancedWeights, multiplyWeights } from "./class_weight.ts";
import { createGrower } from "./create_grower.ts";
import type { GrownTree } from "./grown_tree.ts";
import {
  classificationCriterion,
  limitsFor,
  maxFeaturesParam,
  regressionCriterion,
  treeParams,
} from "./params.ts";
import { prune } from "./prune.ts";
import { scaleOf } from "./regression_criterion.ts";
import { normalise, predictTrees, TreesBuilder, type TreesState } from "./trees_state.ts";

const splitter = z.enum(["best", "random"]).default("best")
  .describe("best: the best threshold of each feature; random: one random threshold a feature.");

const shared = { ...treeParams, splitter, max_features: maxFeaturesParam(null) };

const classification = z.strictObject({
  criterion: classificationCriterion,
  ...shared,
  class_weight: z.enum(["balanced"]).nullable().default(null)
    .describe("balanced: all classes weigh the same, however rare; null: all rows weigh the same."),
});
const regression = z.strictObject({ criterion: regressionCriterion, ...shared });

export type DecisionTreeParams = z.output<typeof regression> | z.output<typeof classification>;

/**
 * One decision tree (CART), with exact splits halfway between neighbouring values.
 * Ties between features are broken by the seed, as in scikit-learn.
 */
export const decisionTree = defineEstimator<DecisionTreeParams, TreesState>({
  name: "decision_tree",
  title: "Decision tree",
  description:
    "One tree of if-then splits. Quick and easy to read; limit max_depth or min_samples_leaf, for it overfits otherwise.",
  source: "https://scikit-learn.org/stable/modules/tree.html",
  needs: { missing: "impute", categories: "one_hot", scaling: false },
  params: { classification, regression },

  fit(X, y, params, context) {
    checkTraining(X, y, context, "decision_tree", false);
    const balanced = "class_weight" in params && params.class_weight === "balanced"
      ? balancedWeights(y, context.n_classes)
      : undefined;
    const weight = multiplyWeights(context.sample_weight, balanced);
    const trees = new TreesBuilder(context.n_classes, X.cols);
    const { ccpAlpha } = limitsFor(params, X.rows, X.cols, context.n_classes > 0 ? 1 : scaleOf(y));
    const take = (tree: GrownTree) => {
      if (ccpAlpha > 0) prune(tree, ccpAlpha);
      trees.add(tree);
    };
    const task = {
      X,
      y,
      params: { ...params, n_estimators: 1 },
      n_classes: context.n_classes,
      seed: context.seed,
      splitter: params.splitter,
      draws: 0,
      ...(weight ? { weight } : {}),
      isExact: true,
      threads: context.threads ?? 1,
    };
    if (!suitsKernels(task) || !growByKernels(task, { grown: take })) {
      const { grower } = createGrower(X, y, params, context.n_classes, params.splitter, true);
      grower.grow(weight ?? new Float64Array(X.rows).fill(1), new Random(context.seed));
      take(grower.tree);
    }
    context.progress(1, 1);
    return trees.finish(null);
  },

  predict(X, state) {
    checkColumns(X, state.n_features, "decision_tree");
    checkFeatures(X, "predict with decision_tree", false);
    return predictTrees(X, state);
  },

  importances: (state) => normalise(state.importance.slice()),
});
