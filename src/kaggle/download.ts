/** From a reference to an entry of the dataset store: asked, fetched, unpacked, checked, stored once. */
import { addDataset, type DatasetManifest, setSource } from "@/dataset/store.ts";
import { AppError } from "@/shared/errors.ts";
import type { DatasetSummary, KaggleClient } from "./client.ts";
import { fetchDataset } from "./fetch_dataset.ts";
import { requireSpace } from "./free_space.ts";
import { inIncoming, removeFolder } from "./incoming.ts";
import type { KaggleRef } from "./ref.ts";
import { findStored, isWhole, sourceOf, wantedOf } from "./selection.ts";

export interface DownloadRequest {
  ref: KaggleRef;
  /** Paths of files and folders inside the data set; null: all of it. */
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

/** To ask for the newest version when an older one would do. */
const FRESHNESS_TIMEOUT_MS = 5_000;

/**
 * Stores the data set, or those files of it, and returns the entry. What is there already is not fetched again;
 * two processes that want the same at once take turns, and the second finds it there.
 * @throws AppError as api_error.ts, fetch_file.ts, unpack.ts and the dataset store say
 */
export async function downloadDataset(
  client: KaggleClient,
  datasetsDir: string,
  { ref, files, force }: DownloadRequest,
  watch: DownloadWatch,
): Promise<Downloaded> {
  const wanted = wantedOf(ref, files);
  const notes: string[] = [];
  const known = force ? null : await findStored(datasetsDir, wanted, ref.version?.toString());
  if (known && ref.version !== null) return { manifest: known, cached: true, notes };
  const details = await askDetails(client, ref, known, notes, watch.signal);
  if (details === null) return { manifest: known!, cached: true, notes };
  const version = ref.version ?? details.version ?? null;
  const find = () => findStored(datasetsDir, wanted, version?.toString() ?? null);
  const stored = force ? null : await find();
  if (stored) return { manifest: stored, cached: true, notes };

  return await inIncoming(datasetsDir, { ...wanted, version }, watch, async (folder) => {
    const other = force ? null : await find();
    if (other) return { manifest: other, cached: true, notes };
    if (force) await removeFolder(folder);
    // The size is that of the newest version's files, which are what is left here in the end.
    if (wanted.files === null && version === details.version) {
      await requireSpace(datasetsDir, details.sizeBytes ?? 0, `download ${wanted.name}`);
    }
    const fetched = await fetchDataset(client, { ...ref, version }, wanted.files, folder, watch);
    watch.signal.throwIfAborted();
    const source = sourceOf(wanted);
    const added = await addDataset(datasetsDir, {
      ref: wanted.name,
      version: version?.toString() ?? null,
      title: details.title,
      license: details.license ?? "unknown",
      source,
      files: fetched.map((file) => ({ ...file, move: true })),
    });
    await removeFolder(folder);
    // Chosen files that turn out to be all there are.
    const manifest = wanted.files === null && !isWhole(added)
      ? await setSource(datasetsDir, added, source)
      : added;
    return { manifest, cached: false, notes };
  });
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
