/**
 * Files that are either the old one or the new one, never half of it: written beside, flushed, renamed.
 *
 * Source: the usual write, fsync, rename, fsync-the-folder order (POSIX rename(2) replaces in one step).
 */
import { basename, dirname, join } from "node:path";
import { AppError } from "./errors.ts";

/**
 * Writes a file so that a reader, or a process killed at any instruction, meets the old content or the new.
 * @param options.mode permission bits of the file, such as 0o600; by default as the umask says
 * @throws AppError resource_exhausted when the disk is full, permission_denied when the folder refuses,
 *   not_found when there is no such folder
 */
export async function writeAtomic(
  path: string,
  content: Uint8Array | string,
  options: { mode?: number } = {},
): Promise<void> {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  const folder = dirname(path);
  const beside = join(folder, `.${basename(path)}.${crypto.randomUUID()}.tmp`);
  try {
    const file = await Deno.open(beside, { write: true, createNew: true, mode: options.mode });
    try {
      for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
      await file.sync();
    } finally {
      file.close();
    }
    await Deno.rename(beside, path);
    await syncFolder(folder);
  } catch (error) {
    await Deno.remove(beside).catch(() => {});
    throw diskError(error, "write", path);
  }
}

/** Flushes a folder's entries, so that a rename inside it outlives a power cut. Windows can't and needn't. */
export async function syncFolder(folder: string): Promise<void> {
  if (Deno.build.os === "windows") return;
  const handle = await Deno.open(folder, { read: true });
  try {
    await handle.sync();
  } finally {
    handle.close();
  }
}

/**
 * The value in a JSON file. The caller says what shape it expects; nothing is checked here.
 * @throws AppError not_found, permission_denied, or data_loss when it is not JSON
 */
export async function readJson<T>(path: string): Promise<T> {
  let text: string;
  try {
    text = await Deno.readTextFile(path);
  } catch (error) {
    throw diskError(error, "read", path);
  }
  try {
    return JSON.parse(text) as T;
  } catch (error) {
    throw new AppError("data_loss", `Cannot read ${path}: it is not JSON (${(error as Error).message})`, {
      hint: "The file was changed or cut off by something else. Restore it, or remove it to start over.",
      cause: error,
    });
  }
}

const DISK_ERRORS = [
  {
    when: ["ENOSPC", "EDQUOT", "os error 28", "os error 112", "os error 122"],
    code: "resource_exhausted",
    state: "the disk is full",
    hint: "Free some space there, or choose another folder with --home, and try again.",
  },
  {
    when: ["EACCES", "EPERM", "EROFS", "PermissionDenied", "NotCapable", "os error 30"],
    code: "permission_denied",
    state: "permission denied",
    hint: "Give this user the right to use that folder, or choose another one with --home.",
  },
  {
    when: ["ENOENT", "ENOTDIR", "NotFound", "NotADirectory"],
    code: "not_found",
    state: "there is no such file or folder",
    hint: "Check the path; a relative path starts at the folder the command was run in.",
  },
  {
    when: ["EISDIR", "IsADirectory"],
    code: "invalid_argument",
    state: "it is a folder",
    hint: "Name a file inside it.",
  },
] as const;

/**
 * What the system said about a file, as an error with a way out. An AppError, and what is not an error of
 * the system, comes back as it was.
 * @param action the verb of the sentence: "write", "read", "create"
 */
export function diskError(error: unknown, action: string, path: string): unknown {
  if (!(error instanceof Error) || error instanceof AppError) return error;
  const code = (error as { code?: string }).code ?? "";
  const known = DISK_ERRORS.find(({ when }) =>
    when.some((word) =>
      word === code || word === error.name ||
      (word.startsWith("os error") && error.message.includes(`(${word})`))
    )
  );
  if (!known) return error;
  return new AppError(known.code, `Cannot ${action} ${path}: ${known.state}`, {
    hint: known.hint,
    cause: error,
  });
}
