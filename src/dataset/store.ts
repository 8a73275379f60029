/**
 * The dataset store: folders that never change, named after what is in them.
 *
 * `<datasets>/ds_<16 hex>/manifest.json` and `files/…`. A dataset is written in a folder beside and renamed, so
 * a reader sees all of it or nothing, and two writers of the same one end with one.
 */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { diskError, syncFolder, writeAtomic } from "@/shared/atomic_file.ts";
import { AppError } from "@/shared/errors.ts";
import { canonicalJson, sha256Hex } from "@/shared/hash.ts";
import { type DatasetFile, datasetFolder, type DatasetManifest, MANIFEST, readManifest } from "./manifest.ts";
import { findSample } from "./samples.ts";

export { datasetFolder, type DatasetManifest, findDataset, listDatasets } from "./manifest.ts";
export { resolveDataset, type ResolvedDataset } from "./resolve.ts";

export interface NewDataset {
  ref: string;
  version: string | null;
  title: string;
  license: string;
  source: string;
  /**
   * Content as bytes, or as the path of a file that is copied, or, with `move`, taken away from there: then it must lie
   * on the same disk, and nobody may write it meanwhile.
   */
  files: { name: string; bytes?: Uint8Array; path?: string; move?: boolean }[];
  target?: string;
  task?: string;
}

const FILES = "files";
const UNFINISHED = ".new-";
const UNFINISHED_AGE_MS = 24 * 3600 * 1000;

/**
 * Stores a dataset, or returns the one there is with the same ref, version and files.
 * @throws AppError invalid_argument for a file name that is not safe, permission_denied, resource_exhausted
 */
export async function addDataset(datasetsDir: string, dataset: NewDataset): Promise<DatasetManifest> {
  checkNames(dataset.files.map(({ name }) => name));
  const unfinished = join(datasetsDir, `${UNFINISHED}${crypto.randomUUID()}`);
  try {
    await Deno.mkdir(join(unfinished, FILES), { recursive: true });
    await removeAbandoned(datasetsDir);
    const files: DatasetFile[] = [];
    for (const file of dataset.files) files.push(await writeFile(unfinished, file));
    files.sort((a, b) => a.name < b.name ? -1 : 1);
    const { ref, version, title, license, source, target, task } = dataset;
    const sha256 = hashOf({ ref, version, files });
    const manifest: DatasetManifest = {
      dataset_id: `ds_${sha256.slice(0, 16)}`,
      ...{ ref, version, title, license, source, sha256, files },
      ...(target === undefined ? {} : { target }),
      ...(task === undefined ? {} : { task }),
      created_at: new Date().toISOString(),
    };
    await writeAtomic(join(unfinished, MANIFEST), JSON.stringify(manifest, null, 2));
    return await publish(datasetsDir, unfinished, manifest);
  } catch (error) {
    throw diskError(error, "store a dataset in", datasetsDir);
  } finally {
    await Deno.remove(unfinished, { recursive: true }).catch(() => {});
  }
}

/** Renames the finished folder to its name; when there is one of that name, it holds the same. */
async function publish(
  datasetsDir: string,
  unfinished: string,
  manifest: DatasetManifest,
): Promise<DatasetManifest> {
  const folder = datasetFolder(datasetsDir, manifest);
  try {
    await Deno.rename(unfinished, folder);
  } catch (error) {
    const stored = await readManifest(datasetsDir, manifest.dataset_id);
    if (stored) return stored;
    throw error;
  }
  await syncFolder(datasetsDir);
  return manifest;
}

function hashOf(whole: { ref: string; version: string | null; files: DatasetFile[] }): string {
  const files = whole.files.map(({ name, sha256 }) => [name, sha256]);
  return sha256Hex(
    new TextEncoder().encode(canonicalJson({ ref: whole.ref, version: whole.version, files })),
  );
}

