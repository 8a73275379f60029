/**
 * A sample of a large file of lines (delimited text, JSON Lines): blocks of whole lines at even distances are read,
 * and nothing else of it.
 */
import { AppError } from "@/shared/errors.ts";
import { countFields } from "./csv_errors.ts";
import { skipBlankLines } from "./csv_scan.ts";
import { separatorOf } from "./csv_separator.ts";

/** Names of files that can be sampled so: plain text, a row a line. */
export const LINE_FORMATS = /\.(csv|tsv|tab|psv|txt|data|jsonl|ndjson)$/i;

/** A file of which parts can be read. */
export interface LineSource {
  size_bytes: number;
  /** Bytes [from, to). */
  read(from: number, to: number): Promise<Uint8Array>;
}

const LF = 10;
const QUOTE = 34;
const BLOCKS = 64;
/** So much of the beginning tells where the rows begin and how long they are. */
const HEAD_BYTES = 1 << 18;

/**
 * @param rows about how many are wanted
 * @param hasHeader true: the first line holds the names, and comes before the sample
 * @returns the bytes of a smaller file; all of a file that is hardly larger
 * @throws AppError failed_precondition when rows can't be told by their lines
 */
export async function sampleLines(source: LineSource, rows: number, hasHeader: boolean): Promise<Uint8Array> {
  const { size_bytes } = source;
  const head = await source.read(0, Math.min(HEAD_BYTES, size_bytes));
  if (head.length >= size_bytes) return head;
  if (head.subarray(0, 512).includes(0)) {
    throw refused("it is UTF-16 text or binary", "Save it as UTF-8.");
  }
  const { names_end, separator } = hasHeader ? readNames(head) : { names_end: 0, separator: -1 };
  const last = head.lastIndexOf(LF);
  const lines = countLines(head.subarray(names_end, last + 1));
  if (lines === 0) throw refused(`its first line is longer than ${HEAD_BYTES} bytes`, "Is it a table?");
  const rowBytes = (last + 1 - names_end) / lines;
  // Some more, since rows may be longer behind the head: what is too much, the reader leaves out.
  const blockBytes = Math.ceil(rows * rowBytes * 1.3 / BLOCKS + rowBytes);
  if (blockBytes * BLOCKS * 1.5 >= size_bytes) return await source.read(0, size_bytes);
  const kept: Uint8Array[] = [head.slice(0, names_end)];
  const step = (size_bytes - names_end - blockBytes) / (BLOCKS - 1);
  for (let block = 0; block < BLOCKS; block++) {
    // One byte before: a block that begins right behind a line end begins with a whole line.
    const from = block === 0 ? names_end : Math.floor(names_end + block * step) - 1;
    const to = block === BLOCKS - 1 ? size_bytes : from + blockBytes;
    const bytes = await source.read(from, to);
    const begin = block === 0 ? 0 : bytes.indexOf(LF) + 1;
    const end = to === size_bytes ? bytes.length : bytes.lastIndexOf(LF) + 1;
    if (end <= begin) continue;
    const whole = bytes.subarray(begin, end);
    if (separator >= 0) requireOneLineRows(whole, separator);
    kept.push(whole);
  }
  return joined(kept);
}

/** Where the line of names ends, and what separates its fields. */
function readNames(head: Uint8Array): { names_end: number; separator: number } {
  let at = head[0] === 0xef && head[1] === 0xbb && head[2] === 0xbf ? 3 : 0;
  at = skipBlankLines(head, at, -1);
  const named = /^sep=([^\r\n])\r?\n/i.exec(String.fromCharCode(...head.subarray(at, at + 8)));
  if (named) at += named[0].length;
  const separator = named ? named[1].charCodeAt(0) : separatorOf(head, at);
  const { end } = countFields(head, at, separator);
  return { names_end: Math.min(head.indexOf(LF, end) + 1 || head.length, head.length), separator };
}

function countLines(bytes: Uint8Array): number {
  let lines = 0;
  for (let at = bytes.indexOf(LF); at >= 0; at = bytes.indexOf(LF, at + 1)) lines++;
  return lines;
}

/** @throws AppError failed_precondition when a quoted field goes over the end of a line */
function requireOneLineRows(bytes: Uint8Array, separator: number): void {
  for (let at = bytes.indexOf(QUOTE) < 0 ? bytes.length : 0; at < bytes.length;) {
    const lineEnd = bytes.indexOf(LF, at);
    const stop = lineEnd < 0 ? bytes.length : lineEnd;
    if (countFields(bytes, at, separator).end > stop) {
      throw refused(
        "it has quoted fields that go over several lines",
        "Write it as Parquet, or without line breaks inside fields.",
      );
    }
    at = stop + 1;
  }
}

function joined(chunks: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

function refused(state: string, hint: string): AppError {
  return new AppError("failed_precondition", `Cannot take a sample of the file: ${state}`, { hint });
}
