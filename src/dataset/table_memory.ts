/**
 * How much memory reading a file takes, from its size and kind alone: so that a file that will not fit is refused
 * before it is read.
 */
import { AppError } from "@/shared/errors.ts";

/** Bytes of memory (the file and its columns) for a byte of file, as measured on tables of numbers and words. */
const TIMES_THE_FILE: readonly [ending: RegExp, times: number][] = [
  [/\.(gz|zst|zstd|zip)$/i, 12],
  [/\.(xlsx|xlsm)$/i, 30],
  [/\.json$/i, 8],
  [/\.(parquet|pq)$/i, 6],
  [/\.(arrow|feather|ipc|arrows)$/i, 4],
  [/./, 3],
];

/** @returns bytes */
export function memoryFor(fileName: string, size_bytes: number): number {
  return size_bytes * TIMES_THE_FILE.find(([ending]) => ending.test(fileName))![1];
}

/** @throws AppError resource_exhausted with the figures and the way out when the table is too large for the limit */
export function requireMemory(fileName: string, size_bytes: number, limit_bytes: number): void {
  requireFits(fileName, memoryFor(fileName, size_bytes), limit_bytes, `its ${inMegabytes(size_bytes)}`);
}

/** @param what takes the memory, in words. @throws AppError as above */
export function requireFits(name: string, needed_bytes: number, limit_bytes: number, what: string): void {
  if (needed_bytes <= limit_bytes) return;
  throw new AppError(
    "resource_exhausted",
    `Cannot read ${name}: ${what} would take about ${inMegabytes(needed_bytes)} of memory, the limit is ${
      inMegabytes(limit_bytes)
    }`,
    {
      hint:
        "Ask for a sample of it (sample_rows: 100000; of plain CSV, JSON Lines and Parquet), split it, or " +
        "raise training.max_table_mb.",
    },
  );
}

function inMegabytes(bytes: number): string {
  return bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} kB` : `${Math.ceil(bytes / 1e6).toLocaleString("en")} MB`;
}
