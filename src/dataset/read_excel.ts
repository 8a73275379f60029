/**
 * A sheet of an Excel workbook (.xlsx), by read-excel-file. The first row with anything in it holds the names.
 * Formulas are never evaluated: what counts is the value that Excel stored beside each.
 */
import { AppError } from "@/shared/errors.ts";
import { readZipDirectory, zipInMemory } from "@/shared/zip_directory.ts";
import { ColumnBuilder } from "./column_builder.ts";
import { unshared } from "./encoding.ts";
import { pickPart } from "./pick_part.ts";
import { type Reader, type ReadOptions, startsWith } from "./reader.ts";
import type { Table } from "./table.ts";
import { uniqueNames } from "./unique_names.ts";

export const excelReader: Reader = {
  name: "Excel",
  extensions: [".xlsx", ".xlsm"],
  hasParts: true,
  // Zips that hold tables were unpacked before: a zip that is still one is a workbook.
  matches: (bytes) => startsWith(bytes, "PK\x03\x04"),
  read: readExcel,
};

/** A sheet is XML that is parsed as a whole. */
const MAX_XML_BYTES = 2 ** 29;

async function readExcel(bytes: Uint8Array, options: ReadOptions): Promise<Table> {
  const entries = await readZipDirectory(zipInMemory(bytes), "the workbook");
  const unpacked = entries.reduce((sum, entry) => sum + entry.size_bytes, 0);
  if (unpacked > MAX_XML_BYTES) {
    throw new AppError(
      "resource_exhausted",
      "Cannot read the table: its sheets unpack to more than 512 MiB",
      {
        hint: "Export the sheet as CSV.",
      },
    );
  }
  const { default: readXlsx } = await import("read-excel-file/universal");
  const sheets = await readXlsx(unshared(bytes).slice().buffer);
  const part = pickPart("sheet", filledOf(sheets).map(({ sheet }) => sheet), options.part);
  const { data } = sheets.find(({ sheet }) => sheet === part)!;
  const first = data.findIndex((row) => row.some((cell) => cell !== null));
  const body = data.slice(first + 1).filter((row) => row.some((cell) => cell !== null));
  if (first < 0 || body.length === 0) {
    throw new AppError("invalid_argument", `Cannot read the table: sheet "${part}" has no rows`, {
      hint: "The first filled row must hold the names, with at least one row below.",
    });
  }
  const rows = Math.min(body.length, options.max_rows ?? Infinity);
  const given = data[first].map((cell) => cell === null ? "" : String(cell).trim());
  const columns = uniqueNames(given).flatMap((name, k) => {
    const builder = new ColumnBuilder(name, true);
    for (let i = 0; i < rows; i++) addCell(builder, body[i][k] ?? null);
    const isEmpty = given[k] === "" && body.every((row) => (row[k] ?? null) === null);
    return isEmpty ? [] : [builder.finish()];
  });
  return { rows, columns };
}

/** Excel keeps a moment as a fraction of days, which is some milliseconds off a full second. */
function addCell(builder: ColumnBuilder, cell: unknown): void {
  if (!(cell instanceof Date)) return builder.add(cell);
  const ms = cell.getTime();
  const second = Math.round(ms / 1000) * 1000;
  builder.addDate(Math.abs(ms - second) <= 5 ? second : ms);
}

/** Sheets with anything in them; all, when none has. */
function filledOf<T extends { data: readonly (readonly unknown[])[] }>(sheets: T[]): T[] {
  const filled = sheets.filter(({ data }) => data.length > 1);
  return filled.length > 0 ? filled : sheets;
}
