/**
 * The head of an HTTP/1.1 request, read strictly: what two readers could take differently is refused, so that no
 * proxy in front sees other requests than we do (request smuggling).
 *
 * Source: RFC 9112 (HTTP/1.1), sections 3, 5, 6 and 9.3; RFC 6585, section 5 (431).
 */

export const MAX_HEAD_BYTES = 16 * 1024;
const MAX_HEADERS = 100;

/** A request that can't be read: answered with this status, and then the connection ends. */
export class HttpFault extends Error {
  constructor(readonly status: number, reason: string) {
    super(reason);
  }
}

/** Looked at by name in small letters, as `Headers.get` does. */
export class RequestHeaders {
  readonly #names: string[] = [];
  readonly #values: string[] = [];

  add(name: string, value: string): void {
    this.#names.push(name);
    this.#values.push(value);
  }

  get length(): number {
    return this.#names.length;
  }

  /** The value; several of the same name joined by a comma; null when there is none. */
  get(name: string): string | null {
    let found: string | null = null;
    const names = this.#names;
    for (let i = 0; i < names.length; i++) {
      if (names[i] === name) found = found === null ? this.#values[i] : `${found}, ${this.#values[i]}`;
    }
    return found;
  }
}

export interface Head {
  method: string;
  /** What is asked for, as a path: `/predict?x=1`. */
  target: string;
  headers: RequestHeaders;
  /** Bytes of the body; null when it comes in chunks. */
  length: number | null;
  keepAlive: boolean;
  /** The client waits for `100 Continue` before it sends the body. */
  waits: boolean;
}

const REQUEST_LINE = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+) ([\x21-\x7e]+) HTTP\/1\.([01])$/;
const NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
// deno-lint-ignore no-control-regex
const NO_VALUE = /[\x00-\x08\x0a-\x1f\x7f]/;

/**
 * @param text everything before the empty line
 * @throws HttpFault
 */
export function parseHead(text: string): Head {
  const lines = text.split("\r\n");
  const first = REQUEST_LINE.exec(lines[0]);
  if (first === null) throw badRequestLine(lines[0]);
  if (lines.length - 1 > MAX_HEADERS) throw new HttpFault(431, `more than ${MAX_HEADERS} headers came`);
  const headers = new RequestHeaders();
  for (let i = 1; i < lines.length; i++) {
    const line = lines[i];
    const colon = line.indexOf(":");
    const name = line.slice(0, Math.max(0, colon));
    if (!NAME.test(name)) throw new HttpFault(400, "a header has no name that could be one");
    const value = trimmed(line, colon + 1);
    if (NO_VALUE.test(value)) throw new HttpFault(400, `the header ${name} has a control character`);
    headers.add(name.toLowerCase(), value);
  }
  const [, method, target, minor] = first;
  const connection = headers.get("connection")?.toLowerCase();
  const keepAlive = minor === "1" &&
    (connection === undefined || !/(?:^|,)\s*close\s*(?:,|$)/.test(connection));
  const host = headers.get("host");
  if (minor === "1" && host === null) throw new HttpFault(400, "the header Host is missing");
  if (host !== null && /[,\s/?#@\\]/.test(host)) throw new HttpFault(400, "the header Host names no host");
  return {
    method,
    target: pathOf(target, method),
    headers,
    length: bodyLength(headers, minor),
    keepAlive,
    waits: minor === "1" && headers.get("expect")?.toLowerCase() === "100-continue",
  };
}

function trimmed(line: string, from: number): string {
  let end = line.length;
  while (from < end && (line.charCodeAt(from) === 32 || line.charCodeAt(from) === 9)) from++;
  while (end > from && (line.charCodeAt(end - 1) === 32 || line.charCodeAt(end - 1) === 9)) end--;
  return line.slice(from, end);
}

function badRequestLine(line: string): HttpFault {
  return /^\S+ [\x21-\x7e]+ HTTP\/\d(?:\.\d)?$/.test(line)
    ? new HttpFault(505, "this is a server of HTTP/1.1")
    : new HttpFault(400, "the first line is no request of HTTP/1.1");
}

/** `http://host/path` is taken, too, as RFC 9112 demands. */
function pathOf(target: string, method: string): string {
  if (target.startsWith("/")) return target;
  const absolute = /^https?:\/\/[^/?#]+([/?].*)?$/i.exec(target);
  if (absolute) return absolute[1]?.startsWith("/") ? absolute[1] : `/${absolute[1] ?? ""}`;
  if (target === "*" && method === "OPTIONS") return "/";
  throw new HttpFault(400, "what is asked for is no path");
}

function bodyLength(headers: RequestHeaders, minor: string): number | null {
  const coding = headers.get("transfer-encoding");
  const length = headers.get("content-length");
  if (coding !== null) {
    if (length !== null || minor === "0") {
      throw new HttpFault(400, "the length of the body is told in two ways");
    }
    if (coding.toLowerCase() !== "chunked") {
      throw new HttpFault(501, "the only transfer coding that is known is chunked");
    }
    return null;
  }
  if (length === null) return 0;
  // Also refuses two of them, which `get` has joined.
  if (!/^\d{1,15}$/.test(length)) throw new HttpFault(400, "the header Content-Length is no length");
  return Number(length);
}
