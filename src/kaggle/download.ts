/** From a reference to an entry of the dataset store: asked, fetched, unpacked, checked, stored once. */
import { join } from "node:path";
import { addDataset, datasetFolder, type DatasetManifest, listDatasets } from "@/dataset/store.ts";
import { diskError } from "@/shared/atomic_file.ts";
import { AppError } from "@/shared/errors.ts";
import { canonicalJson, sha256Hex } from "@/shared/hash.ts";
import { homeAt } from "@/shared/home.ts";
import { type ProcessLock, tryLock } from "@/shared/process_lock.ts";
import type { DatasetSummary, KaggleClient } from "./client.ts";
import { fetchFile } from "./fetch_file.ts";
import { checkFileName, datasetName, datasetPage, type KaggleRef } from "./ref.ts";
import { pause } from "./retry.ts";
import { unzip } from "./unzip.ts";

export interface DownloadRequest {
  ref: KaggleRef;
  /** Paths inside the data set; null: all of it. */
  files: readonly string[] | null;
  /** Fetch again what is already stored. */
  force: boolean;
}

export interface DownloadWatch {
  signal: AbortSignal;
  /** Bytes moved so far and in all, as far as known; never falls. */
  onProgress(done: number, total: number | null, message: string): void;
}

export interface Downloaded {
  manifest: DatasetManifest;
  /** True: it was in the store. */
  cached: boolean;
  notes: string[];
}

/** Parts of downloads lie here, in the datasets folder; one folder each. */
const INCOMING = ".incoming";
const ABANDONED_MS = 7 * 24 * 3600 * 1000;
const LOCK_POLL_MS = 200;
/** To ask for the newest version when an older one would do. */
const FRESHNESS_TIMEOUT_MS = 5_000;

/**
 * Stores the data set, or those files of it, and returns the entry. What is there already is not fetched again;
 * two processes that want the same at once take turns, and the second finds it there.
 * @throws AppError as api_error.ts, fetch_file.ts, unzip.ts and the dataset store say
 */
export async function downloadDataset(
  client: KaggleClient,
  datasetsDir: string,
  request: DownloadRequest,
  watch: DownloadWatch,
): Promise<Downloaded> {
  const files = selectionOf(request);
  const wanted = { name: datasetName(request.ref), files };
  const notes: string[] = [];
  const known = request.force ? null : await findStored(datasetsDir, wanted, request.ref.version?.toString());
  if (known && request.ref.version !== null) return { manifest: known, cached: true, notes };
  const details = await askDetails(client, request.ref, known, notes, watch.signal);
  if (details === null) return { manifest: known!, cached: true, notes };
  const version = request.ref.version ?? details.version ?? null;
  const find = () => findStored(datasetsDir, wanted, version?.toString() ?? null);
  const stored = request.force ? null : await find();
  if (stored) return { manifest: stored, cached: true, notes };

  return await inIncoming(datasetsDir, { ...wanted, version }, watch, async (folder) => {
    const other = request.force ? null : await find();
    if (other) return { manifest: other, cached: true, notes };
    if (request.force) await removeFolder(folder);
    const fetched = await fetchAll(client, request.ref, version, files, folder, watch);
    watch.signal.throwIfAborted();
    const manifest = await addDataset(datasetsDir, {
      ref: wanted.name,
      version: version?.toString() ?? null,
      title: details.title,
      license: details.license ?? "unknown",
      source: sourceOf(request.ref, files),
      files: fetched,
    });
    await removeFolder(folder);
    return { manifest, cached: false, notes };
  });
}

/**
 * Runs `work` with a folder for the parts of one download, alone among all processes: what an earlier try left
 * there can be gone on with. `work` removes it when it is done with.
 * @param what what is downloaded, as plain data; equal ones share the folder
 */
export async function inIncoming<T>(
  datasetsDir: string,
  what: unknown,
  watch: DownloadWatch,
  work: (folder: string) => Promise<T>,
): Promise<T> {
  const key = sha256Hex(new TextEncoder().encode(canonicalJson(what))).slice(0, 16);
  const incoming = join(datasetsDir, INCOMING);
  const lock = await lockIncoming(incoming, key, watch);
  try {
    return await work(join(incoming, key));
  } finally {
    lock.release();
  }
}

/** Sorted, each once; null for everything. */
function selectionOf({ ref, files }: DownloadRequest): string[] | null {
  const names = files && files.length > 0 ? files : ref.file !== null ? [ref.file] : null;
  return names ? [...new Set(names.map(checkFileName))].sort() : null;
}

interface Wanted {
  name: string;
  files: readonly string[] | null;
}

/** Where it came from; a selection is told as Kaggle's own pages do. */
function sourceOf(ref: KaggleRef, files: readonly string[] | null): string {
  const select = (files ?? []).map((file) => `select=${encodeURIComponent(file)}`).join("&");
  return `${datasetPage(ref)}${select ? `?${select}` : ""}`;
}

function isWhole(manifest: DatasetManifest): boolean {
  return !manifest.source.includes("?select=");
}

/**
 * The entry with just the wanted files. When only the whole data set is stored, its files become an entry of
 * their own, so that the id means those files and no others.
 * @param version undefined: the newest that is stored
 */
