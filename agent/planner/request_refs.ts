/** Data sets that a request names outright: a path, `owner/slug`, `sample/NAME`, a dataset_id, an address of the web. */
import { isAbsolute, resolve } from "node:path";

export type NamedDataset =
  | { kind: "path"; path: string }
  | { kind: "ref"; ref: string }
  | { kind: "stored"; dataset_id: string }
  /** Could be a folder here or a data set at Kaggle; the training-server can tell. */
  | { kind: "path_or_ref"; path: string; ref: string };

const TABLE_ENDING =
  /\.(csv|tsv|txt|tab|data|json|jsonl|ndjson|parquet|arrow|feather|sqlite|db|xlsx|zip)(\.gz|\.zst)?$/i;
const PATH_START = /^(?:\.{1,2}(?:[\\/]|$)|~[\\/]|[\\/]|[A-Za-z]:[\\/])/;
const KAGGLE_SITE = /^https?:\/\/(?:www\.)?kaggle\.com\/(?:datasets\/)?([\w-]+\/[\w-]+(?:\/versions\/\d+)?)/i;
const ADDRESS = /^https?:\/\/\S+$/i;
const KAGGLE_REF = /^[A-Za-z0-9][\w-]*\/[A-Za-z0-9][\w-]*(?:\/versions\/\d+)?(?:\/\S+)?$/;
const STORED = /^ds_[A-Za-z0-9_-]+$/;

export interface Folders {
  cwd: string;
  /** The person's own folder, for `~`. */
  user: string | undefined;
}

/** What `--dataset` says. Relative paths start at the folder that the person is in. */
export function readDatasetOption(text: string, folders: Folders): NamedDataset {
  const site = KAGGLE_SITE.exec(text);
  if (site) return { kind: "ref", ref: site[1] };
  if (ADDRESS.test(text)) return { kind: "ref", ref: text };
  if (STORED.test(text)) return { kind: "stored", dataset_id: text };
  if (/^sample\/[\w-]+/.test(text)) return { kind: "ref", ref: text };
  const path = absolute(text, folders);
  if (PATH_START.test(text) || isAbsolute(text)) return { kind: "path", path };
  const parts = text.split("/");
  // A slug has no dot: data/train.csv is a path; a/b/c.csv may be either.
  if (!KAGGLE_REF.test(text) || (TABLE_ENDING.test(text) && parts.length === 2)) {
    return { kind: "path", path };
  }
  if (/\/versions\/\d+/.test(text)) return { kind: "ref", ref: text };
  return { kind: "path_or_ref", path, ref: text };
}

function absolute(text: string, { cwd, user }: Folders): string {
  return /^~([\\/]|$)/.test(text) && user ? resolve(user, text.slice(2)) : resolve(cwd, text);
}

/** Words after which `a/b` is a data set rather than "either a or b". */
const BEFORE_REF = new Set([
  "from",
  "using",
  "with",
  "dataset",
  "data",
  "set",
  "on",
  "in",
  "kaggle",
  "of",
  "file",
]);

/** The first data set that the request's text names, and the text without it. */
export function findInRequest(
  request: string,
  folders: Folders,
): { named: NamedDataset; rest: string } | null {
  const tokens = [...request.matchAll(/"([^"]+)"|'([^']+)'|(\S+)/g)];
  for (let i = 0; i < tokens.length; i++) {
    const quoted = tokens[i][1] ?? tokens[i][2];
    const text = quoted ?? tokens[i][3].replace(/[,;:!?)\]]+$|\.$|^[([]+/g, "");
    const before = i > 0 ? tokens[i - 1][0].toLowerCase() : "";
    if (!namesDataset(text, before)) continue;
    const at = tokens[i].index;
    const rest = request.slice(0, at) + request.slice(at + tokens[i][0].length);
    return { named: readDatasetOption(text, folders), rest: rest.replace(/\s+/g, " ").trim() };
  }
  return null;
}

function namesDataset(text: string, before: string): boolean {
  if (ADDRESS.test(text) || STORED.test(text) || /^sample\/[\w-]+/.test(text)) return true;
  if (PATH_START.test(text) && text.length > 1) return true;
  if (TABLE_ENDING.test(text) && text.length > text.lastIndexOf(".") && !text.startsWith(".")) return true;
  if (!KAGGLE_REF.test(text)) return false;
  const slug = text.split("/")[1];
  return /[-\d]/.test(slug) || (BEFORE_REF.has(before) && slug.length > 2);
}
