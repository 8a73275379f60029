/** Reads a CSV some times and prints seconds and peak memory as JSON: THREADS PATH READS. */
import { readTable } from "@/dataset/readers.ts";
import { packedTextOf } from "@/dataset/packed_text.ts";
import type { Column, Table } from "@/dataset/table.ts";
import { readFileShared } from "@/shared/read_file.ts";

const [threads, path, reads] = Deno.args;
const seconds: number[] = [];
let table: Table | undefined;
for (let i = 0; i < Number(reads); i++) {
  table = undefined;
  const started = performance.now();
  table = await readTable(await readFileShared(path), "file.csv", { threads: Number(threads) });
  seconds.push((performance.now() - started) / 1000);
}
/** What V8 takes for a string besides its characters: a header of 16 bytes and the pointer to it. */
const STRING_BYTES = 24;

function bytesOf(column: Column): number {
  if (column.storage === "numeric") return column.values.byteLength;
  const packed = packedTextOf(column);
  if (packed) return packed.bytes.byteLength + packed.ends.byteLength;
  return column.codes.byteLength +
    column.categories.reduce((all, text) => all + text.length + STRING_BYTES, 0);
}

const columns_bytes = table!.columns.reduce((sum, column) => sum + bytesOf(column), 0);
const status = await Deno.readTextFile("/proc/self/status").catch(() => "");
const peak_bytes = Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1] ?? NaN) * 1024;
console.log(JSON.stringify({ seconds, peak_bytes, columns_bytes, rows: table!.rows }));
