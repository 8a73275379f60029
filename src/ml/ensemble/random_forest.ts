import { defineEstimator } from "../estimator.ts";
import { checkColumns, checkFeatures } from "../tree/checks.ts";
import { normalise, predictTrees, type TreesState } from "../tree/trees_state.ts";
import { FOREST_CONTINUES } from "./forest_continue.ts";
import { fitForest, type ForestParams, forestParams } from "./forest.ts";
import { forestMemory } from "./forest_size.ts";

export const randomForest = defineEstimator<ForestParams, TreesState>({
  name: "random_forest",
  title: "Random forest",
  description:
    "Many deep trees on random draws of rows and features, averaged. A strong, robust choice that needs little tuning.",
  source: "https://scikit-learn.org/stable/modules/ensemble.html#forest",
  needs: { missing: "impute", categories: "one_hot", scaling: false },
  params: forestParams(true),
  continues: FOREST_CONTINUES,

  fit: (X, y, params, context) => fitForest("random_forest", "best", X, y, params, context),

  predict(X, state) {
    checkColumns(X, state.n_features, "random_forest");
    checkFeatures(X, "predict with random_forest", false);
    return predictTrees(X, state);
  },

  memory: forestMemory,
  importances: (state) => normalise(state.importance.slice()),
});
