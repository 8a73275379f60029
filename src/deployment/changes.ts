/**
 * Every change of what is wanted, each as one transaction: killed before it, nothing has happened; killed after
 * it, the next supervisor carries it out. Endpoint and deployment go together, so a deployment is never made twice.
 */
import { AppError, type WireError } from "@/shared/errors.ts";
import { type Home, openState, transact } from "@/shared/home.ts";
import type { ReplicaCounters } from "@/shared/replica_protocol.ts";
import { addCounters } from "./add_counters.ts";
import { addEvent } from "./events.ts";
import type { PromotionRules } from "./promotion_rules.ts";
import { fixReplicas } from "./scale_changes.ts";
import { adjust, endChallenger, promote } from "./traffic_changes.ts";
import { type DeploymentRow, type EndpointRow, Records, type ReplicaRow, TABLES } from "./records.ts";

export function openRecords(home: Home): Records {
  return new Records(openState(home, "deployment", TABLES));
}

const now = () => new Date().toISOString();

export interface NewEndpoint {
  name: string;
  host: string;
  port: number;
  auth: EndpointRow["auth"];
  rate_limit_per_s: number | null;
  allowed_origins: string[];
  max_body_mb: number;
  max_waiting: number;
  tls: boolean;
  caller: string;
}

/**
 * @param also what else must be written with it, or not at all
 * @throws AppError already_exists for a name or port that is taken by another endpoint of this home
 */
export function addEndpoint(
  records: Records,
  endpoint: NewEndpoint,
  also: () => void = () => {},
): EndpointRow {
  return transact(records.db, () => {
    if (records.endpoint(endpoint.name)) {
      throw new AppError(
        "already_exists",
        `Cannot create endpoint "${endpoint.name}": there is one already`,
        {
          hint:
            "Deploy to it with deploy_model, change its settings with update_endpoint, or remove it with delete_endpoint.",
        },
      );
    }
    const holder = records.endpoints().find(({ port }) => port === endpoint.port);
    if (holder) throw portTaken(endpoint.port, `endpoint "${holder.name}" has it`);
    const { caller, ...rest } = endpoint;
    const row: EndpointRow = {
      ...rest,
      test_key: crypto.randomUUID(),
      replicas: 1,
      min_replicas: null,
      max_replicas: null,
      idle_s: null,
      desired: "stopped",
      live_version: null,
      error: null,
      retired: null,
      created_at: now(),
      created_by: caller,
    };
    records.insert("endpoint", row);
    also();
    addEvent(records, "created", { endpoint: row.name }, caller, { port: row.port, auth: row.auth });
    return row;
  });
}

export function portTaken(port: number, who: string): AppError {
  return new AppError("already_exists", `Cannot use port ${port}: ${who}`, {
    hint: "Choose another port, or leave it out to get the first free one.",
  });
}

export interface NewDeployment {
  endpoint: string;
  model_id: string;
  artifact_sha256: string;
  environment: string;
  gate_id: string | null;
  caller: string;
  action: DeploymentRow["action"];
  /** Wanted number of replicas; undefined leaves it. */
  replicas?: number;
  /** Beside what is live, not instead of it; undefined: it takes all requests. */
  challenge?: Challenge;
}

export interface Challenge {
  strategy: "canary" | "shadow";
  /** Of a canary, between 0 and 1; null for a shadow. */
  weight: number | null;
  sticky_header: string | null;
  rules: PromotionRules | null;
}

export interface Added {
  is: "new" | "same" | "promoted" | "busy";
  deployment: DeploymentRow;
}

/**
 * Wants a model on an endpoint, instead of what is live there or beside it. A challenger whose model is wanted
 * instead is promoted: it is in every replica already.
 * @returns `same` when that model already serves there so, or is on its way; `busy` when another one is on its way;
 *   `promoted` when it was the challenger
 * @throws AppError not_found when the endpoint is gone; failed_precondition when nothing can be challenged
 */
export function addDeployment(records: Records, wanted: NewDeployment): Added {
  return transact(records.db, () => {
    const { replicas, challenge, ...rest } = wanted;
    const endpoint = records.endpoint(wanted.endpoint);
    if (!endpoint || endpoint.desired === "deleted") throw noEndpoint(records, wanted.endpoint);
    const isIt = (row: DeploymentRow | null): row is DeploymentRow =>
      row?.model_id === wanted.model_id && row.artifact_sha256 === wanted.artifact_sha256;
    const pending = records.pending(wanted.endpoint);
    if (pending && !(isIt(pending) && pending.strategy === (challenge?.strategy ?? "replace"))) {
      return { is: "busy", deployment: pending };
    }
    const running = endpoint.desired === "running";
    const live = running ? records.live(wanted.endpoint) : null;
    if (challenge && !pending) refuseChallenge(endpoint.name, wanted.model_id, live, isIt(live));
    if (replicas !== undefined) fixReplicas(records, endpoint, replicas, wanted.caller);
    if (pending) return { is: "same", deployment: pending };
    if (isIt(live)) return { is: "same", deployment: live };
    const challenger = running ? records.challenger(wanted.endpoint) : null;
    if (isIt(challenger)) {
      if (challenge) adjust(records, challenger, challenge, { caller: wanted.caller });
      else {
        promote(records, challenger, { caller: wanted.caller, detail: { reason: `${wanted.action} of it` } });
      }
      const deployment = records.deployment(challenger.deployment_id)!;
      return { is: challenge ? "same" : "promoted", deployment };
    }
    const deployment: DeploymentRow = {
      ...rest,
      deployment_id: `dep_${crypto.randomUUID().replaceAll("-", "").slice(0, 12)}`,
      version: records.nextVersion(wanted.endpoint),
      previous_desired: endpoint.desired,
      status: "pending",
      error: null,
      created_at: now(),
      served_from: null,
      served_until: null,
      strategy: challenge?.strategy ?? "replace",
      weight: challenge?.weight ?? null,
      sticky_header: challenge?.sticky_header ?? null,
      rules: challenge?.rules ?? null,
      step_counters: null,
      step_from: null,
    };
    records.insert("deployment", deployment);
    records.updateEndpoint(endpoint.name, { desired: "running", error: null });
    addEvent(records, "wanted", deployment, wanted.caller, {
      action: deployment.action,
      strategy: deployment.strategy,
      environment: deployment.environment,
    });
    return { is: "new", deployment };
  });
}

