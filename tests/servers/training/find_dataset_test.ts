import assert from "node:assert/strict";
import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readSource } from "@/jobs/tasks/read_source.ts";
import { AppError } from "@/shared/errors.ts";
import { type ByteRange, type DoorRequest, type FileDoor, openDoor } from "@/shared/file_door.ts";
import { findDataset } from "../../../servers/training/find_dataset.ts";
import { commandIn } from "../in_memory.ts";

const FORMATS = fileURLToPath(new URL("../../dataset/formats/", import.meta.url));

/** A door to a folder with the given files of tests/dataset/formats, that tells what was read. */
async function withFiles(
  names: Record<string, string | Uint8Array>,
  work: (
    find: (dataset: string, sample_rows?: number) => ReturnType<typeof findDataset>,
    reads: (ByteRange | "whole")[],
    home: string,
  ) => Promise<void>,
  max_table_mb = 0,
): Promise<void> {
  const folder = await Deno.realPath(await Deno.makeTempDir());
  try {
    for (const [name, from] of Object.entries(names)) {
      if (typeof from === "string") await copyFile(FORMATS + from, join(folder, name));
      else await Deno.writeFile(join(folder, name), from);
    }
    const reads: (ByteRange | "whole")[] = [];
    const policy = { cwd: folder, folders: [], home: join(folder, "home") };
    const ask = <T>(request: DoorRequest) => openDoor(request, policy) as Promise<T>;
    const door: FileDoor = {
      findTables: (path) => ask({ op: "find_tables", path }),
      readTable(path, range) {
        reads.push(range ?? "whole");
        return ask({ op: "read_table", path, ...(range ? { range } : {}) });
      },
      readModel: (path) => ask({ op: "read_model", path }),
      writeModel: () => Promise.reject(new Error("nothing is written here")),
      writePage: () => Promise.reject(new Error("nothing is written here")),
      writeFolder: () => Promise.reject(new Error("nothing is written here")),
    };
    const command = { ...commandIn(policy.home, {}, { "training.max_table_mb": max_table_mb }), door };
    await work((dataset, sample_rows) => findDataset(command, dataset, sample_rows), reads, folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("a table in a file is found by the part behind a #, whatever else has a # in its name", () =>
  withFiles({
    "shop.db": "several.db",
    "book.xlsx": "several.xlsx",
    "both.zip": "several.zip",
    "a#1.csv": "table.csv",
    "b#2.db": "several.db",
  }, async (find, _reads, folder) => {
    for (
      const [name, columns, rows] of [
        ["shop.db#orders", 1, 30],
        ["shop.db#customers", 8, 30],
        ["book.xlsx#Orders", 1, 30],
        ["both.zip#test.csv", 2, 1],
        ["a#1.csv", 8, 30],
        ["b#2.db#orders", 1, 30],
        [`${folder}/shop.db#orders`, 1, 30],
      ] as const
    ) {
      const found = await find(name);
      const table = await readSource(found);
      assert.deepEqual([table.columns.length, table.rows], [columns, rows], name);
      assert.ok(found.ref.endsWith(name), found.ref);
    }
    await assert.rejects(find("nothing.db#orders"), {
      code: "not_found",
      message: /nothing\.db: there is no/,
    });
    const wrong = await find("a#1.csv#x");
    await assert.rejects(readSource(wrong), { code: "not_found", message: /a#1\.csv: it has no parts/ });
    const absent = await find("shop.db#sales");
    await assert.rejects(readSource(absent), { code: "not_found", message: /no table "sales"/ });
  }));

Deno.test("a file too large for the limit is refused before any of it is read", () =>
  withFiles({ "large.csv": new Uint8Array(500_000).fill(10) }, async (find, reads) => {
    await assert.rejects(find("large.csv"), (error: AppError) => {
      assert.equal(error.code, "resource_exhausted");
      assert.match(
        error.message,
        /large\.csv: its 500 kB would take about 2 MB of memory, the limit is 1 MB/,
      );
      assert.match(error.hint!, /sample_rows.*training\.max_table_mb/);
      return true;
    });
    assert.deepEqual(reads, []);
  }, 1));

Deno.test("a sample of a large file of lines reads only parts of it, and the table says that it is one", () => {
  const line = (i: number) => `${i},name ${i % 7},${i * 3}\n`;
  const text = "id,name,x\n" + Array.from({ length: 200_000 }, (_, i) => line(i)).join("");
  return withFiles({ "large.csv": new TextEncoder().encode(text) }, async (find, reads) => {
    const found = await find("large.csv", 1000);
    assert.ok(!reads.includes("whole"));
    const table = await readSource(found);
    assert.equal(table.rows, 1000);
    assert.match(table.notes!.join(), /A sample of 1000 rows/);
    assert.equal((await find("large.csv", 1000)).sha256, found.sha256);
    // The limit is for what is read, not for the file.
  }, 1);
});

Deno.test("a sample of a Parquet file has rows of all its row groups", () =>
  withFiles({ "t.parquet": "table.snappy.parquet" }, async (find) => {
    const table = await readSource(await find("t.parquet", 10));
    assert.equal(table.rows, 10);
    const count = table.columns.find(({ name }) => name === "count")!;
    assert.ok(count.storage === "numeric");
    assert.deepEqual(Array.from(count.values, Math.sqrt), [0, 3, 6, 9, 12, 15, 18, 21, 24, 27]);
    assert.match(table.notes!.join(), /A sample of 10 of its 30 rows/);
  }));
