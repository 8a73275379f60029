/** Parameters from outside, checked and completed by the algorithm's own schema. */
import { AppError } from "@/shared/errors.ts";
import { z } from "zod";
import type { Task } from "./estimator.ts";
import { estimatorOf, ESTIMATORS } from "./estimators.ts";

/**
 * The complete parameters: what is given, and the default of everything else.
 * @throws AppError not_found for an unknown algorithm; invalid_argument when it can't do the task, or naming the
 * parameter, the rule and the value
 */
export function checkParams(
  algorithm: string,
  task: Task,
  params: Record<string, unknown> = {},
): Record<string, unknown> {
  const estimator = estimatorOf(algorithm);
  const schema = estimator.params[task];
  if (!schema) {
    const able = ESTIMATORS.filter((other) => other.params[task]).map((other) => other.name);
    throw new AppError("invalid_argument", `Cannot train ${algorithm}: it does not do ${task}`, {
      hint: `Algorithms for ${task}: ${able.join(", ")}`,
    });
  }
  const result = schema.safeParse(params);
  if (result.success) return result.data;

  const issue = result.error.issues[0];
  const valid = schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
  const list = valid.length > 0 ? `Its parameters: ${valid.join(", ")}.` : "It has no parameters.";
  if (issue.code === "unrecognized_keys") {
    const unknown = issue.keys.map((key) => `"${key}"`).join(", ");
    throw new AppError("invalid_argument", `Cannot train ${algorithm}: it has no parameter ${unknown}`, {
      // scikit-learn's name for it, which is nobody's parameter here.
      hint: issue.keys.includes("random_state") ? "The seed is train_model's own: say seed." : list,
    });
  }
  const name = issue.path.join(".") || "params";
  const given = show(valueAt(params, issue.path));
  throw new AppError(
    "invalid_argument",
    `Cannot train ${algorithm}: parameter ${name} is ${given}, but the rule is: ${ruleOf(issue)}`,
    { hint: describe(schema, String(issue.path[0])) ?? list },
  );
}

/** Where there are several ways to be right, zod says only that none was met: what each of them expects. */
function ruleOf(issue: z.core.$ZodIssue): string {
  if (issue.code !== "invalid_union" || issue.errors.length === 0) return issue.message;
  const ways = issue.errors.map(([first]) => ruleOf(first).replace(/^.*?: expected |, received .*$/g, ""));
  return `Invalid input: expected ${[...new Set(ways)].join(", or ")}`;
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  for (const key of path) {
    if (typeof value !== "object" || value === null) return value;
    value = (value as Record<PropertyKey, unknown>)[key];
  }
  return value;
}

function show(value: unknown): string {
  if (typeof value === "number" || value === undefined) return String(value);
  const text = JSON.stringify(value) ?? typeof value;
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

function describe(schema: z.ZodType, name: string): string | undefined {
  if (!(schema instanceof z.ZodObject)) return undefined;
  const description = (schema.shape[name] as z.ZodType | undefined)?.description;
  return description ? `${name}: ${description}` : undefined;
}
