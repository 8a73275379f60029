/** Makes sure that a supervisor runs for a home: finds the one there is, or starts one. */
import { join } from "node:path";
import type { CommandContext } from "@/shared/command.ts";
import { AppError } from "@/shared/errors.ts";
import { selfCommand } from "@/shared/self_command.ts";
import { type RunningSupervisor, SUPERVISION, tellSupervisor } from "./control_file.ts";
import type { Records } from "./records.ts";

export const SUPERVISOR_LOCK = "supervisor";

const START_TIMEOUT_MS = 20_000;
const LOOK_EVERY_MS = 25;
const LOSER_TIMEOUT_MS = 5_000;

/**
 * The running supervisor, woken to look at the database; started when there is none.
 * @throws AppError unavailable with the end of its log when it does not come up
 */
export async function ensureSupervisor(context: CommandContext): Promise<RunningSupervisor> {
  const { home } = context;
  const deadline = performance.now() + START_TIMEOUT_MS;
  let ours: { pid: number; ended: Promise<Deno.CommandStatus> } | null = null;
  let failed = false;
  while (performance.now() < deadline && !failed) {
    const running = await tellSupervisor(home, "wake");
    if (running) {
      // Ours may find that another was quicker; it then leaves at once, and is gone before we go on.
      if (ours && ours.pid !== running.pid) await within(LOSER_TIMEOUT_MS, ours.ended);
      return running;
    }
    if (!ours) {
      const args = [
        "supervisor",
        "--home",
        home.path,
        ...(context.configFile ? ["--config", context.configFile] : []),
      ];
      const child = selfCommand(args, { env: context.childEnv, detached: true }).spawn();
      child.unref();
      ours = { pid: child.pid, ended: child.status };
      void child.status.then(({ success }) => {
        // It found the lock taken by one that was just leaving, so another is started; or it can't run at all.
        if (success) ours = null;
        else failed = true;
      });
    }
    await pause(LOOK_EVERY_MS);
  }
  throw new AppError("unavailable", "Cannot start the supervisor: it does not come up", {
    hint: lastLines(context),
  });
}

/**
 * Before anything is written: a supervisor that another version of mlmcp started, and its replicas, go on with the
 * program they were started with. They would not understand what is new here, such as a model with a profile.
 * @throws AppError failed_precondition when such a one runs
 */
export async function refuseOtherProgram({ home }: CommandContext): Promise<void> {
  const running = await tellSupervisor(home, "ping");
  if (!running || running.supervision === SUPERVISION) return;
  const age = running.supervision < SUPERVISION ? "an earlier" : "a later";
  throw new AppError(
    "failed_precondition",
    `Cannot change what is deployed: ${age} version of mlmcp runs the endpoints (process ${running.pid})`,
    {
      hint: age === "a later"
        ? "Use that version."
        : "They go on serving. To change them, end them with `mlmcp stop`, and deploy again: ports, keys and history stay.",
    },
  );
}

async function within(ms: number, event: Promise<unknown>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  await Promise.race([event, new Promise((done) => timer = setTimeout(done, ms))]);
  clearTimeout(timer);
}

function pause(ms: number): Promise<void> {
  return new Promise((done) => setTimeout(done, ms));
}

/** Whether there is anything for a supervisor to do. */
export function needsSupervisor(records: Records): boolean {
  return records.replicas().length > 0 || records.endpoints().some(({ desired }) => desired !== "stopped");
}

function lastLines({ home }: CommandContext): string {
  const path = join(home.logs, "supervisor.jsonl");
  try {
    const lines = Deno.readTextFileSync(path).trimEnd().split("\n").slice(-3);
    return `The end of ${path}: ${lines.join(" ")}`;
  } catch {
    return `It wrote no log to ${path}; \`mlmcp doctor\` may tell what this machine lacks.`;
  }
}
