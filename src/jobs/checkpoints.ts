/**
 * What unfinished fits have kept, so that a job that is taken again goes on where it was. A fit is a folder
 * `checkpoints/<job_id>/<key>/`, a piece of it one file: `<number>-<whole or more>-<hash>.safetensors`.
 */
import { join } from "node:path";
import { writeAtomic } from "@/shared/atomic_file.ts";
import type { Log } from "@/shared/log.ts";

export interface Checkpoints {
  /** The pieces of a fit, in order; as many as the disk gives back whole. */
  read(job_id: string, key: string): Promise<Uint8Array[]>;
  /** Adds a piece, written behind those that are still being written. A whole one takes the place of all before. */
  add(job_id: string, key: string, piece: Uint8Array, isWhole: boolean): void;
  /** Forgets a fit, or all of a job. */
  forget(job_id: string, key?: string): Promise<void>;
  /** Forgets the jobs that have ended, as far as this is known. */
  sweep(hasEnded: (job_id: string) => boolean): Promise<void>;
}

interface PieceFile {
  name: string;
  number: number;
  isWhole: boolean;
  hash: string;
}

export function openCheckpoints(folder: string, log: Log): Checkpoints {
  /** One after the other: a piece is added when those before it are there. */
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const done = last.then(work);
    last = done.catch(() => {});
    return done;
  };
  /** The number of the next piece, by the fit's folder. */
  const next = new Map<string, number>();
  const remove = (path: string) =>
    Deno.remove(path, { recursive: true }).catch((error) => {
      if (!(error instanceof Deno.errors.NotFound)) {
        log.warn("a checkpoint could not be removed", { path, error: String(error) });
      }
    });

  return {
    read: (job_id, key) =>
      inTurn(async () => {
        const fit = join(folder, job_id, key);
        const files = await list(fit);
        const start = files.findLastIndex(({ isWhole }) => isWhole);
        const pieces: Uint8Array[] = [];
        let number = start < 0 ? 0 : files[start].number;
        for (const file of files.slice(Math.max(start, 0))) {
          const bytes = file.number === number ? await readWhole(join(fit, file.name), file.hash) : null;
          if (bytes === null) break; // what comes behind a gap can't be added to what comes before it
          pieces.push(bytes);
          number++;
        }
        const from = number - pieces.length;
        for (const file of files) {
          if (file.number < from || file.number >= number) await remove(join(fit, file.name));
        }
        next.set(fit, number);
        return pieces;
      }),
    add(job_id, key, piece, isWhole) {
      const fit = join(folder, job_id, key);
      const number = next.get(fit) ?? 0;
      next.set(fit, number + 1);
      inTurn(async () => {
        await Deno.mkdir(fit, { recursive: true, mode: 0o700 });
        const name = `${number}-${isWhole ? "whole" : "more"}-${await hashOf(piece)}.safetensors`;
        await writeAtomic(join(fit, name), piece, { mode: 0o600 });
        if (!isWhole) return;
        for (const file of await list(fit)) if (file.number < number) await remove(join(fit, file.name));
      }).catch((error) => log.warn("a checkpoint could not be kept", { job_id, error: String(error) }));
    },
    forget: (job_id, key) =>
      inTurn(async () => {
        const path = key === undefined ? join(folder, job_id) : join(folder, job_id, key);
        for (const fit of next.keys()) if (fit.startsWith(path)) next.delete(fit);
        await remove(path);
      }),
    sweep: (hasEnded) =>
      inTurn(async () => {
        for await (const { name } of Deno.readDir(folder)) {
          if (hasEnded(name)) await remove(join(folder, name));
        }
      }).catch((error) => {
        if (!(error instanceof Deno.errors.NotFound)) {
          log.warn("old checkpoints could not be removed", { error: String(error) });
        }
      }),
  };
}

async function list(fit: string): Promise<PieceFile[]> {
  const files: PieceFile[] = [];
  try {
    for await (const { name } of Deno.readDir(fit)) {
      const parts = /^(\d+)-(whole|more)-([0-9a-f]{64})\.safetensors$/.exec(name);
      if (parts) {
        files.push({ name, number: Number(parts[1]), isWhole: parts[2] === "whole", hash: parts[3] });
      }
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return files.sort((a, b) => a.number - b.number);
}

/** Null when the file can't be read or is not what was written. */
async function readWhole(path: string, hash: string): Promise<Uint8Array | null> {
  const bytes = await Deno.readFile(path).catch(() => null);
  return bytes !== null && await hashOf(bytes) === hash ? bytes : null;
}

/** SHA-256 in hex, by another thread: a piece can have a hundred megabytes, and this one answers calls. */
async function hashOf(bytes: Uint8Array): Promise<string> {
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>));
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
