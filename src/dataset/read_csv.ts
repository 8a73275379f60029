/**
 * Delimited text (CSV, TSV and their kin) to typed columns.
 *
 * Source: RFC 4180; missing words as pandas' read_csv; the separator is found in the first lines.
 */
import { AppError } from "@/shared/errors.ts";
import { scanChunks } from "./csv_chunks.ts";
import { CODED, DECIMAL_COMMA, NUMBER, type ScanInput, type ScanResult, scanRows, SKIP } from "./csv_scan.ts";
import { lineOf } from "./csv_errors.ts";
import { readHeader } from "./csv_header.ts";
import { packedColumn } from "./packed_text.ts";
import type { Column, Table } from "./table.ts";
import { openThreads } from "@/kernels/threads.ts";

export interface CsvOptions {
  /** One character. Default: comma, semicolon, tab or vertical bar, whichever fits the first lines. */
  separator?: string;
  /** Read only so many rows. Default: all. */
  max_rows?: number;
  /** Threads that large files are read on. Default: one a core, at most 8. 0 reads in the plain way. */
  threads?: number;
  /** Bytes that a thread reads at a time. */
  chunk_bytes?: number;
}

/** Smaller files are read before a thread would have started. */
const LARGE = 1 << 20;
const LARGE_FOR_THREADS = 1 << 23;
const MAX_THREADS = 8;

/** So many rows decide what each column is tried as; a later surprise costs a second pass of that column. */
const SAMPLE_ROWS = 500;

/**
 * Reads the first line as names and every other one as a row. A column is numeric when all its values are
 * numbers or missing (with a decimal comma too, where the comma is not the separator), else coded. Names and
 * unquoted values lose the blanks around them; a nameless column is called "column_3" after its position, and
 * dropped when it is empty (lines that end with a separator).
 * @param bytes the file, without compression; UTF-8, with or without a byte order mark
 * @returns columns of type number and category; `inferTypes` finds the finer types
 * @throws AppError invalid_argument, naming line and column: see `scanRows` and `readHeader`, and no rows
 */
export function readCsv(bytes: Uint8Array, options: CsvOptions = {}): Table {
  const max_rows = options.max_rows ?? Infinity;
  if (!(max_rows >= 1)) {
    throw new AppError("invalid_argument", `Cannot read the table: max_rows is ${max_rows}`, {
      hint: "Ask for at least one row.",
    });
  }
  const header = readHeader(bytes, optionSeparator(options.separator));
  const input: ScanInput = {
    bytes,
    start: header.next,
    separator: header.separator,
    names: header.names,
    expected_rows: SAMPLE_ROWS,
    max_rows: Math.min(SAMPLE_ROWS, max_rows),
  };
  const modes = new Uint8Array(header.names.length).fill(NUMBER);
  let settled = settle(input, modes, scanRows);
  if (settled.rows === 0) {
    throw new AppError("invalid_argument", "Cannot read the table: it has column names but no rows", {
      hint: "Choose a file with at least one row below the names.",
    });
  }
  if (settled.rows === SAMPLE_ROWS && max_rows > SAMPLE_ROWS) {
    const rowBytes = (settled.end - input.start) / settled.rows;
    const expected_rows = Math.ceil(((bytes.length - input.start) / rowBytes) * 1.02) + 16;
    settled = readAll({ ...input, expected_rows, max_rows }, modes, options);
  }
  const columns = settled.columns.filter((column, k) => header.isNamed[k] || !isEmpty(column));
  const notes = [...header.notes, ...noteShort(bytes, settled.short, header.names.length)];
  return { rows: settled.rows, columns, ...(notes.length > 0 ? { notes } : {}) };
}

type Scan = (input: ScanInput, modes: Uint8Array) => ScanResult;

function readAll(input: ScanInput, modes: Uint8Array, options: CsvOptions): Settled {
  const size = input.bytes.length - input.start;
  const isLarge = options.chunk_bytes !== undefined || size >= LARGE;
  const wanted = options.threads ?? Math.min(navigator.hardwareConcurrency, MAX_THREADS);
  if (!isLarge || wanted === 0 || input.max_rows !== Infinity) return settle(input, modes, scanRows);
  let threads;
  try {
    threads = openThreads(size >= LARGE_FOR_THREADS || options.chunk_bytes ? wanted : 1);
  } catch (error) {
    if (error instanceof RangeError) return settle(input, modes, scanRows); // no addresses to be had
    throw error;
  }
  try {
    return settle(
      input,
      modes,
      (again, pending) =>
        scanChunks(again, pending, threads, options.chunk_bytes) ?? scanRows(again, pending),
    );
  } finally {
    threads.close();
  }
}

function noteShort(bytes: Uint8Array, { rows, first }: ScanResult["short"], fields: number): string[] {
  if (rows === 0) return [];
  const which = rows === 1 ? "A row has" : `${rows} rows have`;
  return [
    `${which} fewer fields than the ${fields} names (line ${lineOf(bytes, first)}${
      rows > 1 ? " is the first" : ""
    }): ` +
    "what is not there is missing.",
  ];
}

interface Settled {
  columns: Column[];
  rows: number;
  end: number;
  short: ScanResult["short"];
}

/** Scans, and scans again what did not fit, until every column has a mode. Writes the modes into `modes`. */
function settle(input: ScanInput, modes: Uint8Array, scanOnce: Scan): Settled {
  const columns: Column[] = [];
  const pending = modes.slice();
  for (;;) {
    const scan = scanOnce(input, pending);
    input.names.forEach((name, k) => {
      if (pending[k] === SKIP) return;
      if (scan.failed[k]) {
        modes[k] = modes[k] === NUMBER && input.separator !== 44 ? DECIMAL_COMMA : CODED;
        pending[k] = modes[k];
        return;
      }
      const coded = scan.codes[k];
      columns[k] = coded
        ? "ends" in coded
          ? packedColumn(name, "category", coded)
          : { name, storage: "coded", type: "category", ...coded }
        : { name, storage: "numeric", type: "number", values: scan.values[k]! };
      pending[k] = SKIP;
    });
    if (!scan.failed.includes(1)) {
      return { columns, rows: scan.rows, end: scan.end, short: scan.short };
    }
  }
}

function isEmpty(column: Column): boolean {
  return column.storage === "numeric" ? column.values.every(Number.isNaN) : column.categories.length === 0;
}

function optionSeparator(separator: string | undefined): number | undefined {
  if (separator === undefined) return undefined;
  const code = separator.charCodeAt(0);
  if (separator.length === 1 && code < 128 && !'"\r\n'.includes(separator)) return code;
  throw new AppError(
    "invalid_argument",
    `Cannot read the table: the separator is ${JSON.stringify(separator)}`,
    {
      hint: "Use one plain character, such as , ; | or a tab.",
    },
  );
}