async function findStored(
  datasetsDir: string,
  wanted: Wanted,
  version: string | null | undefined,
): Promise<DatasetManifest | null> {
  const all = (await listDatasets(datasetsDir)).filter((one) =>
    one.ref === wanted.name && (version === undefined || one.version === version)
  );
  all.sort((a, b) => Number(b.version ?? 0) - Number(a.version ?? 0));
  const { files } = wanted;
  if (files === null) return all.find(isWhole) ?? null;
  const same = all.find((one) => !isWhole(one) && one.files.length === files.length && hasAll(one, files));
  if (same) return same;
  const whole = all.find((one) => isWhole(one) && hasAll(one, files));
  if (!whole) return null;
  const [owner, slug] = wanted.name.split("/");
  const folder = datasetFolder(datasetsDir, whole);
  return await addDataset(datasetsDir, {
    ref: whole.ref,
    version: whole.version,
    title: whole.title,
    license: whole.license,
    source: sourceOf({ kind: "kaggle", owner, slug, version: null, file: null }, files),
    files: whole.files.filter((file) => files.includes(file.name))
      .map((file) => ({ name: file.name, path: join(folder, ...file.path.split("/")) })),
  });
}

function hasAll(manifest: DatasetManifest, files: readonly string[]): boolean {
  return files.every((name) => manifest.files.some((file) => file.name === name));
}

/** Title, licence and newest version; null when Kaggle can't tell and a stored entry will do. */
async function askDetails(
  client: KaggleClient,
  ref: KaggleRef,
  known: DatasetManifest | null,
  notes: string[],
  signal: AbortSignal,
): Promise<DatasetSummary | null> {
  if (known === null) return await client.getDataset(ref, { signal });
  try {
    return await client.getDataset(ref, { signal, tries: 1, timeoutMs: FRESHNESS_TIMEOUT_MS });
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const version = known.version === null ? "the stored entry" : `version ${known.version} from the store`;
    notes.push(`This is ${version}: whether there is a newer one is unknown. ${error.message}.`);
    return null;
  }
}

async function lockIncoming(incoming: string, key: string, watch: DownloadWatch): Promise<ProcessLock> {
  try {
    await Deno.mkdir(incoming, { recursive: true });
    await removeAbandoned(incoming);
  } catch (error) {
    throw diskError(error, "write", incoming);
  }
  for (let told = false;; told = true) {
    const lock = tryLock(homeAt(incoming), key);
    if (lock) return lock;
    if (!told) watch.onProgress(0, null, "another process is downloading it");
    await pause(LOCK_POLL_MS, watch.signal);
  }
}

/** The folder of a download: its key. */
const KEY = /^[0-9a-f]{16}$/;

/** Parts that nobody went on with. Lock files stay: removing one could let two in. */
async function removeAbandoned(incoming: string): Promise<void> {
  for await (const entry of Deno.readDir(incoming)) {
    if (!KEY.test(entry.name)) continue;
    const { mtime } = await Deno.stat(join(incoming, entry.name)).catch(() => ({ mtime: null }));
    if (mtime && Date.now() - mtime.getTime() > ABANDONED_MS) await removeFolder(join(incoming, entry.name));
  }
}

async function fetchAll(
  client: KaggleClient,
  ref: KaggleRef,
  version: number | null,
  files: readonly string[] | null,
  folder: string,
  watch: DownloadWatch,
): Promise<{ name: string; path: string }[]> {
  try {
    await Deno.mkdir(folder, { recursive: true });
  } catch (error) {
    throw diskError(error, "write", folder);
  }
  if (files === null) {
    const part = join(folder, "archive.part");
    let size = 0;
    await fetchFile(client, { ref, version, file: null }, part, {
      signal: watch.signal,
      onBytes: (done, total) => watch.onProgress(size = done, total, `downloaded ${shown(done, total)}`),
    });
    const onBytes = (done: number, total: number) =>
      watch.onProgress(size + done, size + total, `unpacked ${shown(done, total)}`);
    return await unpack(part, join(folder, "unpacked"), datasetName(ref), watch.signal, onBytes);
  }
  const fetched: { name: string; path: string }[] = [];
  let before = 0;
  for (const [i, file] of files.entries()) {
    const part = join(folder, `${i}.part`);
    const got = await fetchFile(client, { ref, version, file }, part, {
      signal: watch.signal,
      onBytes(done, total) {
        const all = i === files.length - 1 && total !== null ? before + total : null;
        watch.onProgress(before + done, all, `${file}: downloaded ${shown(done, total)}`);
      },
    });
    before += got.size_bytes;
    const base = file.split("/").pop()!;
    // Kaggle packs some files on the way; the address then has one ending more than was asked for.
    const packed = got.url_name === `${base}.zip` && await startsAsZip(part);
    fetched.push({
      name: file,
      path: packed ? await onlyMember(part, join(folder, `${i}`), file, watch.signal) : part,
    });
  }
  return fetched;
}

async function onlyMember(part: string, folder: string, file: string, signal: AbortSignal): Promise<string> {
  const members = await unpack(part, folder, `${file}.zip`, signal, () => {});
  if (members.length === 1) return members[0].path;
  await Deno.remove(part).catch(() => {});
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
  onBytes: (done: number, total: number) => void,
): Promise<{ name: string; path: string }[]> {
  await removeFolder(folder);
  await Deno.mkdir(folder);
  try {
    return await unzip(part, folder, { archive, signal, onBytes });
  } catch (error) {
    await removeFolder(folder);
    if (error instanceof AppError && error.code !== "resource_exhausted") {
      await Deno.remove(part).catch(() => {});
    }
    throw error;
  }
}

async function startsAsZip(path: string): Promise<boolean> {
  const file = await Deno.open(path, { read: true });
  try {
    const head = new Uint8Array(4);
    await file.read(head);
    return new DataView(head.buffer).getUint32(0, true) === 0x04034b50;
  } finally {
    file.close();
  }
}

export async function removeFolder(path: string): Promise<void> {
  await Deno.remove(path, { recursive: true }).catch(() => {});
}

/** `1.5 of 20.0 MB`. */
export function shown(done: number, total: number | null): string {
  const mb = (bytes: number) => (bytes / 1e6).toFixed(1);
  return `${total === null ? "" : `${mb(done)} of `}${mb(total ?? done)} MB`;
}
