/** Going on from a model: which algorithms can, and what must stay as it was. */
import { AppError } from "@/shared/errors.ts";
import { canonicalJson } from "@/shared/hash.ts";
import { checkParams } from "./check_params.ts";
import { estimatorOf, ESTIMATORS } from "./estimators.ts";
import type { FittedPipeline } from "./pipeline.ts";

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
