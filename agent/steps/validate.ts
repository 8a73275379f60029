/** Step 4: measured on rows that training never saw; the receipt opens the gate, or does not. */
import { greaterIsBetter, thresholdAbove } from "../planner/find_metric.ts";
import type { Assumption, Plan } from "../planner/plan.ts";
import { read, Validated as ValidatedSchema } from "../tool_results.ts";
import { callOptions, type StepContext, type StepEnd } from "./step.ts";
import type { Trained } from "./train.ts";

export interface Validation {
  metric: string;
  score: number | null;
  min_score: number | null;
  passed: boolean;
  gate_id: string | null;
  metrics: Record<string, number>;
  baseline: Record<string, number>;
  assumptions: Assumption[];
}

export async function validate(
  context: StepContext,
  plan: Plan,
  trained: Trained,
): Promise<StepEnd<Validation>> {
  const assumptions: Assumption[] = [];
  let min_score = context.options.min_score ?? plan.min_score;
  const guess = trained.baseline[plan.metric];
  if (min_score === null && guess !== undefined) {
    const threshold = thresholdAbove(plan.metric, guess);
    min_score = threshold.min_score;
    const assumption = { about: "min_score", value: String(min_score), reason: threshold.reason };
    assumptions.push(assumption);
    context.reporter.assumed(assumption);
  }
  const answer = await context.servers.call("training", "validate_model", {
    model_id: trained.model_id,
    metric: plan.metric,
    ...(min_score === null ? {} : { min_score }),
  }, callOptions(context));
  const validated = read(ValidatedSchema, "validate_model", answer);
  const score = validated.score ?? validated.metrics[plan.metric] ?? null;
  const result: Validation = {
    metric: plan.metric,
    score,
    min_score: validated.min_score ?? min_score,
    passed: validated.passed,
    gate_id: validated.gate_id ?? null,
    metrics: validated.metrics,
    baseline: validated.baseline,
    assumptions,
  };
  return { result, text: gateLine(result) };
}

/** `accuracy 0.9855 on unseen rows, at least 0.4957 needed: passed`. */
export function gateLine({ metric, score, min_score, passed }: Validation): string {
  const needed = min_score === null
    ? "better than the baseline needed"
    : `at ${greaterIsBetter(metric) ? "least" : "most"} ${shortNumber(min_score)} needed`;
  return `${metric} ${score === null ? "not defined" : shortNumber(score)} on unseen rows, ${needed}: ${
    passed ? "passed" : "refused"
  }`;
}

/** At most four digits behind the point, or four that count. */
export function shortNumber(value: number): string {
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1e7 || size < 1e-3) return value.toPrecision(4);
  return String(Number(value.toFixed(size >= 1000 ? 1 : 4)));
}
