/**
 * One connection: its requests one after the other, each answered before the next is looked at. Nothing here waits
 * without end: `phase` and `since_ms` tell the server since when it waits for what, and it closes what waits too long.
 *
 * Source: RFC 9112, sections 9 (keep-alive, pipelining, closing) and RFC 9110, section 10.1.1 (100-continue).
 */
import { AppError } from "@/shared/errors.ts";
import { Answer, toBytes } from "./answer.ts";
import { type ByteSource, GrowingBytes, readChunked, readSized } from "./body.ts";
import { type Head, HttpFault, MAX_HEAD_BYTES, parseHead } from "./head.ts";
import { HttpRequest } from "./request.ts";

/** What the connections of a server share. */
export interface ConnectionParts {
  handler(request: HttpRequest): Answer | Promise<Answer>;
  /** The answer to what is no request. */
  refuse(status: number, reason: string): Answer;
  /** Now, as the header Date has it. */
  readonly date: string;
  /** performance.now() of a moment ago: it is asked several times a request. */
  readonly now_ms: number;
  readonly closing: boolean;
  readonly tls: boolean;
  /** Takes room for bytes of an incomplete body. @throws AppError unavailable when there is none */
  reserve(bytes: number): void;
  release(bytes: number): void;
}

const FIRST_BUFFER_BYTES = 2048;
/** Above the longest head, so that what fills it is always a body, which is consumed as it comes. */
const LARGEST_BUFFER_BYTES = 64 * 1024;
/** Of a body that nobody wants, so much is read over, so that the client hears the answer and not a broken pipe. */
const MAX_DISCARDED_BYTES = 32 * 1024 * 1024;
/** Bodies below are not counted among those that are not complete: they are no burden. */
const SMALL_BODY_BYTES = 16 * 1024;
const CONTINUE = new TextEncoder().encode("HTTP/1.1 100 Continue\r\n\r\n");
const decoder = new TextDecoder();
const headDecoder = new TextDecoder("utf-8", { ignoreBOM: true });

export class Connection implements ByteSource {
  /**
   * idle: between requests; head: a request has begun to come, or the connection is new; body: its body comes;
   * answer: it is being worked on; write: its answer is taken by the client; linger: what still comes is read over
   */
  phase: "idle" | "head" | "body" | "answer" | "write" | "linger" = "head";
  since_ms: number;
  /** Ends after the next answer. */
  last = false;
  #buffer = new Uint8Array(FIRST_BUFFER_BYTES);
  #start = 0;
  #end = 0;
  /** A reading that goes on while a request waits for its turn, so that a client that left is seen. */
  #ahead: Promise<boolean> | null = null;
  #gone = false;
  #expired = false;
  #reserved = 0;
  /** What was decoded to find the head, when it is ASCII, and where the body starts in it. */
  #text = "";
  #textAt = 0;
  #lastText = "";
  #lastHead: Head | null = null;

  constructor(readonly conn: Deno.TcpConn | Deno.TlsConn, readonly parts: ConnectionParts) {
    this.since_ms = parts.now_ms;
  }

