/** From an address of the web to an entry of the dataset store: fetched in parts, checked, stored once. */
import { join } from "node:path";
import { addDataset, type DatasetManifest, listDatasets } from "@/dataset/store.ts";
import { diskError } from "@/shared/atomic_file.ts";
import { AppError } from "@/shared/errors.ts";
import type { Downloaded, DownloadWatch } from "@/kaggle/download.ts";
import { fetchBytes } from "@/kaggle/fetch_file.ts";
import { inIncoming, removeFolder } from "@/kaggle/incoming.ts";
import { shown } from "@/kaggle/progress_sum.ts";
import { withDeadline } from "@/kaggle/retry.ts";
import { fileName } from "./file_name.ts";
import type { WebAddress } from "./web_address.ts";
import { isPage, openWebFile, versionIn, type WebFile, type WebOptions } from "./web_file.ts";

/** To ask whether there is a newer one when the stored one would do. */
const FRESHNESS_TIMEOUT_MS = 5_000;
/**
 * Stores the file and returns the entry. Its version is the server's ETag or time of change, else the day. What is
 * stored and did not change is not fetched again.
 * @throws AppError as web_file.ts and fetchBytes say; invalid_argument when it is no table
 */
export async function downloadUrl(
  options: WebOptions,
  datasetsDir: string,
  { url, ref }: WebAddress,
  force: boolean,
  watch: DownloadWatch,
): Promise<Downloaded> {
  const file = openWebFile(url, options, (answer) => fileName(url, answer));
  return await inIncoming(datasetsDir, { ref }, watch, async (folder) => {
    const known = force ? null : (await listDatasets(datasetsDir)).find((one) => one.ref === ref);
    if (known) {
      const notes: string[] = [];
      if (await isGood(known, file, notes, watch.signal)) return { manifest: known, cached: true, notes };
    }
    if (force) await removeFolder(folder);
    const manifest = await store(datasetsDir, url, ref, file, folder, watch);
    await removeFolder(folder);
    return { manifest, cached: false, notes: [] };
  });
}

/** Whether the stored one will do: it did not change, or nobody can tell, which is noted. */
async function isGood(
  known: DatasetManifest,
  file: WebFile,
  notes: string[],
  signal: AbortSignal,
): Promise<boolean> {
  if (isDay(known.version)) {
    notes.push(
      "This is the stored one: the server does not tell whether it changed. `force` downloads it again.",
    );
    return true;
  }
  try {
    return await withDeadline(
      FRESHNESS_TIMEOUT_MS,
      signal,
      `ask for ${known.ref}`,
      (own) => file.isStill(known.version!, own),
    );
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof AppError)) throw error;
    notes.push(`This is the stored one: whether there is a newer one is unknown. ${error.message}.`);
    return true;
  }
}

async function store(
  datasetsDir: string,
  url: URL,
  ref: string,
  file: WebFile,
  folder: string,
  watch: DownloadWatch,
): Promise<DatasetManifest> {
  try {
    await Deno.mkdir(folder, { recursive: true });
  } catch (error) {
    throw diskError(error, "write", folder);
  }
  const part = join(folder, "file.part");
  const onBytes = (done: number, total: number | null) =>
    watch.onProgress(done, total, `downloaded ${shown(done, total)}`);
  await fetchBytes(file, part, { signal: watch.signal, onBytes });
  const last = file.last();
  try {
    if (await looksLikePage(part)) throw isPage(url, last.url);
    const name = fileName(url, last);
    return await addDataset(datasetsDir, {
      ref,
      version: versionIn(last.headers) ?? new Date().toISOString().slice(0, 10),
      title: name,
      license: "unknown",
      source: last.url.origin + last.url.pathname,
      files: [{ name, path: part, move: true }],
    });
  } catch (error) {
    // Going on with a file that is no table would fail for ever.
    if (error instanceof AppError && error.code === "invalid_argument") await removeFolder(folder);
    throw error;
  }
}

function isDay(version: string | null): boolean {
  return version === null || /^\d{4}-\d{2}-\d{2}$/.test(version);
}

async function looksLikePage(path: string): Promise<boolean> {
  using file = await Deno.open(path, { read: true });
  const head = new Uint8Array(512);
  const length = await file.read(head) ?? 0;
  return /^\s*(<!doctype html|<html)/i.test(new TextDecoder().decode(head.subarray(0, length)));
}
