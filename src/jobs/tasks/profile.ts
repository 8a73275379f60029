/** Looks at a table, and at one of its columns as a target. */
import { profileTable, type TableProfile } from "@/dataset/profile.ts";
import { readSource, type TableBytes } from "./read_source.ts";

export async function profile(input: TableBytes & { target?: string }): Promise<TableProfile> {
  return profileTable(await readSource(input), input.target);
}
