/** The rules of a challenger: those that were given with it, the rest from the config. */
import type { Config } from "@/shared/config.ts";
import { AppError } from "@/shared/errors.ts";
import type { DriftVerdict, PromotionRules } from "./promotion_rules.ts";

/**
 * @param given null or undefined: none were given, so it is judged only if the config says so
 * @throws AppError invalid_argument for steps that are no weights or do not grow
 */
export function rulesOf(config: Config, given: Partial<PromotionRules> | undefined): PromotionRules | null {
  if (given === undefined && !config["rollout.automatic"]) return null;
  const rules: PromotionRules = {
    min_requests: config["rollout.min_requests"],
    step_s: config["rollout.step_s"],
    steps: config["rollout.steps"].map(Number),
    max_error_rate: config["rollout.max_error_rate"],
    max_latency_ratio: config["rollout.max_latency_ratio"],
    max_latency_ms: null,
    max_disagreement: config["rollout.max_disagreement"],
    max_drift: config["rollout.max_drift"] as DriftVerdict,
    promote: true,
    ...given,
  };
  const wrong = rules.steps.find((step, i) => !(step > 0 && step < 1 && step > (rules.steps[i - 1] ?? 0)));
  if (wrong === undefined) return rules;
  throw new AppError(
    "invalid_argument",
    `Cannot use the steps ${rules.steps.join(", ")}: ${wrong} does not fit`,
    {
      hint:
        "Give weights between 0 and 1 that grow, such as 0.05, 0.25; after the last one come all requests.",
    },
  );
}
