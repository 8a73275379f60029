/**
 * Apache Parquet, by hyparquet: column by column and row group by row group, so that of all the values only one
 * chunk lies in memory beside the columns.
 *
 * Source: https://parquet.apache.org/docs/file-format/
 */
import type { SchemaElement } from "hyparquet";
import { AppError } from "@/shared/errors.ts";
import { ColumnBuilder } from "./column_builder.ts";
import { type Reader, type ReadOptions, startsWith } from "./reader.ts";
import type { Table } from "./table.ts";

export const parquetReader: Reader = {
  name: "Parquet",
  extensions: [".parquet", ".pq"],
  matches: (bytes) => startsWith(bytes, "PAR1"),
  read: readParquet,
};

/** Dates come as milliseconds: a Date for each of millions of values would cost more than the rest. */
const PARSERS = {
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
  const scan = await parquetScan({ file, metadata, compressors, parsers: PARSERS });
  const columns = [];
  for (const { element } of parquetSchema(metadata).children) {
    const builder = new ColumnBuilder(element.name);
    const isDate = holdsDates(element);
    for (const { rowStart, rowEnd } of scan.ranges) {
      if (rowStart >= rows) break;
      const values = await scan.readColumn({
        column: element.name,
        rowStart,
        rowEnd: Math.min(rowEnd, rows),
      });
      addAll(builder, values, isDate);
    }
    builder.fillTo(rows);
    columns.push(builder.finish());
  }
  return { rows, columns };
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
