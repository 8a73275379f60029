/**
 * The table of contents at the end of a zip file.
 *
 * Read from there and not from the headers along the way: those of streamed archives have no sizes, and a zip
 * inside the zip would be taken for more of them. Source: PKWARE APPNOTE 6.3.10, sections 4.3 and 4.4.
 */
import { AppError } from "./errors.ts";

export interface ZipEntry {
  /** With `/` between its parts; a folder's name ends with one. */
  name: string;
  /** 0 stored, 8 deflate. */
  method: number;
  encrypted: boolean;
  crc32: number;
  compressed_bytes: number;
  size_bytes: number;
  header_offset: number;
  /** The Unix type bits (0o120000 is a link), or 0 when it was not made on Unix. */
  unix_type: number;
}

const END_BYTES = 22;
const LONGEST_COMMENT = 65535;
const MAX_DIRECTORY_BYTES = 256 * 1024 * 1024;

/** What a zip is read from: a file, or bytes in memory (`zipInMemory`). */
export type ZipSource = Pick<Deno.FsFile, "seek" | "read"> & { stat(): Promise<{ size: number }> };

/** Bytes that are read as a file is. */
export function zipInMemory(bytes: Uint8Array): ZipSource {
  let at = 0;
  return {
    stat: () => Promise.resolve({ size: bytes.length }),
    seek: (offset) => Promise.resolve(at = Number(offset)),
    read(into) {
      const part = bytes.subarray(at, at + into.length);
      into.set(part);
      at += part.length;
      return Promise.resolve(part.length === 0 ? null : part.length);
    },
  };
}

/** @throws AppError data_loss when the file is no zip, or is cut off */
export async function readZipDirectory(file: ZipSource, archive: string): Promise<ZipEntry[]> {
  const { size } = await file.stat();
  const tailAt = Math.max(0, size - END_BYTES - LONGEST_COMMENT);
  const tail = await readAt(file, tailAt, size - tailAt, archive);
  const end = findEnd(tail);
  if (end < 0) throw damaged(archive, "it has no table of contents, so it is no zip file or is cut off");
  const view = viewOf(tail);
  let count = view.getUint16(end + 10, true);
  let bytes = view.getUint32(end + 12, true);
  let offset = view.getUint32(end + 16, true);
  if (count === 0xffff || bytes === 0xffffffff || offset === 0xffffffff) {
    const locator = end - 20;
    if (locator >= 0 && view.getUint32(locator, true) === 0x07064b50) {
      const big = viewOf(await readAt(file, number64(view, locator + 8, archive), 56, archive));
      if (big.getUint32(0, true) !== 0x06064b50) throw damaged(archive, "its zip64 record is missing");
      count = number64(big, 32, archive);
      bytes = number64(big, 40, archive);
      offset = number64(big, 48, archive);
    }
  }
  if (bytes > MAX_DIRECTORY_BYTES || offset + bytes > size) {
    throw damaged(archive, "its table of contents lies outside the file");
  }
  return parseEntries(await readAt(file, offset, bytes, archive), count, archive);
}

function findEnd(tail: Uint8Array): number {
  const view = viewOf(tail);
  for (let at = tail.length - END_BYTES; at >= 0; at--) {
    if (
      view.getUint32(at, true) === 0x06054b50 && at + END_BYTES + view.getUint16(at + 20, true) <= tail.length
    ) return at;
  }
  return -1;
}

function parseEntries(bytes: Uint8Array, count: number, archive: string): ZipEntry[] {
  const view = viewOf(bytes);
  const entries: ZipEntry[] = [];
  let at = 0;
  while (entries.length < count) {
    if (at + 46 > bytes.length || view.getUint32(at, true) !== 0x02014b50) {
      throw damaged(archive, `its table of contents ends after ${entries.length} of ${count} entries`);
    }
    const nameEnd = at + 46 + view.getUint16(at + 28, true);
    const extraEnd = nameEnd + view.getUint16(at + 30, true);
    if (extraEnd > bytes.length) {
      throw damaged(archive, `entry ${entries.length + 1} of its table of contents is cut off`);
    }
    const flags = view.getUint16(at + 8, true);
    const madeOnUnix = view.getUint8(at + 5) === 3;
    const entry: ZipEntry = {
      name: decodeName(bytes.subarray(at + 46, nameEnd), (flags & 0x800) !== 0),
      method: view.getUint16(at + 10, true),
      encrypted: (flags & 1) !== 0,
      crc32: view.getUint32(at + 16, true),
      compressed_bytes: view.getUint32(at + 20, true),
      size_bytes: view.getUint32(at + 24, true),
      header_offset: view.getUint32(at + 42, true),
      unix_type: madeOnUnix ? (view.getUint32(at + 38, true) >>> 16) & 0o170000 : 0,
    };
    applyZip64(entry, bytes.subarray(nameEnd, extraEnd), archive);
    entries.push(entry);
    at = extraEnd + view.getUint16(at + 32, true);
  }
  return entries;
}

/** Sizes that 32 bits can't hold stand in an extra field, in this order, only those that need it. */
function applyZip64(entry: ZipEntry, extra: Uint8Array, archive: string): void {
  const view = viewOf(extra);
  for (let at = 0; at + 4 <= extra.length;) {
    const id = view.getUint16(at, true);
    const end = at + 4 + view.getUint16(at + 2, true);
    if (id === 1 && end <= extra.length) {
      let next = at + 4;
      for (const field of ["size_bytes", "compressed_bytes", "header_offset"] as const) {
        if (entry[field] !== 0xffffffff) continue;
        if (next + 8 > end) throw damaged(archive, `the zip64 sizes of ${entry.name} are missing`);
        entry[field] = number64(view, next, archive);
        next += 8;
      }
    }
    at = end;
  }
}

function decodeName(bytes: Uint8Array, utf8: boolean): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder(utf8 ? "utf-8" : "latin1").decode(bytes);
  }
}

function number64(view: DataView, at: number, archive: string): number {
  const value = view.getBigUint64(at, true);
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw damaged(archive, "it claims a size that no file has");
  return Number(value);
}

/** Exactly `length` bytes from `offset`. @throws AppError data_loss when the file ends before */
export async function readAt(
  file: ZipSource,
  offset: number,
  length: number,
  archive: string,
): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  await file.seek(offset, Deno.SeekMode.Start);
  for (let at = 0; at < length;) {
    const read = await file.read(bytes.subarray(at));
    if (read === null) throw damaged(archive, `it ends at byte ${offset + at}, too early`);
    at += read;
  }
  return bytes;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

export function damaged(archive: string, why: string): AppError {
  return new AppError("data_loss", `Cannot unpack ${archive}: ${why}`, {
    hint:
      "Fetch it again (download_dataset with force: true). If that fails too, the archive itself is damaged.",
  });
}
