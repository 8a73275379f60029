/** The plan: target, task, metric and names, from the request, the options and the data's profile. */
import { AppError } from "@/shared/errors.ts";
import type { AgentOptions } from "../options.ts";
import type { ColumnProfile, Profile } from "../tool_results.ts";
import { findMetric } from "./find_metric.ts";
import { findTarget } from "./find_target.ts";
import { findTask } from "./find_task.ts";
import { type Assumption, decided, type Decision, type Plan, type Task } from "./plan.ts";
import { slug } from "./words.ts";

export interface PlanInput {
  /** The request without the data set's name. */
  request: string;
  options: AgentOptions;
  /** What the training tools take. */
  dataset: string;
  /** A short name of the data: `penguins`, `houses`. */
  dataset_name: string;
  known_target: string | undefined;
  known_task: string | undefined;
  profile: Profile;
  /** Rows of each class of a target whose profile does not list them. */
  countClasses(target: string): Promise<number[]>;
}

/** Targets with such a name say nothing in the name of a model. */
const SAYS_NOTHING = /^(target|label|labels|class|classes|y|outcome|response|output|value)$/i;

/**
 * @throws AppError invalid_argument when an option does not fit the data
 */
export async function makePlan(input: PlanInput): Promise<Decision<Plan>> {
  const { request, options, profile } = input;
  const target = findTarget({ request, given: options.target, known: input.known_target, profile });
  if (target.kind === "missing") return target;
  const column = profile.column_profiles.find((one) => one.name === target.value)!;
  const knownTask = target.value === input.known_target && isTask(input.known_task)
    ? input.known_task
    : undefined;
  const task = findTask(request, options.task ?? knownTask, column, profile);
  if (task.kind === "missing") return task;
  const counted = task.value === "classification" && options.metric === undefined
    ? classCounts(column) ?? await input.countClasses(target.value)
    : [];
  const { metric, assumptions } = findMetric(task.value, options.metric, counted);
  const all: Assumption[] = [...target.assumptions, ...task.assumptions, ...assumptions];
  if (options.task === undefined && knownTask !== undefined) {
    all.push({ about: "task", value: knownTask, reason: "the data set's description says so" });
  }
  const name = nameOf(input.dataset_name, target.value);
  if (options.algorithm === "auto") {
    refuseParams(options);
    all.push({
      about: "algorithm",
      value: "auto",
      reason: "a sensible few are compared by cross-validation, and the best is kept",
    });
  }
  const endpoint = options.endpoint ?? name;
  if (options.endpoint === undefined && !options.no_deploy) {
    all.push({ about: "endpoint", value: endpoint, reason: "named after the data and the target" });
  }
  return decided({
    dataset: input.dataset,
    target: target.value,
    task: task.value,
    metric,
    algorithm: options.algorithm,
    params: options.param,
    budget: options.budget ?? null,
    seed: options.seed,
    min_score: options.min_score ?? null,
    model_name: name,
    endpoint,
  }, ...all);
}

function refuseParams(options: AgentOptions): void {
  if (Object.keys(options.param).length === 0) return;
  throw new AppError(
    "invalid_argument",
    "Cannot use --param with the algorithm auto: a parameter belongs to one algorithm",
    {
      hint: "Name it, for example --algorithm random_forest --param n_estimators=200.",
    },
  );
}

function isTask(text: string | undefined): text is Task {
  return text === "classification" || text === "regression";
}

/** `penguins-species`; the target is left out where its name says nothing. */
function nameOf(dataset: string, target: string): string {
  const data = slug(dataset, 30) || "data";
  const what = slug(target, 24);
  return what === "" || SAYS_NOTHING.test(what) || what === data ? data : `${data}-${what}`;
}

/** Rows of each class, largest first; null when the profile does not list them all. */
function classCounts({ top_values, distinct }: ColumnProfile): number[] | null {
  if (!top_values || distinct === undefined || top_values.length < distinct) return null;
  return top_values.map((one) => one.count).sort((a, b) => b - a);
}
