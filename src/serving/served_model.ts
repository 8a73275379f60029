/** The models that a replica serves, and how they are changed without dropping a request. */
import { type Artifact, decodeArtifact } from "@/artifact/artifact.ts";
import { type Check, replayGolden } from "@/artifact/golden.ts";
import { type Signature, signatureOf } from "@/artifact/signature.ts";
import { AppError } from "@/shared/errors.ts";
import { plainTraffic, type TrafficPlan } from "@/shared/replica_protocol.ts";
import { toleranceOf } from "./compare_answers.ts";
import { Traffic } from "./traffic.ts";

export interface ServedModel {
  /** `iris@3` */
  model_id: string;
  /** `iris` */
  name: string;
  /** `3`: the model's own version, as Open Inference Protocol names it. */
  model_version: string;
  /** Which deployment of the endpoint: 1, 2, 3, … */
  version: number;
  artifact: Artifact;
  signature: Signature;
  /** Numbers further apart are different answers. In units of the target; 0 for classes. */
  tolerance: number;
}

/**
 * Decodes the artifact and replays its golden rows: a model that does not give what it gave when it was made
 * never serves.
 * @throws AppError data_loss, saying what is wrong
 */
export function loadServedModel(bytes: Uint8Array, model_id: string, version: number): ServedModel {
  const refuse = (what: string, cause?: unknown) =>
    new AppError("data_loss", `Cannot serve ${model_id}: ${what}`, {
      hint:
        "Its artifact is damaged, or does not predict here what it predicted where it was made. Train it again.",
      cause,
    });
  let artifact: Artifact;
  let checks: Check[];
  try {
    artifact = decodeArtifact(bytes);
    checks = replayGolden(artifact);
  } catch (error) {
    // Whatever a damaged model makes go wrong, it is the model's fault.
    throw refuse((error as Error).message, error);
  }
  const wrong = checks.find((check) => !check.passed);
  if (wrong) throw refuse(`${wrong.name} gives ${wrong.detail}`);
  const at = model_id.lastIndexOf("@");
  return {
    model_id,
    name: at < 0 ? model_id : model_id.slice(0, at),
    model_version: at < 0 ? "1" : model_id.slice(at + 1),
    version,
    artifact,
    signature: signatureOf(artifact),
    tolerance: toleranceOf(artifact),
  };
}

/**
 * One reference that every request reads once: a request in flight finishes on the model it began with.
 * A change has two steps, so that all replicas of an endpoint change or none: each first checks and keeps the
 * candidate aside, and only when all have said yes is each told the new traffic, which names it.
 */
export class ModelHolder {
  traffic: Traffic;
  #candidate: ServedModel | null = null;

  constructor(model: ServedModel) {
    this.traffic = new Traffic(plainTraffic(model.version), [model]);
  }

  /** The primary. */
  get current(): ServedModel {
    return this.traffic.primary;
  }

  /** @throws AppError data_loss; what serves now goes on serving */
  prepare(bytes: Uint8Array, model_id: string, version: number): ServedModel {
    this.#candidate = null;
    this.#candidate = loadServedModel(bytes, model_id, version);
    return this.#candidate;
  }

  /**
   * Saying the same again is harmless.
   * @throws AppError failed_precondition when a version that it names is not held; nothing has changed then
   */
  direct(plan: TrafficPlan): void {
    const { models } = this.traffic;
    this.traffic = new Traffic(plan, this.#candidate ? [...models, this.#candidate] : models);
    this.#candidate = null;
  }

  discard(): void {
    this.#candidate = null;
  }
}
