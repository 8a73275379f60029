/** Which files of a data set are wanted, and which entries of the store have just those. */
import { join } from "node:path";
import { addDataset, datasetFolder, type DatasetManifest, listDatasets } from "@/dataset/store.ts";
import { checkFileName, datasetPage, type KaggleRef } from "./ref.ts";

export interface Wanted {
  /** owner/slug */
  name: string;
  /** Paths of files or folders, sorted; a folder's may end with a slash. Null: everything. */
  files: readonly string[] | null;
}

/** @throws AppError invalid_argument for a path that leads out of the data set */
export function wantedOf(ref: KaggleRef, files: readonly string[] | null): Wanted {
  const names = files && files.length > 0 ? files : ref.file !== null ? [ref.file] : null;
  for (const name of names ?? []) checkFileName(folderOf(name));
  return { name: `${ref.owner}/${ref.slug}`, files: names && [...new Set(names)].sort() };
}

/** Without the slash at its end. */
export function folderOf(name: string): string {
  return name.replace(/\/$/, "");
}

/** Where it came from; a selection is told as Kaggle's own pages do. */
export function sourceOf({ name, files }: Wanted): string {
  const [owner, slug] = name.split("/");
  const page = datasetPage({ kind: "kaggle", owner, slug, version: null, file: null });
  const select = (files ?? []).map((file) => `select=${encodeURIComponent(file)}`).join("&");
  return `${page}${select ? `?${select}` : ""}`;
}

export function isWhole(manifest: DatasetManifest): boolean {
  return !manifest.source.includes("?select=");
}

/**
 * The entry with just the wanted files. When only the whole data set is stored, its files become an entry of
 * their own, so that the id means those files and no others.
 * @param version undefined: the newest that is stored
 */
export async function findStored(
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
  const source = sourceOf(wanted);
  const same = all.find((one) => !isWhole(one) && (one.source === source || hasJust(one, files)));
  if (same) return same;
  for (const whole of all.filter(isWhole)) {
    const names = chosen(whole, files);
    if (names === null) continue;
    return names.size === whole.files.length ? whole : await addPart(datasetsDir, whole, names, source);
  }
  return null;
}

/** The files that a selection takes; null when a name of it takes none. */
function chosen(manifest: DatasetManifest, selection: readonly string[]): Set<string> | null {
  const names = manifest.files.map(({ name }) => name);
  const taken = selection.map((one) =>
    names.filter((name) => name === one || name.startsWith(`${folderOf(one)}/`))
  );
  return taken.some((found) => found.length === 0) ? null : new Set(taken.flat());
}

/** True for a selection of files, no folders, when the entry has these and no more. */
function hasJust({ files }: DatasetManifest, selection: readonly string[]): boolean {
  return files.length === selection.length &&
    selection.every((name) => files.some((file) => file.name === name));
}

async function addPart(
  datasetsDir: string,
  whole: DatasetManifest,
  names: ReadonlySet<string>,
  source: string,
): Promise<DatasetManifest> {
  const folder = datasetFolder(datasetsDir, whole);
  const { ref, version, title, license } = whole;
  return await addDataset(datasetsDir, {
    ...{ ref, version, title, license, source },
    files: whole.files.filter(({ name }) => names.has(name))
      .map((file) => ({ name: file.name, path: join(folder, ...file.path.split("/")) })),
  });
}
