/**
 * JSON: an array of objects, an object of arrays, what pandas' to_json writes (split, records, columns), or
 * one object a line (JSON Lines).
 *
 * Nested objects become columns with dots ("address.city"), arrays keep their JSON as text.
 * Source: RFC 8259, https://jsonlines.org, pandas' json_normalize for the names.
 */
import { AppError } from "@/shared/errors.ts";
import { ColumnBuilder } from "./column_builder.ts";
import { fromUtf16, unshared } from "./encoding.ts";
import type { Reader, ReadOptions } from "./reader.ts";
import type { Table } from "./table.ts";

/** V8 can't hold a longer string, and JSON.parse needs one. */
const MAX_JSON_BYTES = 2 ** 29 - 25;
const LINES_AT_ONCE_BYTES = 1 << 22;
const MAX_DEPTH = 5;
const MAX_COLUMNS = 100_000;

export const jsonReader: Reader = {
  name: "JSON",
  extensions: [".json"],
  matches: (bytes) => /^\s*(\{\s*["}]|\[\s*[[{\]])/.test(headOf(bytes)),
  read: (bytes, options) => Promise.resolve(readJson(bytes, options)),
};

export const jsonLinesReader: Reader = {
  name: "JSON Lines",
  extensions: [".jsonl", ".ndjson"],
  read: (bytes, options) => Promise.resolve(readJsonLines(bytes, options)),
};

function headOf(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes.subarray(0, 256)).replace(/^\xef\xbb\xbf/, "");
}

export function readJson(bytes: Uint8Array, options: ReadOptions): Table {
  const decoded = fromUtf16(bytes);
  if (decoded.bytes.length > MAX_JSON_BYTES) {
    throw new AppError("resource_exhausted", "Cannot read the table: it is JSON of more than 512 MiB", {
      hint: "Write it as JSON Lines (one object a line) or as CSV.",
    });
  }
  const text = textOf(decoded.bytes);
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    // Many files of JSON Lines are named .json.
    if (/^[^\n]*\}\s*\n\s*\{/.test(text)) return readJsonLines(decoded.bytes, options);
    throw refused(`it is not JSON (${(error as Error).message})`, "The file may be cut off.");
  }
  const table = tableOf(document, options.max_rows ?? Infinity);
  return decoded.note ? { ...table, notes: [decoded.note] } : table;
}

function tableOf(document: unknown, max_rows: number): Table {
  if (Array.isArray(document)) return fromRows(document, max_rows);
  if (isObject(document)) {
    const { columns, data } = document;
    // pandas, orient="split"
    if (Array.isArray(columns) && Array.isArray(data)) {
      return fromRows(data.map((row) => named(row, columns.map(String))), max_rows);
    }
    const values = Object.values(document);
    // One list of rows under any name, as most web services answer.
    const lists = values.filter((value) => Array.isArray(value) && value.some(isObject));
    if (lists.length === 1) return fromRows(lists[0] as unknown[], max_rows);
    if (values.length > 0 && values.every(Array.isArray)) {
      return fromColumns(document as Record<string, unknown[]>, max_rows);
    }
    // pandas, orient="columns": {column: {row: value}}
    if (values.length > 0 && values.every(isObject)) {
      return fromColumns(
        Object.fromEntries(
          Object.entries(document).map(([name, rows]) => [name, Object.values(rows as object)]),
        ),
        max_rows,
      );
    }
    // A single object is one row.
    if (values.length > 0) return fromRows([document], max_rows);
  }
  throw refused("its JSON is no table", "Give an array of objects, or an object of arrays.");
}

function named(row: unknown, names: string[]): Record<string, unknown> {
  return Object.fromEntries(names.map((name, k) => [name, Array.isArray(row) ? row[k] : undefined]));
}

function fromRows(rows: readonly unknown[], max_rows: number): Table {
  const builders = new Builders();
  // Arrays of arrays: the first one holds the names.
  const names = Array.isArray(rows[0]) ? rows[0].map(String) : null;
  const items = names ? rows.slice(1) : rows;
  items.slice(0, max_rows).forEach((item, i) => {
    const row = names && Array.isArray(item) ? named(item, names) : item;
    if (!isObject(row)) {
      throw refused(`row ${i + 1} is ${describe(item)}, not an object`, "Each row must be a JSON object.");
    }
    builders.addRow(row);
  });
  return builders.finish();
}

function fromColumns(columns: Record<string, unknown[]>, max_rows: number): Table {
  const lengths = new Set(Object.values(columns).map((values) => values.length));
  if (lengths.size !== 1) {
    const [[a, first], [b, second]] = Object.entries(columns).filter(([, values], i, all) =>
      i === 0 || values.length !== all[0][1].length
    );
    throw refused(
      `"${a}" has ${first.length} values and "${b}" has ${second.length}`,
      "Every column needs one value a row (null where it is missing).",
    );
  }
  const built = Object.entries(columns).map(([name, values]) => {
    const builder = new ColumnBuilder(name, true);
    for (const value of values.slice(0, max_rows)) builder.add(value);
    return builder.finish();
  });
  const rows = Math.min([...lengths][0], max_rows);
  if (rows === 0) throw noRows();
  return { rows, columns: built };
}

export function readJsonLines(bytes: Uint8Array, options: ReadOptions): Table {
  const decoded = fromUtf16(bytes);
  const builders = new Builders();
  const max_rows = options.max_rows ?? Infinity;
  let line = 0;
  for (const text of blocksOfLines(decoded.bytes)) {
    for (const one of text.split("\n")) {
      line++;
      if (one.trim() === "") continue;
      if (builders.rows >= max_rows) break;
      let row: unknown;
      try {
        row = JSON.parse(one);
      } catch (error) {
        throw refused(
          `line ${line} is not JSON (${(error as Error).message}): ${JSON.stringify(one.slice(0, 80))}`,
          "Each line must be one JSON object; the last one may be cut off.",
        );
      }
      if (!isObject(row)) {
        throw refused(
          `line ${line} is ${describe(row)}, not an object`,
          "Each line must be one JSON object.",
        );
      }
      builders.addRow(row);
    }
  }
  const table = builders.finish();
  return decoded.note ? { ...table, notes: [decoded.note] } : table;
}

/** Whole lines, some megabytes at a time: the text of a large file never is in memory as one string. */
function* blocksOfLines(bytes: Uint8Array): Generator<string> {
  for (let from = 0; from < bytes.length;) {
    let to = Math.min(from + LINES_AT_ONCE_BYTES, bytes.length);
    if (to < bytes.length) {
      const before = bytes.subarray(from, to).lastIndexOf(10);
      const end = before >= 0 ? from + before : bytes.indexOf(10, to);
      to = end < 0 ? bytes.length : end + 1;
    }
    // The line end that closes the block would count as a line of its own.
    const closed = bytes[to - 1] === 10 ? to - 1 : to;
    yield textOf(bytes.subarray(from, closed));
    from = to;
  }
}

/** One builder a column, in order of first appearance. */
class Builders {
  rows = 0;
  #columns = new Map<string, ColumnBuilder>();

  addRow(row: Record<string, unknown>): void {
    this.#addFields(row, "", 0);
    this.rows++;
  }

  #addFields(fields: Record<string, unknown>, prefix: string, depth: number): void {
    for (const key in fields) {
      const value = fields[key];
      const name = prefix + key;
      if (isObject(value) && depth < MAX_DEPTH) {
        this.#addFields(value, `${name}.`, depth + 1);
        continue;
      }
      let builder = this.#columns.get(name);
      if (!builder) {
        if (this.#columns.size === MAX_COLUMNS) {
          throw refused(`its rows have more than ${MAX_COLUMNS} different fields`, "Is it a table?");
        }
        this.#columns.set(name, builder = new ColumnBuilder(name, true));
      }
      builder.fillTo(this.rows);
      builder.add(value);
    }
  }

  finish(): Table {
    if (this.rows === 0 || this.#columns.size === 0) throw noRows();
    const columns = [...this.#columns.values()].map((builder) => {
      builder.fillTo(this.rows);
      return builder.finish();
    });
    return { rows: this.rows, columns };
  }
}

function textOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(unshared(bytes));
  } catch {
    throw refused("its JSON is not UTF-8", "Save it as UTF-8.");
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function describe(value: unknown): string {
  return Array.isArray(value) ? "an array" : value === null ? "null" : `a ${typeof value}`;
}

function noRows(): AppError {
  return refused("it has no rows", "Choose a file with at least one row.");
}

function refused(state: string, hint: string): AppError {
  return new AppError("invalid_argument", `Cannot read the table: ${state}`, { hint });
}
