/** The first bytes of a file of a data set: from the store when it is there, else from Kaggle. */
import { join } from "node:path";
import { datasetFolder, type DatasetManifest, findDataset } from "@/dataset/store.ts";
import { diskError } from "@/shared/atomic_file.ts";
import { AppError } from "@/shared/errors.ts";
import type { KaggleClient } from "./client.ts";
import { datasetName, type KaggleRef } from "./ref.ts";
import { withDeadline, withRetry } from "./retry.ts";

export interface FileHead {
  bytes: Uint8Array;
  /** Whether that is the whole file. */
  isAll: boolean;
}

/** The stored entry of that reference, the newest when it names no version. */
export async function findStoredDataset(
  datasetsDir: string,
  ref: KaggleRef,
): Promise<DatasetManifest | null> {
  return await findDataset(
    datasetsDir,
    `${datasetName(ref)}${ref.version === null ? "" : `/versions/${ref.version}`}`,
  );
}

/** @throws AppError not_found when the entry has no such file */
export async function readStoredHead(
  datasetsDir: string,
  manifest: DatasetManifest,
  file: string,
  limit: number,
): Promise<FileHead> {
  const found = manifest.files.find((one) => one.name === file);
  if (!found) {
    throw new AppError("not_found", `Cannot find ${file} in ${manifest.ref}: it has no such file`, {
      hint: "list_dataset_files shows the names, which are case-sensitive paths.",
    });
  }
  const path = join(datasetFolder(datasetsDir, manifest), ...found.path.split("/"));
  try {
    using handle = await Deno.open(path, { read: true });
    return await readHead(handle.readable, limit);
  } catch (error) {
    throw diskError(error, "read", path);
  }
}

/** Asks for just those bytes; of a server that sends more, the rest is not read. */
export async function readRemoteHead(
  client: KaggleClient,
  ref: KaggleRef,
  file: string,
  limit: number,
  signal: AbortSignal,
): Promise<FileHead> {
  const { retry, idleMs } = client.options;
  return await withRetry(retry, signal, async () => {
    const wanted = { version: ref.version, file, raw: true };
    const opened = await client.openDownload(ref, wanted, { from: 0, to: limit - 1 }, { signal });
    // An empty file has no first byte to send.
    if (opened.status === 416) {
      await opened.body.cancel();
      return { bytes: new Uint8Array(), isAll: true };
    }
    const head = await withDeadline(
      idleMs,
      signal,
      `read ${file}`,
      (own) => readHead(opened.body, limit, own),
    );
    const total = Number(/\/(\d+)$/.exec(opened.headers.get("content-range") ?? "")?.[1] ?? NaN);
    return { bytes: head.bytes, isAll: opened.status === 206 ? total === head.bytes.length : head.isAll };
  });
}

/** The first bytes of a stream, which is then let go of. */
export async function readHead(
  stream: ReadableStream<Uint8Array>,
  limit: number,
  signal?: AbortSignal,
): Promise<FileHead> {
  const reader = stream.getReader();
  const stop = () => void reader.cancel(signal?.reason).catch(() => {});
  signal?.addEventListener("abort", stop, { once: true });
  const bytes = new Uint8Array(limit);
  let length = 0;
  let isAll = false;
  try {
    while (length < limit) {
      const { value, done } = await reader.read();
      if (done) {
        isAll = true;
        break;
      }
      const part = value.subarray(0, limit - length);
      bytes.set(part, length);
      length += part.length;
    }
    signal?.throwIfAborted();
    return { bytes: bytes.subarray(0, length), isAll };
  } finally {
    signal?.removeEventListener("abort", stop);
    await reader.cancel().catch(() => {});
  }
}
