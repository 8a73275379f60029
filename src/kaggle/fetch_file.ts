/**
 * A download into a file that survives broken streams, expired links and killed processes.
 *
 * The part lies at `path`, and `path`.json beside it says which version of the bytes it is a part of. Going on
 * uses Range with If-Range (RFC 9110, 13.1.5 and 14), so a file that changed meanwhile starts over.
 */
import { dirname } from "node:path";
import { AppError, ERROR_CODES } from "@/shared/errors.ts";
import { diskError, writeAtomic } from "@/shared/atomic_file.ts";
import type { KaggleClient } from "./client.ts";
import { checkHash, toldHash } from "./file_hash.ts";
import { requireSpace } from "./free_space.ts";
import { type PartState, readState, removePart, sizeOf } from "./part.ts";
import { lengthOf, nameOf, rangeOf, validatorOf } from "./range_reply.ts";
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
  /** One file of the data set; null: all of it, as an archive. */
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

/** Tries in a row that may bring nothing new. */
const FRUITLESS_TRIES = 5;
/** How often in all it may start over. */
const RESTARTS = 5;

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
 *   goes on from it); data_loss when the bytes keep having another hash than storage tells; resource_exhausted when
 *   the disk is full, or too small, or there are more bytes than allowed
 */
export async function fetchBytes(source: ByteSource, path: string, watch: Watch): Promise<Fetched> {
  const { retry } = source;
  for (let fruitless = 0, restarts = 0;;) {
    const before = await sizeOf(path);
    try {
      return await fetchOnce(source, path, watch);
    } catch (error) {
      watch.signal.throwIfAborted();
      const isFull = error instanceof AppError && error.code === "resource_exhausted" &&
        !(error instanceof WaitError);
      const canRetry = error instanceof AppError &&
        (ERROR_CODES[error.code].retry || error.code === "data_loss");
      if (!canRetry || isFull) throw error;
      const now = await sizeOf(path);
      fruitless = now > before ? 1 : fruitless + 1;
      if (now < before) restarts++;
      const asked = error instanceof WaitError ? error.waitMs : null;
      if (fruitless >= FRUITLESS_TRIES || restarts >= RESTARTS || (asked ?? 0) > retry.maxWaitMs) throw error;
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
      return await finish(path, state!, have, watch.signal);
    }
    throw await startOver(path, "the file has another length now");
  }
  if (opened.status === 206) return await goOn(source, opened, path, state!, have, watch);
  const fresh: PartState = {
    validator: validatorOf(opened.headers),
    total: opened.headers.has("content-encoding") ? null : lengthOf(opened.headers),
    url_name: nameOf(opened.url),
    hash: toldHash(opened.headers),
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
  if (range?.from === have && sameTotal) {
    // The first answer may have told none.
    const hash = state.hash ?? toldHash(opened.headers);
    return await receive(source, opened, path, { ...state, hash }, have, watch);
  }
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
  if (state.total !== null) {
    try {
      await requireSpace(dirname(path), state.total - from, what);
    } catch (error) {
      await opened.body.cancel();
      throw error;
    }
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
  return await finish(path, state, done, watch.signal);
}

/** All bytes are there: are they the right ones? */
async function finish(
  path: string,
  state: PartState,
  size_bytes: number,
  signal: AbortSignal,
): Promise<Fetched> {
  const { url_name, hash } = state;
  if (hash) {
    try {
      await checkHash(path, hash, `download ${url_name}`, signal);
    } catch (error) {
      if (error instanceof AppError) await removePart(path);
      throw error;
    }
  }
  return { path, size_bytes, url_name };
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
