/** Writes a wish down and waits until it is carried out, whichever supervisor does it. */
import type { CommandContext } from "@/shared/command.ts";
import { AppError, fromWireError } from "@/shared/errors.ts";
import type { Registry } from "@/registry/registry.ts";
import { addDeployment, type NewDeployment } from "./changes.ts";
import { describeEndpoint, isSettled, type TrafficShare, urlOf } from "./describe.ts";
import { ensureSupervisor } from "./ensure_supervisor.ts";
import type { DeploymentRow, Records } from "./records.ts";
import { setServedAlias } from "./served_alias.ts";

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
  traffic: TrafficShare[];
}

export const WAIT_MS = 30_000;
const LOOK_EVERY_MS = 40;
/** Writes the wish down and waits until it is served. When another one is on its way, that one goes first. */
export async function want(
  parts: DeployParts,
  wanted: NewDeployment,
  waiting: Waiting,
): Promise<DeployedEndpoint> {
  const { records, context } = parts;
  waiting.progress(0, 3, `deploying ${wanted.model_id} to ${wanted.endpoint}`);
  const deadline = performance.now() + WAIT_MS;
  for (let look = 0;; look++) {
    const added = addDeployment(records, wanted);
    if (added.is === "promoted") setServedAlias(parts.registry, added.deployment);
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

export async function untilServing(
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
    if (deployment.status === "aborted" && deployment.error) throw fromWireError(deployment.error);
    if (!endpoint || ["stopped", "superseded", "aborted"].includes(deployment.status)) {
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
    if (deployment.status !== "pending") {
      const ready = records.replicas(name).filter((replica) =>
        replica.status === "ready" && replica.slot <= endpoint.replicas
      ).length;
      waiting.progress(
        1 + ready / Math.max(1, endpoint.replicas),
        3,
        `${ready} of ${endpoint.replicas} replicas are ready`,
      );
      const full = ready >= endpoint.replicas && records.replicas(name).length === endpoint.replicas;
      if (full && await isSettled(records, endpoint) || endpoint.error || late) {
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
          traffic: described.traffic,
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

export async function pause(signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  await new Promise((done) => setTimeout(done, LOOK_EVERY_MS));
}
