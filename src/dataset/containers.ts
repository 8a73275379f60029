/**
 * What a table may be packed in: gzip, zstd, zip. Unpacked in memory, with a limit that is checked before a
 * byte is unpacked, since small files may grow to huge ones.
 */
import { crc32, gunzipSync, inflateRawSync } from "node:zlib";
import { AppError } from "@/shared/errors.ts";
import { readAt, readZipDirectory, type ZipEntry, zipInMemory } from "@/shared/zip_directory.ts";
import { unshared } from "./encoding.ts";
import { waysToRead } from "./parts.ts";

export interface Packed {
  bytes: Uint8Array;
  /** The file's name; each step takes its ending off. */
  name: string;
  /** Which part is wanted, of what holds several: `train.csv`, or `book.xlsx#Sheet1` for a part of a part. */
  part?: string;
}

/** An unpacked file must fit into memory beside its columns. */
const MAX_UNPACKED_BYTES = 2 ** 31 - 1;

/** Packed in packed in packed: no honest table is. */
const MAX_DEPTH = 3;

/** Endings of names that say how a file is packed; what is in front of them says what is inside. */
export const PACKED_NAMES = /\.(gz|zst|zstd|zip)$/i;

/**
 * The file inside, however it is packed.
 * @param isTable tells tables by their names, to find the one inside a zip
 * @param max_bytes that it may unpack to, besides our own limit
 * @throws AppError invalid_argument: several tables and no part named, encrypted, damaged, too large
 */
export async function unpack(
  packed: Packed,
  isTable: (name: string) => boolean,
  max_bytes = Infinity,
): Promise<Packed> {
  const limit = Math.floor(Math.min(max_bytes, MAX_UNPACKED_BYTES));
  let file = packed;
  for (let depth = 0;; depth++) {
    const step = unpackerOf(file.bytes);
    if (step === null || (step === unzipOne && await isWorkbook(file.bytes))) return file;
    if (depth === MAX_DEPTH) throw refused(`it is packed more than ${MAX_DEPTH} times`, "Unpack it first.");
    file = await step(file, limit, isTable);
  }
}

type Unpacker = (file: Packed, limit: number, isTable: (name: string) => boolean) => Packed | Promise<Packed>;

/** By the first bytes, whatever the name. */
function unpackerOf(bytes: Uint8Array): Unpacker | null {
  const starts = (...magic: number[]) => magic.every((byte, i) => bytes[i] === byte);
  if (starts(0x1f, 0x8b)) return gunzip;
  if (starts(0x28, 0xb5, 0x2f, 0xfd)) return unzstd;
  if (starts(0x50, 0x4b, 3, 4) || starts(0x50, 0x4b, 5, 6)) return unzipOne;
  return null;
}

/** An Excel workbook is a zip itself. */
async function isWorkbook(bytes: Uint8Array): Promise<boolean> {
  return (await entriesOf(bytes)).some(({ name }) => name === "xl/workbook.xml");
}

async function entriesOf(bytes: Uint8Array): Promise<ZipEntry[]> {
  try {
    return await readZipDirectory(zipInMemory(bytes), "it");
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    throw refused(`it is a damaged zip archive (${error.message})`, "Fetch or pack it again.", error);
  }
}

function gunzip(file: Packed, limit: number): Packed {
  const { length } = file.bytes;
  // The last four bytes tell the size, unless it is 4 GiB and more, or in several members.
  const told = length < 18
    ? 0
    : new DataView(file.bytes.buffer, file.bytes.byteOffset).getUint32(length - 4, true);
  if (told > limit) throw tooLarge(limit);
  try {
    const bytes = gunzipSync(file.bytes, { maxOutputLength: limit });
    return { ...file, bytes, name: file.name.replace(/\.gz$/i, "") };
  } catch (error) {
    if ((error as { code?: string }).code === "ERR_BUFFER_TOO_LARGE") throw tooLarge(limit, error);
    throw refused("its gzip data is damaged or cut off", "Download or pack the file again.", error);
  }
}

async function unzstd(file: Packed, limit: number): Promise<Packed> {
  const { Decompress } = await import("fzstd");
  const chunks: Uint8Array[] = [];
  let total = 0;
  try {
    const stream = new Decompress((chunk) => {
      total += chunk.length;
      if (total > limit) throw tooLarge(limit);
      chunks.push(chunk);
    });
    // In pieces, so that a bomb is met before it fills the memory.
    for (let at = 0; at < file.bytes.length; at += 1 << 20) {
      stream.push(unshared(file.bytes.subarray(at, at + (1 << 20))), at + (1 << 20) >= file.bytes.length);
    }
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw refused("its zstd data is damaged or cut off", "Download or pack the file again.", error);
  }
  const bytes = new Uint8Array(total);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return { ...file, bytes, name: file.name.replace(/\.(zst|zstd)$/i, "") };
}

