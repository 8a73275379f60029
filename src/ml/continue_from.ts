/** Going on from a model: which algorithms can, and what must stay as it was. */
import type { Column } from "@/dataset/table.ts";
import { AppError } from "@/shared/errors.ts";
import { canonicalJson } from "@/shared/hash.ts";
import { checkParams } from "./check_params.ts";
import { estimatorOf, ESTIMATORS } from "./estimators.ts";
import type { FittedPipeline } from "./pipeline.ts";
import { encodeTarget, type TargetSpec } from "./preprocessing/target.ts";

/**
 * The complete parameters of the continued fit: the model's, changed by what is given.
 * @throws AppError failed_precondition when its algorithm can't go on; invalid_argument naming the parameter, the
 * rule and the value
 */
export function continuedParams(
  before: Pick<FittedPipeline, "algorithm" | "task" | "params" | "state">,
  given: Record<string, unknown>,
): Record<string, unknown> {
  const { algorithm, task, state } = before;
  const { continues } = estimatorOf(algorithm);
  if (!continues) {
    const able = ESTIMATORS.filter((other) => other.continues).map(({ name }) => name);
    throw new AppError("failed_precondition", `Cannot continue ${algorithm}: it learns in one piece`, {
      hint: `These can be continued: ${able.join(", ")}. Train ${algorithm} anew.`,
    });
  }
  const params = checkParams(algorithm, task, { ...before.params, ...given });
  const { steps, free, done } = continues;
  const refuse = (name: string, rule: string, hint: string) => {
    throw new AppError(
      "invalid_argument",
      `Cannot continue ${algorithm}: parameter ${name} is ${
        JSON.stringify(params[name])
      }, but the rule is: ${rule}`,
      { hint },
    );
  };
  for (const name of Object.keys(params)) {
    if (name === steps || free.includes(name)) continue;
    if (canonicalJson(params[name]) === canonicalJson(before.params[name] ?? null)) continue;
    refuse(
      name,
      `as in the model, ${JSON.stringify(before.params[name])}`,
      `Leave it out, or train anew. May change: ${[steps, ...free].join(", ")}.`,
    );
  }
  const has = done(state);
  if (!((params[steps] as number) > has)) {
    refuse(steps, `more than the ${has} that the model has`, `Give params.${steps}, the number in all.`);
  }
  return params;
}

/**
 * The model's target, if the column has no class that the model does not know.
 * @throws AppError invalid_argument naming the class
 */
export function continuedTarget(column: Column, before: Pick<FittedPipeline, "target">): TargetSpec {
  const { target } = before;
  const places = encodeTarget(column, target);
  const isThere = (i: number) =>
    column.storage === "numeric" ? !Number.isNaN(column.values[i]) : column.codes[i] >= 0;
  for (let i = 0; i < places.length; i++) {
    if (!Number.isNaN(places[i]) || !isThere(i)) continue;
    const value = column.storage === "numeric" ? column.values[i] : column.categories[column.codes[i]];
    throw new AppError(
      "invalid_argument",
      `Cannot continue: "${target.name}" has the class ${
        JSON.stringify(value)
      }, which the model does not know`,
      {
        hint: `Its classes: ${target.classes.slice(0, 20).join(", ")}. Train anew to learn others.`,
      },
    );
  }
  return target;
}
