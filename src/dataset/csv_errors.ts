/** What to tell about a broken delimited file: the line, the column, the text there, and the way out. */
import { AppError } from "@/shared/errors.ts";

const LF = 10;
const CR = 13;
const QUOTE = 34;

/** What an error needs to know of the file. */
export interface CsvPlace {
  bytes: Uint8Array;
  separator: number;
  names: readonly string[];
}

/** The line (from 1) that holds the byte, as an editor counts them. Counted only when there is an error. */
export function lineOf(bytes: Uint8Array, offset: number): number {
  let line = 1;
  for (let i = 0; i < offset; i++) {
    if (bytes[i] === LF || (bytes[i] === CR && bytes[i + 1] !== LF)) line++;
  }
  return line;
}

/** An error in a row's field: says line and column. */
export function atField(
  place: CsvPlace,
  offset: number,
  column: number,
  state: string,
  hint: string,
): AppError {
  const name = place.names[column] ?? "";
  const line = lineOf(place.bytes, offset);
  return new AppError(
    "invalid_argument",
    `Cannot read the table: line ${line}, column ${column + 1}${name ? ` ("${name}")` : ""}: ${state}`,
    { hint },
  );
}

/** A row with more fields than the header. */
export function fieldCountError(place: CsvPlace, rowStart: number): AppError {
  const { bytes, separator, names } = place;
  const { fields, end } = countFields(bytes, rowStart, separator);
  const line = lineOf(bytes, rowStart);
  const lastLine = lineOf(bytes, end);
  const lines = lastLine > line ? `lines ${line} to ${lastLine} hold` : `line ${line} has`;
  const hint = `Quote fields that contain a ${separatorName(separator)}, or remove what is too much. ` +
    `The last column is "${names[names.length - 1]}".`;
  return new AppError(
    "invalid_argument",
    `Cannot read the table: ${lines} ${fields} fields, the header has ${names.length}: ${
      preview(bytes, rowStart, end)
    }`,
    { hint: lastLine > line ? `${hint} A stray quote in line ${line} may join lines.` : hint },
  );
}

/** A quote that is never closed. */
export function unclosedQuoteError(place: CsvPlace, open: number, column: number): AppError {
  return atField(
    place,
    open,
    column,
    `the quote that opens here is never closed: ${preview(place.bytes, open, place.bytes.length)}`,
    'Close it, or double a quote that belongs to the value ("").',
  );
}

/** What the error of bytes that are not UTF-8 says; `read_delimited.ts` then tries an older encoding. */
export const NOT_UTF8 = "is not UTF-8";

/** Bytes that are not UTF-8, somewhere from `start` on. */
export function notUtf8Error(place: CsvPlace, start: number, column: number): AppError {
  const offset = firstInvalidUtf8(place.bytes, start);
  const byte = place.bytes[offset].toString(16).padStart(2, "0");
  return atField(
    place,
    offset,
    column,
    `byte ${offset} (0x${byte}) ${NOT_UTF8}`,
    "Save the file as UTF-8 again. Such bytes often come from Windows-1252 or Latin-1 (Excel's plain CSV).",
  );
}

/** The first byte that can't belong to UTF-8 text. */
export function firstInvalidUtf8(bytes: Uint8Array, start = 0): number {
  const strict = new TextDecoder("utf-8", { fatal: true });
  for (let i = start; i < bytes.length;) {
    const lead = bytes[i];
    const length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    if (length > 1) {
      try {
        strict.decode(bytes.slice(i, i + length));
      } catch {
        return i;
      }
    }
    i += length;
  }
  return bytes.length;
}

export function separatorName(separator: number): string {
  return { 44: "comma", 59: "semicolon", 9: "tab", 124: "vertical bar" }[separator] ??
    `"${String.fromCharCode(separator)}"`;
}

/** Fields of the row that begins here, and where it ends. Knows quotes; forgives what follows them. */
export function countFields(bytes: Uint8Array, start: number, separator: number) {
  let fields = 1;
  let isFieldStart = true;
  let i = start;
  for (; i < bytes.length; i++) {
    const c = bytes[i];
    if (c === QUOTE && isFieldStart) {
      for (i++; i < bytes.length; i++) {
        if (bytes[i] === QUOTE) {
          if (bytes[i + 1] !== QUOTE) break;
          i++;
        }
      }
      isFieldStart = false;
    } else if (c === separator) {
      fields++;
      isFieldStart = true;
    } else if (c === LF || c === CR) break;
    else if (c !== 32 && c !== 9) isFieldStart = false;
  }
  return { fields, end: Math.min(i, bytes.length) };
}

/** The start of a line, for people. */
function preview(bytes: Uint8Array, start: number, end: number): string {
  const text = new TextDecoder().decode(bytes.slice(start, Math.min(end, start + 240)));
  const line = text.replaceAll(/[\r\n]+/g, "⏎");
  return JSON.stringify(line.length > 60 ? `${line.slice(0, 60)}…` : line);
}
