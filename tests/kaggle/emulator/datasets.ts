/**
 * The data sets of the emulator: given in memory, or read from a folder `ROOT/owner/slug/`.
 *
 * A folder may hold `dataset-metadata.json` (as `kaggle datasets init` or `kaggle datasets metadata` write it) and
 * `versions/1/`, `versions/2/`, … instead of the files: so lies kagglehub's cache, which can be a root as it is.
 * Names with a leading dot and links are left out. The folder is read anew for each request, so it may change.
 */
import { join } from "node:path";
import { AppError } from "@/shared/errors.ts";
import type { Content } from "./content.ts";

/** Paths inside the data set, with `/`, to their bytes. */
export type Files = Record<string, Content>;

export interface EmulatedDataset {
  title: string;
  subtitle?: string;
  description?: string;
  /** As the list and the view show it: "CC0: Public Domain". */
  license: string;
  /** As the metadata show it: "CC0-1.0"; absent: the same as `license`. */
  licenseId?: string;
  /** The current version. */
  version: number;
  keywords?: string[];
  /** Of the current version. */
  files: Files;
  /** Of older versions. */
  versions?: Record<number, Files>;
  ownerName?: string;
  votes?: number;
  downloads?: number;
  /** From 0 to 1. */
  usability?: number;
  lastUpdated?: string;
  /** Asks for a credential. */
  isPrivate?: boolean;
  /** Refuses downloads until the rules are accepted. */
  needsConsent?: boolean;
}

const METADATA = "dataset-metadata.json";
const NAME = /^[A-Za-z0-9][\w.-]*$/;

/** Short ids of licences and the text that lists show (docs of Kaggle's metadata format). */
const LICENSES: Record<string, string> = {
  "CC0-1.0": "CC0: Public Domain",
  "CC-BY-4.0": "Attribution 4.0 International (CC BY 4.0)",
  "CC-BY-SA-4.0": "Attribution-ShareAlike 4.0 International (CC BY-SA 4.0)",
  "CC-BY-NC-SA-4.0": "CC BY-NC-SA 4.0",
  "ODbL-1.0": "Database: Open Database, Contents: © Original Authors",
  "DbCL-1.0": "Database: Open Database, Contents: Database Contents",
  "GPL-2.0": "GPL 2",
  "other": "Other (specified in description)",
  "unknown": "Unknown",
};

/** Memory first, then the folder. */
export class Shelf {
  constructor(readonly inMemory: Record<string, EmulatedDataset>, readonly root: string | null) {}

  /** @param ref owner/slug @throws AppError when its metadata file can't be read */
  async find(ref: string): Promise<EmulatedDataset | null> {
    if (Object.hasOwn(this.inMemory, ref)) return this.inMemory[ref];
    const names = ref.split("/");
    if (this.root === null || names.length !== 2 || !names.every((name) => NAME.test(name))) return null;
    const folder = join(this.root, ...names);
    return await isFolder(folder) ? await readDataset(folder, ref) : null;
  }

  async all(): Promise<[ref: string, dataset: EmulatedDataset][]> {
    const found = Object.entries(this.inMemory);
    if (this.root === null) return found;
    for (const owner of await foldersIn(this.root)) {
      for (const slug of await foldersIn(join(this.root, owner))) {
        const ref = `${owner}/${slug}`;
        if (!Object.hasOwn(this.inMemory, ref)) {
          found.push([ref, await readDataset(join(this.root, owner, slug), ref)]);
        }
      }
    }
    return found;
  }
}

/** The files of a version; the current one when it is undefined; null when there is no such version. */
export function filesOf(dataset: EmulatedDataset, version = dataset.version): Files | null {
  return version === dataset.version ? dataset.files : dataset.versions?.[version] ?? null;
}

async function readDataset(folder: string, ref: string): Promise<EmulatedDataset> {
  const told = await readMetadata(join(folder, METADATA));
  const versions: Record<number, Files> = {};
  const numbers = await isFolder(join(folder, "versions")) ? await foldersIn(join(folder, "versions")) : [];
  const isVersioned = numbers.length > 0 && numbers.every((name) => /^[1-9]\d*$/.test(name));
  if (isVersioned) {
    for (const number of numbers) {
      versions[Number(number)] = await readFiles(join(folder, "versions", number));
    }
  } else {
    versions[1] = await readFiles(folder);
  }
  const version = Math.max(...Object.keys(versions).map(Number));
  const dates = Object.values(versions[version]).map((file) =>
    (file as { modified: Date }).modified.getTime()
  );
  const licenseId = told.licenses?.[0]?.name ?? "unknown";
  return {
    title: told.title ?? ref.split("/")[1],
    subtitle: told.subtitle ?? undefined,
    description: told.description ?? undefined,
    license: LICENSES[licenseId] ?? licenseId,
    licenseId,
    version,
    versions,
    files: versions[version],
    keywords: told.keywords ?? [],
    votes: told.totalVotes,
    downloads: told.totalDownloads,
    usability: told.usabilityRating,
    isPrivate: told.isPrivate ?? false,
    lastUpdated: new Date(Math.max(0, ...dates)).toISOString(),
  };
}

interface Metadata {
  title?: string;
  subtitle?: string | null;
  description?: string | null;
  licenses?: { name: string }[];
  keywords?: string[];
  isPrivate?: boolean;
  totalVotes?: number;
  totalDownloads?: number;
  usabilityRating?: number;
}

/** Both forms: flat, to create a data set, and inside `info`, as it is downloaded. */
async function readMetadata(path: string): Promise<Metadata> {
  let text: string;
  try {
    text = await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return {};
    throw error;
  }
  try {
    const told = JSON.parse(text);
    return told.info ?? told;
  } catch (error) {
    throw new AppError("invalid_argument", `Cannot read ${path}: it is no JSON`, {
      hint: "Write it as `kaggle datasets init` does, or remove it.",
      cause: error,
    });
  }
}

async function readFiles(folder: string, prefix = ""): Promise<Files> {
  const files: Files = {};
  for (const entry of await entriesOf(folder)) {
    const path = join(folder, entry.name);
    const name = `${prefix}${entry.name}`;
    if (entry.isDirectory) Object.assign(files, await readFiles(path, `${name}/`));
    if (!entry.isFile || name === METADATA) continue;
    const { size, mtime } = await Deno.stat(path);
    files[name] = { path, size, modified: mtime ?? new Date(0) };
  }
  return files;
}

async function foldersIn(folder: string): Promise<string[]> {
  return (await entriesOf(folder)).filter((entry) => entry.isDirectory).map((entry) => entry.name);
}

async function entriesOf(folder: string): Promise<Deno.DirEntry[]> {
  const entries = await Array.fromAsync(Deno.readDir(folder));
  return entries.filter(({ name }) => !name.startsWith(".")).sort((a, b) => a.name < b.name ? -1 : 1);
}

async function isFolder(path: string): Promise<boolean> {
  const { isDirectory } = await Deno.lstat(path).catch(() => ({ isDirectory: false }));
  return isDirectory;
}
