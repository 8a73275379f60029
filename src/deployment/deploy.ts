/** What a caller can ask for: deploy, update, roll back, scale, delete. Each writes its wish and waits for it. */
import { AppError } from "@/shared/errors.ts";
import { hasTls, readCertificate } from "@/shared/tls_files.ts";
import { MODEL_NAME, type ModelVersion } from "@/registry/registry.ts";
import { addEndpoint, type Challenge, noEndpoint, portTaken, wantStopped } from "./changes.ts";
import { ensureSupervisor } from "./ensure_supervisor.ts";
import { checkGate } from "./gate.ts";
import { addKey, type NewKey } from "./new_key.ts";
import { originOf } from "./origins.ts";
import { firstFreePort, isFree } from "./ports.ts";
import type { DeploymentRow, EndpointRow, Records } from "./records.ts";
import type { SettingWishes } from "./settings.ts";
import { type ScaleWishes, wantScale } from "./scale_changes.ts";
import { abortChallenger } from "./traffic_changes.ts";
import {
  type DeployedEndpoint,
  type DeployParts,
  pause,
  untilServing,
  WAIT_MS,
  type Waiting,
  want,
} from "./until_serving.ts";

export interface CreateEndpoint extends SettingWishes {
  name: string;
  port?: number;
  tls?: boolean;
}

/** @returns the endpoint, and its first API key, which is shown this once */
export function createEndpoint(
  { records, context }: DeployParts,
  wishes: CreateEndpoint,
  caller: string,
): { endpoint: EndpointRow; api_key?: string; key_id?: string } {
  const { name, port, auth = "none" } = wishes;
  const { config } = context;
  if (!MODEL_NAME.test(name)) {
    throw new AppError("invalid_argument", `Cannot create endpoint "${name}": that is no endpoint name`, {
      hint: "Use 1 to 64 small letters, digits, - and _, with a letter or digit at both ends.",
    });
  }
  if (wishes.tls) readCertificate(config);
  const settings = {
    auth,
    rate_limit_per_s: wishes.rate_limit_per_s ?? null,
    allowed_origins: (wishes.allowed_origins ?? []).map(originOf),
    max_body_mb: wishes.max_body_mb ?? config["serving.max_body_mb"],
    max_waiting: wishes.max_waiting ?? config["serving.max_waiting"],
    tls: wishes.tls ?? hasTls(config),
  };
  const host = config["serving.host"];
  // Two that ask at once may see the same port free: the table knows it once, and who comes second looks again.
  for (let attempt = 0;; attempt++) {
    const taken = new Set(records.endpoints().map((endpoint) => endpoint.port));
    if (port !== undefined && !taken.has(port) && !isFree(host, port)) {
      throw portTaken(port, "another program listens there");
    }
    const chosen = port ?? firstFreePort(host, config["serving.port_from"], taken);
    try {
      let first: NewKey | null = null;
      const endpoint = addEndpoint(records, { name, host, port: chosen, ...settings, caller }, () => {
        if (auth === "api_key") first = addKey(records, name, { name: "first" }, caller);
      });
      const made = first as NewKey | null;
      return { endpoint, ...(made ? { api_key: made.api_key, key_id: made.key.key_id } : {}) };
    } catch (error) {
      const lostRace = port === undefined && attempt < 10 && error instanceof AppError &&
        /port/.test(error.message);
      if (!lostRace) throw error;
    }
  }
}

export interface DeployModel {
  model_id: string;
  endpoint?: string;
  environment?: string;
  replicas?: number;
  gate_id?: string;
  require_gate?: boolean;
}

/** Serves a model on an endpoint, which is created when there is none. Asked again, it changes nothing. */
export async function deployModel(
  parts: DeployParts,
  wanted: DeployModel,
  waiting: Waiting,
): Promise<DeployedEndpoint> {
  const { records } = parts;
  const model = findDeployable(parts, wanted);
  const name = wanted.endpoint ?? model.name;
  let ours = false;
  if (!records.endpoint(name)) {
    try {
      createEndpoint(parts, { name }, waiting.caller);
      ours = true;
    } catch (error) {
      if (!(error instanceof AppError && error.code === "already_exists")) throw error;
    }
  }
  for (let attempt = 0;; attempt++) {
    try {
      return await want(parts, {
        endpoint: name,
        model_id: model.model_id,
        artifact_sha256: model.artifact_sha256,
        environment: wanted.environment ?? "production",
        gate_id: wanted.gate_id ?? null,
        caller: waiting.caller,
        action: "deploy",
        replicas: wanted.replicas,
      }, waiting);
    } catch (error) {
      // The port that we chose ourselves went to another program between choosing and taking it.
      if (!(ours && attempt < 5 && isPortLost(error))) throw error;
      const { host, port } = records.endpoint(name)!;
      const taken = new Set(records.endpoints().map((endpoint) => endpoint.port));
      records.updateEndpoint(name, { port: firstFreePort(host, port + 1, taken) });
    }
  }
}

function isPortLost(error: unknown): boolean {
  return error instanceof AppError && error.code === "unavailable" &&
    /\bport \d+ is used|in use/.test(error.message);
}

/** Past the gate, and its file is what was validated. */
function findDeployable({ registry }: DeployParts, wanted: DeployModel): ModelVersion {
  const model = registry.find(wanted.model_id);
  checkGate(registry, model, wanted.gate_id, wanted.require_gate ?? true);
  registry.bytes(model);
  return model;
}

export interface UpdateModel extends Omit<DeployModel, "environment" | "replicas"> {
  endpoint: string;
  /** Beside what serves, not instead of it. */
  challenge?: Challenge;
}

