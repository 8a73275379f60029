/** Whether a disk has room, asked before it is filled. */
import { statfs } from "node:fs/promises";
import { AppError } from "@/shared/errors.ts";

/** Bytes that this user may still write there; null when the system or our rights don't tell. */
export async function freeBytes(folder: string): Promise<number | null> {
  try {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize;
  } catch {
    return null;
  }
}

/** @throws AppError resource_exhausted when there is less room than `bytes` */
export async function requireSpace(folder: string, bytes: number, action: string): Promise<void> {
  const free = await freeBytes(folder);
  if (free === null || bytes <= free) return;
  throw new AppError(
    "resource_exhausted",
    `Cannot ${action}: it takes ${shownBytes(bytes)}, and the disk of ${folder} has ${shownBytes(free)} left`,
    { hint: "Free some space, choose another folder with --home, or download only some of its `files`." },
  );
}

function shownBytes(bytes: number): string {
  return bytes < 1e9 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}
