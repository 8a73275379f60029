/** What the dataset store says about a dataset, and how one is found. `store.ts` writes them. */
import { join } from "node:path";
import { diskError, readJson } from "@/shared/atomic_file.ts";
import { AppError } from "@/shared/errors.ts";

export interface DatasetFile {
  /** May have folders: `data/train.csv`. */
  name: string;
  /** Inside the dataset's folder, with `/`. */
  path: string;
  size_bytes: number;
  sha256: string;
}

export interface DatasetManifest {
  dataset_id: string;
  /** `owner/slug`, `sample/NAME`, or the address that it was downloaded from. */
  ref: string;
  version: string | null;
  title: string;
  license: string;
  source: string;
  /** Of ref, version, and all files' names and hashes; its first 16 digits are the id's. */
  sha256: string;
  files: DatasetFile[];
  target?: string;
  task?: string;
  /** ISO 8601. */
  created_at: string;
}

/** The file in a dataset's folder that holds its manifest. */
export const MANIFEST = "manifest.json";

const ID = /^ds_[0-9a-f]{16}$/;

/** True for the shape of a dataset_id; it need not exist. */
export function isDatasetId(text: string): boolean {
  return ID.test(text);
}

/** True for an address of the web, which is a ref as a whole. */
export function isAddress(text: string): boolean {
  return /^https?:\/\//i.test(text);
}

/** How an address is written in a manifest. */
function refOf(address: string): string {
  if (!URL.canParse(address)) return address;
  const url = new URL(address);
  url.hash = "";
  return url.href;
}

/** Where a dataset's `files` paths start. */
export function datasetFolder(datasetsDir: string, manifest: Pick<DatasetManifest, "dataset_id">): string {
  return join(datasetsDir, manifest.dataset_id);
}

/** The manifest of a dataset_id, null when there is none. */
export async function readManifest(datasetsDir: string, id: string): Promise<DatasetManifest | null> {
  try {
    return await readJson<DatasetManifest>(join(datasetsDir, id, MANIFEST));
  } catch (error) {
    if (error instanceof AppError && error.code === "not_found") return null;
    throw error;
  }
}

/** All datasets, the newest first. */
export async function listDatasets(datasetsDir: string): Promise<DatasetManifest[]> {
  const found: DatasetManifest[] = [];
  try {
    for await (const entry of Deno.readDir(datasetsDir)) {
      const manifest = isDatasetId(entry.name) ? await readManifest(datasetsDir, entry.name) : null;
      if (manifest) found.push(manifest);
    }
  } catch (error) {
    const known = diskError(error, "list the datasets in", datasetsDir);
    if (!(known instanceof AppError && known.code === "not_found")) throw known;
  }
  return found.sort((a, b) =>
    b.created_at.localeCompare(a.created_at) || (a.dataset_id < b.dataset_id ? -1 : 1)
  );
}

/**
 * The dataset of an id, or the newest one of a ref: `owner/slug`, `owner/slug/versions/N`, `sample/NAME`, an address.
 * Null when there is none.
 */
export async function findDataset(datasetsDir: string, idOrRef: string): Promise<DatasetManifest | null> {
  if (isDatasetId(idOrRef)) return await readManifest(datasetsDir, idOrRef);
  const { ref, version } = isAddress(idOrRef)
    ? { ref: refOf(idOrRef), version: undefined }
    : splitRef(idOrRef);
  const all = await listDatasets(datasetsDir);
  return all.find((one) => one.ref === ref && (version === undefined || one.version === version)) ?? null;
}

/** The parts of `owner/slug[/versions/N][/file]`. */
export function splitRef(text: string): { ref: string; version?: string; file?: string } {
  const parts = text.split("/");
  const ref = parts.slice(0, 2).join("/");
  const hasVersion = parts[2] === "versions" && parts.length > 3;
  const file = parts.slice(hasVersion ? 4 : 2).join("/");
  return { ref, ...(hasVersion ? { version: parts[3] } : {}), ...(file ? { file } : {}) };
}
