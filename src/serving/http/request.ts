/** A request as the app sees it: the part of the web's `Request` that it needs, without what that costs. */
import { AppError } from "@/shared/errors.ts";
import type { Connection } from "./connection.ts";
import { type Head, HttpFault, type RequestHeaders } from "./head.ts";

/** Headers as this server and the web's `Request` both have them. */
export interface ReadableHeaders {
  get(name: string): string | null;
}

/** A request of this server, or one of the web's, as the app is asked without a port. */
export type Incoming = HttpRequest | Request;

export class HttpRequest {
  readonly method: string;
  readonly headers: RequestHeaders;
  readonly #head: Head;
  readonly #connection: Connection;
  /** Nothing of the body is left on the connection. */
  bodyRead: boolean;

  constructor(head: Head, connection: Connection) {
    this.method = head.method;
    this.headers = head.headers;
    this.#head = head;
    this.#connection = connection;
    this.bodyRead = head.length === 0;
  }

  /** The path with its query. */
  get target(): string {
    return this.#head.target;
  }

  get url(): string {
    const scheme = this.#connection.parts.tls ? "https" : "http";
    return `${scheme}://${this.headers.get("host") ?? "localhost"}${this.#head.target}`;
  }

  /**
   * The body as UTF-8. @param limit most bytes
   * @throws AppError payload_too_large, invalid_argument, unavailable, or cancelled when the client left
   */
  async text(limit: number): Promise<string> {
    if (this.bodyRead) return "";
    try {
      const text = await this.#connection.readBody(this.#head, limit);
      this.bodyRead = true;
      return text;
    } catch (error) {
      if (error instanceof AppError) throw error;
      throw error instanceof HttpFault
        ? new AppError("invalid_argument", `Cannot read the body: ${error.message}`)
        : new AppError("cancelled", "Cannot read the body: the client left", { cause: error });
    }
  }

  /** From now on `gone` tells whether the client has left. */
  watch(): void {
    if (this.bodyRead) this.#connection.watch();
  }

  get gone(): boolean {
    return this.#connection.gone;
  }
}
