/** What an archive from strangers may hold, whatever its kind. */
import { AppError } from "@/shared/errors.ts";
import { faultOfPath } from "./ref.ts";

export interface UnpackLimits {
  /** Of all files together, unpacked. */
  total_bytes: number;
  entries: number;
  /** Unpacked by packed size. Judged only above `ratio_from_bytes`: small tables may shrink a lot. */
  ratio: number;
  ratio_from_bytes: number;
}

/** Deflate itself ends at 1032 to 1; tables of real data stay below 50 to 1. */
export const UNPACK_LIMITS: UnpackLimits = {
  total_bytes: 256 * 2 ** 30,
  entries: 1_000_000,
  ratio: 300,
  ratio_from_bytes: 256 * 2 ** 20,
};

export interface UnpackedFile {
  name: string;
  path: string;
  size_bytes: number;
}

export interface UnpackOptions {
  /** How the archive is called in errors. */
  archive: string;
  limits?: UnpackLimits;
  signal: AbortSignal;
  /** Unpacked bytes so far, and in all; null while that is unknown. */
  onBytes?(done: number, total: number | null): void;
}

/** Judges an archive's entries one after another. @throws AppError invalid_argument, naming the entry */
export class EntryJudge {
  readonly #names = new Set<string>();
  total_bytes = 0;

  constructor(readonly archive: string, readonly limits: UnpackLimits) {}

  /** @param isLink or a device: anything that is no plain file */
  check(name: string, size_bytes: number, isLink: boolean): void {
    const shown = JSON.stringify(name.slice(0, 200));
    const fault = faultOfPath(name);
    if (fault) throw unsafe(this.archive, `the name ${shown} can't be used, ${fault}`);
    if (isLink) throw unsafe(this.archive, `${shown} is a link or a device, not a file`);
    if (this.#names.has(name)) throw unsafe(this.archive, `${shown} is in it twice`);
    this.#names.add(name);
    if (this.#names.size > this.limits.entries) {
      throw tooLarge(this.archive, `it holds more than ${this.limits.entries} files`);
    }
    this.total_bytes += size_bytes;
    if (this.total_bytes > this.limits.total_bytes) {
      throw tooLarge(this.archive, `with ${shown} its files pass ${this.limits.total_bytes} bytes`);
    }
  }

  /** @param what "it", or the shown name of an entry */
  checkRatio(what: string, size_bytes: number, packed_bytes: number): void {
    const { ratio, ratio_from_bytes } = this.limits;
    const grows = size_bytes / Math.max(1, packed_bytes);
    if (size_bytes > ratio_from_bytes && grows > ratio) {
      throw tooLarge(this.archive, `${what} would grow ${Math.round(grows)} times, of ${ratio} allowed`);
    }
  }
}

export function unsafe(archive: string, why: string): AppError {
  return new AppError("invalid_argument", `Cannot unpack ${archive}: ${why}`, {
    hint: "The archive is refused as a whole. Download the files you need by name, with `files`.",
  });
}

export function tooLarge(archive: string, why: string): AppError {
  return new AppError("invalid_argument", `Cannot unpack ${archive}: ${why}`, {
    hint: "Download only the files you need, with `files`.",
  });
}