function refuseChallenge(name: string, model_id: string, live: DeploymentRow | null, isLive: boolean): void {
  const refuse = (state: string, hint: string) =>
    new AppError("failed_precondition", `Cannot put ${model_id} beside what "${name}" serves: ${state}`, {
      hint,
    });
  if (!live) throw refuse("nothing serves there", "Use deploy_model.");
  if (isLive) throw refuse("it is what serves there", "Name another model.");
}

/**
 * The pending deployment serves now; what served before does no more, and what challenged that goes, too.
 * @returns false when it is not pending any more, since the endpoint was stopped meanwhile
 */
export function makeLive(records: Records, deployment: DeploymentRow): boolean {
  return transact(records.db, () => {
    if (records.deployment(deployment.deployment_id)?.status !== "pending") return false;
    const before = records.live(deployment.endpoint);
    if (before) records.updateDeployment(before.deployment_id, { status: "superseded", served_until: now() });
    endChallenger(records, deployment.endpoint, {
      caller: deployment.caller,
      detail: { reason: `version ${deployment.version} takes all requests` },
    });
    records.updateDeployment(deployment.deployment_id, { status: "live", served_from: now() });
    records.updateEndpoint(deployment.endpoint, { live_version: deployment.version, error: null });
    addEvent(records, "live", deployment, deployment.caller, {
      action: deployment.action,
      ...(before ? { instead_of: before.version } : {}),
    });
    return true;
  });
}

/** The pending deployment can't serve; the endpoint goes on as before. */
export function makeFailed(records: Records, deployment: DeploymentRow, error: WireError): void {
  transact(records.db, () => {
    if (records.deployment(deployment.deployment_id)?.status !== "pending") return;
    records.updateDeployment(deployment.deployment_id, { status: "failed", error });
    addEvent(records, "failed", deployment, deployment.caller, { error });
    const endpoint = records.endpoint(deployment.endpoint);
    if (endpoint?.desired === "running") {
      records.updateEndpoint(deployment.endpoint, { desired: deployment.previous_desired });
    }
  });
}

/** @param name null for all. @returns the endpoints that this changed */
export function wantStopped(
  records: Records,
  name: string | null,
  desired: "stopped" | "deleted" = "stopped",
  caller = "local",
): string[] {
  return transact(records.db, () => {
    const names: string[] = [];
    for (const endpoint of records.endpoints()) {
      if (name !== null && endpoint.name !== name) continue;
      const pending = records.pending(endpoint.name);
      if (pending) {
        const error: WireError = {
          code: "aborted",
          message: `Cannot deploy ${pending.model_id}: endpoint "${endpoint.name}" was ${desired} meanwhile`,
          hint: "Deploy it again.",
        };
        records.updateDeployment(pending.deployment_id, { status: "failed", error });
        addEvent(records, "failed", pending, caller, { error });
      }
      if (endpoint.desired === desired || endpoint.desired === "deleted") continue;
      if (endpoint.desired === "running" || desired === "deleted") names.push(endpoint.name);
      records.updateEndpoint(endpoint.name, { desired });
      addEvent(records, desired, { endpoint: endpoint.name }, caller);
    }
    return names;
  });
}

/** The last replica of an endpoint that is not wanted has ended. */
export function makeStopped(records: Records, name: string): void {
  transact(records.db, () => {
    const endpoint = records.endpoint(name);
    if (!endpoint || endpoint.desired === "running") return;
    for (const row of [records.live(name), records.challenger(name)]) {
      if (!row) continue;
      records.updateDeployment(row.deployment_id, {
        status: "stopped",
        served_until: row.served_from && now(),
      });
    }
    if (endpoint.desired === "deleted") records.deleteEndpoint(name);
    else records.updateEndpoint(name, { live_version: null, error: null });
  });
}

/** A replica's process has ended: its row goes, what it counted stays with the endpoint. */
export function retireReplica(records: Records, replica_id: string, counters: ReplicaCounters | null): void {
  transact(records.db, () => {
    const row = records.replicas().find((replica) => replica.replica_id === replica_id);
    if (!row) return;
    keepCounters(records, row, counters);
    records.deleteReplica(replica_id);
  });
}

/** The process of a slot is gone and another will take its place; its counters are kept before they are lost. */
export function keepCounters(records: Records, row: ReplicaRow, counters: ReplicaCounters | null): void {
  const last = counters ?? row.counters;
  const endpoint = records.endpoint(row.endpoint);
  if (endpoint && last) {
    records.updateEndpoint(row.endpoint, { retired: addCounters(endpoint.retired, last) });
  }
  if (row.counters) records.updateReplica(row.replica_id, { counters: null });
}

export function noEndpoint(records: Records, name: string): AppError {
  const names = records.endpoints().filter(({ desired }) => desired !== "deleted").map((endpoint) =>
    endpoint.name
  );
  return new AppError("not_found", `Cannot find endpoint "${name}": there is none of that name`, {
    hint: names.length > 0 ? `Endpoints: ${names.join(", ")}.` : "There is none yet; deploy_model makes one.",
  });
}
