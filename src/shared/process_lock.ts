/**
 * One owner at a time for a named job in a home. The lock is SQLite's own on a small file, so the kernel
 * gives it back the moment its holder dies, however it dies.
 */
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { Home } from "./home.ts";

export interface ProcessLock {
  /** Gives the lock back. `forget` also removes its file: for a name that no one will ask for again. */
  release(options?: { forget: boolean }): void;
}

/** The lock, or null when another process (or another holder in this one) has it. */
export function tryLock(home: Home, name: string): ProcessLock | null {
  const folder = home.locks;
  Deno.mkdirSync(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, `${name}.lock`);
  const db = new DatabaseSync(path);
  try {
    db.exec("PRAGMA busy_timeout = 0");
    db.exec("BEGIN EXCLUSIVE");
  } catch (error) {
    db.close();
    if (/locked|busy/i.test((error as Error).message)) return null;
    throw error;
  }
  return {
    release(options) {
      if (options?.forget) Deno.removeSync(path);
      db.close();
    },
  };
}
