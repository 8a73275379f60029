/**
 * A download into a file that survives broken streams, expired links and killed processes.
 *
 * The part lies at `path`, and `path`.json beside it says which version of the bytes it is a part of. Going on
 * uses Range with If-Range (RFC 9110, 13.1.5 and 14), so a file that changed meanwhile starts over.
 */
import { AppError, ERROR_CODES } from "@/shared/errors.ts";
import { diskError, readJson, writeAtomic } from "@/shared/atomic_file.ts";
import type { KaggleClient } from "./client.ts";
import type { KaggleRef } from "./ref.ts";
import { pause, type RetryPolicy, WaitError, withDeadline } from "./retry.ts";
import type { OpenedDownload, Range } from "./storage.ts";

/** Where the bytes come from. Each opening may lead to another address: signed links expire. */
export interface ByteSource {
  retry: RetryPolicy;
  /** The longest silence inside a download. */
  idleMs: number;
  /** More bytes than this are refused; absent: as many as come. */
  maxBytes?: number;
  open(range: Range | null, signal: AbortSignal): Promise<OpenedDownload>;
}

export interface Wanted {
  ref: KaggleRef;
  version: number | null;
  /** One file of the data set; null: all of it, as a zip. */
  file: string | null;
}

export interface Watch {
  signal: AbortSignal;
  /** Bytes so far, and in all if known. */
  onBytes(done: number, total: number | null): void;
}

export interface Fetched {
  path: string;
  size_bytes: number;
  /** The last part of the address that the bytes came from. */
  url_name: string;
}

interface PartState {
  validator: string | null;
  total: number | null;
  url_name: string;
}

/** Tries in a row that may bring nothing new. */
const FRUITLESS_TRIES = 5;

/** A file of a data set, or all of it, from Kaggle. @throws AppError as fetchBytes, and as api_error.ts says */
export function fetchFile(
  client: KaggleClient,
  wanted: Wanted,
  path: string,
  watch: Watch,
): Promise<Fetched> {
  const { retry, idleMs } = client.options;
  const source: ByteSource = {
    retry,
    idleMs,
    open: (range, signal) => client.openDownload(wanted.ref, wanted, range, { signal }),
  };
  return fetchBytes(source, path, watch);
}

/**
 * @throws AppError as `open` throws; unavailable when the network keeps breaking (the part is kept, and the next call
 *   goes on from it); resource_exhausted when the disk is full or there are more bytes than allowed
 */
export async function fetchBytes(source: ByteSource, path: string, watch: Watch): Promise<Fetched> {
  const { retry } = source;
  for (let fruitless = 0;;) {
    const before = await sizeOf(path);
    try {
      return await fetchOnce(source, path, watch);
    } catch (error) {
      watch.signal.throwIfAborted();
      const isFull = error instanceof AppError && error.code === "resource_exhausted" &&
        !(error instanceof WaitError);
      if (!(error instanceof AppError) || isFull || !ERROR_CODES[error.code].retry) throw error;
      fruitless = (await sizeOf(path)) > before ? 1 : fruitless + 1;
      const asked = error instanceof WaitError ? error.waitMs : null;
      if (fruitless >= FRUITLESS_TRIES || (asked ?? 0) > retry.maxWaitMs) throw error;
      await pause(Math.min(asked ?? retry.backoffMs * 2 ** (fruitless - 1), retry.maxWaitMs), watch.signal);
    }
  }
}

async function fetchOnce(source: ByteSource, path: string, watch: Watch): Promise<Fetched> {
  const state = await readState(path);
  const have = state?.validator ? await sizeOf(path) : 0;
  const range = have > 0 ? { from: have, validator: state!.validator! } : null;
  const opened = await source.open(range, watch.signal);
  if (opened.status === 416) {
    await opened.body.cancel();
    if (rangeOf(opened.headers)?.total === have) {
      return { path, size_bytes: have, url_name: nameOf(opened.url) };
    }
    throw await startOver(path, "the file has another length now");
  }
  if (opened.status === 206) return await goOn(source, opened, path, state!, have, watch);
  const fresh: PartState = {
    validator: validatorOf(opened.headers),
    total: opened.headers.has("content-encoding") ? null : lengthOf(opened.headers),
    url_name: nameOf(opened.url),
  };
  // First the bytes go, then the note changes: a part never stands beside the note of another file.
  await Deno.remove(path).catch(() => {});
  try {
    await writeAtomic(`${path}.json`, JSON.stringify(fresh));
  } catch (error) {
    await opened.body.cancel();
    throw error;
  }
  return await receive(source, opened, path, fresh, 0, watch);
}

