/** The API origin: RPC at /v1/ and /api/v1/, REST at /api/v1/datasets/, and the emulator's own switches. */
import { AppError } from "@/shared/errors.ts";
import { type Call, enumOf, numberOf, pageOf, readCall, textOf } from "./calls.ts";
import { control } from "./control.ts";
import { sizeOf } from "./content.ts";
import { type EmulatedDataset, filesOf } from "./datasets.ts";
import { API_FAULTS } from "./faults.ts";
import {
  datasetIdOf,
  datasetReply,
  fileReply,
  metadataReply,
  type Style,
  summaryReply,
  treeLevel,
  treeReply,
  updatedOf,
} from "./replies.ts";
import { keep, type State } from "./state.ts";

const MISSING = "Not found";

const STATUS_NAMES: Record<number, string> = {
  400: "INVALID_ARGUMENT",
  401: "UNAUTHENTICATED",
  403: "PERMISSION_DENIED",
  404: "NOT_FOUND",
  429: "RESOURCE_EXHAUSTED",
  500: "INTERNAL",
  503: "UNAVAILABLE",
};

/** An error that becomes a reply. */
class Refusal extends Error {
  constructor(readonly status: number, message: string) {
    super(message);
  }
}

export async function onApi(state: State, request: Request): Promise<Response> {
  const { faults, dice } = state;
  if (new URL(request.url).pathname.startsWith("/emulator/")) return await control(state, request);
  const text = await request.text();
  let call: Call = { method: null, style: "rpc", args: new Map() };
  try {
    const read = readCall(request, text);
    call = read.call;
    keep(state, "api", request, read.body);
    const status = faults.api.shift();
    const fault = dice.fault(faults.random, API_FAULTS);
    if (status === 0 || fault === "api_drop") return brokenReply();
    if (status !== undefined && status !== 200) throw new Refusal(status, "made to fail");
    if (fault === "busy") return refusal(state, call, 429, "Too many requests", null);
    if (fault === "busy_wait") {
      return refusal(state, call, 429, "Too many requests", faults.retryAfter ?? "1");
    }
    if (fault === "api_error") throw new Refusal([500, 502, 503, 504][dice.below(4)], "made to fail");
    return await answer(state, request, call);
  } catch (error) {
    if (error instanceof Refusal) return refusal(state, call, error.status, error.message, faults.retryAfter);
    if (error instanceof AppError) return refusal(state, call, 500, `${error.message}. ${error.hint}`, null);
    if (error instanceof RangeError || error instanceof SyntaxError || error instanceof URIError) {
      return refusal(state, call, 400, error.message, null);
    }
    throw error;
  }
}

async function answer(state: State, request: Request, call: Call): Promise<Response> {
  const { styles, nullableStyle } = state.faults;
  if (call.method === null || (styles !== "both" && styles !== call.style)) {
    return new Response("<html>404</html>", { status: 404, headers: { "content-type": "text/html" } });
  }
  const style: Style = call.style === "rest" || nullableStyle ? "nullable" : "plain";
  const user = userOf(request.headers.get("authorization"));
  if (call.method === "OAuthService.IntrospectToken") {
    const active = userOf(`Bearer ${textOf(call, "token")}`, false) !== null;
    return Response.json(active ? { active, username: EMULATED_USER } : { active });
  }
  if (call.method === "AccountService.GenerateAccessToken") {
    if (!textOf(call, "refreshtoken")) throw new Refusal(400, "refreshToken is missing");
    return Response.json({ token: "KGAT_emulator", expiresIn: 3600, userName: EMULATED_USER, userId: 1 });
  }
  if (call.method === "DiagnosticsService.Hello") {
    return Response.json(
      user ? { message: `Hello ${user}`, userName: user } : { code: 401, message: "Unauthorized" },
    );
  }
  if (call.method === "DatasetApiService.ListDatasets") {
    const { page, next } = pageOf(call, await search(state, call, user));
    const datasets = page.map(([ref, dataset]) => datasetReply(style, ref, dataset, "item"));
    return Response.json(style === "nullable" ? datasets : { datasets, nextPageToken: next });
  }
  return await aboutOne(state, request, call, style, user);
}

