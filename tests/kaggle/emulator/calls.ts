/** One call of the API, however it was written: RPC (POST with JSON) or REST (GET with a path and a query). */

export interface Call {
  /** `DatasetApiService.ListDatasets`; null: no such call. */
  method: string | null;
  style: "rpc" | "rest";
  /** By lower-case name: REST clients differ in case (`sortBy`, `sortby`). */
  args: Map<string, unknown>;
}

const RPC = /^(?:\/api)?\/v1\/(?:[\w.]+\.)?(\w+\/\w+)$/;
const SERVICE = "DatasetApiService";

/** REST paths after /api/v1, most exact first; groups are owner, slug and file. */
const REST: readonly [RegExp, string][] = [
  [/^\/datasets\/list$/, "ListDatasets"],
  [/^\/datasets\/list\/([^/]+)\/([^/]+)$/, "ListDatasetFiles"],
  [/^\/datasets\/list-tree\/([^/]+)\/([^/]+)$/, "ListTreeDatasetFiles"],
  [/^\/datasets\/view\/([^/]+)\/([^/]+)$/, "GetDataset"],
  [/^\/datasets\/metadata\/([^/]+)\/([^/]+)$/, "GetDatasetMetadata"],
  [/^\/datasets\/files\/summary\/([^/]+)\/([^/]+)$/, "GetDatasetFilesSummary"],
  [/^\/datasets\/status\/([^/]+)\/([^/]+)$/, "GetDatasetStatus"],
  [/^\/datasets\/download\/([^/]+)\/([^/]+)(?:\/(.+))?$/, "DownloadDataset"],
  [/^\/datasets\/download-raw\/([^/]+)\/([^/]+)\/(.+)$/, "DownloadDatasetRaw"],
];

/** @throws SyntaxError when the body is no JSON, URIError when the path is badly encoded */
export function readCall(request: Request, text: string): { call: Call; body: Record<string, unknown> } {
  const { pathname, searchParams } = new URL(request.url);
  const rpc = RPC.exec(pathname);
  if (request.method === "POST" && rpc) {
    const body: Record<string, unknown> = text ? JSON.parse(text) : {};
    return {
      call: { method: rpc[1].replace("/", "."), style: "rpc", args: lowered(Object.entries(body)) },
      body,
    };
  }
  const args = lowered(searchParams);
  const rest = request.method === "GET" && pathname.startsWith("/api/v1/")
    ? pathname.slice("/api/v1".length)
    : "";
  for (const [path, method] of REST) {
    const found = path.exec(rest);
    if (!found) continue;
    const [owner, slug, file] = found.slice(1).map((part) => part && decodeURIComponent(part));
    if (owner) args.set("ownerslug", owner).set("datasetslug", slug);
    if (file) args.set("filename", file);
    return { call: { method: `${SERVICE}.${method}`, style: "rest", args }, body: {} };
  }
  return { call: { method: null, style: rpc ? "rpc" : "rest", args }, body: {} };
}

function lowered(pairs: Iterable<[string, unknown]>): Map<string, unknown> {
  return new Map(Array.from(pairs, ([name, value]) => [name.toLowerCase(), value]));
}

/** Text that was given and isn't empty. */
export function textOf(call: Call, name: string): string | undefined {
  const value = call.args.get(name);
  return value === undefined || value === null || value === "" ? undefined : String(value);
}

/** @throws RangeError when it is no whole number */
export function numberOf(call: Call, name: string): number | undefined {
  const text = textOf(call, name);
  if (text !== undefined && !/^\d{1,15}$/.test(text)) {
    throw new RangeError(`${name} is no whole number: ${text}`);
  }
  return text === undefined ? undefined : Number(text);
}

/** `DATASET_SORT_BY_LAST_VIEWED`, `lastViewed` and `last_viewed` are `lastviewed`. */
export function enumOf(call: Call, name: string): string {
  const prefix =
    /^DATASET_(?:SELECTION_GROUP|SORT_BY|SIZE_GROUP|FILE_TYPE_GROUP|LICENSE_GROUP|VIEWED_GROUP)_/i;
  return (textOf(call, name) ?? "").replace(prefix, "").replaceAll("_", "").toLowerCase();
}

/** A page of `all`, and the opaque token of the next one. @throws RangeError for a token that was not given */
export function pageOf<T>(call: Call, all: readonly T[]): { page: T[]; next: string | undefined } {
  const size = Math.min(numberOf(call, "pagesize") ?? 20, 200);
  const token = textOf(call, "pagetoken");
  const from = token ? fromOf(token) : ((numberOf(call, "page") ?? 1) - 1) * size;
  const next = from + size < all.length ? `${TOKEN}${btoa(`from ${from + size}`)}` : undefined;
  return { page: all.slice(from, from + size), next };
}

/** As tokens of ASP.NET's data protection begin. */
const TOKEN = "CfDJ8";

function fromOf(token: string): number {
  const text = token.startsWith(TOKEN) ? atob(token.slice(TOKEN.length)) : "";
  if (!/^from \d+$/.test(text)) throw new RangeError("the page token is not one of this server");
  return Number(text.slice("from ".length));
}
