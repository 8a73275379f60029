/** The way from Kaggle's answer to the bytes: redirects, followed by hand, without the credential. */
import { AppError } from "@/shared/errors.ts";
import { type Asked, networkError, parseRetryAfter } from "./api_error.ts";
import type { KaggleOptions } from "./client.ts";
import { WaitError, withDeadline } from "./retry.ts";

/** Bytes from `from` on (up to `to`, inclusive), if the file is still the one of `validator`. */
export interface Range {
  from: number;
  to?: number;
  /** An ETag or Last-Modified of the first answer. */
  validator?: string;
}

export interface OpenedDownload {
  /** Where the bytes really came from: its path tells whether a file was zipped on the way. */
  url: URL;
  /** 200 all, 206 the range, 416 no bytes there. */
  status: 200 | 206 | 416;
  headers: Headers;
  body: ReadableStream<Uint8Array>;
}

const MAX_HOPS = 5;

/**
 * Follows redirects with GET. The Authorization header was for Kaggle's API and goes nowhere from here.
 * @throws AppError unavailable when storage refuses (the link may have expired: ask for a new one),
 *   permission_denied when a redirect leads to a host that is not listed
 */
export async function openStorage(
  start: URL,
  range: Range | null,
  about: Asked,
  options: KaggleOptions,
  signal: AbortSignal,
): Promise<OpenedDownload> {
  let url = start;
  for (let hop = 0; hop < MAX_HOPS; hop++) {
    refuseHost(url, about, options);
    const response = await get(url, range, about, options, signal);
    if (response.status >= 300 && response.status < 400 && response.headers.has("location")) {
      await response.body?.cancel();
      url = new URL(response.headers.get("location")!, url);
      continue;
    }
    const { status, headers } = response;
    if (status === 200 || status === 206 || status === 416) {
      return { url, status, headers, body: response.body ?? new Blob().stream() };
    }
    await response.body?.cancel();
    throw new WaitError(
      parseRetryAfter(headers.get("retry-after")),
      "unavailable",
      `Cannot ${about.what}: the storage host ${url.host} answered with HTTP ${status}`,
      { hint: "Try again: what has arrived is kept, and the download goes on from there." },
    );
  }
  throw new AppError("unavailable", `Cannot ${about.what}: more than ${MAX_HOPS} redirects`, {
    hint: `Try again later, or download it from ${about.page}.`,
  });
}

function refuseHost(url: URL, about: Asked, options: KaggleOptions): void {
  const base = new URL(options.baseUrl);
  const plain = url.protocol === "http:" && base.protocol === "http:";
  const known = url.host === base.host || options.storageHosts.includes(url.host);
  if (known && (url.protocol === "https:" || plain)) return;
  const why = known
    ? `an address that is not encrypted (${url.protocol})`
    : `${url.host}, which is not a known storage host`;
  throw new AppError("permission_denied", `Cannot ${about.what}: Kaggle leads to ${why}`, {
    hint:
      `If you trust it, add ${url.host} to kaggle.storage_hosts (MLMCP_KAGGLE_STORAGE_HOSTS) and start again.`,
  });
}

async function get(
  url: URL,
  range: Range | null,
  about: Asked,
  options: KaggleOptions,
  signal: AbortSignal,
): Promise<Response> {
  const headers: Record<string, string> = {
    "user-agent": options.userAgent,
    // So that lengths and offsets are those of the file.
    "accept-encoding": "identity",
  };
  if (range) {
    headers["range"] = `bytes=${range.from}-${range.to ?? ""}`;
    if (range.validator) headers["if-range"] = range.validator;
  }
  return await withDeadline(options.timeoutMs, signal, about.what, async (own) => {
    try {
      return await fetch(url, { redirect: "manual", headers, signal: own });
    } catch (error) {
      throw own.aborted ? error : networkError(error, url.host, about.what);
    }
  });
}
