/**
 * A server of HTTP/1.1 that no client can hold. Deno.serve knows no time limit at all: a client that sends half a
 * header keeps its connection for ever (measured on 2.6.10 and 2.9.6), and nothing tells how many there are.
 */
import { AppError } from "@/shared/errors.ts";
import { Connection, type ConnectionParts } from "./connection.ts";
import type { HttpLimits } from "@/shared/replica_protocol.ts";

export interface HttpServerOptions extends Pick<ConnectionParts, "handler" | "refuse" | "tls"> {
  listener: Deno.TcpListener | Deno.TlsListener;
  limits: HttpLimits;
}

/** How often is looked for who waits too long. */
const LOOK_EVERY_MS = 100;
/** When the server ends: a client that is active asks again within it, and is told that the connection ends. */
const LAST_REQUEST_MS = 200;
/** A connection that has just been made will bring a request, after its handshake. */
const FIRST_REQUEST_MS = 2000;
/**
 * So long after it was closed a connection is not counted any more, though it still waits: Deno 2.6 can't cancel a
 * write, so the socket of a client that takes nothing stays until that client goes.
 */
const CLOSED_MS = 1000;
/** After a connection could not be accepted for want of file descriptors. */
const AGAIN_MS = 50;

export class HttpServer {
  /** Ends when the last connection has, after shutdown(). */
  readonly finished: Promise<void>;
  readonly parts: ConnectionParts;
  readonly #listener: Deno.TcpListener | Deno.TlsListener;
  readonly #limits: HttpLimits;
  readonly #connections = new Set<Connection>();
  #date = new Date().toUTCString();
  #now_ms = performance.now();
  #pending_bytes = 0;
  #closing_ms: number | null = null;
  #finish = () => {};

  constructor({ listener, limits, handler, refuse, tls }: HttpServerOptions) {
    this.#listener = listener;
    this.#limits = limits;
    this.finished = new Promise((done) => this.#finish = done);
    const server = this as HttpServer;
    this.parts = {
      handler,
      refuse,
      tls,
      get date() {
        return server.#date;
      },
      get now_ms() {
        return server.#now_ms;
      },
      get closing() {
        return server.#closing_ms !== null;
      },
      reserve: (bytes) => this.#reserve(bytes),
      release: (bytes) => this.#pending_bytes -= bytes,
    };
    const timer = setInterval(() => this.#look(), LOOK_EVERY_MS);
    void this.finished.then(() => clearInterval(timer));
    void this.#accept();
  }

  get address(): Deno.NetAddr {
    return this.#listener.addr as Deno.NetAddr;
  }

  get connections(): number {
    return this.#connections.size;
  }

  /**
   * Every n-th connection ends with its next answer, so that its client comes again, and the kernel, which spreads
   * only new connections, gives some of them to a replica that has none yet.
   */
  shed(share: number): void {
    let due = 0;
    for (const connection of this.#connections) {
      due += share;
      if (due < 1 - 1e-9) continue;
      due -= 1;
      connection.last = true;
    }
  }

  /** Takes no more connections; ends when what is being answered is answered. */
  shutdown(): Promise<void> {
    if (this.#closing_ms === null) {
      this.#closing_ms = performance.now();
      this.#listener.close();
      this.#look();
    }
    return this.finished;
  }

  async #accept(): Promise<void> {
    while (this.#closing_ms === null) {
      try {
        this.#open(await this.#listener.accept());
      } catch {
        // The client left before we came; or there is no file descriptor left, and waiting clients make room.
        if (this.#closing_ms !== null) return;
        this.#makeRoom();
        await new Promise((done) => setTimeout(done, AGAIN_MS));
      }
    }
  }

  #open(conn: Deno.TcpConn | Deno.TlsConn): void {
    if (this.#connections.size >= this.#limits.max_connections && !this.#makeRoom()) return conn.close();
    if ("setNoDelay" in conn) conn.setNoDelay(true);
    const connection = new Connection(conn, this.parts);
    this.#connections.add(connection);
    void connection.run().then(() => {
      this.#connections.delete(connection);
      if (this.#closing_ms !== null && this.#connections.size === 0) this.#finish();
    });
  }

  /** Closes the connection that has waited longest without a request. @returns false when none does */
  #makeRoom(): boolean {
    let longest: Connection | null = null;
    for (const connection of this.#connections) {
      const { phase } = connection;
      if (phase !== "idle" && phase !== "head") continue;
      if (longest === null || connection.since_ms < longest.since_ms) longest = connection;
    }
    longest?.close();
    // Deleted here, not only when its loop has ended, so that it is not counted or chosen again.
    if (longest) this.#connections.delete(longest);
    return longest !== null;
  }

  #reserve(bytes: number): void {
    if (this.#pending_bytes + bytes > this.#limits.max_pending_bytes) {
      throw new AppError("unavailable", "Cannot read the body: too many large ones are on their way", {
        hint: "Try again in a second, or send fewer rows at once.",
      });
    }
    this.#pending_bytes += bytes;
  }

  #look(): void {
    const now = this.#now_ms = performance.now();
    this.#date = new Date().toUTCString();
    const { header_timeout_ms, idle_timeout_ms, transfer_timeout_ms } = this.#limits;
    for (const connection of this.#connections) {
      const waited = now - connection.since_ms;
      const { phase } = connection;
      if (phase === "answer") continue;
      const closing = this.#closing_ms !== null;
      const limit = phase === "idle"
        ? closing ? LAST_REQUEST_MS : idle_timeout_ms
        : phase === "head"
        ? closing ? Math.min(header_timeout_ms, FIRST_REQUEST_MS) : header_timeout_ms
        : transfer_timeout_ms;
      if (waited > limit) connection.expire();
      if (waited > limit + CLOSED_MS) this.#connections.delete(connection);
    }
    if (this.#closing_ms !== null && this.#connections.size === 0) this.#finish();
  }
}
