/** The history of an endpoint: one line for each thing that happened, written with it in one transaction. */
import type { DeploymentEvent, DeploymentRow, Records } from "./records.ts";

/** @param about the deployment, or the endpoint itself */
export function addEvent(
  records: Records,
  event: DeploymentEvent,
  about: DeploymentRow | { endpoint: string },
  caller: string,
  detail: Record<string, unknown> = {},
): void {
  const deployment = "deployment_id" in about ? about : null;
  records.insert("deployment_event", {
    at: new Date().toISOString(),
    endpoint: about.endpoint,
    event,
    version: deployment?.version ?? null,
    model_id: deployment?.model_id ?? null,
    caller,
    gate_id: deployment?.gate_id ?? null,
    detail,
  });
}
