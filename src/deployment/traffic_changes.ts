/**
 * What can become of a challenger, each as one transaction with its line in the history. A person and the rules may
 * decide at the same moment: what the rules say holds only for the role and the weight that they judged, what a
 * person says as long as it is a challenger at all. Each returns whether the change was made.
 */
import type { WireError } from "@/shared/errors.ts";
import { transact } from "@/shared/home.ts";
import { addEvent } from "./events.ts";
import type { PromotionRules } from "./promotion_rules.ts";
import type { DeploymentRow, Records, StepCounters } from "./records.ts";

/** Who wants a change, and why: the reasons and numbers go to the history. */
export interface Decision {
  caller: string;
  detail?: Record<string, unknown>;
}

/** Who decides when nobody asked. */
export const BY_RULES = "rules";

const now = () => new Date().toISOString();

/**
 * The pending deployment stands beside the live one now; a challenger before it goes.
 * @returns false when it is not pending any more, or nothing is live beside which it could stand
 */
export function makeChallenger(
  records: Records,
  deployment: DeploymentRow,
  step_counters: StepCounters,
): boolean {
  return transact(records.db, () => {
    if (records.deployment(deployment.deployment_id)?.status !== "pending") return false;
    if (!records.live(deployment.endpoint)) return false;
    const { strategy, weight, rules, sticky_header } = deployment;
    if (strategy === "replace") return false;
    endChallenger(records, deployment.endpoint, {
      caller: deployment.caller,
      detail: { reason: `version ${deployment.version} takes its place` },
    });
    records.updateDeployment(deployment.deployment_id, {
      status: strategy,
      served_from: strategy === "canary" ? now() : null,
      step_from: now(),
      step_counters,
    });
    addEvent(records, strategy, deployment, deployment.caller, {
      ...(weight === null ? {} : { weight }),
      ...(sticky_header === null ? {} : { sticky_header }),
      rules,
    });
    return true;
  });
}

export interface Adjustment {
  weight: number | null;
  /** undefined leaves them. */
  rules?: PromotionRules | null;
  sticky_header?: string | null;
}

/** A canary gets another weight, or a shadow becomes a canary; `weight` null makes it a shadow. */
export function adjustChallenger(
  records: Records,
  challenger: DeploymentRow,
  change: Adjustment,
  decision: Decision,
): boolean {
  return transact(records.db, () => {
    if (!isStill(records, challenger, decision)) return false;
    adjust(records, records.challenger(challenger.endpoint)!, change, decision);
    return true;
  });
}

/** Inside a transaction. */
export function adjust(
  records: Records,
  challenger: DeploymentRow,
  { weight, rules = challenger.rules, sticky_header = challenger.sticky_header }: Adjustment,
  { caller, detail }: Decision,
): void {
  const status = weight === null ? "shadow" : "canary";
  const wanted = { status, weight, rules, sticky_header } as const;
  const fields = Object.keys(wanted) as (keyof typeof wanted)[];
  if (fields.every((field) => JSON.stringify(wanted[field]) === JSON.stringify(challenger[field]))) return;
  records.updateDeployment(challenger.deployment_id, {
    ...wanted,
    served_from: challenger.served_from ?? (status === "canary" ? now() : null),
    step_from: null,
    step_counters: null,
  });
  addEvent(records, status === challenger.status ? "weight" : status, challenger, caller, {
    from: challenger.weight ?? 0,
    to: weight ?? 0,
    ...detail,
  });
}

/** The challenger takes all requests. */
export function promoteChallenger(
  records: Records,
  challenger: DeploymentRow,
  decision: Decision,
): boolean {
  return transact(records.db, () => {
    if (!isStill(records, challenger, decision)) return false;
    promote(records, records.challenger(challenger.endpoint)!, decision);
    return true;
  });
}

/** Inside a transaction. */
export function promote(records: Records, challenger: DeploymentRow, { caller, detail }: Decision): void {
  const before = records.live(challenger.endpoint);
  if (before) records.updateDeployment(before.deployment_id, { status: "superseded", served_until: now() });
  records.updateDeployment(challenger.deployment_id, {
    status: "live",
    weight: null,
    served_from: challenger.served_from ?? now(),
    step_counters: null,
  });
  records.updateEndpoint(challenger.endpoint, { live_version: challenger.version, error: null });
  addEvent(records, "promoted", challenger, caller, {
    from: challenger.weight ?? 0,
    to: 1,
    ...(before ? { instead_of: before.version } : {}),
    ...detail,
  });
}

/** The challenger goes; all requests are the primary's again. */
export function abortChallenger(
  records: Records,
  challenger: DeploymentRow,
  decision: Decision,
  error: WireError | null = null,
): boolean {
  return transact(records.db, () => {
    if (!isStill(records, challenger, decision)) return false;
    endChallenger(records, challenger.endpoint, decision, error);
    return true;
  });
}

/** Inside a transaction. Nothing happens when there is none. */
export function endChallenger(
  records: Records,
  endpoint: string,
  { caller, detail }: Decision,
  error: WireError | null = null,
): void {
  const challenger = records.challenger(endpoint);
  if (!challenger) return;
  records.updateDeployment(challenger.deployment_id, {
    status: "aborted",
    error,
    served_until: challenger.served_from && now(),
    step_counters: null,
  });
  addEvent(records, "aborted", challenger, caller, { from: challenger.weight ?? 0, to: 0, ...detail });
}

/** The numbers that the present step is compared with, for one whose step has just begun. */
export function beginStep(records: Records, challenger: DeploymentRow, step_counters: StepCounters): void {
  transact(records.db, () => {
    if (!isStill(records, challenger, { caller: BY_RULES })) return;
    records.updateDeployment(challenger.deployment_id, { step_from: now(), step_counters });
  });
}

/** One that passed, and is not to be promoted by itself, is written down once. */
export function notePassed(records: Records, challenger: DeploymentRow, { caller, detail }: Decision): void {
  transact(records.db, () => {
    if (!isStill(records, challenger, { caller })) return;
    const last = records.events(challenger.endpoint, 1)[0];
    if (last?.event === "passed" && last.version === challenger.version) return;
    addEvent(records, "passed", challenger, caller, detail ?? {});
  });
}

function isStill(records: Records, judged: DeploymentRow, { caller }: Decision): boolean {
  const now = records.challenger(judged.endpoint);
  if (now?.deployment_id !== judged.deployment_id) return false;
  return caller !== BY_RULES || (now.status === judged.status && now.weight === judged.weight);
}
