/**
 * A table or view of an SQLite database, by sql.js (SQLite itself, as WebAssembly): node:sqlite opens files only,
 * and the Worker that reads tables may open none.
 */
import { AppError } from "@/shared/errors.ts";
import { ColumnBuilder } from "./column_builder.ts";
import { pickPart } from "./pick_part.ts";
import { type Reader, type ReadOptions, startsWith } from "./reader.ts";
import type { Table } from "./table.ts";
import { uniqueNames } from "./unique_names.ts";

export const sqliteReader: Reader = {
  name: "SQLite",
  extensions: [".sqlite", ".sqlite3", ".db"],
  hasParts: true,
  matches: (bytes) => startsWith(bytes, "SQLite format 3\0"),
  read: readSqlite,
};

async function readSqlite(bytes: Uint8Array, options: ReadOptions): Promise<Table> {
  // sql.js asks for its folder, from which it then reads nothing; in the compiled program a module has none.
  Object.assign(globalThis, { __dirname: "" });
  // Half of what a learning Worker would load, and few tables need it.
  const [{ default: initSqlJs }, { default: wasm }] = await Promise.all([
    import("sql.js"),
    import("sql.js/dist/sql-wasm.wasm", { with: { type: "bytes" } }),
  ]);
  const { Database } = await initSqlJs({ wasmBinary: wasm.slice().buffer as ArrayBuffer });
  const database = new Database(bytes);
  try {
    const listed = database.exec(
      "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%' ORDER BY rowid",
    );
    const part = pickPart(
      "table",
      (listed[0]?.values ?? []).map(([name]: unknown[]) => String(name)),
      options.part,
    );
    const statement = database.prepare(`SELECT * FROM "${part.replaceAll('"', '""')}"`);
    try {
      const builders = uniqueNames(statement.getColumnNames()).map((name) => new ColumnBuilder(name));
      const max_rows = options.max_rows ?? Infinity;
      let rows = 0;
      for (; rows < max_rows && statement.step(); rows++) {
        const values = statement.get();
        for (let k = 0; k < builders.length; k++) builders[k].add(values[k]);
      }
      if (rows === 0) {
        throw new AppError("invalid_argument", `Cannot read the table: "${part}" has no rows`, {
          hint: "Choose a table with at least one row.",
        });
      }
      return { rows, columns: builders.map((builder) => builder.finish()) };
    } finally {
      statement.free();
    }
  } finally {
    database.close();
  }
}
