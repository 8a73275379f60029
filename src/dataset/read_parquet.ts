/**
 * Apache Parquet, by hyparquet: column by column and row group by row group, so that of all the values only one
 * chunk lies in memory beside the columns.
 *
 * Source: https://parquet.apache.org/docs/file-format/
 */
import type { FileMetaData, ParquetParsers, SchemaElement } from "hyparquet";
import { AppError } from "@/shared/errors.ts";
import { ColumnBuilder } from "./column_builder.ts";
import { type Reader, type ReadOptions, startsWith } from "./reader.ts";
import type { Column, Table } from "./table.ts";
import { requireFits } from "./table_memory.ts";
import { TextBuilder } from "./text_builder.ts";

export const parquetReader: Reader = {
  name: "Parquet",
  extensions: [".parquet", ".pq"],
  matches: (bytes) => startsWith(bytes, "PAR1"),
  read: readParquet,
};

/** Dates come as milliseconds: a Date for each of millions of values would cost more than the rest. */
const PARSERS: Partial<ParquetParsers> = {
  timestampFromMilliseconds: Number,
  timestampFromMicroseconds: (micros: bigint) => Number(micros) / 1e3,
  timestampFromNanoseconds: (nanos: bigint) => Number(nanos) / 1e6,
  dateFromDays: (days: number) => days * 86_400_000,
};

async function readParquet(bytes: Uint8Array, options: ReadOptions): Promise<Table> {
  const [{ parquetMetadata, parquetScan, parquetSchema }, { compressors }] = await Promise.all([
    import("hyparquet"),
    import("hyparquet-compressors"),
  ]);
  const tail = bytes.slice(-Math.min(bytes.length, footerBytes(bytes)));
  const metadata = parquetMetadata(tail.buffer as ArrayBuffer);
  const file = {
    byteLength: bytes.length,
    slice: (start: number, end?: number) => bytes.slice(start, end).buffer as ArrayBuffer,
  };
  const rows = Math.min(Number(metadata.num_rows), options.max_rows ?? Infinity);
  if (rows === 0) {
    throw new AppError("invalid_argument", "Cannot read the table: it has no rows", {
      hint: "Choose a file with at least one row.",
    });
  }
  const kept = Math.min(rows, options.sample_rows ?? rows);
  requireColumns(rows, kept, metadata, bytes.length, options.max_bytes);
  const scanWith = (parsers: typeof PARSERS) => parquetScan({ file, metadata, compressors, parsers });
  const scan = await scanWith(PARSERS);
  const columns: Column[] = [];
  for (const { element, children } of parquetSchema(metadata).children) {
    const { name } = element;
    const text = children.length === 0 && isPlainText(element) ? new TextBuilder(name, kept) : null;
    const builder = new ColumnBuilder(name);
    // Text comes as its code: hyparquet asks for a text once for each word of a chunk's dictionary.
    const reading = text
      ? await scanWith({ ...PARSERS, stringFromBytes: (bytes) => bytes ? text.codeOf(bytes) : -1 })
      : scan;
    for (const { rowStart, rowEnd } of scan.ranges) {
      if (rowStart >= rows) break;
      const range = { column: name, rowStart, rowEnd: Math.min(rowEnd, rows) };
      const all = await reading.readColumn(range);
      const values = kept === rows ? all : pick(all, rowStart, rows, kept);
      if (text) { for (let i = 0; i < values.length; i++) text.add((values[i] ?? -1) as number); }
      else addAll(builder, values, holdsDates(element));
    }
    builder.fillTo(kept);
    columns.push(text?.finish() ?? builder.finish());
  }
  if (kept === rows) return { rows, columns };
  return { rows: kept, columns, notes: [`A sample of ${kept} of its ${rows} rows, spread evenly.`] };
}

/** The values of the sample's rows among those of a chunk that begins at `start`: rows of `spreadRows`. */
function pick(values: ArrayLike<unknown>, start: number, rows: number, kept: number): ArrayLike<unknown> {
  const picked: unknown[] = [];
  for (let i = Math.ceil(start * kept / rows); i < kept; i++) {
    const row = Math.floor(i * rows / kept) - start;
    if (row >= values.length) break;
    if (row >= 0) picked.push(values[row]);
  }
  return picked;
}

/** The metadata tells how large the columns get, which the file's size does not: they may be packed well. */
function requireColumns(
  rows: number,
  kept: number,
  { row_groups, schema }: FileMetaData,
  file_bytes: number,
  max_bytes = Infinity,
): void {
  const leaves = schema.filter(({ num_children }) => !num_children).length;
  // A column's chunk is decoded as a whole, mostly to objects, before it goes into the table. As measured.
  const chunk = Math.max(...row_groups.map(({ num_rows }) => Number(num_rows)), 0) * 400;
  const needed = 4 * file_bytes + chunk + kept * leaves * 8;
  requireFits("the table", needed, max_bytes, `${rows} rows of ${leaves} columns`);
}

/** One text a row, without lists or records around it. */
function isPlainText({ type, repetition_type, logical_type, converted_type }: SchemaElement): boolean {
  return type === "BYTE_ARRAY" && repetition_type !== "REPEATED" &&
    (logical_type?.type === "STRING" || converted_type === "UTF8");
}

/** The metadata, its length and the magic word at the end. */
function footerBytes(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return bytes.length < 12 ? bytes.length : view.getUint32(bytes.length - 8, true) + 8;
}

function holdsDates({ type, logical_type, converted_type }: SchemaElement): boolean {
  return logical_type?.type === "TIMESTAMP" || logical_type?.type === "DATE" || type === "INT96" ||
    converted_type === "DATE" || converted_type === "TIMESTAMP_MILLIS" ||
    converted_type === "TIMESTAMP_MICROS";
}

function addAll(builder: ColumnBuilder, values: ArrayLike<unknown>, isDate: boolean): void {
  if (values instanceof Float64Array || values instanceof Float32Array || values instanceof Int32Array) {
    if (!isDate) return builder.addNumbers(values);
  }
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (isDate && typeof value === "number") builder.addDate(value);
    else builder.add(value);
  }
}
