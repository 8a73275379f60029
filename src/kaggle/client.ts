/**
 * Kaggle's data sets: the calls of its API, with their fields as ours. transport.ts sends them.
 *
 * Source: kagglesdk 0.1.38, datasets/types/dataset_api_service.py.
 */
import { AppError } from "@/shared/errors.ts";
import { type Asked, errorOf } from "./api_error.ts";
import type { Credential } from "./credentials.ts";
import { datasetName, datasetPage, type KaggleRef } from "./ref.ts";
import { isObject, numberIn, objectsIn, type Reply, textIn, textsIn, timeIn } from "./reply.ts";
import type { Method } from "./rest_call.ts";
import { type RetryPolicy, withRetry } from "./retry.ts";
import { type OpenedDownload, openStorage, type Range } from "./storage.ts";
import { KaggleTransport, notUnderstood } from "./transport.ts";

export interface KaggleOptions {
  /** Such as https://api.kaggle.com, without the /v1. */
  baseUrl: string;
  /** Hosts (host or host:port) that a download may be redirected to. */
  storageHosts: readonly string[];
  credential: Credential;
  userAgent: string;
  /** For one try of an API call, and for storage to begin its answer. */
  timeoutMs: number;
  /** The longest silence inside a download. */
  idleMs: number;
  retry: RetryPolicy;
}

export const KAGGLE_DEFAULTS = {
  timeoutMs: 15_000,
  idleMs: 30_000,
  retry: { tries: 4, backoffMs: 400, maxWaitMs: 8_000 },
} as const satisfies Partial<KaggleOptions>;

export interface DatasetSummary {
  /** owner/slug */
  ref: string;
  title: string;
  subtitle?: string;
  description?: string;
  license?: string;
  owner?: string;
  /** Of the archive in lists, of the files in details. */
  sizeBytes?: number;
  updatedAt?: string;
  downloads?: number;
  votes?: number;
  /** 0 to 1. */
  usability?: number;
  version?: number;
  tags: string[];
}

export interface DatasetMetadata {
  keywords: string[];
  licenses: string[];
  description?: string;
  updateFrequency?: string;
  sources?: string;
}

export interface RemoteFile {
  name: string;
  sizeBytes?: number;
  createdAt?: string;
}

export interface ListQuery {
  search: string;
  /** Kaggle's name without its prefix, such as VOTES; absent: HOTTEST. */
  sortBy?: string;
  fileType?: string;
  license?: string;
  minSize?: number;
  maxSize?: number;
  owner?: string;
  pageToken: string;
  pageSize: number;
}

/** How one call may differ from the client's options. */
export interface CallOptions {
  signal: AbortSignal;
  /** 1: don't try again. */
  tries?: number;
  timeoutMs?: number;
}

export class KaggleClient {
  readonly #transport: KaggleTransport;

  constructor(readonly options: KaggleOptions) {
    this.#transport = new KaggleTransport(options);
  }