/** Puts another model on an endpoint that serves, instead of what serves there or beside it: no request fails. */
export async function updateModel(
  parts: DeployParts,
  wanted: UpdateModel,
  waiting: Waiting,
): Promise<DeployedEndpoint> {
  const { records } = parts;
  const endpoint = knownEndpoint(records, wanted.endpoint);
  const before = records.live(endpoint.name) ?? records.pending(endpoint.name);
  if (!before || endpoint.desired !== "running") {
    throw new AppError(
      "failed_precondition",
      `Cannot update endpoint "${endpoint.name}": nothing is deployed there`,
      {
        hint: "Use deploy_model.",
      },
    );
  }
  const model = findDeployable(parts, wanted);
  return await want(parts, {
    endpoint: endpoint.name,
    model_id: model.model_id,
    artifact_sha256: model.artifact_sha256,
    environment: before.environment,
    gate_id: wanted.gate_id ?? null,
    caller: waiting.caller,
    action: "update",
    challenge: wanted.challenge,
  }, waiting);
}

/**
 * Goes back to a version that has served: the one given, or the last one with another model. While a canary gets
 * requests, going back is ending it.
 */
export async function rollBack(
  parts: DeployParts,
  { endpoint: name, to_version }: { endpoint: string; to_version?: number },
  waiting: Waiting,
): Promise<DeployedEndpoint & { restored_version: number }> {
  const { records, registry } = parts;
  const endpoint = knownEndpoint(records, name);
  const live = records.live(name);
  const challenger = records.challenger(name);
  if (live && challenger?.status === "canary" && (to_version ?? live.version) === live.version) {
    const decision = { caller: waiting.caller, detail: { reason: "rolled back" } };
    // The rules may have promoted it at this moment; then there is something to go back from.
    if (!abortChallenger(records, challenger, decision)) {
      return await rollBack(parts, { endpoint: name, to_version: live.version }, waiting);
    }
    return { ...await untilServing(parts, live, waiting), restored_version: live.version };
  }
  const target = rollbackTarget(records, endpoint, to_version);
  const model = registry.find(target.model_id);
  registry.bytes(model);
  const result = await want(parts, {
    endpoint: name,
    model_id: target.model_id,
    artifact_sha256: target.artifact_sha256,
    environment: target.environment,
    // It has passed the gate, or was let past it, when it was deployed.
    gate_id: target.gate_id,
    caller: waiting.caller,
    action: "rollback",
  }, waiting);
  return { ...result, restored_version: target.version };
}

function rollbackTarget(
  records: Records,
  endpoint: EndpointRow,
  to_version: number | undefined,
): DeploymentRow {
  const refuse = (state: string, hint: string) =>
    new AppError("failed_precondition", `Cannot roll back endpoint "${endpoint.name}": ${state}`, { hint });
  const live = records.live(endpoint.name);
  // A canary that was ended, or is being tried, has not served as what it would be now.
  const served = records.history(endpoint.name)
    .filter(({ served_from, status }) => served_from !== null && status !== "aborted" && status !== "canary")
    .sort((a, b) => b.version - a.version);
  const numbers = served.map(({ version, model_id }) => `${version} (${model_id})`).join(", ") || "none";
  if (to_version !== undefined) {
    const target = served.find(({ version }) => version === to_version);
    if (!target) {
      throw refuse(`version ${to_version} has never served`, `Versions that have served: ${numbers}.`);
    }
    if (target.deployment_id === live?.deployment_id) {
      throw refuse(`version ${to_version} serves already`, `Versions that have served: ${numbers}.`);
    }
    return target;
  }
  const current = live ?? served[0];
  const target = served.find((row) =>
    current && row.version < current.version && row.artifact_sha256 !== current.artifact_sha256
  );
  if (target) return target;
  throw refuse("no other model has served there", "Deploy a model with deploy_model or update_model.");
}

/** How many replicas share the endpoint's port: a number, or a range within which the load decides. */
export async function scale(
  parts: DeployParts,
  { endpoint: name, ...wishes }: { endpoint: string } & ScaleWishes,
  waiting: Waiting,
): Promise<DeployedEndpoint> {
  const { records } = parts;
  const endpoint = knownEndpoint(records, name);
  const live = records.live(name);
  if (!live || endpoint.desired !== "running") {
    throw new AppError("failed_precondition", `Cannot scale endpoint "${name}": nothing is deployed there`, {
      hint: "Use deploy_model with the number of replicas.",
    });
  }
  wantScale(records, name, wishes, waiting.caller);
  return await untilServing(parts, live, waiting);
}

/** Ends its replicas and gives its port back; the history of what served there is kept. */
export async function deleteEndpoint(
  parts: DeployParts,
  name: string,
  { caller, signal }: Waiting,
): Promise<void> {
  const { records, context } = parts;
  knownEndpoint(records, name);
  wantStopped(records, name, "deleted", caller);
  const deadline = performance.now() + WAIT_MS;
  for (let look = 0; records.endpoint(name)?.desired === "deleted"; look++) {
    if (look % 25 === 0) await ensureSupervisor(context);
    if (performance.now() > deadline) {
      throw new AppError(
        "deadline_exceeded",
        `Cannot delete endpoint "${name}" yet: its replicas still answer requests`,
        {
          hint: "It goes on by itself; list_deployments shows when it is done.",
        },
      );
    }
    await pause(signal);
  }
}

export function knownEndpoint(records: Records, name: string): EndpointRow {
  const endpoint = records.endpoint(name);
  if (!endpoint || endpoint.desired === "deleted") throw noEndpoint(records, name);
  return endpoint;
}
