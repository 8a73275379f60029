/** Delimited text as a file format: what `read_csv.ts` reads, after the encoding is settled. */
import { AppError } from "@/shared/errors.ts";
import { fromUtf16, fromWindows1252 } from "./encoding.ts";
import { NOT_UTF8 } from "./csv_errors.ts";
import { readCsv } from "./read_csv.ts";
import type { Reader } from "./reader.ts";
import { assertIsText } from "./sniff.ts";
import type { Table } from "./table.ts";

export const csvReader: Reader = {
  name: "CSV",
  extensions: [".csv", ".tsv", ".tab", ".psv", ".txt", ".data"],
  read(bytes, options) {
    const decoded = fromUtf16(bytes);
    assertIsText(decoded.bytes);
    try {
      return Promise.resolve(withNote(readCsv(decoded.bytes, options), decoded.note));
    } catch (error) {
      // Only now is it known: looking through every byte before would cost more than most files' reading.
      const other = error instanceof AppError && error.message.includes(NOT_UTF8)
        ? fromWindows1252(bytes)
        : null;
      if (other === null) throw error;
      return Promise.resolve(withNote(readCsv(other.bytes, options), other.note));
    }
  },
};

function withNote(table: Table, note: string | undefined): Table {
  return note === undefined ? table : { ...table, notes: [note, ...(table.notes ?? [])] };
}
