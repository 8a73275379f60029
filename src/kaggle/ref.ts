/** How a data set is named: `sample/NAME`, `owner/slug`, with `/versions/N` and a file's path behind it. */
import { AppError } from "@/shared/errors.ts";

export interface KaggleRef {
  kind: "kaggle";
  owner: string;
  slug: string;
  /** Null: the newest. */
  version: number | null;
  /** Path of one file inside the data set; null: all of it. */
  file: string | null;
}

export interface SampleRef {
  kind: "sample";
  name: string;
  file: string | null;
}

export type DatasetRef = KaggleRef | SampleRef;

const WORD = /^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$/;
const SITE = /^https?:\/\/(?:www\.)?kaggle\.com\/(?:datasets\/)?/i;

/**
 * Also takes the address of a data set's page.
 * @throws AppError invalid_argument, showing the form
 */
export function parseRef(text: string): DatasetRef {
  const trimmed = text.trim();
  const parts = (SITE.test(trimmed) ? trimmed.replace(SITE, "").replace(/[?#].*$/, "") : trimmed).split("/");
  if (parts.at(-1) === "") parts.pop();
  const [owner, slug, ...rest] = parts;
  if (!WORD.test(owner ?? "") || !WORD.test(slug ?? "")) throw badRef(text);
  if (owner === "sample") {
    return { kind: "sample", name: slug, file: rest.length > 0 ? rest.join("/") : null };
  }
  let version: number | null = null;
  if (rest[0] === "versions") {
    version = Number(rest[1]);
    if (!Number.isInteger(version) || version < 1) throw badRef(text);
    rest.splice(0, 2);
  }
  const file = rest.length > 0 ? checkFileName(rest.join("/")) : null;
  return { kind: "kaggle", owner, slug, version, file };
}

function badRef(text: string): AppError {
  return new AppError(
    "invalid_argument",
    `Cannot use "${text.slice(0, 120)}" as a data set: it is no reference`,
    {
      hint: /^https?:/i.test(text)
        ? "An address is one file: download_dataset, preview_dataset_file and get_dataset_metadata take it."
        : "Write owner/slug, owner/slug/versions/3, owner/slug/folder/file.csv, or sample/iris. search_datasets finds them.",
    },
  );
}

/** `owner/slug`, without version and file. */
export function datasetName(ref: KaggleRef): string {
  return `${ref.owner}/${ref.slug}`;
}

/** The page a person opens: its licence, its rules, its discussion. */
export function datasetPage(ref: KaggleRef): string {
  return `https://www.kaggle.com/datasets/${ref.owner}/${ref.slug}`;
}

/**
 * A path inside a data set, with `/` between its parts: never one that leads out of it.
 * @throws AppError invalid_argument
 */
export function checkFileName(name: string): string {
  const why = faultOfPath(name);
  if (why === null) return name;
  throw new AppError(
    "invalid_argument",
    `Cannot use "${name.slice(0, 200)}" as a file of a data set: ${why}`,
    {
      hint: "Give a path as list_dataset_files shows it, such as data/train.csv.",
    },
  );
}

/** Why a path inside a data set (or a zip file) can't be used; null when it can. */
export function faultOfPath(path: string): string | null {
  if (path === "") return "it is empty";
  if ([...path].some((letter) => letter < " " || letter === "\u007f")) return "it holds control characters";
  if (path.startsWith("/") || /^[A-Za-z]:/.test(path)) return "it is an absolute path";
  for (const part of path.split("/")) {
    if (part === "..") return "it leads out of the folder";
    if (part === "" || part === ".") return "it has an empty part";
    if (part.includes("\\")) return "it holds a backslash";
    if (new TextEncoder().encode(part).length > 255) return "a part of it is longer than 255 bytes";
  }
  return null;
}
