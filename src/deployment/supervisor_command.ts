/** `mlmcp supervisor`: started by mlmcp itself, detached. A second one in a home finds the lock taken and leaves. */
import { parseArgs } from "node:util";
import type { Command } from "@/shared/command.ts";
import { type LogLevel, openLog } from "@/shared/log.ts";
import { type ProcessLock, tryLock } from "@/shared/process_lock.ts";
import { SUPERVISOR_LOCK } from "./ensure_supervisor.ts";
import { isThere, keepStandby, waitForLock } from "./standby.ts";
import { supervise } from "./supervisor.ts";

/** Never released: the kernel does it when this process ends, so whoever gets the lock knows that it has. */
let held: ProcessLock | null = null;

export const command: Command = {
  help: `mlmcp supervisor: owns the replicas of all endpoints

Started by the deploy-server when it is needed; there is one in a home, and a standby that takes over when
it is killed. Both end by themselves when nothing is deployed any more; mlmcp stop ends everything.

  --standby   wait until the supervisor is gone, then be it
`,
  async run(context) {
    const { values } = parseArgs({
      args: context.args,
      options: { standby: { type: "boolean", default: false } },
    });
    // Made by whoever started us; one that was deleted since must not come back.
    if (!isThere(context.home)) return 0;
    held = values.standby ? await waitForLock(context) : tryLock(context.home, SUPERVISOR_LOCK);
    if (!held) return 0;
    const log = openLog(context.home.logs, "supervisor", context.config["log_level"] as LogLevel);
    const endStandby = keepStandby(context, log);
    try {
      // Who takes over has nothing to wait for when nothing is wanted: a deploy-server would start its own.
      await supervise(context, log, { stay_idle: !values.standby });
    } catch (error) {
      log.error("the supervisor failed", error);
      throw error;
    } finally {
      await endStandby();
    }
    return 0;
  },
};
