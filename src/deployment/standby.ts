/**
 * The hot standby: a second supervisor that waits for the lock of the first. When the first is killed, the kernel
 * frees its lock, the standby takes it, adopts the replicas and starts a standby of its own. So an endpoint has an
 * owner again within a second, though no command runs and nobody looks.
 *
 * There are never more than two: who waits holds the standby's lock, and who finds that taken leaves.
 */
import type { CommandContext } from "@/shared/command.ts";
import type { Home } from "@/shared/home.ts";
import type { Log } from "@/shared/log.ts";
import { type ProcessLock, tryLock } from "@/shared/process_lock.ts";
import { DEPTH_VARIABLE, selfCommand } from "@/shared/self_command.ts";
import { SUPERVISOR_LOCK } from "./ensure_supervisor.ts";

export const STANDBY_LOCK = "supervisor-standby";

const LOOK_EVERY_MS = 250;
/** The first replica starts first; so early, the deploy-server that asked for it still watches. */
const FIRST_AFTER_MS = 300;
/** Between a standby that died and the next one; longer and longer while they die young. */
const AGAIN_MS = 500;
const LONGEST_AGAIN_MS = 60_000;
/** One that lived shorter died of itself. */
const YOUNG_MS = 10_000;
const AGAIN_WHEN_NEEDLESS_MS = 60_000;

/** @returns the supervisor's lock once its holder is gone; null when another one waits, or on a signal */
export async function waitForLock({ home, signal }: CommandContext): Promise<ProcessLock | null> {
  // After `mlmcp stop` nothing is touched any more: the home may be on its way out.
  const waiting = isThere(home) ? tryLock(home, STANDBY_LOCK) : null;
  if (!waiting) return null;
  try {
    while (!signal.aborted && isThere(home)) {
      const lock = tryLock(home, SUPERVISOR_LOCK);
      if (lock) return lock;
      await new Promise((done) => setTimeout(done, LOOK_EVERY_MS));
    }
    return null;
  } finally {
    waiting.release();
  }
}

/** The home has not been deleted. */
export function isThere(home: Home): boolean {
  try {
    Deno.statSync(home.database);
    return true;
  } catch {
    return false;
  }
}

/** Keeps a standby running beside a supervisor. @returns ends it, and waits until it is gone */
export function keepStandby(context: CommandContext, log: Log): () => Promise<void> {
  const { home, configFile, childEnv } = context;
  const args = [
    "supervisor",
    "--standby",
    "--home",
    home.path,
    ...(configFile ? ["--config", configFile] : []),
  ];
  // As deep as we are, not deeper, however often one takes over from another: the locks bound their number.
  const depth = Math.max(0, Number(childEnv[DEPTH_VARIABLE] ?? 1) - 1);
  let child: Deno.ChildProcess | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let ended = false;
  let again_ms = AGAIN_MS;
  const start = () => {
    const started_ms = performance.now();
    try {
      child = selfCommand(args, { env: { ...childEnv, [DEPTH_VARIABLE]: String(depth) }, detached: true })
        .spawn();
      void child.status.then(({ success }) => {
        child = null;
        const young = performance.now() - started_ms < YOUNG_MS;
        again_ms = young ? Math.min(2 * again_ms, LONGEST_AGAIN_MS) : AGAIN_MS;
        // It leaves by itself when an earlier supervisor's standby still waits: that one will do.
        if (!ended) timer = setTimeout(start, success ? AGAIN_WHEN_NEEDLESS_MS : again_ms);
      });
    } catch (error) {
      log.error("a standby could not be started", error);
      timer = setTimeout(start, LONGEST_AGAIN_MS);
    }
  };
  timer = setTimeout(start, FIRST_AFTER_MS);
  return async () => {
    ended = true;
    clearTimeout(timer);
    const last = child;
    try {
      last?.kill("SIGKILL");
    } catch { /* it has just ended */ }
    await last?.status;
  };
}
