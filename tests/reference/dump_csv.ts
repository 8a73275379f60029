/** Reads paths from stdin, a line each, and writes what `readCsv` and the readers around it make of them as JSON lines. */
import { basename } from "node:path";
import { separatorOf } from "@/dataset/csv_separator.ts";
import { unpack } from "@/dataset/containers.ts";
import { csvReader } from "@/dataset/read_delimited.ts";
import type { Column } from "@/dataset/table.ts";

const valuesOf = (column: Column) =>
  column.storage === "numeric"
    ? Array.from(column.values, (value) => Number.isNaN(value) ? null : value)
    : Array.from(column.codes, (code) => code < 0 ? null : column.categories[code]);

const write = async (line: unknown) => {
  const bytes = new TextEncoder().encode(`${JSON.stringify(line)}\n`);
  for (let at = 0; at < bytes.length;) at += await Deno.stdout.write(bytes.subarray(at));
};

for (const path of (await new Response(Deno.stdin.readable).text()).split("\n").filter(Boolean)) {
  try {
    const packed = { bytes: await Deno.readFile(path), name: basename(path), part: undefined };
    const { bytes } = await unpack(packed, () => true, Infinity);
    const started = performance.now();
    const { rows, columns, notes } = await csvReader.read(bytes, {});
    await write({
      path,
      ms: performance.now() - started,
      separator: String.fromCharCode(separatorOf(bytes, 0)),
      rows,
      notes,
      columns: columns.map((column) => ({
        name: column.name,
        storage: column.storage,
        values: valuesOf(column),
      })),
    });
  } catch (error) {
    await write({ path, error: (error as Error).message });
  }
}
