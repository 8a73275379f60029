/** Whole data sets and single files as Kaggle packs them: built once, on disk, and then served in ranges. */
import { join } from "node:path";
import { AppError } from "@/shared/errors.ts";
import { Zip, ZipDeflate } from "fflate";
import { type DiskFile, identityOf, modifiedOf, piecesOf, sizeOf } from "./content.ts";
import type { Files } from "./datasets.ts";

export type Bundle = "zip" | "tar" | "tar.gz";

/** fflate writes no ZIP64. */
const MOST_ZIPPED = 2 ** 32 - 1;
const TAR_BLOCK = 512;

export class Archives {
  #built = new Map<string, Promise<DiskFile>>();
  #folder: string | null = null;
  #count = 0;

  /**
   * @param generation another one packs the same files to other bytes
   * @throws AppError resource_exhausted for a zip of 4 GiB or more
   */
  of(files: Files, bundle: Bundle, generation: number): Promise<DiskFile> {
    const parts = Object.entries(files).map(([name, content]) => [name, identityOf(content)]);
    const key = JSON.stringify([bundle, generation, parts]);
    const known = this.#built.get(key) ?? this.#build(files, bundle, generation);
    this.#built.set(key, known);
    known.catch(() => this.#built.delete(key));
    return known;
  }

  async close(): Promise<void> {
    await Promise.allSettled(this.#built.values());
    if (this.#folder !== null) await Deno.remove(this.#folder, { recursive: true });
  }

  async #build(files: Files, bundle: Bundle, generation: number): Promise<DiskFile> {
    this.#folder ??= Deno.makeTempDirSync({ prefix: "kaggle-emulator-" });
    const path = join(this.#folder, `${++this.#count}.${bundle}`);
    // Dates inside an archive count in steps of two seconds.
    const mtime = new Date(Date.UTC(2026, 0, 1) + generation * 2000);
    const packed = bundle === "zip" ? zip(files, mtime) : tar(files, mtime);
    const stream = ReadableStream.from(packed) as ReadableStream<Uint8Array<ArrayBuffer>>;
    await Deno.writeFile(
      path,
      bundle === "tar.gz" ? stream.pipeThrough(new CompressionStream("gzip")) : stream,
    );
    const newest = Math.max(0, ...Object.values(files).map((content) => modifiedOf(content).getTime()));
    return { path, size: (await Deno.stat(path)).size, modified: new Date(newest + generation * 2000) };
  }
}

async function* zip(files: Files, mtime: Date): AsyncGenerator<Uint8Array> {
  const total = Object.values(files).reduce((sum, content) => sum + sizeOf(content), 0);
  if (total > MOST_ZIPPED) {
    throw new AppError(
      "resource_exhausted",
      `Cannot zip the data set: it has ${total} bytes, 4 GiB or more`,
      {
        hint: "Serve it with `bundle` set to tar.",
      },
    );
  }
  const ready: Uint8Array[] = [];
  const archive = new Zip((error, piece) => {
    if (error) throw error;
    ready.push(piece);
  });
  for (const [name, content] of Object.entries(files)) {
    const member = new ZipDeflate(name, { level: 1 });
    member.mtime = mtime;
    archive.add(member);
    for await (const piece of piecesOf(content)) {
      member.push(piece.slice());
      yield* ready.splice(0);
    }
    member.push(new Uint8Array(0), true);
    yield* ready.splice(0);
  }
  archive.end();
  yield* ready;
}

/** POSIX ustar: https://pubs.opengroup.org/onlinepubs/9699919799/utilities/pax.html#tag_20_92_13_06 */
async function* tar(files: Files, mtime: Date): AsyncGenerator<Uint8Array> {
  for (const [name, content] of Object.entries(files)) {
    yield tarHeader(name, sizeOf(content), mtime);
    yield* piecesOf(content);
    const rest = sizeOf(content) % TAR_BLOCK;
    if (rest > 0) yield new Uint8Array(TAR_BLOCK - rest);
  }
  yield new Uint8Array(2 * TAR_BLOCK);
}

function tarHeader(name: string, size: number, mtime: Date): Uint8Array {
  const header = new Uint8Array(TAR_BLOCK);
  const text = (at: number, value: string) => header.set(new TextEncoder().encode(value), at);
  const octal = (at: number, length: number, value: number) =>
    text(at, value.toString(8).padStart(length, "0"));
  if (new TextEncoder().encode(name).length > 100) {
    throw new AppError("invalid_argument", `Cannot put ${name} in a tar: its path has more than 100 bytes`, {
      hint: "Serve it with `bundle` set to zip, or shorten the path.",
    });
  }
  text(0, name);
  octal(100, 7, 0o644);
  octal(108, 7, 0);
  octal(116, 7, 0);
  octal(124, 11, size);
  octal(136, 11, mtime.getTime() / 1000);
  text(148, " ".repeat(8));
  text(156, "0");
  text(257, "ustar\u000000");
  octal(148, 6, header.reduce((sum, byte) => sum + byte, 0));
  header[154] = 0;
  return header;
}
