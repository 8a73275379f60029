/**
 * Apache Arrow's IPC format as a file or a stream, and Feather (whose version 2 is the same), by flechette.
 *
 * Source: https://arrow.apache.org/docs/format/Columnar.html
 */
import { AppError } from "@/shared/errors.ts";
import { ColumnBuilder } from "./column_builder.ts";
import { unshared } from "./encoding.ts";
import { type Reader, type ReadOptions, startsWith } from "./reader.ts";
import type { CodedColumn, Table } from "./table.ts";
import { TextBuilder } from "./text_builder.ts";

export const arrowReader: Reader = {
  name: "Arrow",
  extensions: [".arrow", ".feather", ".ipc", ".arrows"],
  matches: (bytes) => startsWith(bytes, "ARROW1"),
  read: readArrow,
};

/** Even packed, a row takes some of the file: a damaged count must not be believed. */
const MAX_ROWS_PER_BYTE = 1000;

async function readArrow(bytes: Uint8Array, options: ReadOptions): Promise<Table> {
  if (startsWith(bytes, "FEA1")) {
    throw new AppError("invalid_argument", "Cannot read the table: it is a Feather file of version 1", {
      hint: "Write it again with a newer pandas or pyarrow (version 2), or as Parquet or CSV.",
    });
  }
  const { CompressionType, setCompressionCodec, tableFromIPC, Type } = await import("@uwdata/flechette");
  const [lz4, zstd] = await Promise.all([import("lz4js"), import("fzstd")]);
  const encode = () => {
    throw new Error("arrow: nothing is written here");
  };
  setCompressionCodec(CompressionType.LZ4_FRAME, { encode, decode: (data) => lz4.decompress(data) });
  setCompressionCodec(CompressionType.ZSTD, { encode, decode: (data) => zstd.decompress(data).slice() });
  const table = tableFromIPC(unshared(bytes), { useBigInt: true });
  if (!(table.numRows <= bytes.length * MAX_ROWS_PER_BYTE)) {
    throw new AppError(
      "invalid_argument",
      `Cannot read the table: it claims ${table.numRows} rows in too few bytes`,
      {
        hint: "The file is damaged. Fetch it again.",
      },
    );
  }
  const rows = Math.min(table.numRows, options.max_rows ?? Infinity);
  if (rows === 0) {
    throw new AppError("invalid_argument", "Cannot read the table: it has no rows", {
      hint: "Choose a file with at least one row.",
    });
  }
  const columns = table.schema.fields.map(({ name, type }, k) => {
    if (type.typeId === Type.Utf8 || type.typeId === Type.LargeUtf8) {
      return readText(name, table.getChildAt(k).data as readonly TextBatch[], rows);
    }
    const builder = new ColumnBuilder(name);
    const isDate = type.typeId === Type.Timestamp || type.typeId === Type.Date;
    const column = table.getChildAt(k);
    for (const batch of column.data) {
      const left = rows - builder.length;
      if (left <= 0) break;
      const values = batch.nullCount === 0 && !isDate ? batch.values : null;
      if (values instanceof Float64Array || values instanceof Float32Array) {
        builder.addNumbers(values.subarray(0, Math.min(batch.length, left)));
        continue;
      }
      for (let i = 0; i < Math.min(batch.length, left); i++) {
        const value = batch.at(i);
        if (isDate && typeof value === "number") builder.addDate(value);
        else builder.add(value);
      }
    }
    builder.fillTo(rows);
    return builder.finish();
  });
  return { rows, columns };
}

/** What flechette's batches of text hold; `isValid` may be asked only where there are missing values. */
interface TextBatch {
  length: number;
  nullCount: number;
  values: Uint8Array;
  offsets: Int32Array | BigInt64Array;
  isValid(row: number): boolean;
}

function readText(name: string, batches: readonly TextBatch[], rows: number): CodedColumn {
  const text = new TextBuilder(name, rows);
  for (const batch of batches) {
    const { length, nullCount, values, offsets } = batch;
    for (let i = 0; i < length && text.length < rows; i++) {
      const from = Number(offsets[i]);
      const to = Number(offsets[i + 1]);
      if (!(from >= 0 && from <= to && to <= values.length)) throw new Error("arrow: a text lies outside");
      const isThere = nullCount === 0 || batch.isValid(i);
      text.add(isThere ? text.codeOf(values, from, to) : -1);
    }
  }
  return text.finish();
}
