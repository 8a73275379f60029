/**
 * Unpacking a tar, perhaps gzipped, from strangers: as unzip.ts does, but entry by entry, since a tar has no table of
 * contents. Whoever calls throws the folder away when an entry is refused.
 *
 * Formats: POSIX ustar and pax (https://pubs.opengroup.org/onlinepubs/9699919799/utilities/pax.html), and GNU's long
 * names (https://www.gnu.org/software/tar/manual/html_node/Standard.html).
 */
import { dirname, join } from "node:path";
import { diskError } from "@/shared/atomic_file.ts";
import { AppError } from "@/shared/errors.ts";
import { damaged } from "@/shared/zip_directory.ts";
import { requireSpace } from "./free_space.ts";
import { EntryJudge, UNPACK_LIMITS, type UnpackedFile, type UnpackOptions, unsafe } from "./unpack_limits.ts";

const BLOCK = 512;
/** Of names and pax headers. */
const LONGEST_EXTRA = 1024 * 1024;

/**
 * Unpacks every file into `folder`, which must exist and be empty.
 * @throws AppError invalid_argument for an entry that is unsafe or too large, data_loss for a damaged archive,
 *   resource_exhausted when the disk is full
 */
export async function untar(
  path: string,
  isGzip: boolean,
  folder: string,
  options: UnpackOptions,
): Promise<UnpackedFile[]> {
  const { archive, limits = UNPACK_LIMITS } = options;
  const judge = new EntryJudge(archive, limits);
  const file = await Deno.open(path, { read: true });
  const packed_bytes = (await file.stat()).size;
  const stream = isGzip ? file.readable.pipeThrough(new DecompressionStream("gzip")) : file.readable;
  const bytes = new ByteReader(stream, archive);
  const unpacked: UnpackedFile[] = [];
  try {
    for (;;) {
      const entry = await readHeader(bytes, archive);
      if (entry === null) return unpacked;
      if (entry.type === "5") continue;
      judge.check(entry.name, entry.size, entry.type !== "0");
      judge.checkRatio("it", judge.total_bytes, packed_bytes);
      await requireSpace(folder, entry.size, `unpack ${archive}`);
      const target = join(folder, ...entry.name.split("/"));
      await writeEntry(bytes, entry, target, options, judge.total_bytes - entry.size);
      unpacked.push({ name: entry.name, path: target, size_bytes: entry.size });
    }
  } finally {
    await bytes.close();
  }
}

interface Entry {
  name: string;
  size: number;
  /** "0" a file, "5" a folder, others links and devices. */
  type: string;
}

/** The next file, folder or link; null at the end. What only names it longer is read along. */
async function readHeader(bytes: ByteReader, archive: string): Promise<Entry | null> {
  let longName: string | undefined;
  let pax: Record<string, string> = {};
  for (;;) {
    const header = await bytes.take(BLOCK);
    if (header.every((byte) => byte === 0)) return null;
    checkSum(header, archive);
    const type = String.fromCharCode(header[156] || 48);
    const size = sizeIn(header, archive);
    if (type === "L" || type === "x" || type === "g" || type === "K") {
      if (size > LONGEST_EXTRA) throw damaged(archive, "a name in it is longer than names are");
      const extra = (await bytes.take(padded(size))).subarray(0, size);
      if (type === "L") longName = textIn(extra);
      if (type === "x") pax = paxIn(extra);
      continue;
    }
    const isUstar = textIn(header.subarray(257, 262)) === "ustar";
    const prefix = isUstar && header[262] === 0 ? textIn(header.subarray(345, 500)) : "";
    const short = textIn(header.subarray(0, 100));
    const name = pax.path ?? longName ?? (prefix ? `${prefix}/${short}` : short);
    const real = pax.size === undefined ? size : Number(pax.size);
    if (!Number.isSafeInteger(real) || real < 0) throw damaged(archive, "it claims a size that no file has");
    // Old tools end a folder's name with a slash and call it a file; "7" is a file, too.
    const isFolder = type === "5" || (type === "0" && name.endsWith("/"));
    const entry = { name: name.replace(/^(\.\/)+/, ""), size: real, type: isFolder ? "5" : type };
    if (type === "7") entry.type = "0";
    if (entry.type === "5") {
      if (entry.size > 0) throw unsafe(archive, `the folder ${JSON.stringify(name)} has content`);
      return entry;
    }
    return entry;
  }
}