  /** One page of a search. @throws AppError as api_error.ts says */
  async listDatasets(
    query: ListQuery,
    call: CallOptions,
  ): Promise<{ datasets: DatasetSummary[]; nextPageToken: string | null }> {
    // A field equal to its default is not sent, as Kaggle's own client does it.
    const reply = await this.#call(
      "ListDatasets",
      {
        ...(query.owner ? { group: "DATASET_SELECTION_GROUP_USER", user: query.owner } : {}),
        ...(query.sortBy ? { sortBy: `DATASET_SORT_BY_${query.sortBy}` } : {}),
        ...(query.fileType ? { fileType: `DATASET_FILE_TYPE_GROUP_${query.fileType}` } : {}),
        ...(query.license ? { license: `DATASET_LICENSE_GROUP_${query.license}` } : {}),
        ...(query.minSize !== undefined ? { minSize: query.minSize } : {}),
        ...(query.maxSize !== undefined ? { maxSize: query.maxSize } : {}),
        search: query.search,
        pageSize: query.pageSize,
        ...pageOf(query.pageToken),
      },
      { what: "search Kaggle", page: "https://www.kaggle.com/datasets" },
      call,
    );
    const items = Array.isArray(reply) ? reply.filter(isObject) : objectsIn(reply, "datasets");
    return {
      datasets: items.map(summaryOf).filter((found) => found.ref !== ""),
      nextPageToken: Array.isArray(reply)
        ? nextPage(query, items.length)
        : textIn(reply, "nextPageToken") ?? null,
    };
  }

  async getDataset(ref: KaggleRef, call: CallOptions): Promise<DatasetSummary> {
    const reply = await this.#callOne("GetDataset", scoped(ref), asked("read data set", ref), call);
    return { ...summaryOf(reply), ref: datasetName(ref) };
  }

  async getDatasetMetadata(ref: KaggleRef, call: CallOptions): Promise<DatasetMetadata> {
    const reply = await this.#callOne(
      "GetDatasetMetadata",
      scoped(ref),
      asked("read the metadata of", ref),
      call,
    );
    const info = isObject(reply.info) ? reply.info : reply;
    return {
      keywords: textsIn(info, "keywords"),
      licenses: objectsIn(info, "licenses").flatMap((license) => textIn(license, "name") ?? []),
      description: textIn(info, "description"),
      updateFrequency: textIn(info, "expectedUpdateFrequency"),
      sources: textIn(info, "userSpecifiedSources"),
    };
  }

  /** One page of the files, names relative to the data set. */
  async listDatasetFiles(
    ref: KaggleRef,
    page: { pageToken: string; pageSize: number },
    call: CallOptions,
  ): Promise<{ files: RemoteFile[]; nextPageToken: string | null }> {
    const reply = await this.#callOne(
      "ListDatasetFiles",
      {
        ...scoped(ref),
        ...(ref.version ? { datasetVersionNumber: ref.version } : {}),
        ...(page.pageToken ? { pageToken: page.pageToken } : {}),
        pageSize: page.pageSize,
      },
      asked("list the files of", ref),
      call,
    );
    const fault = textIn(reply, "errorMessage");
    if (fault) {
      throw errorOf(
        { status: 400, message: fault },
        null,
        asked("list the files of", ref),
        this.options.credential,
      );
    }
    const files = objectsIn(reply, "datasetFiles").map((file) => ({
      name: textIn(file, "name") ?? textIn(file, "ref") ?? "",
      sizeBytes: numberIn(file, "totalBytes"),
      createdAt: timeIn(file, "creationDate"),
    }));
    return {
      files: files.filter((file) => file.name !== ""),
      nextPageToken: textIn(reply, "nextPageToken") ?? null,
    };
  }

  /** One page of what lies in a folder, not deeper; null when there is no such folder. */
  async listTree(
    ref: KaggleRef,
    path: string,
    pageToken: string,
    call: CallOptions,
  ): Promise<{ folders: string[]; files: string[]; nextPageToken: string | null } | null> {
    const body = {
      ...scoped(ref),
      ...(ref.version ? { datasetVersionNumber: ref.version } : {}),
      path,
      ...pageOf(pageToken),
      pageSize: 200,
    };
    try {
      const about = asked(`list the folder ${path} of`, ref);
      const reply = await this.#callOne("ListTreeDatasetFiles", body, about, call);
      const pathsIn = (name: string) =>
        objectsIn(reply, name).flatMap((one) => textIn(one, "relativeUrl") ?? []);
      return {
        folders: pathsIn("directories"),
        files: pathsIn("files"),
        nextPageToken: textIn(reply, "nextPageToken") ?? null,
      };
    } catch (error) {
      if (error instanceof AppError && error.code === "not_found") return null;
      throw error;
    }
  }

  /**
   * Asks for a fresh link to the bytes (links are signed and expire) and opens it. One try: whoever reads the
   * stream knows how far it came, and opens again from there.
   * @param wanted.file one file; null: everything as one archive
   */
  async openDownload(
    ref: KaggleRef,
    wanted: { version: number | null; file: string | null; raw?: boolean },
    range: Range | null,
    call: CallOptions,
  ): Promise<OpenedDownload> {
    const about = asked("download", ref, wanted.file ?? undefined);
    const body = {
      ...scoped(ref),
      ...(wanted.file !== null ? { fileName: wanted.file } : {}),
      ...(wanted.version !== null ? { datasetVersionNumber: wanted.version } : {}),
      ...(wanted.raw ? { raw: true } : {}),
    };
    const { response, body: told } = await this.#transport.send("DownloadDataset", body, about, call);
    const link = response.headers.get("location") ?? (isObject(told) ? textIn(told, "url") : undefined);
    if (link) {
      const opened = await openStorage(
        new URL(link, response.url || this.options.baseUrl),
        range,
        about,
        this.options,
        call.signal,
      );
      return await refusePage(opened, about, wanted.file);
    }
    throw new AppError(
      "unavailable",
      `Cannot ${about.what}: Kaggle answered with HTTP ${response.status} and no link`,
      {
        hint: `Try again later, or download it from ${about.page}.`,
      },
    );
  }

  async #callOne(method: Method, body: Reply, about: Asked, call: CallOptions): Promise<Reply> {
    const reply = await this.#call(method, body, about, call);
    if (isObject(reply)) return reply;
    throw notUnderstood(about);
  }

  async #call(method: Method, body: Reply, about: Asked, call: CallOptions): Promise<Reply | unknown[]> {
    const policy = { ...this.options.retry, tries: call.tries ?? this.options.retry.tries };
    return await withRetry(policy, call.signal, async () => {
      const { response, body: told } = await this.#transport.send(method, body, about, call);
      if (response.status < 300 && (isObject(told) || Array.isArray(told))) return told;
      throw notUnderstood(about);
    });
  }
}

