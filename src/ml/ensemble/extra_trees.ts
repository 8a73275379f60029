import { defineEstimator } from "../estimator.ts";
import { checkColumns, checkFeatures } from "../tree/checks.ts";
import { normalise, predictTrees, type TreesState } from "../tree/trees_state.ts";
import { FOREST_CONTINUES } from "./forest_continue.ts";
import { fitForest, type ForestParams, forestParams } from "./forest.ts";
import { forestMemory } from "./forest_size.ts";

export const extraTrees = defineEstimator<ForestParams, TreesState>({
  name: "extra_trees",
  title: "Extremely randomised trees",
  description:
    "Like a random forest, but with random thresholds and all rows for each tree. Quicker to fit and smoother.",
  source: "https://scikit-learn.org/stable/modules/ensemble.html#forest",
  needs: { missing: "impute", categories: "one_hot", scaling: false },
  params: forestParams(false),
  continues: FOREST_CONTINUES,

  fit: (X, y, params, context) => fitForest("extra_trees", "random", X, y, params, context),

  predict(X, state) {
    checkColumns(X, state.n_features, "extra_trees");
    checkFeatures(X, "predict with extra_trees", false);
    return predictTrees(X, state);
  },

  memory: forestMemory,
  importances: (state) => normalise(state.importance.slice()),
});