async function writeFile(folder: string, file: NewDataset["files"][number]): Promise<DatasetFile> {
  const path = `${FILES}/${file.name}`;
  const target = join(folder, path);
  await Deno.mkdir(join(target, ".."), { recursive: true });
  if (file.move) return await moveFile({ name: file.name, path }, file.path!, target);
  const content = file.bytes
    ? new Blob([file.bytes as Uint8Array<ArrayBuffer>]).stream()
    : (await Deno.open(file.path!, { read: true })).readable;
  const hash = createHash("sha256");
  let size_bytes = 0;
  const out = await Deno.open(target, { write: true, createNew: true });
  try {
    for await (const chunk of content) {
      hash.update(chunk);
      size_bytes += chunk.length;
      for (let at = 0; at < chunk.length;) at += await out.write(chunk.subarray(at));
    }
    await out.sync();
  } finally {
    out.close();
  }
  return { name: file.name, path, size_bytes, sha256: hash.digest("hex") };
}

async function moveFile(
  named: Pick<DatasetFile, "name" | "path">,
  from: string,
  target: string,
): Promise<DatasetFile> {
  const hash = createHash("sha256");
  let size_bytes = 0;
  const file = await Deno.open(from, { read: true, write: true });
  try {
    const buffer = new Uint8Array(1024 * 1024);
    for (let read = await file.read(buffer); read !== null; read = await file.read(buffer)) {
      hash.update(buffer.subarray(0, read));
      size_bytes += read;
    }
    await file.sync();
  } finally {
    file.close();
  }
  await Deno.rename(from, target);
  return { ...named, size_bytes, sha256: hash.digest("hex") };
}

/** Tells that the files came from elsewhere, too. They stay as they are, and so does the id. */
export async function setSource(
  datasetsDir: string,
  manifest: DatasetManifest,
  source: string,
): Promise<DatasetManifest> {
  const changed = { ...manifest, source };
  await writeAtomic(join(datasetFolder(datasetsDir, manifest), MANIFEST), JSON.stringify(changed, null, 2));
  return changed;
}

/** Folders that a killed process left behind. */
async function removeAbandoned(datasetsDir: string): Promise<void> {
  for await (const entry of Deno.readDir(datasetsDir)) {
    if (!entry.name.startsWith(UNFINISHED)) continue;
    const path = join(datasetsDir, entry.name);
    const { mtime } = await Deno.stat(path).catch(() => ({ mtime: null }));
    if (mtime && Date.now() - mtime.getTime() > UNFINISHED_AGE_MS) {
      await Deno.remove(path, { recursive: true }).catch(() => {});
    }
  }
}

function checkNames(names: string[]): void {
  const refuse = (state: string) =>
    new AppError("invalid_argument", `Cannot store a dataset: ${state}`, {
      hint: "Names are relative paths with / that stay inside the dataset.",
    });
  if (names.length === 0) throw refuse("it has no files");
  const seen = new Set<string>();
  for (const name of names) {
    const isSafe = name.split("/").every((part) =>
      part !== "" && part !== "." && part !== ".." && part.length <= 200
    );
    // deno-lint-ignore no-control-regex
    if (!isSafe || /[\x00-\x1f\x7f\\:*?"<>|]/.test(name)) {
      throw refuse(`${JSON.stringify(name)} is not a safe file name`);
    }
    // Some file systems do not tell upper from lower case.
    if (seen.has(name.toLowerCase())) throw refuse(`it has two files named ${JSON.stringify(name)}`);
    seen.add(name.toLowerCase());
  }
}

/** Stores an embedded data set. */
export async function addSample(datasetsDir: string, name: string): Promise<DatasetManifest> {
  const sample = findSample(name);
  const { title, license, source, target, task } = sample;
  return await addDataset(datasetsDir, {
    ref: `sample/${sample.name}`,
    version: null,
    ...{ title, license, source, target, task },
    files: [{ name: `${sample.name}.csv`, bytes: new TextEncoder().encode(sample.text) }],
  });
}