async function aboutOne(
  state: State,
  request: Request,
  call: Call,
  style: Style,
  user: string | null,
): Promise<Response> {
  const ref = `${textOf(call, "ownerslug")}/${textOf(call, "datasetslug")}`;
  const dataset = await state.shelf.find(ref);
  if (!dataset || (dataset.isPrivate && user === null)) {
    throw new Refusal(403, "Permission 'datasets.get' was denied");
  }
  const files = filesOf(dataset, numberOf(call, "datasetversionnumber"));
  if (files === null) throw new Refusal(404, MISSING);
  switch (call.method) {
    case "DatasetApiService.GetDataset":
      return Response.json(datasetReply(style, ref, dataset, "view"));
    case "DatasetApiService.GetDatasetMetadata":
      return Response.json(metadataReply(style, ref, dataset));
    case "DatasetApiService.GetDatasetFilesSummary":
      return Response.json(summaryReply(files));
    case "DatasetApiService.GetDatasetStatus":
      if (user === null) throw new Refusal(401, "Unauthenticated");
      return Response.json({ status: "READY" });
    case "DatasetApiService.ListDatasetFiles": {
      const { page, next } = pageOf(call, Object.entries(files));
      const datasetFiles = page.map(([name, content]) => fileReply(style, name, content));
      const twins = style === "nullable"
        ? { hasNextPageToken: next !== undefined, nextPageTokenNullable: next }
        : {};
      return Response.json({ datasetFiles, nextPageToken: next, ...twins });
    }
    case "DatasetApiService.ListTreeDatasetFiles": {
      const level = treeLevel(files, (textOf(call, "path") ?? "").replace(/^\/|\/$/g, ""));
      if (level === null) throw new Refusal(404, MISSING);
      const { page, next } = pageOf(call, level);
      return Response.json(treeReply(files, level, page, next));
    }
    case "DatasetApiService.DownloadDataset":
    case "DatasetApiService.DownloadDatasetRaw":
      return download(state, request, call, ref, dataset);
    default:
      throw new Refusal(404, MISSING);
  }
}

function download(
  state: State,
  request: Request,
  call: Call,
  ref: string,
  dataset: EmulatedDataset,
): Response {
  const { faults, links, dice } = state;
  if (dataset.needsConsent) {
    throw new Refusal(403, "You must accept this dataset's rules before you can download it.");
  }
  const version = numberOf(call, "datasetversionnumber") ?? dataset.version;
  const file = textOf(call, "filename") ?? null;
  if (file !== null && !Object.hasOwn(filesOf(dataset, version)!, file)) throw new Refusal(404, MISSING);
  const raw = textOf(call, "raw") === "true" || call.method!.endsWith("Raw");
  const byChance = () => dice.fault(faults.random, ["zipped"]) !== null;
  const zipped = file !== null && !raw && (faults.zipSingleFiles || byChance());
  const at = `${datasetIdOf(ref)}/${version}`;
  const name = file?.split("/").map(encodeURIComponent).join("/");
  const path = file === null
    ? `/kaggle-data-sets/${at}/bundle/archive.${faults.bundle}`
    : zipped
    ? `/kaggle-data-sets/${at}/compressed/${name}.zip`
    : `/kagglesdsdata/datasets/${at}/${name}`;
  const host = `${new URL(request.url).hostname}:${state.storagePort}`;
  const location = faults.location ??
    links.sign(host, path, { ref, version, file, zipped }, faults.linkSeconds);
  return new Response(null, { status: 302, headers: { location, "content-length": "0" } });
}

type Found = [ref: string, dataset: EmulatedDataset];

