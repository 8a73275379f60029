/** The folder that holds everything mlmcp keeps, and the state database inside it. */
import { join } from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { AppError } from "./errors.ts";

export interface Home {
  readonly path: string;
  readonly datasets: string;
  readonly models: string;
  readonly holdouts: string;
  /** Of training jobs that have not ended. */
  readonly checkpoints: string;
  readonly runs: string;
  readonly logs: string;
  readonly keys: string;
  readonly locks: string;
  readonly database: string;
}

/** The places inside a home, without touching the disk. */
export function homeAt(path: string): Home {
  return {
    path,
    datasets: join(path, "datasets"),
    models: join(path, "models"),
    holdouts: join(path, "holdouts"),
    checkpoints: join(path, "checkpoints"),
    runs: join(path, "runs"),
    logs: join(path, "logs"),
    keys: join(path, "keys"),
    locks: join(path, "locks"),
    database: join(path, "state.db"),
  };
}

/**
 * Makes the folders that are missing; only the owner may look inside.
 * @throws AppError permission_denied or resource_exhausted when the home can't be written
 */
export function createHome(path: string): Home {
  const home = homeAt(path);
  for (
    const folder of [
      ...[home.path, home.datasets, home.models, home.holdouts, home.checkpoints],
      ...[home.runs, home.logs, home.keys],
    ]
  ) {
    try {
      Deno.mkdirSync(folder, { recursive: true, mode: 0o700 });
    } catch (error) {
      throw cannotWrite(folder, error);
    }
  }
  const probe = join(home.logs, `.probe-${crypto.randomUUID()}`);
  try {
    Deno.writeTextFileSync(probe, "mlmcp");
    Deno.removeSync(probe);
  } catch (error) {
    throw cannotWrite(home.path, error);
  }
  return home;
}

function cannotWrite(folder: string, error: unknown): AppError {
  const said = error instanceof Error ? error.message : String(error);
  // Deno's words for the system's own folders, /proc and /dev.
  const text = /^Requires (all|write) access/.test(said) ? "no files can be kept there" : said;
  const full = /no space|ENOSPC|disk.*full/i.test(text);
  return new AppError(
    full ? "resource_exhausted" : "permission_denied",
    `Cannot write to the home folder ${folder}: ${text}`,
    {
      hint: full
        ? "Free some disk space, or choose another place with --home DIR."
        : "Choose a folder that you own with --home DIR or MLMCP_HOME.",
      cause: error,
    },
  );
}

/**
 * Opens the state database. Each room brings its own tables as ordered steps; a step that has run is never
 * run again, so adding one at the end is how a room changes its tables.
 */
export function openState(home: Home, room: string, steps: readonly string[]): DatabaseSync {
  let db: DatabaseSync;
  try {
    db = keepStatements(new DatabaseSync(home.database));
    db.exec("PRAGMA busy_timeout = 10000");
    db.exec("PRAGMA journal_mode = WAL");
    db.exec("PRAGMA synchronous = FULL");
    db.exec("PRAGMA foreign_keys = ON");
  } catch (error) {
    throw cannotOpen(home, error);
  }
  try {
    transact(db, () => {
      db.exec("CREATE TABLE IF NOT EXISTS room_version (room TEXT PRIMARY KEY, version INTEGER NOT NULL)");
      const row = db.prepare("SELECT version FROM room_version WHERE room = ?").get(room) as
        | { version: number }
        | undefined;
      const done = row?.version ?? 0;
      if (done > steps.length) {
        throw new AppError(
          "failed_precondition",
          `Cannot open ${home.database}: its ${room} tables come from a newer mlmcp`,
          { hint: "Use the newer mlmcp, or another --home." },
        );
      }
      for (const step of steps.slice(done)) db.exec(step);
      db.prepare(
        "INSERT INTO room_version (room, version) VALUES (?, ?) ON CONFLICT (room) DO UPDATE SET version = excluded.version",
      ).run(room, steps.length);
    });
  } catch (error) {
    db.close();
    throw error instanceof AppError ? error : cannotOpen(home, error);
  }
  return db;
}

function cannotOpen(home: Home, error: unknown): AppError {
  const text = error instanceof Error ? error.message : String(error);
  return new AppError("unavailable", `Cannot open the state database ${home.database}: ${text}`, {
    hint: /full|disk I\/O/i.test(text)
      ? "Free some disk space, or choose another home with --home."
      : /not a database|malformed/i.test(text)
      ? "The file is damaged. Move it away (models and data sets stay) and start again."
      : "Check that the home folder can be written, or choose another with --home.",
    cause: error,
  });
}

/**
 * Prepares each text once. A statement that is dropped is freed only when the collector comes by, and to the
 * collector it is small: a process that asks the same every second would grow for hours.
 */
export function keepStatements(db: DatabaseSync): DatabaseSync {
  const kept = new Map<string, StatementSync>();
  const prepare = db.prepare.bind(db);
  db.prepare = (sql) => {
    let statement = kept.get(sql);
    if (!statement) kept.set(sql, statement = prepare(sql));
    return statement;
  };
  return db;
}

/** Runs `work` as one transaction that owns the write lock from its start: all of it is kept, or nothing. */
export function transact<T>(db: DatabaseSync, work: () => T): T {
  db.exec("BEGIN IMMEDIATE");
  try {
    const result = work();
    db.exec("COMMIT");
    return result;
  } catch (error) {
    try {
      db.exec("ROLLBACK");
    } catch { /* the failed statement has already rolled back */ }
    throw error;
  }
}
