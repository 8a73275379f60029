/** What is answered: plain values, made into bytes in one piece. */

const encoder = new TextEncoder();

export class Answer {
  constructor(
    readonly status: number,
    /** Names in small letters. */
    readonly headers: Record<string, string>,
    readonly body: string | Uint8Array,
  ) {}

  /** For an app that speaks in the web's own types. */
  toResponse(): Response {
    return new Response(this.body === "" ? null : this.body as BodyInit, {
      status: this.status,
      headers: this.headers,
    });
  }

  static async of(response: Response): Promise<Answer> {
    return new Answer(response.status, Object.fromEntries(response.headers), await response.bytes());
  }
}

const REASONS: Record<number, string> = {
  200: "OK",
  204: "No Content",
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  408: "Request Timeout",
  409: "Conflict",
  413: "Content Too Large",
  415: "Unsupported Media Type",
  429: "Too Many Requests",
  431: "Request Header Fields Too Large",
  500: "Internal Server Error",
  501: "Not Implemented",
  503: "Service Unavailable",
  504: "Gateway Timeout",
  505: "HTTP Version Not Supported",
};

/**
 * @param date now, as RFC 9110 writes it
 * @param bodyless the answer to HEAD: all headers, and no body
 */
export function toBytes(
  { status, headers, body }: Answer,
  date: string,
  keepAlive: boolean,
  bodyless: boolean,
): Uint8Array {
  const ascii = typeof body === "string" && isAscii(body);
  const content = ascii ? null : typeof body === "string" ? encoder.encode(body) : body;
  let head = `HTTP/1.1 ${status} ${REASONS[status] ?? ""}\r\ndate: ${date}\r\n`;
  const length = content === null ? body.length : content.length;
  // The length of an answer that is not given to HEAD may be left out, and mostly is not known.
  if (status !== 204 && !(bodyless && length === 0)) head += `content-length: ${length}\r\n`;
  for (const name in headers) head += `${name}: ${headers[name]}\r\n`;
  head += keepAlive ? "\r\n" : "connection: close\r\n\r\n";
  if (bodyless || status === 204) return encoder.encode(head);
  if (content === null) return encoder.encode(head + body);
  const first = encoder.encode(head);
  const bytes = new Uint8Array(first.length + content.length);
  bytes.set(first);
  bytes.set(content, first.length);
  return bytes;
}

function isAscii(text: string): boolean {
  // deno-lint-ignore no-control-regex
  return !/[^\x00-\x7f]/.test(text);
}
