/** A client that sends just these bytes, and no library between: what an attacker has. */
import { createHandler } from "@/serving/app.ts";
import { refuseBytes } from "@/serving/door.ts";
import { HttpServer } from "@/serving/http/server.ts";
import type { Replica } from "@/serving/replica_state.ts";
import type { HttpLimits } from "@/shared/replica_protocol.ts";
import { LIMITS, makeReplica } from "../make_replica.ts";

export interface Port {
  port: number;
  server: HttpServer;
  replica: Replica;
}

/** A replica's app behind a real port, in this process. */
export async function withPort(
  work: (at: Port) => Promise<void>,
  limits: Partial<HttpLimits> = {},
  replica = makeReplica(),
  tls: { cert: string; key: string } | null = null,
): Promise<void> {
  const where = { hostname: "127.0.0.1", port: 0 };
  const listener = tls ? Deno.listenTls({ ...where, ...tls }) : Deno.listen(where);
  const server = new HttpServer({
    listener,
    limits: { ...LIMITS, ...limits },
    tls: tls !== null,
    handler: createHandler(replica),
    refuse: refuseBytes,
  });
  replica.connections = () => server.connections;
  try {
    await work({ port: (listener.addr as Deno.NetAddr).port, server, replica });
  } finally {
    await server.shutdown();
  }
}

export class RawClient {
  #left = "";

  constructor(readonly conn: Deno.Conn) {}

  static async to(port: number, hostname = "127.0.0.1"): Promise<RawClient> {
    return new RawClient(await Deno.connect({ hostname, port }));
  }

  async send(bytes: string | Uint8Array): Promise<void> {
    const all = typeof bytes === "string" ? new TextEncoder().encode(bytes) : bytes;
    for (let at = 0; at < all.length;) at += await this.conn.write(all.subarray(at));
  }

  /** One answer; null when the server closes instead. */
  async receive(bodyless = false): Promise<{ status: number; head: string; body: string } | null> {
    const buffer = new Uint8Array(65536);
    for (;;) {
      const end = this.#left.indexOf("\r\n\r\n");
      if (end >= 0) {
        const head = this.#left.slice(0, end);
        const size = bodyless ? 0 : Number(/content-length: (\d+)/.exec(head)?.[1] ?? 0);
        if (this.#left.length >= end + 4 + size) {
          const body = this.#left.slice(end + 4, end + 4 + size);
          this.#left = this.#left.slice(end + 4 + size);
          return { status: Number(head.slice(9, 12)), head, body: new TextDecoder().decode(latin(body)) };
        }
      }
      const count = await this.conn.read(buffer).catch(() => null);
      if (count === null) return null;
      // One character a byte, so that lengths are those of the bytes.
      for (const byte of buffer.subarray(0, count)) this.#left += String.fromCharCode(byte);
    }
  }

  close(): void {
    try {
      this.conn.close();
    } catch { /* closed already */ }
  }
}

const latin = (text: string) => Uint8Array.from(text, (char) => char.charCodeAt(0));

/** Sends, takes one answer, and closes. */
export async function ask(
  port: number,
  bytes: string | Uint8Array,
): Promise<{ status: number; head: string; body: string } | null> {
  const client = await RawClient.to(port);
  try {
    await client.send(bytes).catch(() => {});
    return await client.receive();
  } finally {
    client.close();
  }
}

export const ROW = JSON.stringify({ rows: [{ length: 1.4, width: 0.2 }] });

/** A POST as text; the length is that of the body unless the headers say one. */
export function post(body: string, headers: string[] = [], path = "/predict"): string {
  const lines = ["host: localhost", "content-type: application/json", ...headers];
  if (!headers.some((line) => /^(content-length|transfer-encoding):/i.test(line))) {
    lines.push(`content-length: ${new TextEncoder().encode(body).length}`);
  }
  return `POST ${path} HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n${body}`;
}
