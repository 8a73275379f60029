/** What train_model with continue_from takes over from the model, and what must not differ from it. */
import { AppError } from "@/shared/errors.ts";
import { canonicalJson } from "@/shared/hash.ts";
import { columnOf } from "@/dataset/table.ts";
import { continuedParams } from "@/ml/continue_from.ts";
import { continuedTarget } from "@/ml/pipeline.ts";
import type { TrainingRequest, Validation } from "@/jobs/job.ts";
import type { Prepared } from "@/jobs/tasks/prepare.ts";
import type { TrainingServices } from "./services.ts";

/** What the caller said. */
interface Asked {
  continue_from?: string;
  name?: string;
}

/** What train_model takes where nothing is said. */
const DEFAULT: { algorithm: string; seed: number; validation: Validation } = {
  algorithm: "auto",
  seed: 0,
  validation: { method: "holdout", test_fraction: 0.2 },
};

/**
 * The request, completed by the model that it goes on from; as it was without one.
 * @throws AppError not_found; failed_precondition when its algorithm can't go on; invalid_argument for what differs,
 * naming it, the rule and the value
 */
export function continuedRequest(
  request: TrainingRequest,
  asked: Asked,
  { registry, queue }: Pick<TrainingServices, "registry" | "queue">,
): TrainingRequest {
  if (asked.continue_from === undefined) return request;
  const model = registry.find(asked.continue_from);
  const { pipeline } = registry.artifact(model);
  // What the first training was asked for, where that was here.
  const first = model.job_id === null ? undefined : queue.find(model.job_id)?.request;
  const same = <T>(name: string, given: T | undefined, its: T): T => {
    if (given === undefined || canonicalJson(given) === canonicalJson(its ?? null)) return its;
    throw new AppError(
      "invalid_argument",
      `Cannot continue ${model.model_id}: ${name} is ${
        JSON.stringify(given)
      }, but the rule is: as in the model, ${JSON.stringify(its)}`,
      { hint: `Leave ${name} out, or train anew without continue_from.` },
    );
  };
  /** What was said, as far as it is not what stands for nothing said. */
  const said = <T>(given: T, nothing: T) =>
    canonicalJson(given) === canonicalJson(nothing) ? undefined : given;

  same("target", request.target, pipeline.target.name);
  const columns = pipeline.features.map(({ name }) => name);
  if (request.features) same("features", request.features.toSorted(), columns.toSorted());
  const lost = request.exclude?.find((name) => columns.includes(name));
  if (lost !== undefined) same("exclude", request.exclude, first?.exclude ?? []);
  const { features = first ? undefined : columns, exclude } = first ?? {};
  return {
    ...request,
    algorithm: same("algorithm", said(request.algorithm, DEFAULT.algorithm), pipeline.algorithm),
    task: same("task", request.task, pipeline.task),
    params: continuedParams(pipeline, request.params),
    seed: same("seed", said(request.seed, DEFAULT.seed), pipeline.seed),
    validation: first
      ? same("validation", said(request.validation, DEFAULT.validation), first.validation)
      : request.validation,
    ...(features ? { features } : {}),
    ...(exclude ? { exclude } : {}),
    ...(request.sample_weight ?? first?.sample_weight
      ? { sample_weight: request.sample_weight ?? first?.sample_weight }
      : {}),
    ignore_findings: [...new Set([...first?.ignore_findings ?? [], ...request.ignore_findings ?? []])],
    continue_from: { model_id: model.model_id, artifact_sha256: model.artifact_sha256 },
    name: asked.name ?? model.name,
  };
}

/**
 * Refuses a table that lacks what the model reads, before the job is queued.
 * @throws AppError not_found naming the column; invalid_argument naming the class that the model does not know
 */
export function checkContinuedTable(
  { model_id }: { model_id: string },
  { train }: Prepared,
  { registry }: Pick<TrainingServices, "registry">,
): void {
  const { pipeline } = registry.artifact(registry.find(model_id));
  for (const { name } of pipeline.features) columnOf(train, name);
  continuedTarget(columnOf(train, pipeline.target.name), pipeline.target);
}
