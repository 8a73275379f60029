/** Carries out what the rules of a challenger say, once a look of the supervisor. */
import type { Log } from "@/shared/log.ts";
import type { ReplicaCounters } from "@/shared/replica_protocol.ts";
import type { Registry } from "@/registry/registry.ts";
import { type DriftVerdict, type Figures, figuresOf, judge, nextWeight } from "./promotion_rules.ts";
import type { DeploymentRow, Records, StepCounters } from "./records.ts";
import { setServedAlias } from "./served_alias.ts";
import {
  abortChallenger,
  adjustChallenger,
  beginStep,
  BY_RULES,
  notePassed,
  promoteChallenger,
} from "./traffic_changes.ts";

export interface JudgeParts {
  records: Records;
  registry: Registry;
  log: Log;
  /** How far what a version is asked is from what it learned from; null while nobody knows. */
  driftOf(endpoint: string, version: number): DriftVerdict | null;
}

/** @param counters of the whole endpoint, from its beginning */
export function stepCountersOf(
  counters: ReplicaCounters | null,
  primary: number,
  challenger: number,
): StepCounters {
  const of = (version: number) => counters?.by_version?.[version] ?? null;
  return { challenger: of(challenger), primary: of(primary) };
}

/** What a challenger and the primary did since its present step began; null when that has not been written yet. */
export function figuresNow(
  live: DeploymentRow,
  challenger: DeploymentRow,
  counters: ReplicaCounters | null,
  drift: DriftVerdict | null,
): Figures | null {
  const { step_counters: from, step_from } = challenger;
  if (from === null || step_from === null) return null;
  const to = stepCountersOf(counters, live.version, challenger.version);
  return figuresOf(
    challenger.status === "canary" ? "canary" : "shadow",
    { from: from.challenger, to: to.challenger },
    { from: from.primary, to: to.primary },
    Math.max(0, (Date.now() - Date.parse(step_from)) / 1000),
    drift,
  );
}

/** @returns whether the traffic that is wanted has changed */
export function judgeChallenger(
  parts: JudgeParts,
  live: DeploymentRow,
  challenger: DeploymentRow,
  counters: ReplicaCounters | null,
): boolean {
  const { records, registry, log } = parts;
  const { endpoint, version, rules } = challenger;
  const figures = figuresNow(live, challenger, counters, parts.driftOf(endpoint, version));
  if (figures === null) {
    beginStep(records, challenger, stepCountersOf(counters, live.version, version));
    return false;
  }
  if (rules === null) return false;
  const verdict = judge(challenger.status === "canary" ? "canary" : "shadow", rules, figures);
  if (verdict.decision === "wait") return false;
  const say = (what: string) => log.info(what, { endpoint, version, reasons: verdict.reasons, ...figures });
  if (verdict.decision === "fail") {
    const decision = { caller: BY_RULES, detail: { reasons: verdict.reasons, figures, rules } };
    const error = {
      code: "aborted" as const,
      message: `Cannot go on with version ${version}: ${verdict.reasons.join("; ")}`,
      hint: "All requests go to the version before it again. get_deployment_status shows the numbers.",
    };
    say("the rules ended a challenger");
    return abortChallenger(records, challenger, decision, error);
  }
  const decision = { caller: BY_RULES, detail: { reason: "it passed", figures, rules } };
  if (!rules.promote) {
    notePassed(records, challenger, decision);
    return false;
  }
  const weight = nextWeight(rules, challenger.weight);
  if (weight < 1) {
    say(`the rules give a challenger the weight ${weight}`);
    return adjustChallenger(records, challenger, { weight }, decision);
  }
  say("the rules promote a challenger");
  const promoted = promoteChallenger(records, challenger, decision);
  if (promoted) setServedAlias(registry, challenger, log);
  return promoted;
}
