/**
 * HTTP to processes of mlmcp on this machine. By node:http and not by fetch, for fetch sends requests to loopback
 * through a proxy when the environment names one.
 */
import { Agent, request as httpRequest } from "node:http";
import { AppError } from "@/shared/errors.ts";

export interface LocalRequest {
  host: string;
  port: number;
  method: "GET" | "POST";
  path: string;
  headers?: Record<string, string>;
  body?: Uint8Array | string;
  timeout_ms: number;
  /** For many requests over few connections. */
  agent?: Agent;
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

const DEAD = ["ECONNREFUSED", "ECONNRESET", "EPIPE", "ConnectionRefused", "ConnectionReset", "BrokenPipe"];

/**
 * @throws NobodyThere when the connection is refused or breaks; AppError deadline_exceeded when no answer comes
 */
export function localRequest(options: LocalRequest): Promise<LocalAnswer> {
  const { host, port, method, path, headers, body, timeout_ms, agent } = options;
  const where = `${host}:${port}${path}`;
  return new Promise((done, failed) => {
    const request = httpRequest({
      host,
      port,
      method,
      path,
      headers: { ...headers, ...(body === undefined ? {} : { "content-length": String(sizeOf(body)) }) },
      agent: agent ?? false,
    });
    const timer = setTimeout(() => {
      failed(
        new AppError("deadline_exceeded", `Cannot reach ${where}: no answer within ${timeout_ms / 1000} s`),
      );
      request.destroy();
    }, timeout_ms);
    const fail = (error: Error & { code?: string }) => {
      clearTimeout(timer);
      const dead = DEAD.some((word) => error.code === word || error.name === word) ||
        /refused|reset|hang up|closed/i.test(error.message);
      failed(dead ? new NobodyThere(where, error) : error);
    };
    request.on("error", fail);
    request.on("response", (response) => {
      const chunks: Uint8Array[] = [];
      response.on("data", (chunk: Uint8Array) => chunks.push(chunk));
      response.on("error", fail);
      response.on("aborted", () => fail(new Error("connection reset")));
      response.on("end", () => {
        clearTimeout(timer);
        done({ status: response.statusCode ?? 0, body: join(chunks) });
      });
    });
    request.end(body);
  });
}

/**
 * Sends a POST whose answer ends only with the process that gives it.
 * @returns true when it ended, false when it still runs after `timeout_ms`
 */
export function requestUntilGone(options: Omit<LocalRequest, "method" | "agent">): Promise<boolean> {
  const { host, port, path, headers, timeout_ms } = options;
  return new Promise((done) => {
    const request = httpRequest({
      host,
      port,
      method: "POST",
      path,
      headers: { ...headers, "content-length": "0" },
      agent: false,
    });
    const timer = setTimeout(() => {
      done(false);
      request.destroy();
    }, timeout_ms);
    const gone = () => {
      clearTimeout(timer);
      done(true);
    };
    request.on("error", gone);
    request.on("response", (response) => {
      response.resume();
      for (const event of ["end", "error", "aborted", "close"]) response.on(event, gone);
    });
    request.end();
  });
}

export function parseBody<T>({ body }: LocalAnswer): T {
  return JSON.parse(new TextDecoder().decode(body)) as T;
}

function sizeOf(body: Uint8Array | string): number {
  return typeof body === "string" ? new TextEncoder().encode(body).length : body.length;
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
