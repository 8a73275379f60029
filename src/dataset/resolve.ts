/** From what a person or a model calls a dataset to the bytes of one table file. */
import { basename, join } from "node:path";
import { diskError } from "@/shared/atomic_file.ts";
import { AppError } from "@/shared/errors.ts";
import { sha256Hex } from "@/shared/hash.ts";
import { readFileShared } from "@/shared/read_file.ts";
import { isTableFile } from "./readers.ts";
import { findSample } from "./samples.ts";
import {
  type DatasetFile,
  datasetFolder,
  type DatasetManifest,
  findDataset,
  isAddress,
  isDatasetId,
  splitRef,
} from "./manifest.ts";

export interface ResolvedDataset {
  /** The file's name, with its extension. */
  name: string;
  bytes: Uint8Array;
  /** True where the bytes are a sample of the lines of the file. */
  is_sample: boolean;
  /** Null for an embedded data set that is not stored. */
  path: string | null;
  dataset_id: string | null;
  /** `owner/slug`, `sample/NAME`, or the address that it was downloaded from. */
  ref: string;
  version: string | null;
  license: string | null;
  /** Of this file's bytes. */
  sha256: string;
  target: string | null;
  task: string | null;
}

/** Gives the bytes of a stored file: all of them, or a sample of its lines. */
export type ReadStored = (
  file: { name: string; path: string; size_bytes: number },
) => Promise<{ bytes: Uint8Array; is_sample: boolean }>;

/**
 * Finds and reads a table of the store. Files elsewhere are not its business: they come through the file door.
 * @param dataset a dataset_id (`ds_…`, or `ds_…/file.csv`), `sample/NAME`, or a ref in the store
 *   (`owner/slug[/versions/N][/file]`)
 * @param read how the bytes of a stored file are read
 * @returns null when it is no name of the store, and so may be a path
 * @throws AppError not_found, invalid_argument (no table inside), permission_denied, data_loss (a stored file
 *   whose hash is not the one in its manifest)
 */
export async function resolveDataset(
  datasetsDir: string,
  dataset: string,
  read: ReadStored = async ({ path }) => ({ bytes: await readFile(path), is_sample: false }),
): Promise<ResolvedDataset | null> {
  if (dataset.trim() === "") {
    throw new AppError("invalid_argument", "Cannot find the dataset: it has no name", {
      hint: "Give a dataset_id, a sample/NAME, or the path of a file.",
    });
  }
  const [first, ...rest] = dataset.split("/");
  if (isDatasetId(first)) {
    const manifest = await findDataset(datasetsDir, first);
    if (manifest) return await fromStore(datasetsDir, manifest, rest.join("/"), read);
    throw new AppError("not_found", `Cannot find dataset ${first}: it is not in the store`, {
      hint: "Download it first with download_dataset, or give the path of a file.",
    });
  }
  if (isAddress(dataset)) {
    const manifest = await findDataset(datasetsDir, dataset);
    if (manifest) return await fromStore(datasetsDir, manifest, undefined, read);
    throw new AppError("not_found", `Cannot find dataset ${dataset}: it is not in the store`, {
      hint: "Download it first with download_dataset, and give the dataset_id that comes back.",
    });
  }
  if (first === "sample" && rest.length > 0) return fromSample(rest);
  if (!isPlainPath(dataset) && rest.length > 0) {
    const { file } = splitRef(dataset);
    const manifest = await findDataset(datasetsDir, dataset);
    if (manifest) return await fromStore(datasetsDir, manifest, file, read);
  }
  return null;
}

/** What can't be a ref: an absolute path, or one that starts with a dot. */
function isPlainPath(text: string): boolean {
  return /^([./~\\]|[a-z]:)/i.test(text);
}

function fromSample([name, file]: string[]): ResolvedDataset {
  const sample = findSample(name);
  const fileName = `${sample.name}.csv`;
  if (file && file !== fileName) throw noSuchFile(`sample/${sample.name}`, file, [fileName]);
  const bytes = new TextEncoder().encode(sample.text);
  return {
    name: fileName,
    bytes,
    is_sample: false,
    path: null,
    dataset_id: null,
    ref: `sample/${sample.name}`,
    version: null,
    license: sample.license,
    sha256: sha256Hex(bytes),
    target: sample.target,
    task: sample.task,
  };
}

async function fromStore(
  datasetsDir: string,
  manifest: DatasetManifest,
  wanted: string | undefined,
  read: ReadStored,
): Promise<ResolvedDataset> {
  const { dataset_id, ref, version, license } = manifest;
  const file = wanted ? fileNamed(manifest, wanted) : mainFile(manifest);
  const path = join(datasetFolder(datasetsDir, manifest), file.path);
  const { bytes, is_sample } = await read({ name: basename(file.name), path, size_bytes: file.size_bytes });
  const sha256 = sha256Hex(bytes);
  if (!is_sample && sha256 !== file.sha256) {
    throw new AppError("data_loss", `Cannot use ${path}: its content is not what was downloaded`, {
      hint: `Remove the folder ${datasetFolder(datasetsDir, manifest)} and download ${ref} again.`,
    });
  }
  return {
    name: basename(file.name),
    bytes,
    is_sample,
    path,
    ...{ dataset_id, ref, version, license, sha256 },
    target: manifest.target ?? null,
    task: manifest.task ?? null,
  };
}

function fileNamed(manifest: DatasetManifest, wanted: string): DatasetFile {
  const { files, ref } = manifest;
  const found = files.find(({ name }) => name === wanted) ??
    files.find(({ name }) => basename(name) === wanted);
  if (found) return found;
  throw noSuchFile(ref, wanted, files.map(({ name }) => name));
}

/** The only table; of several, the one for training by its name (a test file has no target), else the largest. */
function mainFile({ files, ref }: DatasetManifest): DatasetFile {
  const tables = files.filter(({ name }) => isTableFile(name));
  if (tables.length === 0) {
    throw new AppError("invalid_argument", `Cannot use ${ref}: it has no table file`, {
      hint: `It has ${
        files.map(({ name }) => name).slice(0, 10).join(", ")
      }. Tables are CSV, JSON, Parquet, Arrow, SQLite or Excel files, also packed (.gz, .zst, .zip).`,
    });
  }
  const training = tables.filter(({ name }) => /(^|[^a-z])train/i.test(basename(name)));
  const csv = tables.filter(({ name }) => /\.csv(\.gz)?$/i.test(name));
  if (csv.length === 1 && training.length === 0) return csv[0];
  return (training.length ? training : tables).reduce((best, file) =>
    file.size_bytes > best.size_bytes ? file : best
  );
}

function noSuchFile(ref: string, file: string, names: string[]): AppError {
  return new AppError("not_found", `Cannot find "${file}" in ${ref}: it has no such file`, {
    hint: `Files: ${names.slice(0, 20).join(", ")}.`,
  });
}

async function readFile(path: string): Promise<Uint8Array> {
  try {
    return await readFileShared(path);
  } catch (error) {
    throw diskError(error, "read", path);
  }
}
