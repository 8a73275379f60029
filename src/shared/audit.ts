/** A row for every tool call of every server: who, with which scopes, what, how it ended, how long it took. */
import type { DatabaseSync } from "node:sqlite";
import { type Home, openState } from "./home.ts";

export interface AuditEntry {
  time: string;
  server: string;
  tool: string;
  caller: string;
  scopes: string;
  run_id: string | null;
  /** SHA-256 of the arguments as canonical JSON: what was asked can be proved, not read. */
  arguments_sha256: string;
  /** `ok`, or the error's code. */
  outcome: string;
  duration_ms: number;
}

const TABLES = [
  `CREATE TABLE audit (
     audit_id INTEGER PRIMARY KEY, time TEXT NOT NULL, server TEXT NOT NULL, tool TEXT NOT NULL,
     caller TEXT NOT NULL, scopes TEXT NOT NULL, run_id TEXT, arguments_sha256 TEXT NOT NULL,
     outcome TEXT NOT NULL, duration_ms REAL NOT NULL);
   CREATE INDEX audit_by_run ON audit (run_id);`,
];

export function openAudit(home: Home): DatabaseSync {
  return openState(home, "audit", TABLES);
}

export function writeAudit(db: DatabaseSync, entry: AuditEntry): void {
  db.prepare(
    `INSERT INTO audit (time, server, tool, caller, scopes, run_id, arguments_sha256, outcome, duration_ms)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  ).run(
    entry.time,
    entry.server,
    entry.tool,
    entry.caller,
    entry.scopes,
    entry.run_id,
    entry.arguments_sha256,
    entry.outcome,
    entry.duration_ms,
  );
}

/** Newest first. */
export function readAudit(
  db: DatabaseSync,
  filter: { run_id?: string; tool?: string; limit: number },
): AuditEntry[] {
  return db.prepare(
    `SELECT time, server, tool, caller, scopes, run_id, arguments_sha256, outcome, duration_ms FROM audit
     WHERE (?1 IS NULL OR run_id = ?1) AND (?2 IS NULL OR tool = ?2) ORDER BY audit_id DESC LIMIT ?3`,
  ).all(filter.run_id ?? null, filter.tool ?? null, filter.limit) as unknown as AuditEntry[];
}
