/**
 * `mlmcp serve-model`: one replica. It gets its model on stdin, opens its port, and then gives up every right it
 * has: from there on this process can only answer requests and compute.
 *
 * replica_protocol.ts tells the order of the start. After `ready` nothing is written to any pipe, for the
 * supervisor may be dead, and the replica goes on.
 */
import { revokeAllRights } from "@/shared/revoke_rights.ts";
import { AppError, toWireError } from "@/shared/errors.ts";
import type { ReplicaLine, ReplicaStart } from "@/shared/replica_protocol.ts";
import { certificateHash } from "@/shared/tls_files.ts";
import { Access } from "./access.ts";
import { createHandler } from "./app.ts";
import { createControlApp } from "./control_app.ts";
import { Counters } from "./counters.ts";
import { refuseBytes } from "./door.ts";
import { contentSecurityPolicy } from "./page.ts";
import { HttpServer } from "./http/server.ts";
import { noteError, type Replica } from "./replica_state.ts";
import { loadServedModel, ModelHolder } from "./served_model.ts";
import { Shadowing } from "./shadowing.ts";
import { StartInput } from "./start_input.ts";
import { Turns } from "./turns.ts";
import { Utilization } from "./utilization.ts";
import { Watching } from "./watching.ts";

/** How long requests in flight may take when the replica drains. */
const DRAIN_MS = 20_000;

export async function run(): Promise<void> {
  try {
    await serve(new StartInput(Deno.stdin.readable));
  } catch (error) {
    say({ state: "failed", error: toWireError(error) });
    Deno.exit(1);
  }
}

async function serve(input: StartInput): Promise<void> {
  ignoreTerminal();
  const { start, artifact } = await input.readStart();
  const replica = createReplica(start, artifact);
  let heard_ms = performance.now();
  let publicServer: HttpServer | null = null;
  // The control door stays open until the process ends.
  const drain = drainer(replica, () => publicServer);
  const control = createControlApp({
    token: start.control_token,
    replica,
    pid: Deno.pid,
    heard: () => heard_ms = performance.now(),
    drain,
  });
  const controlServer = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, control.fetch);
  say({ state: "checked", control_port: (controlServer.addr as Deno.NetAddr).port, pid: Deno.pid });

  if (Deno.build.os !== "windows") Deno.addSignalListener("SIGTERM", drain);
  await contentSecurityPolicy();
  await input.waitForGo();
  // In one step: no request is answered before the rights are gone.
  publicServer = listen(start, replica);
  revokeAllRights();
  replica.state = "ready";
  replica.utilization.start();
  say({ state: "ready" });

  setInterval(() => {
    if (performance.now() - heard_ms > start.orphan_grace_s * 1000) drain();
  }, Math.min(60_000, start.orphan_grace_s * 250));
  await publicServer.finished;
}

/** @returns what ends the process, once its requests in flight are answered; saying it again is harmless */
export function drainer(replica: Replica, server: () => HttpServer | null): () => void {
  let draining = false;
  return () => {
    if (draining) return;
    draining = true;
    replica.state = "draining";
    setTimeout(() => Deno.exit(0), DRAIN_MS);
    void (server()?.shutdown() ?? Promise.resolve()).finally(() => Deno.exit(0));
  };
}

/** A Ctrl-C or a closed terminal is meant for the command in it, not for what it left running. */
function ignoreTerminal(): void {
  if (Deno.build.os === "windows") return;
  for (const signal of ["SIGINT", "SIGHUP"] as const) Deno.addSignalListener(signal, () => {});
}

export function createReplica(start: ReplicaStart, artifact: Uint8Array): Replica {
  const counters = new Counters();
  const watching = new Watching((error) => noteError(replica, "watching", error));
  const replica: Replica = {
    endpoint: start.endpoint,
    replica_id: start.replica_id,
    loopback: ["127.0.0.1", "localhost", "::1"].includes(start.host),
    holder: new ModelHolder(loadServedModel(artifact, start.model_id, start.version)),
    counters,
    watching,
    shadowing: new Shadowing(counters, watching),
    access: new Access(start.access, performance.now()),
    tls_cert_sha256: start.tls && certificateHash(start.tls),
    turns: new Turns(),
    connections: () => 0,
    shed: () => {},
    utilization: new Utilization(),
    state: "checked",
    started_ms: performance.now(),
    last_error: null,
  };
  return replica;
}

/** Connections that wait to be accepted; the kernel takes as many as net.core.somaxconn allows. */
const BACKLOG = 4096;

/** @throws AppError unavailable when the port is not free, invalid_argument when the certificate is none */
export function listen(
  { host, port, reuse_port, first, endpoint, tls, limits }: ReplicaStart,
  replica: Replica,
): HttpServer {
  let listener: Deno.TcpListener | Deno.TlsListener;
  try {
    if (first) claim(host, port);
    const where = { hostname: host, port, reusePort: reuse_port, tcpBacklog: BACKLOG };
    listener = tls ? Deno.listenTls({ ...where, ...tls, alpnProtocols: ["http/1.1"] }) : Deno.listen(where);
  } catch (error) {
    if (tls && !(error instanceof Deno.errors.AddrInUse)) {
      throw new AppError(
        "invalid_argument",
        `Cannot serve endpoint "${endpoint}" over TLS: ${(error as Error).message}`,
        {
          hint:
            "serving.tls_cert_file and serving.tls_key_file must be a certificate chain and its key, as PEM.",
        },
      );
    }
    throw new AppError(
      "unavailable",
      `Cannot serve endpoint "${endpoint}" on ${host}:${port}: ${(error as Error).message}`,
      {
        hint:
          "Another program listens there. Stop it, or delete the endpoint and create it with another port.",
      },
    );
  }
  const server = new HttpServer({
    listener,
    limits,
    tls: tls !== null,
    handler: createHandler(replica),
    refuse: refuseBytes,
  });
  replica.connections = () => server.connections;
  replica.shed = (share) => server.shed(share);
  return server;
}

/**
 * Makes sure that the port is nobody's. Sharing it needs only the same user, so two homes could come to share one.
 * Asking for it alone shows who serves there; between asking and taking, the UDP port of the same number, which
 * can't be shared, keeps away others that ask at this moment. It is held, unused, until the process ends.
 */
function claim(hostname: string, port: number): void {
  Deno.listenDatagram({ transport: "udp", hostname, port });
  Deno.listen({ hostname, port }).close();
}

/** The supervisor may be gone: then nobody needs the line. */
function say(line: ReplicaLine): void {
  try {
    Deno.stdout.writeSync(new TextEncoder().encode(JSON.stringify(line) + "\n"));
  } catch { /* a closed pipe */ }
}
