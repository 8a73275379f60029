/** An archive by its first bytes, whatever its name says: Kaggle sends zip, or tar, plain or gzipped. */
import { damaged } from "@/shared/zip_directory.ts";
import type { UnpackedFile, UnpackOptions } from "./unpack_limits.ts";
import { untar } from "./untar.ts";
import { unzip } from "./unzip.ts";

/** @throws AppError as unzip.ts and untar.ts say; data_loss for what is no archive */
export async function unpackArchive(
  path: string,
  folder: string,
  options: UnpackOptions,
): Promise<UnpackedFile[]> {
  const head = await headOf(path, 262);
  if (startsAsZip(head)) return await unzip(path, folder, options);
  if (head[0] === 0x1f && head[1] === 0x8b) return await untar(path, true, folder, options);
  if (new TextDecoder().decode(head.subarray(257, 262)) === "ustar") {
    return await untar(path, false, folder, options);
  }
  throw damaged(options.archive, "it is no zip and no tar file");
}

/** A zip without entries has but the end of its table of contents. */
export function startsAsZip(head: Uint8Array): boolean {
  return head[0] === 0x50 && head[1] === 0x4b &&
    (head[2] === 3 && head[3] === 4 || head[2] === 5 && head[3] === 6);
}

/** The first bytes of a file, fewer when it is shorter. */
export async function headOf(path: string, length: number): Promise<Uint8Array> {
  using file = await Deno.open(path, { read: true });
  const head = new Uint8Array(length);
  return head.subarray(0, await file.read(head) ?? 0);
}
