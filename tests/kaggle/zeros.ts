/** Gigabytes of zeros, packed, in a moment: deflate packs every megabyte of them to the same few bytes. */
import { constants, deflateRawSync } from "node:zlib";
import { joined } from "./make_tar.ts";

const MEGABYTE = new Uint8Array(2 ** 20);

/** Raw deflate of so many MiB of zeros, behind those bytes. */
export function deflatedZeros(mebibytes: number, before: Uint8Array = new Uint8Array()): Uint8Array {
  const open = (bytes: Uint8Array) =>
    new Uint8Array(deflateRawSync(bytes, { finishFlush: constants.Z_FULL_FLUSH }));
  const end = new Uint8Array(deflateRawSync(new Uint8Array()));
  return joined([open(before), ...Array(mebibytes).fill(open(MEGABYTE)), end]);
}
