/**
 * The TABLE of file formats, and the one door to read any of them.
 *
 * A new format is a file `read_<format>.ts` and a line here.
 */
import { gunzipSync } from "node:zlib";
import { AppError } from "@/shared/errors.ts";
import { inferTypes } from "./infer_types.ts";
import { readCsv } from "./read_csv.ts";
import { assertIsText, isGzip } from "./sniff.ts";
import type { Table } from "./table.ts";

export interface ReadOptions {
  /** The character between fields of delimited text. Default: found by itself. */
  separator?: string;
  /** Read only so many rows. Default: all. */
  max_rows?: number;
}

export interface Reader {
  name: string;
  /** Lower-case endings of file names, with the dot. */
  extensions: readonly string[];
  /** Plain columns; `readTable` infers the finer types. */
  read(bytes: Uint8Array, options: ReadOptions): Promise<Table>;
}

export const READERS: readonly Reader[] = [
  {
    name: "csv",
    extensions: [".csv", ".tsv", ".tab", ".psv", ".txt", ".data"],
    read: (bytes, options) => {
      assertIsText(bytes);
      return Promise.resolve(readCsv(bytes, options));
    },
  },
];

/** An unpacked file must fit into memory beside its columns. */
const MAX_UNPACKED_BYTES = 2 ** 31;

/**
 * The table in a file, with inferred column types. Gzip is unpacked by its magic bytes, whatever the name; a
 * file of unknown extension is tried as delimited text.
 * @throws AppError invalid_argument, saying what is wrong in which line and column
 */
export async function readTable(
  bytes: Uint8Array,
  fileName: string,
  options: ReadOptions = {},
): Promise<Table> {
  const plainName = fileName.toLowerCase().replace(/\.gz$/, "");
  const reader = READERS.find(({ extensions }) => extensions.some((end) => plainName.endsWith(end))) ??
    READERS[0];
  try {
    return inferTypes(await reader.read(isGzip(bytes) ? gunzip(bytes) : bytes, options));
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const message = error.message.replace("Cannot read the table:", `Cannot read ${fileName}:`);
    throw new AppError(error.code, message, { hint: error.hint, cause: error });
  }
}

/** True when the name has the extension of a format that can be read, perhaps packed with gzip. */
export function isTableFile(fileName: string): boolean {
  const plainName = fileName.toLowerCase().replace(/\.gz$/, "");
  return READERS.some(({ extensions }) => extensions.some((end) => plainName.endsWith(end)));
}

function gunzip(bytes: Uint8Array): Uint8Array {
  try {
    return gunzipSync(bytes, { maxOutputLength: MAX_UNPACKED_BYTES });
  } catch (error) {
    const isTooLarge = (error as { code?: string }).code === "ERR_BUFFER_TOO_LARGE";
    throw new AppError(
      "invalid_argument",
      `Cannot read the table: ${
        isTooLarge ? "it unpacks to more than 2 GiB" : "its gzip data is damaged or cut off"
      }`,
      { hint: isTooLarge ? "Split the file." : "Download or pack the file again.", cause: error },
    );
  }
}
