/** monotonic_cst and interaction_cst, checked against the columns. */
import { AppError } from "@/shared/errors.ts";
import type { Matrix } from "../matrix.ts";
import type { Constraints } from "./boosting_grower.ts";
import type { GradientBoostingParams } from "./boosting_params.ts";

/** @throws AppError invalid_argument, naming the parameter, the rule and the value */
export function constraintsOf(X: Matrix, params: GradientBoostingParams, n_classes: number): Constraints {
  return {
    monotonic: monotonicOf(X, params.monotonic_cst, n_classes),
    interaction: interactionOf(X, params.interaction_cst),
  };
}

function refuse(name: string, state: string, hint: string): never {
  throw new AppError("invalid_argument", `Cannot fit gradient_boosting: parameter ${name} ${state}`, {
    hint,
  });
}

function monotonicOf(
  X: Matrix,
  given: GradientBoostingParams["monotonic_cst"],
  n_classes: number,
): Int8Array | undefined {
  if (given === null) return undefined;
  const name = "monotonic_cst";
  if (n_classes > 2) {
    refuse(
      name,
      `is for two classes or regression, but there are ${n_classes} classes`,
      "Set it to null (no constraints).",
    );
  }
  const result = new Int8Array(X.cols);
  if (Array.isArray(given)) {
    if (given.length !== X.cols) {
      refuse(
        name,
        `has ${given.length} numbers, but there are ${X.cols} features`,
        "Give one number a feature, or an object of names.",
      );
    }
    result.set(given);
  } else {
    for (const [key, direction] of Object.entries(given)) result[columnAt(X, key, name)] = direction;
  }
  for (let j = 0; j < X.cols; j++) {
    if (result[j] !== 0 && X.categories[j] > 0) {
      refuse(name, `names "${X.names[j]}", which holds categories`, "Constrain numeric features only.");
    }
  }
  return result.some((direction) => direction !== 0) ? result : undefined;
}

function interactionOf(X: Matrix, given: GradientBoostingParams["interaction_cst"]): number[][] | undefined {
  if (given === null) return undefined;
  const all = X.names.map((_, j) => j);
  if (given === "no_interactions") return all.map((j) => [j]);
  if (given === "pairwise") return all.flatMap((a) => all.slice(a + 1).map((b) => [a, b]));
  const groups = given.map((group) => group.map((column) => columnAt(X, column, "interaction_cst")));
  const listed = new Set(groups.flat());
  const others = all.filter((j) => !listed.has(j));
  return others.length > 0 ? [...groups, others] : groups;
}

function columnAt(X: Matrix, column: string | number, param: string): number {
  const j = typeof column === "number" ? column : X.names.indexOf(column);
  if (j >= 0 && j < X.cols) return j;
  return refuse(
    param,
    typeof column === "number"
      ? `names feature ${column}, but they are 0 to ${X.cols - 1}`
      : `names "${column}", which is not a feature`,
    `Features: ${X.names.slice(0, 20).join(", ")}${X.cols > 20 ? ", …" : ""}`,
  );
}
