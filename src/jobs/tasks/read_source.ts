/** The bytes of a table as a task gets them, and how they become a table. */
import { readTable } from "@/dataset/readers.ts";
import type { Table } from "@/dataset/table.ts";

export interface TableBytes {
  bytes: Uint8Array;
  file_name: string;
}

/** @throws AppError as readTable says */
export function readSource({ bytes, file_name }: TableBytes): Promise<Table> {
  return readTable(bytes, file_name);
}
