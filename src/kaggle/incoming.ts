/** Where the parts of downloads lie while they come: one folder each, one owner at a time among all processes. */
import { join } from "node:path";
import { diskError } from "@/shared/atomic_file.ts";
import { canonicalJson, sha256Hex } from "@/shared/hash.ts";
import { homeAt } from "@/shared/home.ts";
import { type ProcessLock, tryLock } from "@/shared/process_lock.ts";

import type { DownloadWatch } from "./download.ts";
import { pause } from "./retry.ts";

/** In the datasets folder. */
const INCOMING = ".incoming";
const ABANDONED_MS = 7 * 24 * 3600 * 1000;
const LOCK_POLL_MS = 200;

/**
 * Runs `work` with a folder for the parts of one download, alone among all processes: what an earlier try left
 * there can be gone on with. `work` removes it when it is done with.
 * @param what what is downloaded, as plain data; equal ones share the folder
 */
export async function inIncoming<T>(
  datasetsDir: string,
  what: unknown,
  watch: DownloadWatch,
  work: (folder: string) => Promise<T>,
): Promise<T> {
  const key = sha256Hex(new TextEncoder().encode(canonicalJson(what))).slice(0, 16);
  const incoming = join(datasetsDir, INCOMING);
  const lock = await lockIncoming(incoming, key, watch);
  try {
    return await work(join(incoming, key));
  } finally {
    lock.release();
  }
}

async function lockIncoming(incoming: string, key: string, watch: DownloadWatch): Promise<ProcessLock> {
  try {
    await Deno.mkdir(incoming, { recursive: true });
    await removeAbandoned(incoming);
  } catch (error) {
    throw diskError(error, "write", incoming);
  }
  for (let told = false;; told = true) {
    const lock = tryLock(homeAt(incoming), key);
    if (lock) return lock;
    if (!told) watch.onProgress(0, null, "another process is downloading it");
    await pause(LOCK_POLL_MS, watch.signal);
  }
}

/** The folder of a download: its key. */
const KEY = /^[0-9a-f]{16}$/;

/** Parts that nobody went on with. Lock files stay: removing one could let two in. */
async function removeAbandoned(incoming: string): Promise<void> {
  for await (const entry of Deno.readDir(incoming)) {
    if (!KEY.test(entry.name)) continue;
    const { mtime } = await Deno.stat(join(incoming, entry.name)).catch(() => ({ mtime: null }));
    if (mtime && Date.now() - mtime.getTime() > ABANDONED_MS) await removeFolder(join(incoming, entry.name));
  }
}

export async function removeFolder(path: string): Promise<void> {
  await Deno.remove(path, { recursive: true }).catch(() => {});
}
