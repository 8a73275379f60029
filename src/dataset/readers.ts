/**
 * The TABLE of file formats, and the one door to read any of them.
 *
 * A new format is a file `read_<format>.ts` and a line here.
 */
import { AppError } from "@/shared/errors.ts";
import { PACKED_NAMES, unpack } from "./containers.ts";
import { inferTypes } from "./infer_types.ts";
import type { Reader, ReadOptions } from "./reader.ts";
import { arrowReader } from "./read_arrow.ts";
import { csvReader } from "./read_delimited.ts";
import { excelReader } from "./read_excel.ts";
import { jsonLinesReader, jsonReader } from "./read_json.ts";
import { parquetReader } from "./read_parquet.ts";
import { sqliteReader } from "./read_sqlite.ts";
import { assertIsNothingElse } from "./sniff.ts";
import { memoryFor, requireMemory } from "./table_memory.ts";
import { spreadRows, type Table, takeRows } from "./table.ts";
import { withUsedCategories } from "./used_categories.ts";

export const READERS: readonly Reader[] = [
  csvReader,
  jsonReader,
  jsonLinesReader,
  parquetReader,
  arrowReader,
  sqliteReader,
  excelReader,
];

/**
 * The table in a file, with inferred column types. What it is packed in (gzip, zstd, zip) and what binary
 * format it has is told by the first bytes, whatever the name; a file of unknown kind is tried as delimited text.
 * @throws AppError invalid_argument, saying what is wrong and where; not_found for a part that it has not
 */
export async function readTable(
  bytes: Uint8Array,
  fileName: string,
  options: ReadOptions = {},
): Promise<Table> {
  try {
    const { max_bytes = Infinity } = options;
    const packed = { bytes, name: fileName, part: options.part };
    const file = await unpack(packed, isTableFile, max_bytes / memoryFor("table.csv", 1));
    requireMemory(file.name, file.bytes.length, max_bytes);
    const reader = readerFor(file.bytes, file.name);
    if (file.part !== undefined && !reader.hasParts) {
      throw new AppError("not_found", `Cannot read the table: it has no parts, so no "${file.part}"`, {
        hint: "Leave out what stands behind the #.",
      });
    }
    const table = await readWith(reader, file.bytes, { ...options, part: file.part });
    return inferTypes(options.sample_rows === undefined ? table : sampleOf(table, options.sample_rows));
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const message = error.message.replace("Cannot read the table:", `Cannot read ${fileName}:`);
    throw new AppError(error.code, message, { hint: error.hint, cause: error });
  }
}

function sampleOf(table: Table, sample_rows: number): Table {
  if (table.rows <= sample_rows) return table;
  const { columns } = takeRows(table, spreadRows(table.rows, sample_rows));
  const note = `A sample of ${sample_rows} of its ${table.rows} rows, spread evenly.`;
  return {
    rows: sample_rows,
    columns: columns.map((column) => column.storage === "coded" ? withUsedCategories(column) : column),
    notes: [...(table.notes ?? []), note],
  };
}

/** The format by the file's name when its bytes agree, else by its bytes, else delimited text. */
function readerFor(bytes: Uint8Array, name: string): Reader {
  const lower = name.toLowerCase();
  const byName = READERS.find(({ extensions }) => extensions.some((end) => lower.endsWith(end)));
  if (byName && byName !== csvReader && (byName.matches?.(bytes) ?? true)) return byName;
  return READERS.find((reader) => reader.matches?.(bytes)) ?? byName ?? csvReader;
}

async function readWith(reader: Reader, bytes: Uint8Array, options: ReadOptions): Promise<Table> {
  try {
    if (reader !== csvReader) assertIsNothingElse(bytes);
    return await reader.read(bytes, options);
  } catch (error) {
    // Too little memory is no fault of the file.
    if (error instanceof AppError || /allocation/i.test(String(error))) throw error;
    throw new AppError(
      "invalid_argument",
      `Cannot read the table: its ${reader.name} data is damaged, cut off, or of a kind that can't be read (${
        (error as Error).message ?? error
      })`,
      { hint: "Fetch the file again, or convert it to CSV.", cause: error },
    );
  }
}

/** True when the name has the extension of a format that can be read, perhaps packed. */
export function isTableFile(fileName: string): boolean {
  const lower = fileName.toLowerCase();
  // A zip is looked into: what it holds is not in its name.
  if (lower.endsWith(".zip")) return true;
  const plain = lower.replace(PACKED_NAMES, "");
  return READERS.some(({ extensions }) => extensions.some((end) => plain.endsWith(end)));
}
