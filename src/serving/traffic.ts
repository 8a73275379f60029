/** Which of the models that a replica holds answers a request. */
import { AppError } from "@/shared/errors.ts";
import { type TrafficPlan, VERSION_HEADER } from "@/shared/replica_protocol.ts";
import type { ServedModel } from "./served_model.ts";
import type { ReadableHeaders } from "./http/request.ts";

export class Traffic {
  readonly primary: ServedModel;
  readonly canary: ServedModel | null;
  readonly shadow: ServedModel | null;
  /** All that the plan names, each once, the primary first. */
  readonly models: readonly ServedModel[];
  /** How many requests the canary is behind its share: between -1 and 1. */
  #owed = 0;

  /**
   * @param held among them all that the plan names
   * @throws AppError failed_precondition when one is missing
   */
  constructor(readonly plan: TrafficPlan, held: readonly ServedModel[]) {
    const find = (version: number) => {
      const model = held.find((model) => model.version === version);
      if (model) return model;
      throw new AppError("failed_precondition", `Cannot serve version ${version}: it was not prepared here`, {
        hint: "Send its artifact to /control/prepare first.",
      });
    };
    this.primary = find(plan.primary);
    this.canary = plan.canary && find(plan.canary.version);
    this.shadow = plan.shadow === null ? null : find(plan.shadow);
    this.models = [...new Set([this.primary, this.canary, this.shadow].filter((model) => model !== null))];
  }

  /** The share of the requests that a version gets, 0 to 1. */
  weightOf(version: number): number {
    const { primary, canary } = this.plan;
    if (version === canary?.version) return canary.weight;
    return version === primary ? rounded(1 - (canary?.weight ?? 0)) : 0;
  }

  /**
   * The one that the request's VERSION_HEADER names, if it is held; else by the sticky header's value, where the
   * request has it; else by chance that makes good what it missed: after any number of requests the canary has had
   * its share of them to within one, and no rhythm of the callers can meet a rhythm of the choice.
   */
  choose(headers: ReadableHeaders): ServedModel {
    const { plan, canary, models } = this;
    if (models.length === 1) return this.primary;
    const named = headers.get(VERSION_HEADER);
    if (named !== null) {
      const model = models.find(({ version }) => String(version) === named);
      if (model) return model;
    }
    if (canary === null) return this.primary;
    const { weight, version } = plan.canary!;
    const value = plan.sticky_header === null ? null : headers.get(plan.sticky_header);
    if (value !== null) return placeOf(value, version) < weight ? canary : this.primary;
    const taken = Math.random() < weight + this.#owed;
    this.#owed += weight - (taken ? 1 : 0);
    return taken ? canary : this.primary;
  }
}

/** 1 - 0.9 as people write it. */
function rounded(weight: number): number {
  return Math.round(weight * 1e9) / 1e9;
}

/**
 * The place of a value between 0 and 1: the same in every replica, and for a canary the same whatever its weight,
 * so that who has the canary keeps it while the weight grows. Another canary gets other callers first.
 * Source: FNV-1a (Fowler, Noll, Vo) with the finalizer of MurmurHash3 (A. Appleby), both public domain.
 */
export function placeOf(value: string, version: number): number {
  let hash = 0x811c9dc5 ^ version;
  for (let i = 0; i < value.length; i++) hash = Math.imul(hash ^ value.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ hash >>> 16, 0x85ebca6b);
  hash = Math.imul(hash ^ hash >>> 13, 0xc2b2ae35);
  return ((hash ^ hash >>> 16) >>> 0) / 2 ** 32;
}
