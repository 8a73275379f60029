/** `mlmcp supervisor`: started by mlmcp itself, detached. A second one in a home finds the lock taken and leaves. */
import type { Command } from "@/shared/command.ts";
import { createHome } from "@/shared/home.ts";
import { type LogLevel, openLog } from "@/shared/log.ts";
import { type ProcessLock, tryLock } from "@/shared/process_lock.ts";
import { SUPERVISOR_LOCK } from "./ensure_supervisor.ts";
import { supervise } from "./supervisor.ts";

/** Never released: the kernel does it when this process ends, so whoever gets the lock knows that it has. */
let held: ProcessLock | null = null;

export const command: Command = {
  help: `mlmcp supervisor: owns the replicas of all endpoints

Started by the deploy-server when it is needed; there is one in a home. It ends by itself when nothing is
deployed any more; mlmcp stop ends everything.
`,
  async run(context) {
    createHome(context.home.path);
    held = tryLock(context.home, SUPERVISOR_LOCK);
    if (!held) return 0;
    const log = openLog(context.home.logs, "supervisor", context.config["log_level"] as LogLevel);
    try {
      await supervise(context, log);
    } catch (error) {
      log.error("the supervisor failed", error);
      throw error;
    }
    return 0;
  },
};
