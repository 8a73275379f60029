/** Bytes of a data set, in memory or on disk: read in ranges, hashed once. */
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";

/** A file on disk, as it was when it was looked at. */
export interface DiskFile {
  path: string;
  size: number;
  modified: Date;
}

export type Content = Uint8Array | DiskFile;

export interface Hashes {
  md5: Uint8Array;
  crc32c: Uint8Array;
}

const CHUNK = 256 * 1024;
/** What lies in memory has no date of its own. */
const IN_MEMORY_SINCE = new Date("2026-02-13T06:56:19.803Z");

export function sizeOf(content: Content): number {
  return content instanceof Uint8Array ? content.length : content.size;
}

export function modifiedOf(content: Content): Date {
  return content instanceof Uint8Array ? IN_MEMORY_SINCE : content.modified;
}

/** The bytes from `from` up to, but not with, `to`, in pieces. */
export async function* piecesOf(
  content: Content,
  from = 0,
  to = sizeOf(content),
): AsyncGenerator<Uint8Array> {
  if (content instanceof Uint8Array) {
    for (let at = from; at < to; at += CHUNK) yield content.subarray(at, Math.min(at + CHUNK, to));
    return;
  }
  using file = await Deno.open(content.path, { read: true });
  await file.seek(from, Deno.SeekMode.Start);
  for (let left = to - from; left > 0;) {
    const piece = new Uint8Array(Math.min(CHUNK, left));
    const read = await file.read(piece);
    if (read === null) return;
    yield piece.subarray(0, read);
    left -= read;
  }
}

let lastSerial = 0;
const serials = new WeakMap<Uint8Array, number>();

/** Equal as long as the content is the same: the array itself, or a file's path, length and date. */
export function identityOf(content: Content): string {
  if (!(content instanceof Uint8Array)) {
    return `${content.path}|${content.size}|${content.modified.getTime()}`;
  }
  if (!serials.has(content)) serials.set(content, ++lastSerial);
  return `#${serials.get(content)}`;
}

/** Hashes of contents that were asked for before, by identity. */
export class HashCache {
  #known = new Map<string, Promise<Hashes>>();

  of(content: Content): Promise<Hashes> {
    const key = identityOf(content);
    const known = this.#known.get(key) ?? hash(content);
    this.#known.set(key, known);
    return known;
  }
}

async function hash(content: Content): Promise<Hashes> {
  const md5 = createHash("md5");
  let crc = ~0;
  for await (const piece of piecesOf(content)) {
    md5.update(piece);
    for (const byte of piece) crc = CRC32C[(crc ^ byte) & 255] ^ (crc >>> 8);
  }
  const crc32c = Buffer.alloc(4);
  crc32c.writeInt32BE(~crc);
  return { md5: md5.digest(), crc32c };
}

/** Castagnoli's polynomial, reflected, as Google's storage uses it (RFC 3720, B.4). */
const CRC32C = Int32Array.from({ length: 256 }, (_, i) => {
  let rest = i;
  for (let bit = 0; bit < 8; bit++) rest = rest & 1 ? (rest >>> 1) ^ 0x82f63b78 : rest >>> 1;
  return rest;
});