async function writeEntry(
  bytes: ByteReader,
  entry: Entry,
  target: string,
  { archive, signal, onBytes }: UnpackOptions,
  before: number,
): Promise<void> {
  try {
    await Deno.mkdir(dirname(target), { recursive: true });
    using out = await Deno.open(target, { write: true, createNew: true });
    for (let left = entry.size; left > 0;) {
      signal.throwIfAborted();
      const part = await bytes.some(left);
      for (let at = 0; at < part.length;) at += await out.write(part.subarray(at));
      left -= part.length;
      onBytes?.(before + entry.size - left, null);
    }
    await bytes.take(padded(entry.size) - entry.size);
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists || error instanceof Deno.errors.NotADirectory) {
      throw unsafe(archive, `${JSON.stringify(entry.name)} meets another file of the same name on this disk`);
    }
    throw diskError(error, "write", target);
  }
}

/** The sum of the header's bytes, its own field taken as spaces. */
function checkSum(header: Uint8Array, archive: string): void {
  let sum = 8 * 32;
  for (let i = 0; i < BLOCK; i++) if (i < 148 || i >= 156) sum += header[i];
  if (sum !== parseInt(textIn(header.subarray(148, 156)).trim(), 8)) {
    throw damaged(
      archive,
      "a header in it has another sum than it tells, so it is no tar file or is damaged",
    );
  }
}

/** Octal text, or, above 8 GiB, GNU's big-endian number. */
function sizeIn(header: Uint8Array, archive: string): number {
  const field = header.subarray(124, 136);
  let size: number;
  if (field[0] & 0x80) size = field.subarray(1).reduce((sum, byte) => sum * 256 + byte, 0);
  else size = parseInt(textIn(field).trim() || "0", 8);
  if (Number.isSafeInteger(size) && size >= 0) return size;
  throw damaged(archive, "it claims a size that no file has");
}

/** Records of the form `27 path=a/long/name\n`, lengths in bytes. */
function paxIn(bytes: Uint8Array): Record<string, string> {
  const records: Record<string, string> = {};
  for (let at = 0; at < bytes.length;) {
    const space = bytes.indexOf(32, at);
    const length = Number(textIn(bytes.subarray(at, space)));
    if (space < 0 || !Number.isInteger(length) || length <= 0) break;
    const record = textIn(bytes.subarray(space + 1, at + length - 1));
    const equals = record.indexOf("=");
    records[record.slice(0, equals)] = record.slice(equals + 1);
    at += length;
  }
  return records;
}

/** Up to the first zero byte. */
function textIn(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
}

function padded(size: number): number {
  return Math.ceil(size / BLOCK) * BLOCK;
}

/** A stream, read in the lengths that are wanted. */
class ByteReader {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  #rest = new Uint8Array();

  constructor(stream: ReadableStream<Uint8Array>, readonly archive: string) {
    this.#reader = stream.getReader();
  }

  /** Some of the next bytes, one at least. @throws AppError data_loss at the end */
  async some(most: number): Promise<Uint8Array> {
    while (this.#rest.length === 0) {
      const { value, done } = await this.#read();
      if (done) throw damaged(this.archive, "it ends too early");
      this.#rest = value as Uint8Array<ArrayBuffer>;
    }
    const part = this.#rest.subarray(0, most);
    this.#rest = this.#rest.subarray(part.length);
    return part;
  }

  /** Just so many. */
  async take(length: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(length);
    for (let at = 0; at < length;) {
      const part = await this.some(length - at);
      bytes.set(part, at);
      at += part.length;
    }
    return bytes;
  }

  async close(): Promise<void> {
    await this.#reader.cancel().catch(() => {});
  }

  async #read() {
    try {
      return await this.#reader.read();
    } catch (error) {
      if (error instanceof AppError) throw error;
      throw damaged(this.archive, `it can't be unpacked (${(error as Error).message})`);
    }
  }
}
