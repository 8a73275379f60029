import assert from "node:assert/strict";
import { sampleLines } from "@/dataset/sample_lines.ts";
import { requireMemory } from "@/dataset/table_memory.ts";
import { AppError } from "@/shared/errors.ts";

/** A file that tells how much of it was read. */
function fileOf(text: string) {
  const bytes = new TextEncoder().encode(text);
  const file = {
    size_bytes: bytes.length,
    read_bytes: 0,
    read(from: number, to: number) {
      file.read_bytes += to - from;
      return Promise.resolve(bytes.slice(from, to));
    },
  };
  return file;
}

const line = (i: number) => `${i},name ${i},${i * 7}`;
const lines = Array.from({ length: 400_000 }, (_, i) => line(i));

Deno.test("sampleLines() gives whole lines from everywhere and reads only a part of the file", async () => {
  const file = fileOf(`id,name,x\n${lines.join("\n")}`);
  const sample = new TextDecoder().decode(await sampleLines(file, 2000, true)).trimEnd().split("\n");
  assert.equal(sample[0], "id,name,x");
  const ids = sample.slice(1).map((row) => Number(row.split(",")[0]));
  assert.deepEqual(sample.slice(1), ids.map(line));
  assert.equal(new Set(ids).size, ids.length);
  assert.ok(ids.length > 1500 && ids.length < 4000, `${ids.length} rows`);
  assert.ok(ids[0] === 0 && ids.at(-1) === 399_999);
  for (let part = 0; part < 10; part++) {
    assert.ok(ids.some((id) => Math.floor(id / 40_000) === part), `none of the ${part + 1}th tenth`);
  }
  assert.ok(file.read_bytes < file.size_bytes / 10);
});

Deno.test("sampleLines() without a header begins with the first line, and gives a small file whole", async () => {
  const jsonLines = fileOf(lines.map((_, i) => `{"i":${i}}\n`).join(""));
  const sample = new TextDecoder().decode(await sampleLines(jsonLines, 1000, false)).trimEnd().split("\n");
  assert.deepEqual(JSON.parse(sample[0]), { i: 0 });
  sample.forEach((row) => JSON.parse(row));
  const small = "a,b\n1,2\n3,4\n";
  assert.equal(new TextDecoder().decode(await sampleLines(fileOf(small), 1000, true)), small);
});

Deno.test("sampleLines() refuses a file whose quoted fields go over lines", async () => {
  const file = fileOf(`a,b\n1,"two\nlines"\n${lines.map(() => "1,2").join("\n")}`);
  await assert.rejects(sampleLines(file, 1000, true), {
    code: "failed_precondition",
    message: /several lines/,
  });
});

Deno.test("requireMemory() refuses a file too large for the limit with the figures and the way out", () => {
  requireMemory("a.csv", 100e6, 300e6);
  assert.throws(() => requireMemory("a.csv", 101e6, 300e6), (error: AppError) => {
    assert.equal(error.code, "resource_exhausted");
    assert.match(error.message, /101 MB would take about 303 MB of memory, the limit is 300 MB/);
    assert.match(error.hint!, /sample_rows.*max_table_mb/);
    return true;
  });
  assert.throws(() => requireMemory("a.csv.gz", 30e6, 300e6));
});
