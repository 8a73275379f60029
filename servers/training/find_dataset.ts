/** From the name of a table in a call to its bytes: the store, an embedded sample, or a file by its path. */
import { basename } from "node:path";
import type { CommandContext } from "@/shared/command.ts";
import { AppError } from "@/shared/errors.ts";
import { type FileDoor, readFileRange } from "@/shared/file_door.ts";
import { sha256Hex } from "@/shared/hash.ts";
import { readFileShared } from "@/shared/read_file.ts";
import { waysToRead } from "@/dataset/parts.ts";
import { LINE_FORMATS, sampleLines } from "@/dataset/sample_lines.ts";
import { resolveDataset } from "@/dataset/store.ts";
import { requireMemory } from "@/dataset/table_memory.ts";
import type { TableBytes } from "@/jobs/tasks/read_source.ts";

/** A table as it was named in a call, with where it comes from. */
export interface FoundDataset extends TableBytes {
  /** Of the bytes: of the sample's when it is a sample. */
  sha256: string;
  /** With `#` and the part where one was named. */
  ref: string;
  version: string | null;
  license: string | null;
  /** The known target of a sample or a data set in the store. */
  target: string | null;
}

type Bytes = { bytes: Uint8Array; is_sample: boolean };

/** A file of which all or some bytes can be read. */
interface Readable {
  name: string;
  size_bytes: number;
  whole(): Promise<Uint8Array>;
  range(from: number, to: number): Promise<Uint8Array>;
}

/**
 * @param dataset a dataset_id, a ref of the store, `sample/NAME` or a path; behind a # the part of a file that
 *   holds several tables
 * @param sample_rows about so many rows are wanted; of a large file of lines only these are read
 * @throws AppError not_found, permission_denied, resource_exhausted, naming what was looked for
 */
export async function findDataset(
  command: CommandContext,
  dataset: string,
  sample_rows?: number,
): Promise<FoundDataset> {
  const max_bytes = command.config["training.max_table_mb"] * 1e6 || command.memory_bytes / 2;
  const read = (file: Readable) => readAll(file, sample_rows, max_bytes);
  const ways = waysToRead(dataset);
  for (const [k, { name, part }] of ways.entries()) {
    try {
      const found = await findFile(command, name, read);
      return {
        ...found,
        max_bytes,
        ...(sample_rows === undefined ? {} : { sample_rows }),
        ...(part === undefined ? {} : { part, ref: `${found.ref}#${part}` }),
      };
    } catch (error) {
      // A name with a # that is no file may be a file and a part.
      const isNoFile = error instanceof AppError && ["not_found", "invalid_argument"].includes(error.code);
      if (!isNoFile || k === ways.length - 1) throw error;
    }
  }
  throw new Error("a name can be read in one way at least");
}

async function findFile(
  command: CommandContext,
  dataset: string,
  read: (file: Readable) => Promise<Bytes>,
): Promise<FoundDataset> {
  const stored = await resolveDataset(command.home.datasets, dataset, ({ path, ...file }) =>
    read({
      ...file,
      whole: () => readFileShared(path),
      range: (from, to) => readFileRange(path, { from, to }),
    }));
  if (stored) return { ...stored, file_name: stored.name };
  try {
    return await findByPath(command, dataset, read);
  } catch (error) {
    // Two words and a slash are more likely a data set that was never downloaded than a file.
    if (!(error instanceof AppError && error.code === "not_found" && /^[\w-]+\/[\w-]+$/.test(dataset))) {
      throw error;
    }
    throw new AppError(
      "not_found",
      `Cannot find dataset ${dataset}: no file, no sample and no stored dataset`,
      {
        hint: "Download it first with download_dataset, or give the path of a file.",
      },
    );
  }
}

async function findByPath(
  command: CommandContext,
  dataset: string,
  read: (file: Readable) => Promise<Bytes>,
): Promise<FoundDataset> {
  const { door } = command;
  if (!door) {
    throw new AppError("permission_denied", `Cannot read ${dataset}: this server may not read files by path`);
  }
  const home = command.env.HOME;
  const path = home && /^~[/\\]/.test(dataset) ? `${home}${dataset.slice(1)}` : dataset;
  const { bytes, is_sample, ...file } = await readOne(door, path, read);
  return {
    file_name: basename(file.path),
    bytes,
    is_sample,
    sha256: sha256Hex(bytes),
    ref: file.path,
    version: null,
    license: null,
    target: null,
  };
}

async function readOne(door: FileDoor, path: string, read: (file: Readable) => Promise<Bytes>) {
  const found = await door.findTables(path);
  if (found.length !== 1) {
    throw new AppError(
      found.length === 0 ? "not_found" : "invalid_argument",
      `Cannot choose a table in ${path}: it holds ${found.length === 0 ? "none" : found.length}`,
      {
        hint: found.length === 0
          ? "A table is a CSV, JSON, Parquet, Arrow, SQLite or Excel file, perhaps packed (.gz, .zst, .zip)."
          : `Name one: ${found.slice(0, 20).map((file) => file.name).join(", ")}.`,
      },
    );
  }
  const [{ name, size_bytes, path: inside }] = found;
  const { bytes, is_sample } = await read({
    name,
    size_bytes,
    whole: () => door.readTable(inside),
    range: (from, to) => door.readTable(inside, { from, to }),
  });
  return { path: inside, bytes, is_sample };
}

/** @throws AppError resource_exhausted before a file is read that will not fit into memory */
async function readAll(file: Readable, sample_rows: number | undefined, max_bytes: number): Promise<Bytes> {
  if (sample_rows !== undefined && LINE_FORMATS.test(file.name)) {
    const bytes = await sampleLines(
      { size_bytes: file.size_bytes, read: file.range },
      sample_rows,
      !/\.(jsonl|ndjson)$/i.test(file.name),
    );
    return { bytes, is_sample: bytes.length < file.size_bytes };
  }
  requireMemory(file.name, file.size_bytes, max_bytes);
  return { bytes: await file.whole(), is_sample: false };
}
