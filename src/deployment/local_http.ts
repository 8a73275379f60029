/**
 * HTTP to processes of mlmcp on this machine, over a plain connection each.
 *
 * Not by fetch, which sends even requests to loopback through a proxy when the environment names one; and not by
 * node:http, where a server that is killed in the midst of an answer ends in an error that nobody can catch
 * (Deno 2.6). A request of HTTP/1.0 is answered without chunks, and its answer ends with the connection.
 *
 * Source: RFC 1945.
 */
import { AppError } from "@/shared/errors.ts";

export interface LocalRequest {
  host: string;
  port: number;
  method: "GET" | "POST";
  path: string;
  headers?: Record<string, string>;
  body?: Uint8Array | string;
  timeout_ms: number;
  /** PEM text of the certificate to trust: the request goes over TLS then. */
  certificate?: string;
}

export interface LocalAnswer {
  status: number;
  body: Uint8Array;
}

/** Nobody listens there, or whoever did has died. */
export class NobodyThere extends AppError {
  constructor(where: string, cause: unknown) {
    super("unavailable", `Cannot reach ${where}: nothing answers there`, { cause });
  }
}

/**
 * @throws NobodyThere when the connection is refused or breaks; AppError deadline_exceeded when no answer comes
 */
export async function localRequest(options: LocalRequest): Promise<LocalAnswer> {
  const where = `${options.host}:${options.port}${options.path}`;
  const { bytes, late, error } = await exchange(options);
  if (late) {
    throw new AppError(
      "deadline_exceeded",
      `Cannot reach ${where}: no answer within ${options.timeout_ms / 1000} s`,
    );
  }
  if (error instanceof Error && /certificate/i.test(error.message)) throw badCertificate(where, error);
  if (error) throw new NobodyThere(where, error);
  return parseAnswer(bytes) ?? fail(new NobodyThere(where, new Error("the answer was cut off")));
}

function badCertificate(where: string, cause: Error): AppError {
  return new AppError("failed_precondition", `Cannot trust ${where}: ${cause.message}`, {
    hint: /CaUsedAsEndEntity/.test(cause.message)
      ? "A certificate that signs itself must be no authority: make it with -addext basicConstraints=critical,CA:FALSE."
      : "Look at serving.tls_cert_file: is it in date, and does the endpoint serve with it?",
    cause,
  });
}

/**
 * Sends a request whose answer ends only with the process that gives it.
 * @returns true when it has ended, false when it still runs after `timeout_ms`
 */
export async function requestUntilGone(options: LocalRequest): Promise<boolean> {
  return !(await exchange(options)).late;
}

export function parseBody<T>({ body }: LocalAnswer): T {
  return JSON.parse(new TextDecoder().decode(body)) as T;
}

interface Exchange {
  bytes: Uint8Array;
  late: boolean;
  error: unknown;
}

/** Everything that comes until the other side closes, or time is up. Never throws. */
async function exchange(
  { host, port, method, path, headers, body, timeout_ms, certificate }: LocalRequest,
): Promise<Exchange> {
  const result: Exchange = { bytes: new Uint8Array(0), late: false, error: null };
  const chunks: Uint8Array[] = [];
  let connection: Deno.Conn | null = null;
  const timer = setTimeout(() => {
    result.late = true;
    close(connection);
  }, timeout_ms);
  try {
    connection = certificate === undefined
      ? await Deno.connect({ hostname: host, port })
      // It is asked by an address of this machine, and its certificate is for the name that callers know.
      : await Deno.connectTls({
        hostname: host,
        port,
        caCerts: [certificate],
        unsafelyDisableHostnameVerification: true,
      });
    const content = typeof body === "string" ? new TextEncoder().encode(body) : body;
    const lines = Object.entries({
      host: `${host.includes(":") ? `[${host}]` : host}:${port}`,
      ...headers,
      "content-length": content?.length ?? 0,
    });
    const head = `${method} ${path} HTTP/1.0\r\n${
      lines.map(([key, value]) => `${key}: ${value}\r\n`).join("")
    }\r\n`;
    await writeAll(connection, new TextEncoder().encode(head));
    if (content) await writeAll(connection, content);
    for (const buffer = new Uint8Array(65536);;) {
      const size = await connection.read(buffer);
      if (size === null) break;
      chunks.push(buffer.slice(0, size));
    }
  } catch (error) {
    result.error = error;
  } finally {
    clearTimeout(timer);
    close(connection);
  }
  result.bytes = join(chunks);
  return result;
}

async function writeAll(connection: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at));
}

function close(connection: Deno.Conn | null): void {
  try {
    connection?.close();
  } catch { /* closed already */ }
}

/** null when it is not whole. */
function parseAnswer(bytes: Uint8Array): LocalAnswer | null {
  const text = new TextDecoder("latin1").decode(bytes.subarray(0, 65536));
  const end = text.indexOf("\r\n\r\n");
  const status = text.match(/^HTTP\/1\.[01] (\d{3})/);
  if (end < 0 || !status) return null;
  const body = bytes.subarray(end + 4);
  const length = text.slice(0, end).match(/\r\ncontent-length: *(\d+)/i);
  return length && Number(length[1]) !== body.length ? null : { status: Number(status[1]), body };
}

function fail(error: Error): never {
  throw error;
}

function join(chunks: Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}
