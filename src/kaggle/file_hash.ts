/**
 * The hashes that Google's storage tells of its files: `x-goog-hash: crc32c=…,md5=…`, in base64.
 *
 * Source: https://cloud.google.com/storage/docs/xml-api/reference-headers#xgooghash; CRC-32C is RFC 3720, B.4.
 */
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { AppError } from "@/shared/errors.ts";

export interface ToldHash {
  /** Composed files, as large archives are, have a crc32c only. */
  kind: "md5" | "crc32c";
  base64: string;
}

/** The stronger of the two; null when none is told, or one of other bytes (packed ones, unpacked on the way). */
export function toldHash(headers: Headers): ToldHash | null {
  const stored = headers.get("x-goog-stored-content-encoding") ?? "identity";
  if (stored !== "identity" || headers.has("content-encoding")) return null;
  const told = headers.get("x-goog-hash") ?? "";
  for (const kind of ["md5", "crc32c"] as const) {
    const base64 = new RegExp(`(?:^|[,\\s])${kind}=([A-Za-z0-9+/]+=*)`).exec(told)?.[1];
    if (base64) return { kind, base64 };
  }
  return null;
}

/** @throws AppError data_loss when the file's bytes are others; the signal's reason */
export async function checkHash(
  path: string,
  told: ToldHash,
  what: string,
  signal: AbortSignal,
): Promise<void> {
  using file = await Deno.open(path, { read: true });
  const hash = told.kind === "md5" ? createHash("md5") : new Crc32c();
  const buffer = new Uint8Array(1024 * 1024);
  for (let read = await file.read(buffer); read !== null; read = await file.read(buffer)) {
    signal.throwIfAborted();
    hash.update(buffer.subarray(0, read));
  }
  const found = Buffer.from(hash.digest()).toString("base64");
  if (found === told.base64) return;
  throw new AppError(
    "data_loss",
    `Cannot ${what}: what came has the ${told.kind} ${found}, and storage tells ${told.base64}`,
    { hint: "It was damaged on the way. Try again: it starts over." },
  );
}

/** Castagnoli's polynomial, reflected. */
const TABLE = Int32Array.from({ length: 256 }, (_, i) => {
  let rest = i;
  for (let bit = 0; bit < 8; bit++) rest = rest & 1 ? (rest >>> 1) ^ 0x82f63b78 : rest >>> 1;
  return rest;
});

class Crc32c {
  #crc = ~0;

  update(bytes: Uint8Array): void {
    let crc = this.#crc;
    for (let i = 0; i < bytes.length; i++) crc = TABLE[(crc ^ bytes[i]) & 255] ^ (crc >>> 8);
    this.#crc = crc;
  }

  digest(): Uint8Array {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setInt32(0, ~this.#crc);
    return bytes;
  }
}
