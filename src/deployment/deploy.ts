/** What a caller can ask for: deploy, update, roll back, scale, delete. Each writes its wish and waits for it. */
import type { CommandContext } from "@/shared/command.ts";
import { AppError, fromWireError } from "@/shared/errors.ts";
import { hasTls, readCertificate } from "@/shared/tls_files.ts";
import { MODEL_NAME, type ModelVersion, type Registry } from "@/registry/registry.ts";
import {
  addDeployment,
  addEndpoint,
  type NewDeployment,
  noEndpoint,
  portTaken,
  wantStopped,
} from "./changes.ts";
import { describeEndpoint, urlOf } from "./describe.ts";
import { ensureSupervisor } from "./ensure_supervisor.ts";
import { checkGate } from "./gate.ts";
import { addKey, type NewKey } from "./new_key.ts";
import { originOf } from "./origins.ts";
import { firstFreePort, isFree } from "./ports.ts";
import type { DeploymentRow, EndpointRow, Records } from "./records.ts";
import type { SettingWishes } from "./settings.ts";

export interface DeployParts {
  records: Records;
  registry: Registry;
  context: CommandContext;
}

/** How a caller waits: until cancelled, told how far it is. */
export interface Waiting {
  caller: string;
  signal: AbortSignal;
  progress(done: number, total: number, message?: string): void;
}

export interface DeployedEndpoint {
  deployment_id: string;
  endpoint: string;
  version: number;
  model_id: string;
  url: string;
  status: "ready" | "degraded" | "failed" | "stopped";
  replicas: number;
}

const WAIT_MS = 30_000;
const LOOK_EVERY_MS = 40;
/** More on one machine than make sense. */
export const MAX_REPLICAS = 64;

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
}

/** Puts another model on an endpoint that serves, in place: no request fails. */
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
  }, waiting);
}

/** Goes back to a version that has served: the one given, or the last one with another model. */
export async function rollBack(
  parts: DeployParts,
  { endpoint: name, to_version }: { endpoint: string; to_version?: number },
  waiting: Waiting,
): Promise<DeployedEndpoint & { restored_version: number }> {
  const { records, registry } = parts;
  const endpoint = knownEndpoint(records, name);
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
  const served = records.history(endpoint.name).filter((row) => row.served_from !== null).sort((a, b) =>
    b.version - a.version
  );
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

/** How many replicas share the endpoint's port. */
export async function scale(
  parts: DeployParts,
  { endpoint: name, replicas }: { endpoint: string; replicas: number },
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
  records.updateEndpoint(name, { replicas });
  return await untilServing(parts, live, waiting);
}

/** Ends its replicas and gives its port back; the history of what served there is kept. */
export async function deleteEndpoint(parts: DeployParts, name: string, { signal }: Waiting): Promise<void> {
  const { records, context } = parts;
  knownEndpoint(records, name);
  wantStopped(records, name, "deleted");
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

/** Writes the wish down and waits until it is served. When another one is on its way, that one goes first. */
async function want(parts: DeployParts, wanted: NewDeployment, waiting: Waiting): Promise<DeployedEndpoint> {
  const { records, context } = parts;
  waiting.progress(0, 3, `deploying ${wanted.model_id} to ${wanted.endpoint}`);
  const deadline = performance.now() + WAIT_MS;
  for (let look = 0;; look++) {
    const added = addDeployment(records, wanted);
    if (added.is !== "busy") return await untilServing(parts, added.deployment, waiting);
    if (performance.now() > deadline) {
      throw new AppError(
        "aborted",
        `Cannot deploy ${wanted.model_id} to "${wanted.endpoint}": ${added.deployment.model_id} is being deployed there`,
        {
          hint: "Try again when get_deployment_status says that it is done.",
        },
      );
    }
    if (look % 25 === 0) await ensureSupervisor(context);
    await pause(waiting.signal);
  }
}

async function untilServing(
  parts: DeployParts,
  { deployment_id, endpoint: name }: DeploymentRow,
  waiting: Waiting,
): Promise<DeployedEndpoint> {
  const { records, context } = parts;
  const deadline = performance.now() + WAIT_MS;
  for (let look = 0;; look++) {
    // Every second again: a supervisor that dies meanwhile is replaced, and its successor goes on.
    if (look % 25 === 0) await ensureSupervisor(context);
    const deployment = records.deployment(deployment_id)!;
    const endpoint = records.endpoint(name);
    if (deployment.status === "failed") throw fromWireError(deployment.error!);
    if (!endpoint || deployment.status === "stopped" || deployment.status === "superseded") {
      throw new AppError(
        "aborted",
        `Cannot go on deploying ${deployment.model_id} to "${name}": it was ${
          endpoint ? deployment.status : "deleted"
        } meanwhile`,
        {
          hint: "list_deployments with include_history tells what happened.",
        },
      );
    }
    const late = performance.now() > deadline;
    if (deployment.status === "live") {
      const ready = records.replicas(name).filter((replica) =>
        replica.status === "ready" && replica.slot <= endpoint.replicas
      ).length;
      waiting.progress(
        1 + ready / endpoint.replicas,
        3,
        `${ready} of ${endpoint.replicas} replicas are ready`,
      );
      if (
        ready >= endpoint.replicas && records.replicas(name).length === endpoint.replicas || endpoint.error ||
        late
      ) {
        const described = await describeEndpoint(records, endpoint);
        waiting.progress(3, 3, `${described.status}: ${described.url}`);
        return {
          deployment_id,
          endpoint: name,
          version: deployment.version,
          model_id: deployment.model_id,
          url: urlOf(endpoint),
          status: described.status,
          replicas: endpoint.replicas,
        };
      }
    } else if (late) {
      throw new AppError(
        "deadline_exceeded",
        `Cannot deploy ${deployment.model_id} to "${name}": it was not ready within ${WAIT_MS / 1000} s`,
        {
          hint: "It goes on by itself; get_deployment_status shows when it is ready.",
        },
      );
    }
    await pause(waiting.signal);
  }
}

async function pause(signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  await new Promise((done) => setTimeout(done, LOOK_EVERY_MS));
}
