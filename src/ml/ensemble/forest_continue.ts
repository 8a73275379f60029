/** More trees for a forest that was grown before. */
import { AppError } from "@/shared/errors.ts";
import type { Continuation } from "../estimator.ts";
import type { Matrix } from "../matrix.ts";
import type { TreesState } from "../tree/trees_state.ts";

/** All trees of a forest are grown alike. */
export const FOREST_CONTINUES: Continuation = {
  steps: "n_estimators",
  done: (state) => (state as TreesState).root.length,
  free: ["oob_score"],
};

/** @throws AppError failed_precondition for a forest of other columns or classes, or of more trees than wanted */
export function checkContinues(
  name: string,
  before: TreesState,
  X: Matrix,
  { n_estimators }: { n_estimators: number },
  n_classes: number,
): void {
  const refuse = (state: string) => {
    throw new AppError("failed_precondition", `Cannot continue ${name}: ${state}`, {
      hint: "Continue with the columns, classes and parameters of the first fit, and a larger n_estimators.",
    });
  };
  if (before.n_features !== X.cols) {
    refuse(`the model has ${before.n_features} features, the data ${X.cols}`);
  }
  if (before.n_classes !== n_classes) {
    refuse(`the model has ${before.n_classes} classes, the data ${n_classes}`);
  }
  const trees = before.root.length;
  if (trees > n_estimators) {
    refuse(`the model has ${trees} trees, n_estimators is ${n_estimators}`);
  }
}