function scoped(ref: KaggleRef): Reply {
  return { ownerSlug: ref.owner, datasetSlug: ref.slug };
}

function asked(verb: string, ref: KaggleRef, file?: string): Asked {
  const object = file === undefined ? datasetName(ref) : `${file} of ${datasetName(ref)}`;
  return { what: `${verb} ${object}`, page: datasetPage(ref), file: file !== undefined };
}

/** A page where bytes were asked for is of a proxy, or of a network that wants a sign-in. */
async function refusePage(
  opened: OpenedDownload,
  about: Asked,
  file: string | null,
): Promise<OpenedDownload> {
  const isPage = /^(text\/html|application\/xhtml)/i.test(opened.headers.get("content-type") ?? "");
  if (!isPage || /\.(x?html?|php|aspx?)$/i.test(file ?? "")) return opened;
  await opened.body.cancel();
  throw new AppError(
    "unavailable",
    `Cannot ${about.what}: ${opened.url.host} sent a web page instead of it`,
    {
      hint:
        `Something else may be answering (a proxy, a sign-in page of the network). Compare with ${about.page}.`,
    },
  );
}

/** Replies that are a bare list name no next page: pages are then counted. */
const COUNTED = "page ";
/** What a server that does not know pageSize sends at once. */
const REST_PAGE = 20;

function pageOf(token: string): Reply {
  if (token === "") return {};
  return token.startsWith(COUNTED) ? { page: Number(token.slice(COUNTED.length)) } : { pageToken: token };
}

function nextPage({ pageToken, pageSize }: ListQuery, got: number): string | null {
  if (got < Math.min(pageSize, REST_PAGE)) return null;
  return `${COUNTED}${Number(pageOf(pageToken).page ?? 1) + 1}`;
}

function summaryOf(item: Reply): DatasetSummary {
  const ref = textIn(item, "ref") ?? "";
  return {
    ref,
    title: textIn(item, "title") ?? ref,
    subtitle: textIn(item, "subtitle"),
    description: textIn(item, "description"),
    license: textIn(item, "licenseName"),
    owner: textIn(item, "ownerName") ?? textIn(item, "creatorName"),
    sizeBytes: numberIn(item, "totalBytes"),
    updatedAt: timeIn(item, "lastUpdated"),
    downloads: numberIn(item, "downloadCount"),
    votes: numberIn(item, "voteCount"),
    usability: numberIn(item, "usabilityRating"),
    version: numberIn(item, "currentVersionNumber"),
    tags: objectsIn(item, "tags").flatMap((tag) => textIn(tag, "name") ?? textIn(tag, "ref") ?? []),
  };
}
