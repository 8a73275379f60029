/** The first lines of delimited text: what separates fields, the names, and where the rows begin. */
import { AppError } from "@/shared/errors.ts";
import { countFields, notUtf8Error, separatorName, unclosedQuoteError } from "./csv_errors.ts";
import { skipBlankLines } from "./csv_scan.ts";
import { separatorOf } from "./csv_separator.ts";
import { uniqueNames } from "./unique_names.ts";

export interface Header {
  separator: number;
  names: string[];
  /** False where the file has no name and the position gives one. */
  isNamed: boolean[];
  /** Where the first row begins. */
  next: number;
  /** What had to be guessed or changed. */
  notes: string[];
}

const HASH = 35;
/** Before the separator is known: a line of tabs is blank too. */
const NO_SEPARATOR = -1;
/** Rows that must agree before the names are taken for one too few. */
const ROWS_TO_AGREE = 10;

/**
 * Forgives what real files do: comment lines in front, a line "sep=;", R's row names without a name of their
 * own, and names that occur twice.
 * @param wanted the separator, when it is known
 * @throws AppError invalid_argument for an empty file, a quote that is not closed, bytes that are not UTF-8
 */
export function readHeader(bytes: Uint8Array, wanted: number | undefined): Header {
  const notes: string[] = [];
  let start = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
  start = skipBlankLines(bytes, start, NO_SEPARATOR);
  if (start >= bytes.length) {
    throw new AppError("invalid_argument", "Cannot read the table: the file is empty", {
      hint: "Choose a file with a line of column names and at least one row.",
    });
  }
  const named = namedSeparator(bytes, start);
  if (named) start = skipBlankLines(bytes, named.next, named.separator);
  const commented = skipComments(bytes, start);
  if (commented.lines > 0) {
    start = commented.start;
    notes.push(
      `${commented.lines} comment line${commented.lines > 1 ? "s" : ""} in front (#) were left out.`,
    );
  }
  const separator = wanted ?? named?.separator ?? separatorOf(bytes, start);
  const { given, end } = readNames(bytes, start, separator);
  if (lacksFirstName(bytes, end, separator, given.length)) {
    given.unshift("");
    notes.push('The first column has no name, as R writes row names: it is called "column_1".');
  }
  const names = uniqueNames(given);
  const renamed = names.flatMap((name, k) =>
    given[k] !== "" && name !== given[k] ? [`column ${k + 1} is called "${name}"`] : []
  );
  if (renamed.length > 0) {
    notes.push(
      `Names occur twice: ${renamed.slice(0, 5).join(", ")}${renamed.length > 5 ? ", …" : ""}. ` +
        `If the file has no line of names, add one (fields were separated by ${separatorName(separator)}).`,
    );
  }
  return { separator, names, isNamed: given.map((name) => name !== ""), next: end, notes };
}

/** Lines that begin with # and are no names: they have other numbers of fields than the line behind them. */
function skipComments(bytes: Uint8Array, start: number): { start: number; lines: number } {
  const begins: number[] = [];
  let at = start;
  while (bytes[at] === HASH) {
    begins.push(at);
    at = skipBlankLines(bytes, lineEnd(bytes, at), NO_SEPARATOR);
  }
  if (begins.length === 0 || at >= bytes.length) return { start, lines: 0 };
  const separator = separatorOf(bytes, at);
  const { fields } = countFields(bytes, at, separator);
  const last = begins[begins.length - 1];
  // "#id,name" above rows of two fields is the line of names.
  if (countFields(bytes, last, separator).fields === fields) return { start: last, lines: begins.length - 1 };
  return { start: at, lines: begins.length };
}

function lineEnd(bytes: Uint8Array, at: number): number {
  while (at < bytes.length && bytes[at] !== 10 && bytes[at] !== 13) at++;
  return at;
}

/** True when the first rows all have just one field more than there are names. */
function lacksFirstName(bytes: Uint8Array, end: number, separator: number, names: number): boolean {
  if (names < 2) return false;
  let rows = 0;
  let at = skipBlankLines(bytes, end, separator);
  for (; rows < ROWS_TO_AGREE && at < bytes.length; rows++) {
    const row = countFields(bytes, at, separator);
    // A separator that closes each line is no column.
    if (row.fields !== names + 1 || bytes[row.end - 1] === separator) return false;
    at = skipBlankLines(bytes, row.end, separator);
  }
  return rows > 1;
}

function readNames(bytes: Uint8Array, start: number, separator: number): { given: string[]; end: number } {
  const place = { bytes, separator, names: [] };
  const { end } = countFields(bytes, start, separator);
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes.slice(start, end));
  } catch {
    throw notUtf8Error(place, start, 0);
  }
  const given = splitLine(text, String.fromCharCode(separator));
  if (!given) throw unclosedQuoteError(place, start + Math.max(0, text.lastIndexOf('"')), 0);
  return { given, end };
}

/** Excel's first line "sep=;". */
function namedSeparator(bytes: Uint8Array, start: number): { separator: number; next: number } | undefined {
  const line = String.fromCharCode(...bytes.subarray(start, start + 6));
  const found = /^sep=([^\r\n])[\r\n]/i.exec(line);
  return found ? { separator: found[1].charCodeAt(0), next: start + 5 } : undefined;
}

/** The fields of one line, without quotes and the blanks around; undefined when a quote is not closed. */
function splitLine(line: string, separator: string): string[] | undefined {
  const fields: string[] = [];
  for (let at = 0;;) {
    while (line[at] !== separator && (line[at] === " " || line[at] === "\t")) at++;
    let field = "";
    if (line[at] === '"') {
      for (at++; line[at] !== '"' || line[at + 1] === '"'; at++) {
        if (at >= line.length) return undefined;
        if (line[at] === '"') at++;
        field += line[at];
      }
      at++;
    }
    const end = line.indexOf(separator, at);
    field += line.slice(at, end < 0 ? line.length : end);
    fields.push(field.trim());
    if (end < 0) return fields;
    at = end + 1;
  }
}
