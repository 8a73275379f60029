/** Brings a replica the models that its endpoint's traffic needs, and tells it the traffic. */
import { AppError, toWireError } from "@/shared/errors.ts";
import type { Log } from "@/shared/log.ts";
import type { Registry } from "@/registry/registry.ts";
import { NobodyThere } from "./local_http.ts";
import type { DeploymentRow, Records } from "./records.ts";
import type { Slot } from "./slot.ts";
import { abortChallenger } from "./traffic_changes.ts";
import { wantedTraffic } from "./wanted_traffic.ts";

/** @throws AppError data_loss when its file is not what was validated */
export function artifactOf(registry: Registry, deployment: DeploymentRow): Uint8Array {
  const model = registry.find(deployment.model_id);
  if (model.artifact_sha256 !== deployment.artifact_sha256) {
    throw new AppError(
      "data_loss",
      `Cannot deploy ${deployment.model_id}: the registry holds another artifact than the one that was validated`,
      {
        hint: "Validate and deploy it again.",
      },
    );
  }
  return registry.bytes(model);
}

/**
 * For a replica that has the live model. A challenger that can't be loaded is ended: it must not keep the primary
 * from serving.
 * @throws NobodyThere, or AppError deadline_exceeded when the replica is busy
 */
export async function equip(
  { records, registry, log }: { records: Records; registry: Registry; log: Log },
  slot: Slot,
  live: DeploymentRow,
  challenger: DeploymentRow | null,
): Promise<void> {
  if (challenger && !slot.held.includes(challenger.version)) {
    try {
      await slot.door!.prepare(artifactOf(registry, challenger), challenger.model_id, challenger.version);
    } catch (error) {
      const busy = error instanceof NobodyThere || !(error instanceof AppError) ||
        error.code === "deadline_exceeded";
      if (busy) throw error;
      log.warn("a challenger can't be loaded", { endpoint: slot.endpoint, error: error.message });
      const decision = { caller: "supervisor", detail: { reason: error.message } };
      abortChallenger(records, challenger, decision, toWireError(error));
      challenger = null;
    }
  }
  await slot.direct(wantedTraffic(live, challenger));
}
