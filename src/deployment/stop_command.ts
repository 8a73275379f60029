/** `mlmcp stop`: ends one endpoint or all, and waits until no process is left. */
import { parseArgs } from "node:util";
import type { Command, CommandContext } from "@/shared/command.ts";
import { AppError } from "@/shared/errors.ts";
import type { Home } from "@/shared/home.ts";
import { type ProcessLock, tryLock } from "@/shared/process_lock.ts";
import { makeStopped, noEndpoint, openRecords, retireReplica, wantStopped } from "./changes.ts";
import { tellSupervisor } from "./control_file.ts";
import { SUPERVISOR_LOCK } from "./ensure_supervisor.ts";
import type { Records } from "./records.ts";
import { STANDBY_LOCK } from "./standby.ts";
import { ReplicaDoor } from "./replica_door.ts";

/** A little longer than a replica may take for its last requests. */
const TIMEOUT_MS = 40_000;
const LOOK_EVERY_MS = 50;

export const command: Command = {
  help: `mlmcp stop [ENDPOINT]: stop one endpoint, or everything

Requests in flight are finished first. Models, data and the history stay; mlmcp agent or deploy_model
starts an endpoint again.

  --json   as one JSON document
`,
  async run(context) {
    const { positionals } = parseArgs({ args: context.args, options: {}, allowPositionals: true });
    if (positionals.length > 1) {
      throw new AppError("invalid_argument", `Cannot stop ${positionals.length} endpoints at once`, {
        hint: "Name one, or none to stop everything.",
      });
    }
    const stopped = await stop(context, positionals[0] ?? null);
    if (context.json) console.log(JSON.stringify({ stopped }));
    else console.log(stopped.length > 0 ? `Stopped: ${stopped.join(", ")}.` : "Nothing was running.");
    return 0;
  },
};

async function stop({ home, signal }: CommandContext, name: string | null): Promise<string[]> {
  try {
    Deno.statSync(home.database);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    if (name !== null) {
      throw new AppError("not_found", `Cannot find endpoint "${name}": there is none in ${home.path}`);
    }
    return [];
  }
  const records = openRecords(home);
  try {
    if (name !== null && !records.endpoint(name)) throw noEndpoint(records, name);
    const stopped = wantStopped(records, name);
    const deadline = performance.now() + TIMEOUT_MS;
    while (!await isDone(records, home, name)) {
      if (performance.now() > deadline) throw stillRunning(records, name);
      signal.throwIfAborted();
      if (!await tellSupervisor(home, "leave")) await withLock(home, () => endReplicas(records, name));
      await new Promise((done) => setTimeout(done, LOOK_EVERY_MS));
    }
    return stopped;
  } finally {
    records.close();
  }
}

/** No replica is left of what was to stop; and no supervisor, when nothing at all is wanted any more. */
async function isDone(records: Records, home: Home, name: string | null): Promise<boolean> {
  if (records.replicas(name ?? undefined).length > 0) return false;
  const settled = records.endpoints().every((row) =>
    (name !== null && row.name !== name) || (row.desired === "stopped" && row.live_version === null)
  );
  if (!settled) return false;
  if (records.endpoints().some(({ desired }) => desired !== "stopped") || records.replicas().length > 0) {
    return true;
  }
  // Its lock tells that its process is gone, not only that it does not answer; so does its standby's.
  return await withLock(home, () => Promise.resolve(), STANDBY_LOCK) &&
    await withLock(home, () => Promise.resolve());
}

/** Does the work of a supervisor that is not there, as its successor. @returns false when another one has begun */
async function withLock(home: Home, work: () => Promise<void>, name = SUPERVISOR_LOCK): Promise<boolean> {
  const lock: ProcessLock | null = tryLock(home, name);
  if (!lock) return false;
  try {
    await work();
    return true;
  } finally {
    lock.release();
  }
}

/** Through their own doors: they may be left from a supervisor that was killed. */
async function endReplicas(records: Records, name: string | null): Promise<void> {
  await Promise.all(
    records.replicas(name ?? undefined).map(async (row) => {
      const door = row.control_port === null
        ? null
        : new ReplicaDoor({ ...row, control_port: row.control_port });
      const counters = await door?.status().then((status) => status.counters, () => null) ?? null;
      if (!door || await door.drain()) retireReplica(records, row.replica_id, counters);
    }),
  );
  for (const endpoint of records.endpoints()) {
    if ((name === null || endpoint.name === name) && records.replicas(endpoint.name).length === 0) {
      makeStopped(records, endpoint.name);
    }
  }
}

function stillRunning(records: Records, name: string | null): AppError {
  const pids = records.replicas(name ?? undefined).map(({ pid }) => pid).filter((pid) => pid !== null);
  return new AppError(
    "deadline_exceeded",
    `Cannot stop ${name ?? "everything"}: ${pids.length} replicas still run after ${TIMEOUT_MS / 1000} s`,
    {
      hint: pids.length > 0
        ? `End them with: kill -9 ${pids.join(" ")}`
        : "Try again; <home>/logs/supervisor.jsonl may tell why.",
    },
  );
}
