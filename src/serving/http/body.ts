/** Reading the body of a request: by its length, or in chunks. Source: RFC 9112, sections 6 and 7. */
import { HttpFault } from "./head.ts";

/** A connection as a reader sees it. */
export interface ByteSource {
  /** What has come and was not consumed. */
  readonly unread: Uint8Array;
  consume(bytes: number): void;
  /** Waits until more has come. @throws when the connection ends before */
  more(): Promise<void>;
}

/** Bytes that grow with what has come, and not with what was announced. */
export class GrowingBytes {
  #bytes = new Uint8Array(0);
  #size = 0;

  /** @param limit never more are kept room for */
  constructor(readonly limit: number) {}

  get size(): number {
    return this.#size;
  }

  /** @returns how much room was taken for it */
  add(piece: Uint8Array): number {
    const before = this.#bytes.length;
    const needed = this.#size + piece.length;
    if (needed > before) {
      const grown = new Uint8Array(Math.max(needed, Math.min(2 * before, this.limit)));
      grown.set(this.#bytes.subarray(0, this.#size));
      this.#bytes = grown;
    }
    this.#bytes.set(piece, this.#size);
    this.#size = needed;
    return this.#bytes.length - before;
  }

  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#size);
  }
}

/** @param keep called with each piece; may refuse it by throwing */
export async function readSized(
  source: ByteSource,
  length: number,
  keep: (piece: Uint8Array) => void,
): Promise<void> {
  for (let left = length; left > 0;) {
    if (source.unread.length === 0) await source.more();
    const piece = source.unread.subarray(0, left);
    keep(piece);
    source.consume(piece.length);
    left -= piece.length;
  }
}

/** A chunk's extensions and the trailers are read over. */
const MAX_LINE_BYTES = 256;
const MAX_TRAILERS = 32;

/** @throws HttpFault when it is not chunked as it says */
export async function readChunked(source: ByteSource, keep: (piece: Uint8Array) => void): Promise<void> {
  for (;;) {
    const size = /^([0-9a-fA-F]{1,8})[ \t]*(?:;.*)?$/.exec(await readLine(source));
    if (size === null) throw new HttpFault(400, "a chunk has no size");
    const length = parseInt(size[1], 16);
    if (length === 0) break;
    await readSized(source, length, keep);
    if (await readLine(source) !== "") throw new HttpFault(400, "a chunk is longer than it says");
  }
  for (let lines = 0; await readLine(source) !== ""; lines++) {
    if (lines === MAX_TRAILERS) throw new HttpFault(431, "the body has too many trailers");
  }
}

async function readLine(source: ByteSource): Promise<string> {
  for (;;) {
    const { unread } = source;
    const end = unread.subarray(0, MAX_LINE_BYTES).indexOf(10);
    if (end >= 0) {
      const line = String.fromCharCode(...unread.subarray(0, end));
      source.consume(end + 1);
      if (!line.endsWith("\r")) throw new HttpFault(400, "a line of the body ends without CR");
      return line.slice(0, -1);
    }
    if (unread.length >= MAX_LINE_BYTES) throw new HttpFault(400, "a line of the body never ends");
    await source.more();
  }
}