async function search(state: State, call: Call, user: string | null): Promise<Found[]> {
  const group = enumOf(call, "group");
  const isMine = ["my", "myprivate", "mypublic"].includes(group);
  if (isMine && user === null) throw new Refusal(401, "Unauthenticated");
  const owner = isMine ? user! : textOf(call, "user");
  const words = (textOf(call, "search") ?? "").toLowerCase();
  const tags = textOf(call, "tagids")?.split(",") ?? [];
  const [least, most] = [numberOf(call, "minsize") ?? 0, numberOf(call, "maxsize") ?? Infinity];
  const found = (await state.shelf.all()).filter(([ref, dataset]) => {
    const size = Object.values(dataset.files).reduce((sum, content) => sum + sizeOf(content), 0);
    const text = `${ref} ${dataset.title} ${dataset.subtitle ?? ""}`.toLowerCase();
    return text.includes(words) && (owner === undefined || ref.startsWith(`${owner}/`)) &&
      (user !== null || !dataset.isPrivate) && tags.every((tag) => dataset.keywords?.includes(tag)) &&
      size >= least && size <= most && hasType(dataset, enumOf(call, "filetype")) &&
      hasLicense(dataset, enumOf(call, "license"));
  });
  const order = ORDERS[enumOf(call, "sortby")];
  return order ? found.sort(([, a], [, b]) => order(b) - order(a)) : found;
}

/** What comes first is larger. Other orders keep that of the folder. */
const ORDERS: Record<string, (dataset: EmulatedDataset) => number> = {
  votes: (dataset) => dataset.votes ?? 0,
  downloadcount: (dataset) => dataset.downloads ?? 0,
  usability: (dataset) => dataset.usability ?? 0,
  updated: (dataset) => Date.parse(updatedOf(dataset)),
  published: (dataset) => Date.parse(updatedOf(dataset)),
};

function hasType(dataset: EmulatedDataset, type: string): boolean {
  if (type === "" || type === "all") return true;
  return Object.keys(dataset.files).some((name) => name.toLowerCase().endsWith(`.${type}`));
}

/** The groups of the search, by the text that lists show. */
function hasLicense({ license }: EmulatedDataset, group: string): boolean {
  if (group === "" || group === "all") return true;
  const own = /^CC|\(CC /.test(license)
    ? "cc"
    : /GPL/.test(license)
    ? "gpl"
    : /Database|ODC/.test(license)
    ? "odb"
    : "other";
  return own === group;
}

const EMULATED_USER = "emulator";

/**
 * Who asks: any credential is good, but one that begins with `bad`, or a `KGAT_` token as a password.
 * @throws Refusal 401 for a bad one, unless `refuse` is false
 */
function userOf(authorization: string | null, refuse = true): string | null {
  if (authorization === null) return null;
  const [scheme, value = ""] = authorization.split(" ");
  const isBasic = scheme.toLowerCase() === "basic";
  const [name, key] = isBasic ? atob(value).split(":") : [EMULATED_USER, value];
  const isGood = key !== undefined && !/^(KGAT_)?bad/.test(key) && !(isBasic && key.startsWith("KGAT_"));
  if (!isGood && refuse) throw new Refusal(401, "Unauthenticated");
  return isGood ? name : null;
}

/** In the envelope of the call's style. */
function refusal(
  state: State,
  call: Call,
  code: number,
  message: string,
  retryAfter: string | null,
): Response {
  const isRest = call.style === "rest" || state.faults.nullableStyle;
  const body = isRest
    ? { code, message }
    : { error: { code, message, status: STATUS_NAMES[code] ?? "UNKNOWN" } };
  return Response.json(body, {
    status: code,
    headers: retryAfter === null ? {} : { "retry-after": retryAfter },
  });
}

/** The connection breaks before the body that was announced. */
function brokenReply(): Response {
  const body = new ReadableStream<Uint8Array>({ start: (controller) => controller.close() });
  return new Response(body, { headers: { "content-length": "100" } });
}
