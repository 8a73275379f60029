import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { AppError, fromWireError, toWireError } from "@/shared/errors.ts";
import { createHome, openState } from "@/shared/home.ts";

/** What a database says when `work` fails in it. */
async function failureOf(work: (db: DatabaseSync, path: string) => void): Promise<unknown> {
  const folder = await Deno.makeTempDir();
  const db = new DatabaseSync(`${folder}/state.db`);
  try {
    db.exec("CREATE TABLE kept (value TEXT)");
    work(db, `${folder}/state.db`);
    throw new Error("it did not fail");
  } catch (error) {
    return error;
  } finally {
    db.close();
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("a full database is told as a full disk, not as a defect", async () => {
  const error = await failureOf((db) => {
    db.exec("PRAGMA max_page_count = 2");
    db.prepare("INSERT INTO kept VALUES (?)").run("x".repeat(100_000));
  });
  const wire = toWireError(error);
  assert.equal(wire.code, "resource_exhausted");
  assert.match(`${wire.message} ${wire.hint}`, /state database.*the disk is full.*Free some disk space/);
});

Deno.test("a database that can't be written is told as such", async () => {
  const wire = toWireError(
    await failureOf((_, path) => {
      const other = new DatabaseSync(path, { readOnly: true });
      try {
        other.exec("DELETE FROM kept");
      } finally {
        other.close();
      }
    }),
  );
  assert.equal(wire.code, "permission_denied");
});

Deno.test("a database that others keep busy is told as such, and that trying again helps", async () => {
  const wire = toWireError(
    await failureOf((db, path) => {
      db.exec("BEGIN EXCLUSIVE");
      const other = new DatabaseSync(path);
      try {
        other.exec("BEGIN IMMEDIATE");
      } finally {
        other.close();
      }
    }),
  );
  assert.equal(wire.code, "aborted");
});

Deno.test("a damaged database is told with the way out", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const home = createHome(folder);
    Deno.writeTextFileSync(home.database, "no database at all ".repeat(100));
    assert.throws(
      () => openState(home, "test", ["CREATE TABLE kept (value TEXT)"]),
      (error: AppError) => /Move it away/.test(toWireError(error).hint),
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a defect keeps its text for the log, and a wire error becomes the same error again", () => {
  const wire = toWireError(new TypeError("secret detail"));
  assert.equal(wire.code, "internal");
  assert.ok(!JSON.stringify(wire).includes("secret detail"));
  assert.equal(
    toWireError(Object.assign(new Error("syntax"), { code: "ERR_SQLITE_ERROR" })).code,
    "internal",
  );
  const known = { code: "not_found", message: "Cannot find it: gone", hint: "Look elsewhere." } as const;
  assert.deepEqual(toWireError(fromWireError(known)), known);
});