/** The table in a zip: the one that is named, or the only one. */
async function unzipOne(
  file: Packed,
  limit: number,
  isTable: (name: string) => boolean,
): Promise<Packed> {
  const source = zipInMemory(file.bytes);
  const entries = (await entriesOf(file.bytes)).filter(({ name }) => !name.endsWith("/"));
  const tables = entries.filter(({ name }) => isTable(name) && !/(^|\/)(\.|__MACOSX\/)/.test(name));
  const { entry, part } = chooseEntry(file, entries, tables);
  if (entry.encrypted) {
    throw refused(`${entry.name} in it is encrypted`, "Unpack it with its password first.");
  }
  if (entry.method !== 0 && entry.method !== 8) {
    throw refused(`${entry.name} in it is packed with method ${entry.method}`, "Pack it again with deflate.");
  }
  if (entry.size_bytes > limit) throw tooLarge(limit);
  const header = new DataView((await readAt(source, entry.header_offset, 30, file.name)).buffer);
  const start = entry.header_offset + 30 + header.getUint16(26, true) + header.getUint16(28, true);
  const packed = file.bytes.subarray(start, start + entry.compressed_bytes);
  const bytes = entry.method === 0 ? packed : inflate(packed, entry);
  if (bytes.length !== entry.size_bytes || crc32(unshared(bytes)) !== entry.crc32) {
    throw refused(
      `the bytes of ${entry.name} in it are not those that were packed`,
      "Fetch or pack it again.",
    );
  }
  return { bytes, name: entry.name, ...(part === undefined ? {} : { part }) };
}

/** The entry that is named or the only table, and what the rest of the name says of it. */
function chooseEntry(
  { name, part }: Packed,
  entries: ZipEntry[],
  tables: ZipEntry[],
): { entry: ZipEntry; part?: string } {
  const names = (list: ZipEntry[]) => list.slice(0, 20).map((one) => one.name).join(", ");
  if (part) {
    for (const way of waysToRead(part)) {
      const entry = entries.find((one) => one.name === way.name) ??
        entries.find((one) => one.name.split("/").at(-1) === way.name);
      if (entry) return { entry, ...(way.part === undefined ? {} : { part: way.part }) };
    }
    // A zip of one workbook or database is read like it: the name is then of a part in there.
    if (tables.length === 1 && HAS_PARTS.test(tables[0].name)) return { entry: tables[0], part };
    throw new AppError("not_found", `Cannot find "${part}" in ${name}: it has no such file`, {
      hint: `It holds ${names(tables.length > 0 ? tables : entries)}.`,
    });
  }
  if (tables.length === 1) return { entry: tables[0] };
  if (tables.length === 0) {
    throw refused(
      "it is a zip without a table inside",
      entries.length > 0 ? `It holds ${names(entries)}.` : "It is empty.",
    );
  }
  throw refused(
    `it is a zip with ${tables.length} tables`,
    `Name one behind a #: ${tables.slice(0, 20).map((one) => `${name}#${one.name}`).join(", ")}.`,
  );
}

const HAS_PARTS = /\.(sqlite|sqlite3|db|xlsx|xlsm|zip)$/i;

function inflate(packed: Uint8Array, entry: ZipEntry): Uint8Array {
  try {
    // One byte more than promised is too much: a size that lies is not believed.
    return inflateRawSync(packed, { maxOutputLength: Math.max(1, entry.size_bytes) });
  } catch (error) {
    throw refused(
      `${entry.name} in it is damaged, or larger than the ${entry.size_bytes} bytes that the zip promises`,
      "Fetch or pack it again.",
      error,
    );
  }
}

function tooLarge(limit: number, cause?: unknown): AppError {
  const size = limit === MAX_UNPACKED_BYTES ? "2 GiB" : `${Math.floor(limit / 1e6)} MB`;
  return new AppError("resource_exhausted", `Cannot read the table: it unpacks to more than ${size}`, {
    hint: "Unpack it and ask for a sample (sample_rows: 100000), split it, or raise training.max_table_mb.",
    cause,
  });
}

function refused(state: string, hint: string, cause?: unknown): AppError {
  return new AppError("invalid_argument", `Cannot read the table: ${state}`, { hint, cause });
}
