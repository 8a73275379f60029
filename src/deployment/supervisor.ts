/**
 * The supervisor of a home: owns the replicas of all its endpoints, one keeper each, and outlives whoever started
 * it. One at a time, by a lock that the kernel gives back when it dies. Its replicas outlive it in turn, and the
 * next one adopts them.
 */
import { timingSafeEqual } from "node:crypto";
import type { CommandContext } from "@/shared/command.ts";
import type { Log } from "@/shared/log.ts";
import { CONTROL_HEADER } from "@/shared/replica_protocol.ts";
import { openRegistry } from "@/registry/registry.ts";
import { openRecords } from "./changes.ts";
import { removeControlFile, writeControlFile } from "./control_file.ts";
import { EndpointKeeper } from "./endpoint_keeper.ts";
import { openWatching } from "./open_watching.ts";
import type { Records } from "./records.ts";

const LOOK_EVERY_MS = 1000;
const LOOK_WHEN_LEAVING_MS = 50;
/** So long it stays when nothing is wanted, in case something will be. */
const IDLE_MS = 10_000;

/**
 * Runs until nothing is wanted any more, the home is gone, or `context.signal` aborts. The lock must be held.
 * @param options.stay_idle false: leaves at once when nothing is wanted
 */
export async function supervise(
  context: CommandContext,
  log: Log,
  options: { stay_idle: boolean } = { stay_idle: true },
): Promise<void> {
  const { home, signal } = context;
  const records = openRecords(home);
  const registry = openRegistry(home);
  const keepers = new Map<string, EndpointKeeper>();
  let wake = () => {};
  let leave = !options.stay_idle;
  const hear = (word: string) => {
    leave ||= word === "leave";
    wake();
  };
  const parts = {
    records,
    registry,
    log,
    childEnv: context.childEnv,
    config: context.config,
    driftOf: (endpoint: string, version: number) => keepers.get(endpoint)?.watch.verdictOf(version) ?? null,
    wake: () => wake(),
    watching: openWatching(context, log),
  };
  const birth = identityOf(home.database);
  let control = listen(hear);
  try {
    await writeControlFile(home, { port: control.port, token: control.token, pid: Deno.pid });
    log.info("supervising", { port: control.port });
    let idleSince = performance.now();
    while (!signal.aborted) {
      if (identityOf(home.database) !== birth) {
        log.warn("the home folder is gone: ending its replicas");
        await Promise.all([...keepers.values()].map((keeper) => keeper.endAll()));
        return;
      }
      const woken = new Promise<void>((done) => wake = done);
      const busy = look(parts, keepers);
      parts.watching.teller.kick();
      if (wanted(records)) leave = false;
      if (busy) idleSince = performance.now();
      else if (leave || performance.now() - idleSince > IDLE_MS) {
        // First unreachable, then one more look: whoever wrote a wish and found us is heard here, and whoever
        // comes later finds nobody and starts another supervisor, which waits for our lock.
        await control.close();
        await removeControlFile(home, Deno.pid);
        await Promise.all([...keepers.values()].map((keeper) => keeper.kick()));
        if (!wanted(records)) return log.info("nothing is wanted any more");
        control = listen(hear);
        await writeControlFile(home, { port: control.port, token: control.token, pid: Deno.pid });
        continue;
      }
      await Promise.race([woken, pause(leave ? LOOK_WHEN_LEAVING_MS : LOOK_EVERY_MS, signal)]);
    }
    log.info("asked to end; the replicas go on");
    await Promise.all([...keepers.values()].map((keeper) => keeper.kick()));
    for (const { watch } of keepers.values()) watch.checkpoint();
  } finally {
    await control.close();
    await removeControlFile(home, Deno.pid);
    await parts.watching.teller.close();
    parts.watching.records.close();
    parts.watching.predictions.close();
    records.close();
    registry.close();
  }
}

/** Sets every keeper to work. @returns whether anything is wanted or still runs */
function look(
  parts: ConstructorParameters<typeof EndpointKeeper>[0],
  keepers: Map<string, EndpointKeeper>,
): boolean {
  const { records, log } = parts;
  try {
    const replicas = records.replicas();
    const names = new Set([
      ...records.endpoints().map(({ name }) => name),
      ...replicas.map(({ endpoint }) => endpoint),
    ]);
    for (const name of names) if (!keepers.has(name)) keepers.set(name, new EndpointKeeper(parts, name));
    for (const [name, keeper] of keepers) {
      if (names.has(name) || !keeper.idle) void keeper.kick();
      else keepers.delete(name);
    }
    return wanted(records) || replicas.length > 0 || [...keepers.values()].some((keeper) => !keeper.idle);
  } catch (error) {
    log.error("the database could not be read", error);
    return true;
  }
}

function wanted(records: Records): boolean {
  return records.endpoints().some((endpoint) => endpoint.desired !== "stopped");
}

function identityOf(path: string): string | null {
  try {
    const { dev, ino } = Deno.statSync(path);
    return `${dev}:${ino}`;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

function listen(hear: (word: string) => void): { port: number; token: string; close(): Promise<void> } {
  const token = crypto.randomUUID();
  const expected = new TextEncoder().encode(token);
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    const given = new TextEncoder().encode(request.headers.get(CONTROL_HEADER) ?? "");
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
      return new Response(null, { status: 401 });
    }
    hear(new URL(request.url).pathname.slice(1));
    return Response.json({ pid: Deno.pid });
  });
  let closed: Promise<void> | null = null;
  return { port: (server.addr as Deno.NetAddr).port, token, close: () => closed ??= server.shutdown() };
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((done) => {
    const timer = setTimeout(finish, ms);
    signal.addEventListener("abort", finish, { once: true });
    function finish() {
      clearTimeout(timer);
      signal.removeEventListener("abort", finish);
      done();
    }
  });
}
