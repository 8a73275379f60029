/** A file on the web as a source of bytes: redirects are followed by hand, and every hop is checked against the list. */
import { AppError } from "@/shared/errors.ts";
import { networkError, parseRetryAfter } from "@/kaggle/api_error.ts";
import type { ByteSource } from "@/kaggle/fetch_file.ts";
import { type RetryPolicy, WaitError, withDeadline } from "@/kaggle/retry.ts";
import type { OpenedDownload, Range } from "@/kaggle/storage.ts";
import { checkAddress, type HostPolicy } from "./allowed_hosts.ts";
import { fileBehind } from "./web_address.ts";

export interface WebOptions extends HostPolicy {
  userAgent: string;
  /** For an answer to begin. */
  timeoutMs: number;
  /** The longest silence inside a download. */
  idleMs: number;
  retry: RetryPolicy;
  maxBytes: number;
}

/** Where an answer came from, and its headers. */
export interface WebAnswer {
  url: URL;
  headers: Headers;
}

export interface WebFile extends ByteSource {
  /** The last answer that brought bytes. */
  last(): WebAnswer;
  /** True: the server says that it is still the one of that version. @throws AppError as `open` */
  isStill(version: string, signal: AbortSignal): Promise<boolean>;
}

const MAX_HOPS = 5;

/**
 * @param accept throws when the bytes are not worth to be fetched, by what is said of them
 * @throws AppError (from `open`) permission_denied for a host that is not allowed, not_found, unavailable, …
 */
export function openWebFile(start: URL, options: WebOptions, accept: (answer: WebAnswer) => void): WebFile {
  let last: WebAnswer | null = null;

  const ask = async (asked: Record<string, string>, signal: AbortSignal) => {
    let url = start;
    for (let hop = 0; hop < MAX_HOPS; hop++) {
      await checkAddress(url, options);
      const response = await get(url, asked, options, signal);
      const location = response.headers.get("location");
      if (location === null || response.status < 300 || response.status >= 400) return { url, response };
      await response.body?.cancel();
      if (!URL.canParse(location, url)) break;
      url = new URL(location, url);
    }
    throw new AppError("unavailable", `Cannot download ${start.href}: its redirects lead nowhere`, {
      hint: "Open it in a browser, and give the address that the file is really at.",
    });
  };

  return {
    retry: options.retry,
    idleMs: options.idleMs,
    maxBytes: options.maxBytes,
    last: () => last!,
    async open(range, signal): Promise<OpenedDownload> {
      const { url, response } = await ask(rangeHeaders(range), signal);
      const { status, headers } = response;
      if (status === 200 || status === 206 || status === 416) {
        try {
          if (/^(text\/html|application\/xhtml)/i.test(headers.get("content-type") ?? "")) {
            throw isPage(start, url);
          }
          accept({ url, headers });
        } catch (error) {
          await response.body?.cancel();
          throw error;
        }
        last = { url, headers };
        return { url, status, headers, body: response.body ?? new Blob().stream() };
      }
      await response.body?.cancel();
      throw refusal(start, url, response);
    },
    async isStill(version, signal) {
      const { url, response } = await ask(ifChanged(version), signal);
      await response.body?.cancel();
      if (response.status === 304) return true;
      if (response.status === 200) return false;
      throw refusal(start, url, response);
    },
  };
}

/** What a version is: the ETag as sent, or the time of the last change, ISO 8601; null when the server tells neither. */
export function versionIn(headers: Headers): string | null {
  const changed = Date.parse(headers.get("last-modified") ?? "");
  return headers.get("etag") ?? (Number.isNaN(changed) ? null : new Date(changed).toISOString());
}

function ifChanged(version: string): Record<string, string> {
  return /^(W\/)?"/.test(version)
    ? { "if-none-match": version }
    : { "if-modified-since": new Date(version).toUTCString() };
}

function rangeHeaders(range: Range | null): Record<string, string> {
  if (!range) return {};
  return {
    range: `bytes=${range.from}-${range.to ?? ""}`,
    ...(range.validator ? { "if-range": range.validator } : {}),
  };
}

async function get(
  url: URL,
  asked: Record<string, string>,
  options: WebOptions,
  signal: AbortSignal,
): Promise<Response> {
  const what = `download from ${url.host}`;
  // Identity, so that lengths and offsets are those of the file.
  const headers = { "user-agent": options.userAgent, "accept-encoding": "identity", ...asked };
  return await withDeadline(options.timeoutMs, signal, what, async (own) => {
    try {
      return await fetch(url, { redirect: "manual", headers, signal: own });
    } catch (error) {
      throw own.aborted ? error : networkError(error, url.host, what);
    }
  });
}

/** A page where a table was asked for. */
export function isPage(start: URL, url: URL): AppError {
  const file = fileBehind(url) ?? fileBehind(start);
  return new AppError("invalid_argument", `Cannot use ${start.href}: it is a web page (HTML) and no table`, {
    hint: file === null
      ? "Open it in a browser, and copy the address of its download link; it may want a login."
      : `The file itself is at ${file}`,
  });
}

function refusal(start: URL, url: URL, { status, headers }: Response): AppError {
  const cannot = `Cannot download ${start.href}:`;
  if (status === 404 || status === 410) {
    return new AppError("not_found", `${cannot} ${url.host} has no such file`, {
      hint: "Check the address.",
    });
  }
  if (status === 401 || status === 403) {
    return new AppError("permission_denied", `${cannot} ${url.host} does not give it to just anybody`, {
      hint: "It may want a login. Download the file yourself, and give its path.",
    });
  }
  if (status === 429 || status >= 500) {
    return new WaitError(
      parseRetryAfter(headers.get("retry-after")),
      "unavailable",
      `${cannot} ${url.host} answered with HTTP ${status}`,
      { hint: "Try again in a few minutes: what has arrived is kept." },
    );
  }
  return new AppError("failed_precondition", `${cannot} ${url.host} answered with HTTP ${status}`, {
    hint: "Open it in a browser, and give the address that the file is really at.",
  });
}
