/**
 * The parameters that all trees share, as scikit-learn names and defaults them, and what they mean for given data.
 *
 * JSON has one kind of number, so where scikit-learn tells `1` (a count) from `1.0` (a fraction), here a whole
 * number is a count and a number below 1 is a fraction; "all of them" is null.
 */
import { z } from "zod";

const maxDepth = z.int().min(1).nullable().default(null)
  .describe("Largest depth of a tree; null: grow until leaves are pure or too small to split.");
const minSamplesSplit = z.union([z.int().min(2), z.number().gt(0).lt(1)]).default(2)
  .describe(
    "Fewest rows a node needs to be split: a count from 2, or a fraction of all rows between 0 and 1.",
  );
const minSamplesLeaf = z.union([z.int().min(1), z.number().gt(0).lt(1)]).default(1)
  .describe(
    "Fewest rows in a leaf: a count from 1, or a fraction of all rows between 0 and 1. Larger smooths.",
  );
const minWeightFractionLeaf = z.number().min(0).max(0.5).default(0)
  .describe("Smallest share of the sum of all sample weights in a leaf, 0 to 0.5.");
const maxLeafNodes = z.int().min(2).nullable().default(null)
  .describe("Most leaves of a tree, which is then grown best split first; null: no limit.");
const minImpurityDecrease = z.number().min(0).default(0)
  .describe("A node is split only if that lowers the weighted impurity by at least this much.");
const ccpAlpha = z.number().min(0).default(0)
  .describe("Complexity parameter of minimal cost-complexity pruning; 0: no pruning. Larger prunes more.");

/** Parameters of one tree, common to both tasks and all families. */
export const treeParams = {
  max_depth: maxDepth,
  min_samples_split: minSamplesSplit,
  min_samples_leaf: minSamplesLeaf,
  min_weight_fraction_leaf: minWeightFractionLeaf,
  max_leaf_nodes: maxLeafNodes,
  min_impurity_decrease: minImpurityDecrease,
  ccp_alpha: ccpAlpha,
};

export type MaxFeatures = number | "sqrt" | "log2" | null;

/** `max_features` with the default of the family. */
export function maxFeaturesParam(standard: MaxFeatures) {
  return z.union([z.int().min(1), z.number().gt(0).lt(1), z.enum(["sqrt", "log2"]), z.null()])
    .default(standard)
    .describe(
      "How many features each split looks at: a count from 1, a fraction between 0 and 1, sqrt, log2, or null for all.",
    );
}

export const classificationCriterion = z.enum(["gini", "entropy", "log_loss"]).default("gini")
  .describe("Measure of a split: gini impurity, or entropy (log_loss is the same).");
export const regressionCriterion = z.enum(["squared_error"]).default("squared_error")
  .describe("Measure of a split: variance of the target.");

/** The parsed parameters that the grower needs. */
export interface TreeParams {
  criterion: "gini" | "entropy" | "log_loss" | "squared_error";
  max_depth: number | null;
  min_samples_split: number;
  min_samples_leaf: number;
  min_weight_fraction_leaf: number;
  max_features: MaxFeatures;
  max_leaf_nodes: number | null;
  min_impurity_decrease: number;
  ccp_alpha: number;
}

/** The same as plain limits for data of a given size. */
export interface TreeLimits {
  maxDepth: number;
  minSamplesSplit: number;
  minSamplesLeaf: number;
  minWeightFractionLeaf: number;
  maxFeatures: number;
  /** Infinity: no limit, depth first. */
  maxLeafNodes: number;
  minImpurityDecrease: number;
  ccpAlpha: number;
}

/** @param targetScale the target was divided by this before growing; impurities are in its square */
export function limitsFor(params: TreeParams, rows: number, cols: number, targetScale: number): TreeLimits {
  const leaf = params.min_samples_leaf < 1
    ? Math.ceil(params.min_samples_leaf * rows)
    : params.min_samples_leaf;
  const split = params.min_samples_split < 1
    ? Math.max(2, Math.ceil(params.min_samples_split * rows))
    : params.min_samples_split;
  const inScale = (impurity: number) => impurity === 0 ? 0 : impurity / targetScale / targetScale;
  return {
    maxDepth: params.max_depth ?? Infinity,
    minSamplesSplit: Math.max(split, 2 * leaf),
    minSamplesLeaf: leaf,
    minWeightFractionLeaf: params.min_weight_fraction_leaf,
    maxFeatures: featuresOf(params.max_features, cols),
    maxLeafNodes: params.max_leaf_nodes ?? Infinity,
    minImpurityDecrease: inScale(params.min_impurity_decrease),
    ccpAlpha: inScale(params.ccp_alpha),
  };
}

function featuresOf(maxFeatures: MaxFeatures, cols: number): number {
  if (maxFeatures === null) return cols;
  if (maxFeatures === "sqrt") return Math.max(1, Math.floor(Math.sqrt(cols)));
  if (maxFeatures === "log2") return Math.max(1, 31 - Math.clz32(cols));
  return maxFeatures < 1 ? Math.max(1, Math.floor(maxFeatures * cols)) : Math.min(maxFeatures, cols);
}
