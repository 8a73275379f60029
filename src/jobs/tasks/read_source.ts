/** The bytes of a table as a task gets them, and how they become a table. */
import { readTable } from "@/dataset/readers.ts";
import type { ReadOptions } from "@/dataset/reader.ts";
import type { Table } from "@/dataset/table.ts";

export interface TableBytes extends Pick<ReadOptions, "part" | "sample_rows" | "max_bytes"> {
  bytes: Uint8Array;
  file_name: string;
  /** The bytes are a sample of the lines of a larger file. */
  is_sample?: boolean;
}

/** Only what reading needs, of something that knows more. */
export function sourceOf(source: TableBytes): TableBytes {
  const { bytes, file_name, is_sample, part, sample_rows, max_bytes } = source;
  return {
    bytes,
    file_name,
    ...(is_sample ? { is_sample } : {}),
    ...(part === undefined ? {} : { part }),
    ...(sample_rows === undefined ? {} : { sample_rows }),
    ...(max_bytes === undefined ? {} : { max_bytes }),
  };
}

/** @throws AppError as readTable says */
export async function readSource(source: TableBytes): Promise<Table> {
  const { bytes, file_name, is_sample, ...options } = sourceOf(source);
  const table = await readTable(bytes, file_name, options);
  if (!is_sample) return table;
  const note = `A sample of ${table.rows} rows, in blocks spread evenly over the file.`;
  return { ...table, notes: [...(table.notes ?? []).filter((one) => !one.startsWith("A sample")), note] };
}
