/** What a caller can do with a challenger: give it another share of the requests, all of them, or none. */
import { AppError } from "@/shared/errors.ts";
import { knownEndpoint } from "./deploy.ts";
import type { DeploymentRow } from "./records.ts";
import { setServedAlias } from "./served_alias.ts";
import { abortChallenger, adjustChallenger, promoteChallenger } from "./traffic_changes.ts";
import { type DeployedEndpoint, type DeployParts, untilServing, type Waiting } from "./until_serving.ts";

export interface SetTraffic {
  endpoint: string;
  /** By deployment version, 0 to 1, together 1. */
  weights?: Record<string, number>;
  /** In place of weights. */
  action?: "promote" | "abort";
}

/** Together 1 to within this, as 0.1 and 0.2 are seldom 0.3. */
const TOLERANCE = 1e-6;
const TRIES = 5;

/**
 * @throws AppError invalid_argument for weights that are none; failed_precondition when there is no challenger, or
 *   the versions are not those that serve
 */
export async function setTraffic(
  parts: DeployParts,
  wanted: SetTraffic,
  waiting: Waiting,
): Promise<DeployedEndpoint> {
  const { records, registry } = parts;
  const endpoint = knownEndpoint(records, wanted.endpoint);
  if ((wanted.weights === undefined) === (wanted.action === undefined)) {
    throw new AppError("invalid_argument", "Cannot set traffic: give weights or action, one of the two", {
      hint: 'Such as weights {"1": 0.9, "2": 0.1}, or action "promote".',
    });
  }
  // The rules may decide at the same moment; then what is there now is looked at again.
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const live = records.live(endpoint.name);
    const challenger = records.challenger(endpoint.name);
    if (!live || endpoint.desired !== "running") {
      throw refuse(endpoint.name, "nothing serves there", "Use deploy_model.");
    }
    const weight = wanted.weights === undefined
      ? wanted.action === "promote" ? 1 : 0
      : challengerWeight(endpoint.name, wanted.weights, live, challenger);
    if (weight === null) return await untilServing(parts, live, waiting);
    if (!challenger) {
      throw refuse(
        endpoint.name,
        "there is neither a canary nor a shadow",
        'Start one: update_model with strategy "canary" or "shadow".',
      );
    }
    const { caller } = waiting;
    if (weight === 0) {
      const decision = { caller, detail: { reason: "asked for" } };
      if (abortChallenger(records, challenger, decision)) return await untilServing(parts, live, waiting);
    } else if (weight === 1) {
      if (promoteChallenger(records, challenger, { caller, detail: { reason: "asked for" } })) {
        setServedAlias(registry, challenger);
        return await untilServing(parts, challenger, waiting);
      }
    } else if (adjustChallenger(records, challenger, { weight }, { caller })) {
      return await untilServing(parts, challenger, waiting);
    }
  }
  throw new AppError("aborted", `Cannot set traffic of "${endpoint.name}": it changes all the time`, {
    hint: "get_deployment_status shows what happens there.",
  });
}

/** @returns null when the weights are those of an endpoint that has no canary, and it has none */
function challengerWeight(
  name: string,
  weights: Record<string, number>,
  live: DeploymentRow,
  challenger: DeploymentRow | null,
): number | null {
  const invalid = (state: string) =>
    new AppError("invalid_argument", `Cannot set traffic of "${name}": ${state}`, {
      hint: 'Such as {"1": 0.9, "2": 0.1}: a share for each deployment version, together 1.',
    });
  const shares = Object.entries(weights);
  if (shares.length === 0) throw invalid("weights is empty");
  for (const [version, weight] of shares) {
    if (!(weight >= 0 && weight <= 1)) {
      throw invalid(`the weight ${weight} of version ${version} is not 0 to 1`);
    }
  }
  const sum = shares.reduce((total, [, weight]) => total + weight, 0);
  if (Math.abs(sum - 1) > TOLERANCE) throw invalid(`the weights add up to ${sum}, not to 1`);
  const served = [live, challenger].filter((row) => row !== null).map(({ version }) => String(version));
  const unknown = shares.find(([version]) => !served.includes(version));
  if (unknown) {
    throw refuse(
      name,
      `version ${unknown[0]} is not in its replicas; those that are: ${served.join(", ")}`,
      'Bring it there with update_model and strategy "canary".',
    );
  }
  const named = challenger && weights[challenger.version];
  if (typeof named === "number") return named > 1 - TOLERANCE ? 1 : named < TOLERANCE ? 0 : named;
  // Only what is live was named: all is its own, which ends a canary and leaves a shadow as it is.
  return challenger?.status === "canary" ? 0 : null;
}

function refuse(name: string, state: string, hint: string): AppError {
  return new AppError("failed_precondition", `Cannot set traffic of "${name}": ${state}`, { hint });
}
