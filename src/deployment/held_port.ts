/**
 * The port of an endpoint while no replica runs. Callers are taken in and wait; the first one has a replica started.
 * When that listens on the same port, what is still queued here is taken in, the listener closes, and each held
 * connection is handed on byte by byte, so TLS needs nothing of its own. Nobody is refused, but beyond the bounds.
 */
import type { WireError } from "@/shared/errors.ts";
import { localHost } from "./ports.ts";

/** More are told to come again. */
const MAX_HELD = 1024;
/** Longer than a replica takes to start on a busy machine. */
const LONGEST_MS = 60_000;
/** After the replica listens, connections that the kernel had given to us are taken in for so long. */
const LAST_CALLERS_MS = 30;
/** What a refused caller still sends is read over, so that the answer reaches it. */
const LINGER_MS = 500;
const BACKLOG = 4096;

export interface HeldPortParts {
  host: string;
  port: number;
  tls: boolean;
  /** Somebody waits. */
  onCaller(): void;
}

/** Why a caller is not served, as an answer to it says. */
export interface Refusal {
  message: string;
  hint: string;
  retry_after_s: number;
}

interface Held {
  conn: Deno.TcpConn;
  timer: ReturnType<typeof setTimeout>;
}

export class HeldPort {
  readonly #listener: Deno.TcpListener;
  readonly #held = new Set<Held>();
  readonly #pipes = new Set<Promise<void>>();
  #refusal: Refusal | null = null;
  #closed = false;
  #accepting: Promise<void>;

  /** Shares the port with replicas that still serve, or will. @throws Deno.errors.AddrInUse when it is another's */
  constructor(readonly parts: HeldPortParts) {
    const { host, port } = parts;
    this.#listener = Deno.listen({ hostname: host, port, reusePort: true, tcpBacklog: BACKLOG });
    this.#accepting = this.#accept();
  }

  get waiting(): number {
    return this.#held.size;
  }

  /** Connections that are being handed on. */
  get handedOn(): number {
    return this.#pipes.size;
  }

  /** A replica listens: gives it everyone who waits. Ends when they are connected to it, or refused. */
  async handOver(): Promise<void> {
    this.#refusal = null;
    await new Promise((done) => setTimeout(done, LAST_CALLERS_MS));
    await this.#close();
    const held = [...this.#held];
    this.#held.clear();
    await Promise.all(held.map(async ({ conn, timer }) => {
      clearTimeout(timer);
      let replica: Deno.TcpConn;
      try {
        replica = await Deno.connect({ hostname: localHost(this.parts.host), port: this.parts.port });
      } catch {
        return void this.#refuse(conn, GONE);
      }
      const pipe = both(conn, replica).finally(() => this.#pipes.delete(pipe));
      this.#pipes.add(pipe);
    }));
  }

  /** No replica could start: everyone who waits is told, and whoever comes is too, until `allow`. */
  refuse({ message, hint }: WireError, again_s: number): void {
    const refusal = { message, hint: hint ?? AGAIN, retry_after_s: Math.max(1, Math.ceil(again_s)) };
    this.#refusal = refusal;
    for (const held of this.#held) this.#giveUp(held, refusal);
  }

  /** Whoever comes waits again. */
  allow(): void {
    this.#refusal = null;
  }

  /** The endpoint is not wanted any more. */
  async release(): Promise<void> {
    await this.#close();
    for (const held of this.#held) this.#giveUp(held, GONE);
  }

  async #close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#listener.close();
    await this.#accepting;
  }

  async #accept(): Promise<void> {
    while (!this.#closed) {
      let conn: Deno.TcpConn;
      try {
        conn = await this.#listener.accept();
      } catch {
        // The caller has left, or no file descriptor is free; or we close.
        await new Promise((done) => setTimeout(done, this.#closed ? 0 : 50));
        continue;
      }
      this.#hold(conn);
    }
  }

  #hold(conn: Deno.TcpConn): void {
    if (this.#refusal) return void this.#refuse(conn, this.#refusal);
    if (this.#held.size >= MAX_HELD) return void this.#refuse(conn, TOO_MANY);
    const held: Held = { conn, timer: setTimeout(() => this.#giveUp(held, TOO_LATE), LONGEST_MS) };
    this.#held.add(held);
    this.parts.onCaller();
  }

  #giveUp(held: Held, refusal: Refusal): void {
    clearTimeout(held.timer);
    this.#held.delete(held);
    void this.#refuse(held.conn, refusal);
  }

  /** Over TLS nothing can be said without the certificate's key, which is the replica's alone. */
  async #refuse(conn: Deno.TcpConn, { message, hint, retry_after_s }: Refusal): Promise<void> {
    const timer = setTimeout(() => close(conn), LINGER_MS);
    try {
      if (this.parts.tls) return;
      const buffer = new Uint8Array(16_384);
      // An answer before the request is none: some clients take it for noise.
      if (await conn.read(buffer) === null) return;
      const body = JSON.stringify({ error: { code: "unavailable", message, hint } });
      const bytes = new TextEncoder().encode(body);
      const head = [
        "HTTP/1.1 503 Service Unavailable",
        "content-type: application/json",
        `content-length: ${bytes.length}`,
        `retry-after: ${retry_after_s}`,
        "connection: close",
      ].join("\r\n");
      await writeAll(conn, new TextEncoder().encode(`${head}\r\n\r\n${body}`));
      await conn.closeWrite();
      while (await conn.read(buffer) !== null);
    } catch {
      /* it has left */
    } finally {
      clearTimeout(timer);
      close(conn);
    }
  }
}

const AGAIN = "Try again, as the header Retry-After says.";
const GONE: Refusal = {
  message: "Cannot answer now: the replica that was started is gone",
  hint: AGAIN,
  retry_after_s: 1,
};
const TOO_MANY: Refusal = {
  message: `Cannot answer now: ${MAX_HELD} callers wait already for the first replica`,
  hint: AGAIN,
  retry_after_s: 1,
};
const TOO_LATE: Refusal = {
  message: `Cannot answer now: no replica was ready within ${LONGEST_MS / 1000} s`,
  hint: AGAIN,
  retry_after_s: 5,
};

/** Two connections as one. Ends when either is broken, or both have said all. */
async function both(caller: Deno.TcpConn, replica: Deno.TcpConn): Promise<void> {
  caller.setNoDelay(true);
  replica.setNoDelay(true);
  try {
    await Promise.all([flow(caller, replica), flow(replica, caller)]);
  } catch {
    /* one side is gone, and so is the other */
  } finally {
    close(caller);
    close(replica);
  }
}

async function flow(from: Deno.TcpConn, to: Deno.TcpConn): Promise<void> {
  const buffer = new Uint8Array(16_384);
  for (;;) {
    const count = await from.read(buffer);
    if (count === null) return await to.closeWrite();
    await writeAll(to, buffer.subarray(0, count));
  }
}

async function writeAll(conn: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await conn.write(bytes.subarray(at));
}

function close(conn: Deno.Conn): void {
  try {
    conn.close();
  } catch { /* closed already */ }
}
