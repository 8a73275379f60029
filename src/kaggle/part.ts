/** A part of a file that is being fetched, and the note beside it: which version of the bytes it is a part of. */
import { readJson } from "@/shared/atomic_file.ts";
import type { ToldHash } from "./file_hash.ts";

export interface PartState {
  validator: string | null;
  total: number | null;
  url_name: string;
  hash: ToldHash | null;
}

/** Removes a part and the note beside it. */
export async function removePart(path: string): Promise<void> {
  for (const name of [path, `${path}.json`]) await Deno.remove(name).catch(() => {});
}

export async function readState(path: string): Promise<PartState | null> {
  try {
    return await readJson<PartState>(`${path}.json`);
  } catch {
    return null;
  }
}

export async function sizeOf(path: string): Promise<number> {
  try {
    return (await Deno.stat(path)).size;
  } catch {
    return 0;
  }
}
