/**
 * A call of the RPC API, written for the older REST API: its path below /api/v1, and its query.
 *
 * Source: KaggleSwagger.yaml (Kaggle/kaggle-api, de5ef4b) and what kaggle 1.7.4.5 sends, the last client that spoke it.
 */
import { isObject, type Reply } from "./reply.ts";

/** The methods of datasets.DatasetApiService that are used, and where REST has them. */
const PATHS = {
  ListDatasets: "/datasets/list",
  GetDataset: "/datasets/view",
  GetDatasetMetadata: "/datasets/metadata",
  ListDatasetFiles: "/datasets/list",
  ListTreeDatasetFiles: "/datasets/list-tree",
  DownloadDataset: "/datasets/download",
} as const;
export type Method = keyof typeof PATHS;

const ENUM = /^DATASET_(?:SELECTION_GROUP|SORT_BY|FILE_TYPE_GROUP|LICENSE_GROUP)_/;

/** @returns the path and query below the base, such as /datasets/view/owner/slug */
export function restCall(method: Method, body: Reply): string {
  const { ownerSlug, datasetSlug, fileName, ...rest } = body;
  const parts = [ownerSlug, datasetSlug].filter((part) => part !== undefined).map(String);
  // The slashes of a file's path stay as they are.
  if (fileName !== undefined) parts.push(...String(fileName).split("/"));
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(rest)) {
    const text = String(value);
    query.set(name.toLowerCase(), ENUM.test(text) ? text.replace(ENUM, "").toLowerCase() : text);
  }
  const path = [PATHS[method], ...parts.map(encodeURIComponent)].join("/");
  return query.size > 0 ? `${path}?${query}` : path;
}

/**
 * Whether a reply says that the call as such is not there: it is missing, and not in Kaggle's words, which a data
 * set or a file that is missing would be told in.
 */
export function isNoSuchCall(status: number, body: unknown): boolean {
  return [404, 405, 410, 501].includes(status) && !(isObject(body) && ("error" in body || "code" in body));
}
