/** What lies in a folder of a data set. */
import type { CallOptions, KaggleClient } from "./client.ts";
import { checkFileName, type KaggleRef } from "./ref.ts";

/**
 * The paths of all files below the folder, however deep, sorted; empty when there is no such folder.
 * @param folder a path without a slash at its end
 * @throws AppError as api_error.ts says; invalid_argument when Kaggle names a path that leads out of the data set
 */
export async function listFolder(
  client: KaggleClient,
  ref: KaggleRef,
  folder: string,
  call: CallOptions,
): Promise<string[]> {
  const files = new Set<string>();
  const folders = new Set([folder]);
  // A Set is walked to its end also when it grows meanwhile, and a folder that leads back to itself is in it once.
  for (const path of folders) {
    let pageToken: string | null = "";
    while (pageToken !== null) {
      const level = await client.listTree(ref, path, pageToken, call);
      const inside = (name: string) => name.startsWith(`${path}/`);
      for (const one of level?.folders.filter(inside) ?? []) folders.add(one);
      for (const one of level?.files.filter(inside) ?? []) files.add(checkFileName(one));
      pageToken = level?.nextPageToken ?? null;
    }
  }
  return [...files].sort();
}
