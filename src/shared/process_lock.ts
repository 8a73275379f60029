/**
 * One owner at a time for a named job in a home. The lock is SQLite's own on a small file, so the kernel
 * gives it back the moment its holder dies, however it dies.
 */
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { Home } from "./home.ts";

export interface ProcessLock {
  release(): void;
}

/** The lock, or null when another process holds it. */
export function tryLock(home: Home, name: string): ProcessLock | null {
  const db = new DatabaseSync(join(home.path, `${name}.lock`));
  try {
    db.exec("PRAGMA busy_timeout = 0");
    db.exec("PRAGMA locking_mode = EXCLUSIVE");
    db.exec("BEGIN EXCLUSIVE");
    return { release: () => db.close() };
  } catch (error) {
    db.close();
    if (/locked|busy/i.test((error as Error).message)) return null;
    throw error;
  }
}
