/** What the tools of the deploy-server share. */
import type { CommandContext } from "@/shared/command.ts";
import type { Log } from "@/shared/log.ts";
import { openRecords } from "@/deployment/changes.ts";
import { tellSupervisor } from "@/deployment/control_file.ts";
import type { DeployParts } from "@/deployment/until_serving.ts";
import { ensureSupervisor, needsSupervisor } from "@/deployment/ensure_supervisor.ts";
import { parseAlertRule } from "@/monitoring/alert_rule.ts";
import { openRegistry } from "@/registry/registry.ts";
import type { OpenServices } from "../serve.ts";

export type DeployServices = DeployParts;

const WATCH_EVERY_MS = 1000;

/**
 * Opens the records and the registry, and watches over the supervisor: after a reboot the first deploy-server brings
 * back what should run, and a supervisor that dies is replaced within a second or two.
 */
export function openServices(context: CommandContext, log: Log): OpenServices<DeployServices> {
  // Refused here, where a person hears of it: the supervisor leaves a bad rule out.
  context.config["alerts.rules"].forEach(parseAlertRule);
  const records = openRecords(context.home);
  const registry = openRegistry(context.home);
  let watching = true;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let watched = Promise.resolve();
  const watch = async () => {
    try {
      if (needsSupervisor(records) && !await tellSupervisor(context.home, "ping")) {
        log.warn("no supervisor is running: starting one");
        await ensureSupervisor(context);
      }
    } catch (error) {
      if (watching) log.error("the supervisor could not be started", error);
    }
    if (watching) timer = setTimeout(() => watched = watch(), WATCH_EVERY_MS);
  };
  watched = watch();
  return {
    services: { records, registry, context },
    async close() {
      watching = false;
      clearTimeout(timer);
      await watched;
      records.close();
      registry.close();
    },
  };
}
