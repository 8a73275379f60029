/** A data set, or some of its files, as files on this disk: fetched, and unpacked where Kaggle packed them. */
import { join } from "node:path";
import { diskError } from "@/shared/atomic_file.ts";
import { AppError } from "@/shared/errors.ts";
import { sha256Hex } from "@/shared/hash.ts";
import type { KaggleClient } from "./client.ts";
import type { DownloadWatch } from "./download.ts";
import { fetchFile } from "./fetch_file.ts";
import { listFolder } from "./folder.ts";
import { removeFolder } from "./incoming.ts";
import { removePart } from "./part.ts";
import { ProgressSum, shown } from "./progress_sum.ts";
import { datasetName, type KaggleRef } from "./ref.ts";
import { folderOf } from "./selection.ts";
import { headOf, startsAsZip, unpackArchive } from "./unpack.ts";

export interface FetchedFile {
  /** Path inside the data set. */
  name: string;
  path: string;
}

/** So many files come at once. */
const AT_ONCE = 4;

/**
 * @param ref with its version, if that is known
 * @param files paths of files and folders; null for everything
 * @param folder where parts lie; what an earlier try left there is gone on with
 */
export async function fetchDataset(
  client: KaggleClient,
  ref: KaggleRef,
  files: readonly string[] | null,
  folder: string,
  watch: DownloadWatch,
): Promise<FetchedFile[]> {
  try {
    await Deno.mkdir(folder, { recursive: true });
  } catch (error) {
    throw diskError(error, "write", folder);
  }
  return files === null
    ? await fetchWhole(client, ref, folder, watch)
    : await fetchChosen(client, ref, files, folder, watch);
}

async function fetchWhole(
  client: KaggleClient,
  ref: KaggleRef,
  folder: string,
  watch: DownloadWatch,
): Promise<FetchedFile[]> {
  const part = join(folder, "archive.part");
  let size = 0;
  const fetched = await fetchFile(client, { ref, version: ref.version, file: null }, part, {
    signal: watch.signal,
    onBytes(done, total) {
      size = Math.max(size, done);
      watch.onProgress(size, total, `downloaded ${shown(done, total)}`);
    },
  });
  const onBytes = (done: number, total: number | null) =>
    watch.onProgress(size + done, total === null ? null : size + total, `unpacked ${shown(done, total)}`);
  size = Math.max(size, fetched.size_bytes);
  return await unpack(part, join(folder, "unpacked"), datasetName(ref), watch.signal, onBytes);
}

/** In rounds: what turns out to be a folder gives the names of the next one. */
async function fetchChosen(
  client: KaggleClient,
  ref: KaggleRef,
  files: readonly string[],
  folder: string,
  watch: DownloadWatch,
): Promise<FetchedFile[]> {
  const progress = new ProgressSum(watch, files.every((name) => !name.endsWith("/")) ? files.length : null);
  const fetched = new Map<string, FetchedFile>();
  let round = [...files];
  while (round.length > 0) {
    const found = await severalAtOnce(
      round,
      watch.signal,
      (name, signal) =>
        name.endsWith("/")
          ? filesIn(client, ref, name, signal)
          : fetchOrList(client, ref, name, folder, progress, signal),
    );
    round = [];
    for (const one of found) {
      if (Array.isArray(one)) round.push(...one.filter((name) => !files.includes(name)));
      else fetched.set(one.name, one);
    }
    round = [...new Set(round)].filter((name) => !fetched.has(name));
    if (round.length > 0) progress.expect(fetched.size + round.length);
  }
  return [...fetched.values()].sort((a, b) => a.name < b.name ? -1 : 1);
}

/** The first that fails ends the others, whose parts stay. */
async function severalAtOnce<T>(
  names: readonly string[],
  signal: AbortSignal,
  work: (name: string, signal: AbortSignal) => Promise<T>,
): Promise<T[]> {
  const stop = new AbortController();
  const either = AbortSignal.any([signal, stop.signal]);
  const results: T[] = [];
  const queue = names.entries();
  let failed: { error: unknown } | null = null;
  const turn = async () => {
    for (const [i, name] of queue) {
      if (failed) return;
      try {
        results[i] = await work(name, either);
      } catch (error) {
        failed ??= { error };
        stop.abort(error);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, names.length) }, turn));
  signal.throwIfAborted();
  // TypeScript does not see that `turn` sets it.
  const fault = failed as { error: unknown } | null;
  if (fault) throw fault.error;
  return results;
}

/** The file; or, when there is no file of that name but a folder, the paths in it. */
async function fetchOrList(
  client: KaggleClient,
  ref: KaggleRef,
  name: string,
  folder: string,
  progress: ProgressSum,
  signal: AbortSignal,
): Promise<FetchedFile | string[]> {
  try {
    return await fetchOne(client, ref, name, folder, progress, signal);
  } catch (error) {
    if (!(error instanceof AppError && error.code === "not_found")) throw error;
    const inside = await listFolder(client, ref, name, { signal });
    if (inside.length === 0) throw error;
    return inside;
  }
}

async function filesIn(
  client: KaggleClient,
  ref: KaggleRef,
  name: string,
  signal: AbortSignal,
): Promise<string[]> {
  const inside = await listFolder(client, ref, folderOf(name), { signal });
  if (inside.length > 0) return inside;
  throw new AppError("not_found", `Cannot download ${name} of ${datasetName(ref)}: it has no such folder`, {
    hint: "list_dataset_files shows the names, which are case-sensitive paths.",
  });
}

async function fetchOne(
  client: KaggleClient,
  ref: KaggleRef,
  file: string,
  folder: string,
  progress: ProgressSum,
  signal: AbortSignal,
): Promise<FetchedFile> {
  const key = sha256Hex(new TextEncoder().encode(file)).slice(0, 16);
  const part = join(folder, `${key}.part`);
  const got = await fetchFile(client, { ref, version: ref.version, file }, part, {
    signal,
    onBytes: (done, total) => progress.tell(file, done, total),
  });
  progress.tell(file, got.size_bytes, got.size_bytes);
  const base = file.split("/").pop()!;
  // Kaggle packs some files on the way; the address then has one ending more than was asked for.
  const isPacked = got.url_name === `${base}.zip` && startsAsZip(await headOf(part, 4));
  return { name: file, path: isPacked ? await onlyMember(part, join(folder, key), file, signal) : part };
}

async function onlyMember(part: string, folder: string, file: string, signal: AbortSignal): Promise<string> {
  const members = await unpack(part, folder, `${file}.zip`, signal, () => {});
  if (members.length === 1) return members[0].path;
  await removePart(part);
  throw new AppError(
    "data_loss",
    `Cannot unpack ${file}.zip: it holds ${members.length} files instead of one`,
    {
      hint: "Download the whole data set, without `files`.",
    },
  );
}

/** A damaged or refused archive is thrown away: going on with it would fail for ever. */
async function unpack(
  part: string,
  folder: string,
  archive: string,
  signal: AbortSignal,
  onBytes: (done: number, total: number | null) => void,
): Promise<FetchedFile[]> {
  await removeFolder(folder);
  await Deno.mkdir(folder);
  try {
    return await unpackArchive(part, folder, { archive, signal, onBytes });
  } catch (error) {
    await removeFolder(folder);
    if (error instanceof AppError && error.code !== "resource_exhausted") await removePart(part);
    throw error;
  }
}
