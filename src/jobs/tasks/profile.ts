/** Looks at a table, and at one of its columns as a target. */
import { profileTable, type TableProfile } from "@/dataset/profile.ts";
import { readSource, type TableBytes } from "./read_source.ts";

/** The profile, and what reading the table had to guess or change. */
export async function profile(
  input: TableBytes & { target?: string },
): Promise<TableProfile & { notes?: readonly string[] }> {
  const table = await readSource(input);
  return { ...profileTable(table, input.target), ...(table.notes ? { notes: table.notes } : {}) };
}
