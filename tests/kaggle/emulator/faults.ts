/** What goes wrong on demand: named switches, and faults by chance that a seed repeats. */
import { z } from "zod";

/** Faults by chance at the API; each concerns one request. */
export const API_FAULTS = [
  /** 429 without Retry-After. */
  "busy",
  /** 429 with Retry-After. */
  "busy_wait",
  /** 500, 502, 503 or 504. */
  "api_error",
  /** The connection breaks. */
  "api_drop",
] as const;

/** Faults by chance at the storage. */
export const STORAGE_FAULTS = [
  /** 500 or 503. */
  "storage_error",
  /** The link is expired (403 with XML). */
  "expired",
  /** The stream ends at some byte. */
  "cut",
  /** The stream falls silent at some byte, and then ends. */
  "stall",
  /** A Range is answered with all of it. */
  "ignore_range",
  /** Fewer bytes of a Range than asked for. */
  "short_range",
  /** Another part than the Range asked for, and says so. */
  "shift_range",
  /** The file was stored anew: another ETag, and other bytes of a zip that unpack to the same. */
  "changed",
  /** One byte of the body is another one. */
  "corrupt",
  /** No hash. */
  "no_hash",
  /** A hash of other bytes. */
  "wrong_hash",
] as const;

/** All of them, and that of downloads: a single file comes as a zip. */
export const RANDOM_FAULTS = [...API_FAULTS, ...STORAGE_FAULTS, "zipped"] as const;

export type RandomFault = typeof RANDOM_FAULTS[number];

export interface Random {
  seed: number;
  /** Chance of a fault at each request, from 0 to 1. */
  rate: number;
  kinds: readonly RandomFault[];
  /** Silence of a stall. */
  stallMs: number;
}

export interface Faults {
  /** Statuses of the next API replies, used up one by one; 0 breaks the connection, 200 answers well. */
  api: number[];
  /** The Retry-After of errors, in seconds or as a date. */
  retryAfter: string | null;
  /** Cuts the next storage replies after so many bytes of body, used up one by one. */
  cutAfter: number[];
  /** Statuses of the next storage replies, used up one by one. */
  storage: number[];
  ignoreRange: boolean;
  /** Answers a range with at most so many bytes of it. */
  rangeBytes: number;
  sendNoValidator: boolean;
  /** What x-goog-hash has. */
  hashes: "both" | "md5" | "crc32c" | "none" | "wrong";
  /** How long a link lives, in seconds; Kaggle's live 3 days. */
  linkSeconds: number;
  /** Where DownloadDataset leads, instead of the storage. */
  location: string | null;
  /** Which calls are there: the other kind is 404. */
  styles: "both" | "rpc" | "rest";
  /** RPC replies in the older style: hasX and xNullable, a bare list, errors as {code, message}. */
  nullableStyle: boolean;
  /** Single files arrive as a zip of one member. */
  zipSingleFiles: boolean;
  /** What a whole data set comes as. */
  bundle: "zip" | "tar" | "tar.gz";
  random: Random | null;
  /** Storage pauses so long after each 64 KiB: a slow line. */
  pauseMs: number;
  /** Replaces the archive of a whole data set (only in the same process). */
  archive: Uint8Array | null;
  /** Storage waits with the second half of a body until this settles (only in the same process). */
  hold: Promise<void> | null;
}

export function noFaults(): Faults {
  return {
    api: [],
    retryAfter: null,
    cutAfter: [],
    storage: [],
    ignoreRange: false,
    rangeBytes: Infinity,
    sendNoValidator: false,
    hashes: "both",
    linkSeconds: 259_200,
    location: null,
    styles: "both",
    nullableStyle: false,
    zipSingleFiles: false,
    bundle: "zip",
    random: null,
    pauseMs: 0,
    archive: null,
    hold: null,
  };
}

const status = z.int().min(0).max(599);

/** What can be switched from outside, as JSON. */
export const FAULTS_SCHEMA = z.strictObject({
  api: z.array(status),
  retryAfter: z.string().nullable(),
  cutAfter: z.array(z.int().min(0)),
  storage: z.array(status),
  ignoreRange: z.boolean(),
  rangeBytes: z.int().min(1).nullable().transform((bytes) => bytes ?? Infinity),
  sendNoValidator: z.boolean(),
  hashes: z.enum(["both", "md5", "crc32c", "none", "wrong"]),
  linkSeconds: z.int().min(0),
  location: z.string().nullable(),
  styles: z.enum(["both", "rpc", "rest"]),
  nullableStyle: z.boolean(),
  zipSingleFiles: z.boolean(),
  bundle: z.enum(["zip", "tar", "tar.gz"]),
  pauseMs: z.int().min(0),
  random: z.strictObject({
    seed: z.int(),
    rate: z.number().min(0).max(1),
    kinds: z.array(z.enum(RANDOM_FAULTS)).min(1).default([...RANDOM_FAULTS]),
    stallMs: z.int().min(0).default(20_000),
  }).nullable(),
}).partial();

/** Draws the faults of `random`; the same seed and the same requests give the same faults. */
export class Dice {
  #random: Random | null = null;
  #state = 0;

  /** The fault of this request among those that can strike here, or null. */
  fault(random: Random | null, here: readonly RandomFault[]): RandomFault | null {
    if (random === null) return null;
    if (random !== this.#random) {
      this.#random = random;
      this.#state = random.seed;
    }
    const kinds = here.filter((kind) => random.kinds.includes(kind));
    return this.next() < random.rate && kinds.length > 0 ? kinds[this.below(kinds.length)] : null;
  }

  /** A whole number from 0 on, below `end`. */
  below(end: number): number {
    return Math.floor(this.next() * end);
  }

  /** mulberry32: small and good enough to choose faults. */
  next(): number {
    let t = this.#state = (this.#state + 0x6d2b79f5) | 0;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }
}
