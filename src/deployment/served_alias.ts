/** The model that an endpoint serves is found in the registry by the name of its environment. */
import type { Log } from "@/shared/log.ts";
import type { Registry } from "@/registry/registry.ts";
import type { DeploymentRow } from "./records.ts";

/** An alias that can't be set is no reason not to serve: it is only logged. */
export function setServedAlias(
  registry: Registry,
  { model_id, environment }: DeploymentRow,
  log?: Log,
): void {
  try {
    registry.setAlias(model_id, environment);
  } catch (error) {
    log?.warn("the model's alias was not set", { alias: environment, error: (error as Error).message });
  }
}
