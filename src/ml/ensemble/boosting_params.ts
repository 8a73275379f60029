/** The parameters of gradient boosting: scikit-learn's names and defaults, and LightGBM's (its scikit-learn interface) for the rest. */
import { z } from "zod";

const column = z.union([z.string(), z.int().min(0)]);
const direction = z.union([z.literal(-1), z.literal(0), z.literal(1)]);

const shared = {
  learning_rate: z.number().gt(0).default(0.1)
    .describe("How much of each tree is added. Smaller needs more rounds and often predicts better."),
  max_iter: z.int().min(1).max(100_000).default(100).describe(
    "Most rounds; a round adds one tree, or one a class.",
  ),
  max_leaf_nodes: z.int().min(2).nullable().default(31).describe("Most leaves of a tree; null: no limit."),
  max_depth: z.int().min(1).nullable().default(null).describe("Largest depth of a tree; null: no limit."),
  min_samples_leaf: z.int().min(1).default(20)
    .describe("Fewest rows in a leaf. Lower it for data sets of less than some hundred rows."),
  min_child_weight: z.number().min(0).default(1e-3)
    .describe("Least sum of second derivatives (hessians, weights included) in a leaf, as LightGBM's."),
  min_split_gain: z.number().min(0).default(0)
    .describe("A split must lower the loss by more than this, as LightGBM's."),
  l2_regularization: z.number().min(0).default(0).describe("Shrinks leaves with few rows; 0: not at all."),
  reg_alpha: z.number().min(0).default(0)
    .describe("L1 regularisation: draws leaf values to 0 by a constant; 0: not at all."),
  subsample: z.number().gt(0).max(1).default(1)
    .describe("Share of the rows, above 0 up to 1, that each round learns from, drawn at random."),
  colsample_bytree: z.number().gt(0).max(1).default(1)
    .describe("Share of the features, above 0 up to 1, that each tree uses, drawn at random."),
  max_features: z.number().gt(0).max(1).default(1)
    .describe("Share of the tree's features, above 0 up to 1, that each split looks at, drawn at random."),
  max_bins: z.int().min(2).max(255).default(255)
    .describe("Most bins for the values of a feature, not counting the one for missing values."),
  monotonic_cst: z.union([z.record(z.string(), direction), z.array(direction)]).nullable().default(null)
    .describe(
      "Numeric features that may move the prediction one way only: names with 1 (up), -1 (down) or 0, " +
        "or one of these numbers a feature. Two classes and regression only.",
    ),
  interaction_cst: z.union([z.enum(["pairwise", "no_interactions"]), z.array(z.array(column).min(1))])
    .nullable().default(null)
    .describe(
      "Features that may be used together on one path: lists of names (or places); the others make one more " +
        "list. Or pairwise, or no_interactions.",
    ),
  early_stopping: z.union([z.literal("auto"), z.boolean()]).default("auto")
    .describe("Stop when the loss no longer falls; auto: if there are more than 10,000 rows."),
  scoring: z.enum(["loss"]).default("loss").describe("What early stopping watches: the loss."),
  validation_fraction: z.number().gt(0).lt(1).nullable().default(0.1)
    .describe("Share of the rows set aside for early stopping; null: watch the loss of the training rows."),
  n_iter_no_change: z.int().min(1).default(10).describe("Rounds without improvement before stopping early."),
  tol: z.number().min(0).default(1e-7).describe(
    "An improvement of the loss counts if it is larger than this.",
  ),
};

export const classification = z.strictObject({
  loss: z.enum(["log_loss"]).default("log_loss").describe("The loss to minimise: log loss (cross-entropy)."),
  ...shared,
  class_weight: z.enum(["balanced"]).nullable().default(null)
    .describe("balanced: all classes weigh the same, however rare; null: all rows weigh the same."),
});

export const regression = z.strictObject({
  loss: z.enum(["squared_error", "absolute_error", "huber", "quantile", "poisson", "gamma"])
    .default("squared_error")
    .describe(
      "The loss to minimise: squared_error (mean), absolute_error (median), huber (mean, but outliers count as " +
        "with absolute_error), quantile, poisson (counts, targets >= 0) or gamma (targets > 0).",
    ),
  alpha: z.number().gt(0).lt(1).default(0.9)
    .describe("The quantile to predict with loss quantile; the share of residuals that huber squares."),
  ...shared,
});

export type GradientBoostingParams = z.output<typeof classification> | z.output<typeof regression>;
