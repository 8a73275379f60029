/** The first rows of a table from the first bytes of its file, however it is packed. */
import { Gunzip, Inflate } from "fflate";
import { isTableFile, readTable } from "@/dataset/readers.ts";
import { LINE_FORMATS } from "@/dataset/sample_lines.ts";
import { cellOf, type ColumnType } from "@/dataset/table.ts";
import { AppError } from "@/shared/errors.ts";
import type { FileHead } from "./file_head.ts";

/** So many bytes of a file are read, and so many are unpacked at most. */
export const HEAD_BYTES = 512 * 1024;
/** Of a format that can't be read from its beginning, files up to this size are read as a whole. */
const WHOLE_BYTES = 16 * 1024 * 1024;
const MAX_UNPACKED_BYTES = 4 * HEAD_BYTES;
/** So many rows, where they are in the head, decide the types. */
const TYPED_ROWS = 1000;

export interface Preview {
  columns: { name: string; type: ColumnType }[];
  /** One list a row, in the order of the columns; null where a value is missing. */
  rows: (number | string | null)[][];
}

/**
 * @param head the first bytes of the file, or all of it
 * @param isAll whether that is the whole file
 * @throws AppError invalid_argument when the file is no table, or a line is longer than the head
 */
export async function previewTable(
  head: Uint8Array,
  isAll: boolean,
  name: string,
  rows: number,
): Promise<Preview> {
  const unpacked = unpackHead(head, isAll, name);
  const whole = isAll && unpacked.isAll;
  const bytes = whole ? unpacked.bytes : cutAtLine(unpacked.bytes, name);
  const table = await readTable(bytes, unpacked.name, { max_rows: Math.max(rows, TYPED_ROWS) });
  const shown = Math.min(rows, table.rows);
  return {
    columns: table.columns.map(({ name, type }) => ({ name, type })),
    rows: Array.from({ length: shown }, (_, row) => table.columns.map((column) => cellOf(column, row))),
  };
}

/**
 * As much of a file as its first rows need: the beginning where rows are lines, else all of it, when it is not large.
 * @param read gives the first bytes, so many at most
 * @throws AppError failed_precondition when it is too large for that
 */
export async function headFor(
  name: string,
  read: (limit: number) => Promise<FileHead>,
): Promise<FileHead> {
  const head = await read(HEAD_BYTES);
  // The beginning of a gzip or a zip unpacks to that of what is in it.
  if (head.isAll || LINE_FORMATS.test(name.replace(/\.(gz|zip)$/i, "")) || !isTableFile(name)) return head;
  const whole = await read(WHOLE_BYTES);
  if (whole.isAll) return whole;
  throw new AppError(
    "failed_precondition",
    `Cannot preview ${name}: its rows can't be read from its beginning, and it is larger than ${
      WHOLE_BYTES / 2 ** 20
    } MiB`,
    { hint: "Download it (download_dataset with `files`), then profile it by its dataset_id." },
  );
}

/** The file to show when none is named: the first table, by preference one whose name says train. */
export function chooseFile(names: readonly string[]): string | undefined {
  const tables = names.filter(isTableFile);
  return tables.find((name) => /(^|[^a-z])train/i.test(name)) ?? tables[0];
}

interface Unpacked {
  bytes: Uint8Array;
  name: string;
  isAll: boolean;
}

function unpackHead(head: Uint8Array, isAll: boolean, name: string): Unpacked {
  const isGzip = head[0] === 0x1f && head[1] === 0x8b;
  if (isGzip) {
    return { ...collect((push) => new Gunzip(push), head, isAll, name), name: name.replace(/\.gz$/i, "") };
  }
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  const isZip = head.length >= 30 && view.getUint32(0, true) === 0x04034b50;
  if (!isZip || !isTableFile(name.replace(/\.zip$/i, ""))) return { bytes: head, name, isAll: true };
  // A single file that was packed on the way: the first member is it.
  const start = 30 + view.getUint16(26, true) + view.getUint16(28, true);
  const packed = head.subarray(start);
  const plainName = name.replace(/\.zip$/i, "");
  if (view.getUint16(8, true) === 0) return { bytes: packed, name: plainName, isAll: false };
  return { ...collect((push) => new Inflate(push), packed, false, name), name: plainName };
}

type Push = (chunk: Uint8Array, final: boolean) => void;

/** What can be unpacked from the beginning of a stream. */
function collect(
  open: (push: Push) => { push(chunk: Uint8Array, final?: boolean): void },
  packed: Uint8Array,
  isAll: boolean,
  name: string,
): { bytes: Uint8Array; isAll: boolean } {
  const chunks: Uint8Array[] = [];
  let length = 0;
  let ended = false;
  const stream = open((chunk, final) => {
    chunks.push(chunk);
    length += chunk.length;
    ended ||= final;
  });
  try {
    for (let at = 0; at < packed.length && length < MAX_UNPACKED_BYTES; at += 8192) {
      stream.push(packed.subarray(at, at + 8192), isAll && at + 8192 >= packed.length);
    }
  } catch (error) {
    if (length === 0) {
      throw new AppError(
        "invalid_argument",
        `Cannot read ${name}: its packed data is damaged (${(error as Error).message})`,
        {
          hint: "Choose another file; list_dataset_files shows them.",
        },
      );
    }
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return { bytes, isAll: ended };
}

/** Up to the last line break that is not inside quotes, since what follows may be half a row. */
function cutAtLine(bytes: Uint8Array, name: string): Uint8Array {
  let quoted = false;
  let end = 0;
  for (let i = 0; i < bytes.length; i++) {
    if (bytes[i] === 34) quoted = !quoted;
    else if (bytes[i] === 10 && !quoted) end = i + 1;
  }
  if (end > 0) return bytes.subarray(0, end);
  throw new AppError(
    "invalid_argument",
    `Cannot preview ${name}: its first line is longer than ${bytes.length} bytes`,
    {
      hint: "It is probably no table. Choose another file, or download it.",
    },
  );
}