  /** Ends when the connection does. Never throws. */
  async run(): Promise<void> {
    try {
      while (await this.#one());
      // Over TLS what was written may still wait to be encrypted; this waits for it.
      if (this.parts.tls && !this.#gone) await this.conn.closeWrite();
    } catch (error) {
      if (error instanceof HttpFault) await this.#refuse(error).catch(() => {});
      // Anything else is the client's leaving, or our closing: nobody is there to tell.
    } finally {
      this.#releaseAll();
      this.close();
    }
  }

  close(): void {
    this.#gone = true;
    try {
      this.conn.close();
    } catch { /* closed already */ }
  }

  /** The client has closed its side, or we have. */
  get gone(): boolean {
    return this.#gone;
  }

  /** Too slow: told so where it can be heard, and closed. */
  expire(): void {
    if (this.#expired) return;
    this.#expired = true;
    if (this.phase === "body" || (this.phase === "head" && this.#end > this.#start)) {
      const answer = this.parts.refuse(408, "the request did not come in time");
      this.conn.write(toBytes(answer, this.parts.date, false, false)).catch(() => {}).finally(() =>
        this.close()
      );
    } else this.close();
  }

  #enter(phase: Connection["phase"]): void {
    this.phase = phase;
    this.since_ms = this.parts.now_ms;
  }

  /** @returns whether another request may follow */
  async #one(): Promise<boolean> {
    const head = await this.#readHead();
    if (head === null) return false;
    this.#enter("answer");
    const request = new HttpRequest(head, this);
    const answer = await this.parts.handler(request);
    this.#releaseAll();
    const whole = request.bodyRead || this.#skipBody(head);
    const keepAlive = whole && head.keepAlive && !this.last && !this.parts.closing;
    this.#enter("write");
    await this.#write(toBytes(answer, this.parts.date, keepAlive, head.method === "HEAD"));
    if (!whole) await this.#linger();
    if (!keepAlive) return false;
    this.#enter("idle");
    return true;
  }

  /** null when the connection ends, as it should, between two requests. */
  async #readHead(): Promise<Head | null> {
    for (;;) {
      if (this.#end > this.#start) {
        const head = this.#takeHead();
        if (head !== null) return head;
        if (this.#end - this.#start > MAX_HEAD_BYTES) throw tooLong();
      }
      if (!await this.#read()) {
        if (this.#end > this.#start && !this.#gone) throw new HttpFault(400, "the request ends in its head");
        return null;
      }
      if (this.phase === "idle") this.#enter("head");
    }
  }

  /** null when it is not complete yet. @throws HttpFault */
  #takeHead(): Head | null {
    const bytes = this.#buffer.subarray(this.#start, Math.min(this.#end, this.#start + MAX_HEAD_BYTES));
    // Head and body mostly come together, and are plain ASCII: then a place in the text is one in the bytes.
    const text = headDecoder.decode(bytes);
    const ascii = text.length === bytes.length;
    // An empty line before a request is read over, as RFC 9112 advises.
    const from = text.startsWith("\r\n") ? 2 : 0;
    const end = text.indexOf("\r\n\r\n", from);
    if (end < 0) return null;
    this.#text = ascii ? text : "";
    this.#textAt = end + 4;
    this.#start += ascii ? end + 4 : endOfHead(bytes, from) + 4;
    const head = text.slice(from, end);
    // A client that keeps its connection mostly asks with the same words.
    if (head !== this.#lastText) {
      this.#lastHead = parseHead(head);
      this.#lastText = head;
    }
    return this.#lastHead;
  }

  /** Nobody wanted it. @returns whether it is here already, and so done with */
  #skipBody({ length }: Head): boolean {
    if (length === null || this.#end - this.#start < length || this.phase !== "answer") return false;
    this.#start += length;
    return true;
  }

  get unread(): Uint8Array {
    return this.#buffer.subarray(this.#start, this.#end);
  }

  consume(bytes: number): void {
    this.#start += bytes;
  }

  async more(): Promise<void> {
    if (!await this.#read()) throw new Error("the client left in the midst of its request");
  }

  /** @returns false at the end of the stream */
  async #read(): Promise<boolean> {
    if (this.#ahead) {
      const ahead = this.#ahead;
      this.#ahead = null;
      return await ahead;
    }
    const filled = this.#end === this.#buffer.length;
    if (this.#start === this.#end) this.#start = this.#end = 0;
    if (filled && this.#buffer.length < LARGEST_BUFFER_BYTES || this.#end === this.#buffer.length) {
      this.#makeRoom();
    }
    const count = await this.conn.read(this.#buffer.subarray(this.#end));
    if (count === null) return false;
    this.#end += count;
    return true;
  }

  /** A buffer that was filled is too small; it shrinks again when the request is answered. */
  #makeRoom(): void {
    const kept = this.unread;
    const size = Math.min(4 * this.#buffer.length, LARGEST_BUFFER_BYTES);
    const to = this.#start === 0 ? new Uint8Array(size) : this.#buffer;
    if (to !== this.#buffer) this.#reserve(size);
    to.set(kept);
    this.#buffer = to;
    this.#start = 0;
    this.#end = kept.length;
  }

  /** Looks, while the request waits, whether the client is still there. */
  watch(): void {
    this.#ahead ??= this.#read().then((came) => {
      if (!came) this.#gone = true;
      return came;
    }, () => {
      this.#gone = true;
      return false;
    });
  }

  /**
   * The body as text. @param limit most bytes
   * @throws AppError payload_too_large, or unavailable when too many large bodies are on their way; HttpFault
   */
  async readBody(head: Head, limit: number): Promise<string> {
    const { length } = head;
    if (length !== null) {
      if (length > limit) throw tooLarge(limit);
      // The usual case: it came together with the head.
      if (this.#end - this.#start >= length) {
        const text = this.#textAt + length <= this.#text.length
          ? this.#text.slice(this.#textAt, this.#textAt + length)
          : decoder.decode(this.#buffer.subarray(this.#start, this.#start + length));
        this.#start += length;
        return text;
      }
    }
    this.#enter("body");
    if (head.waits && this.#start === this.#end) await this.#write(CONTINUE);
    const body = new GrowingBytes(length ?? limit);
    const keep = (piece: Uint8Array) => {
      if (body.size + piece.length > limit) throw tooLarge(limit);
      if (body.size + piece.length > SMALL_BODY_BYTES) this.#reserve(piece.length);
      body.add(piece);
    };
    if (length !== null) await readSized(this, length, keep);
    else await readChunked(this, keep);
    this.#enter("answer");
    return decoder.decode(body.bytes);
  }

  #reserve(bytes: number): void {
    this.parts.reserve(bytes);
    this.#reserved += bytes;
  }

  #releaseAll(): void {
    if (this.#reserved === 0) return;
    this.parts.release(this.#reserved);
    this.#reserved = 0;
    if (this.#start === this.#end && !this.#ahead) this.#buffer = new Uint8Array(FIRST_BUFFER_BYTES);
  }

  async #write(bytes: Uint8Array): Promise<void> {
    let at = await this.conn.write(bytes);
    while (at < bytes.length) at += await this.conn.write(bytes.subarray(at));
  }

  async #refuse({ status, message }: HttpFault): Promise<void> {
    this.#enter("write");
    await this.#write(toBytes(this.parts.refuse(status, message), this.parts.date, false, false));
    await this.#linger();
  }

  /** Closing at once, with bytes unread, would take back the answer (RFC 9112, section 9.6). */
  async #linger(): Promise<void> {
    this.#enter("linger");
    await this.conn.closeWrite();
    this.#start = this.#end = 0;
    for (let read = 0; read < MAX_DISCARDED_BYTES;) {
      if (!await this.#read()) return;
      read += this.#end;
      this.#start = this.#end = 0;
    }
  }
}

/** The place of the CRLF CRLF that is known to be there. */
function endOfHead(bytes: Uint8Array, from: number): number {
  for (let at = bytes.indexOf(13, from);; at = bytes.indexOf(13, at + 1)) {
    if (bytes[at + 1] === 10 && bytes[at + 2] === 13 && bytes[at + 3] === 10) return at;
  }
}

function tooLong(): HttpFault {
  return new HttpFault(431, `the head of the request is longer than ${MAX_HEAD_BYTES / 1024} KiB`);
}

function tooLarge(limit: number): AppError {
  const shown = Number((limit / 1048576).toPrecision(3));
  return new AppError("payload_too_large", `Cannot read the body: it is larger than ${shown} MiB`, {
    hint: "Send the rows in several requests.",
  });
}