async function goOn(
  source: ByteSource,
  opened: OpenedDownload,
  path: string,
  state: PartState,
  have: number,
  watch: Watch,
) {
  const range = rangeOf(opened.headers);
  const sameTotal = state.total === null || range?.total === null || range?.total === state.total;
  if (range?.from === have && sameTotal) return await receive(source, opened, path, state, have, watch);
  await opened.body.cancel();
  throw await startOver(path, "storage sent another part than was asked for");
}

async function receive(
  source: ByteSource,
  opened: OpenedDownload,
  path: string,
  state: PartState,
  from: number,
  watch: Watch,
): Promise<Fetched> {
  const what = `download ${state.url_name}`;
  const most = source.maxBytes ?? Infinity;
  if (state.total !== null && state.total > most) {
    await opened.body.cancel();
    throw tooLarge(what, most);
  }
  const reader = opened.body.getReader();
  let done = from;
  try {
    const file = await Deno.open(path, { write: true, create: true, append: true });
    try {
      for (;;) {
        const chunk = await nextChunk(reader, source.idleMs, what, watch.signal);
        if (chunk === null) break;
        if (done + chunk.length > most) throw tooLarge(what, most);
        for (let at = 0; at < chunk.length;) at += await file.write(chunk.subarray(at));
        done += chunk.length;
        watch.onBytes(done, state.total);
      }
    } finally {
      file.close();
    }
  } catch (error) {
    throw diskError(error, "write", path);
  } finally {
    reader.cancel().catch(() => {});
  }
  if (state.total !== null && done < state.total) {
    throw broken(what, `the stream ended at byte ${done} of ${state.total}`);
  }
  if (state.total !== null && done > state.total) {
    throw await startOver(path, `${done} bytes came instead of ${state.total}`);
  }
  return { path, size_bytes: done, url_name: state.url_name };
}

/** The next bytes, or null at the end. A silence longer than `idleMs` is a broken stream. */
async function nextChunk(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  idleMs: number,
  what: string,
  signal: AbortSignal,
): Promise<Uint8Array | null> {
  return await withDeadline(idleMs, signal, what, async (own) => {
    let stop = () => {};
    const aborted = new Promise<never>((_, failed) => {
      stop = () => failed(own.reason);
      own.addEventListener("abort", stop, { once: true });
    });
    try {
      const { value, done } = await Promise.race([reader.read(), aborted]);
      return done ? null : value;
    } catch (error) {
      if (own.aborted || error instanceof AppError) throw error;
      throw broken(what, "the connection broke", error);
    } finally {
      own.removeEventListener("abort", stop);
    }
  });
}

function tooLarge(what: string, most: number): AppError {
  return new AppError("resource_exhausted", `Cannot ${what}: it has more than ${most} bytes`, {
    hint: "Download it yourself, and give the path of the file, or of a part of it.",
  });
}

function broken(what: string, state: string, cause?: unknown): AppError {
  return new AppError("unavailable", `Cannot ${what}: ${state}`, {
    hint: "Try again: what has arrived is kept, and the download goes on from there.",
    cause,
  });
}

async function startOver(path: string, why: string): Promise<AppError> {
  await removePart(path);
  return new AppError("aborted", `Cannot go on with the download: ${why}`, {
    hint: "Try again: it starts over.",
  });
}

/** Removes a part and the note beside it. */
export async function removePart(path: string): Promise<void> {
  for (const name of [path, `${path}.json`]) await Deno.remove(name).catch(() => {});
}

async function readState(path: string): Promise<PartState | null> {
  try {
    return await readJson<PartState>(`${path}.json`);
  } catch {
    return null;
  }
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await Deno.stat(path)).size;
  } catch {
    return 0;
  }
}

/** A weak ETag can't vouch for byte ranges. */
function validatorOf(headers: Headers): string | null {
  const etag = headers.get("etag");
  return etag && !etag.startsWith("W/") ? etag : headers.get("last-modified");
}

function lengthOf(headers: Headers): number | null {
  const length = Number(headers.get("content-length") ?? NaN);
  return Number.isSafeInteger(length) ? length : null;
}

/** `bytes 5-9/10` and `bytes *\/10`. */
function rangeOf(headers: Headers): { from: number | null; total: number | null } | null {
  const found = /^bytes (?:(\d+)-\d+|\*)\/(\d+|\*)$/.exec(headers.get("content-range") ?? "");
  if (!found) return null;
  return {
    from: found[1] === undefined ? null : Number(found[1]),
    total: found[2] === "*" ? null : Number(found[2]),
  };
}

function nameOf(url: URL): string {
  const last = url.pathname.split("/").pop() ?? "";
  try {
    return decodeURIComponent(last);
  } catch {
    return last;
  }
}
