import type { Matrix } from "../matrix.ts";
import { ClassificationCriterion } from "./classification_criterion.ts";
import { Grower } from "./grower.ts";
import { limitsFor, type TreeLimits, type TreeParams } from "./params.ts";
import { rankColumns } from "./ranks.ts";
import { RegressionCriterion, scaleTarget } from "./regression_criterion.ts";
import { largestCount } from "./splitter.ts";

/**
 * A grower for all trees on this data, and the limits that the parameters mean for it.
 * @param n_classes 0 for regression
 * @param isExact also large nodes are looked at value by value, not by 256 bins
 */
export function createGrower(
  X: Matrix,
  y: Float64Array,
  params: TreeParams,
  n_classes: number,
  splitter: "best" | "random",
  isExact: boolean,
): { grower: Grower; limits: TreeLimits } {
  const count = largestCount(X.rows, n_classes);
  const ranks = splitter === "best" ? rankColumns(X) : undefined;
  if (n_classes > 0) {
    const limits = limitsFor(params, X.rows, X.cols, 1);
    const criterion = new ClassificationCriterion(y, n_classes, params.criterion !== "gini", count);
    return { grower: new Grower(X, criterion, limits, ranks, isExact), limits };
  }
  const target = scaleTarget(y);
  const limits = limitsFor(params, X.rows, X.cols, target.scale);
  return { grower: new Grower(X, new RegressionCriterion(target, count), limits, ranks, isExact), limits };
}
