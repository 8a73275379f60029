import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { AppError } from "@/shared/errors.ts";
import { chooseFile, HEAD_BYTES, headFor, previewTable } from "@/kaggle/preview.ts";
import { makeZip } from "./make_zip.ts";
import { bytesOf } from "./scene.ts";

const HEAD = "id,when,text\n";
const ROWS = Array.from(
  { length: 50_000 },
  (_, i) => `${i * 7 % 50_021},2026-01-0${i % 9 + 1},"row ${i}\nsecond line"\n`,
).join("");
const TABLE = bytesOf(HEAD + ROWS);
const SHOWN = [[0, "2026-01-01", "row 0\nsecond line"], [7, "2026-01-02", "row 1\nsecond line"]];

async function refused(work: Promise<unknown>, pattern: RegExp): Promise<void> {
  const error = await work.then(() => null, (thrown) => thrown);
  assert.ok(error instanceof AppError, `expected an AppError, got ${error}`);
  assert.equal(error.code, "invalid_argument");
  assert.match(error.message, pattern);
}

Deno.test("the head of a long file shows its first rows, wherever it was cut", async () => {
  assert.ok(TABLE.length > HEAD_BYTES);
  for (const length of [HEAD_BYTES, 1000, 1001, 1010, 1020, 1030]) {
    const { columns, rows } = await previewTable(TABLE.slice(0, length), false, "a.csv", 2);
    assert.deepEqual(columns.map(({ name, type }) => [name, type]).slice(0, 2), [["id", "identifier"], [
      "when",
      "date",
    ]], `${length}`);
    assert.deepEqual(rows, SHOWN);
  }
});

Deno.test("packed files are shown from their beginning alone", async () => {
  const gz = new Uint8Array(gzipSync(TABLE));
  assert.deepEqual((await previewTable(gz.slice(0, 20_000), false, "a.csv.gz", 2)).rows, SHOWN);
  assert.deepEqual((await previewTable(gz, true, "a.csv.gz", 2)).rows, SHOWN);
  const zip = makeZip([{ name: "a.csv", content: TABLE, streamed: true }]);
  assert.deepEqual((await previewTable(zip.slice(0, 20_000), false, "a.csv", 2)).rows, SHOWN);
});

Deno.test("a whole file keeps its last row, also without a line break at its end", async () => {
  const table = bytesOf("a,b\n1,x\n2,y");
  assert.deepEqual((await previewTable(table, true, "a.csv", 10)).rows, [[1, "x"], [2, "y"]]);
  assert.deepEqual((await previewTable(new Uint8Array(gzipSync(table)), true, "a.csv.gz", 10)).rows, [[
    1,
    "x",
  ], [2, "y"]]);
});

Deno.test("what is no table is named", async () => {
  await refused(previewTable(new Uint8Array(), true, "a.csv", 5), /empty/);
  await refused(
    previewTable(bytesOf("x".repeat(5000)), false, "a.csv", 5),
    /first line is longer than 5000 bytes/,
  );
  await refused(
    previewTable(new Uint8Array([0x1f, 0x8b, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9]), true, "a.csv.gz", 5),
    /a\.csv\.gz/,
  );
  await refused(
    previewTable(bytesOf("<!doctype html><p>sign in</p>\n"), true, "a.csv", 5),
    /a\.csv.*web page/,
  );
});

Deno.test("of several files the table for training is shown", () => {
  assert.equal(chooseFile(["readme.md", "test.csv", "train.csv"]), "train.csv");
  assert.equal(
    chooseFile(["constraints.csv", "b.csv"]),
    "constraints.csv",
    "train inside a word is no name for training",
  );
  assert.equal(chooseFile(["readme.md"]), undefined);
});

Deno.test("of formats that are no lines all is read when it is not large, of others never more than the head", async () => {
  const asked: number[] = [];
  const file = (size: number) => (limit: number) => {
    asked.push(limit);
    return Promise.resolve({ bytes: new Uint8Array(Math.min(size, limit)), isAll: size <= limit });
  };
  const read = async (name: string, size: number) => {
    asked.length = 0;
    return (await headFor(name, file(size))).bytes.length;
  };
  assert.equal(await read("a.parquet", 2_000_000), 2_000_000);
  assert.deepEqual(asked, [HEAD_BYTES, 16 * 2 ** 20]);
  for (const name of ["a.csv", "a.csv.gz", "a.jsonl.zip", "A.TSV", "strange"]) {
    assert.deepEqual([await read(name, 2_000_000), asked], [HEAD_BYTES, [HEAD_BYTES]], name);
  }
  assert.deepEqual([await read("small.xlsx", 1000), asked], [1000, [HEAD_BYTES]]);
  await assert.rejects(
    read("a.parquet", 20_000_000),
    (error) =>
      error instanceof AppError && error.code === "failed_precondition" &&
      /download_dataset/.test(error.hint),
  );
});
