/** What every reader must do: give the same table, and an error of ours for anything broken. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { READERS, readTable } from "@/dataset/readers.ts";
import { type Column, columnOf, type Table } from "@/dataset/table.ts";
import { AppError } from "@/shared/errors.ts";
import { Random } from "@/shared/random.ts";

const FOLDER = fileURLToPath(new URL("./formats/", import.meta.url));
const FILES = [...Deno.readDirSync(FOLDER)].map(({ name }) => name).filter((name) =>
  name.startsWith("table.")
)
  .sort();

const bytesOf = (name: string) => Deno.readFileSync(FOLDER + name);
const read = (name: string, part?: string) => readTable(bytesOf(name), name, part ? { part } : {});

/** What tables are compared by: a type, and the values in JSON. */
function plain(column: Column): unknown {
  const values = column.storage === "numeric"
    ? Array.from(column.values, (value) => Number.isNaN(value) ? null : value)
    : Array.from(column.codes, (code) => code < 0 ? null : column.categories[code]);
  return { name: column.name, type: column.type, values };
}

const csv = await read("table.csv");

for (const name of FILES) {
  Deno.test(`${name} gives the same table as table.csv`, async () => {
    const table = await read(name);
    assert.equal(table.rows, 30);
    assert.deepEqual(table.columns.map(({ name }) => name), csv.columns.map(({ name }) => name));
    table.columns.forEach((column, k) => {
      const [got, wanted] = [plain(column), plain(csv.columns[k])];
      // pandas writes at most 15 decimals of a double into JSON, and Excel's files hold 16 digits.
      if (column.name === "tiny" && /json/.test(name)) return;
      if (column.name === "amount" && /json|xlsx/.test(name)) return assertClose(column, csv.columns[k]);
      assert.deepEqual(got, wanted, column.name);
    });
  });
}

function assertClose(a: Column, b: Column): void {
  assert.ok(a.storage === "numeric" && b.storage === "numeric");
  a.values.forEach((value, i) =>
    assert.ok(Math.abs(value - b.values[i]) < 1e-12 || Number.isNaN(value) && Number.isNaN(b.values[i]))
  );
}

for (const name of FILES) {
  Deno.test(`${name} is read from shared memory too`, async () => {
    const bytes = bytesOf(name);
    const shared = new Uint8Array(new SharedArrayBuffer(bytes.length));
    shared.set(bytes);
    const [got, wanted] = [await readTable(shared, name), await read(name)];
    assert.deepEqual(got.columns.map(plain), wanted.columns.map(plain));
  });
}

Deno.test("every reader has a file in the contract", () => {
  for (const { name, extensions } of READERS) {
    assert.ok(
      extensions.some((end) => FILES.some((file) => file.endsWith(end))),
      `${name} has no file of the form table.*${extensions[0]} in tests/dataset/formats`,
    );
  }
});

for (const name of FILES) {
  Deno.test(`${name}, cut off or damaged anywhere, gives a table or an error of ours`, async () => {
    const whole = bytesOf(name);
    const random = new Random(3);
    const broken = [0, 1, 5, 11, 40].map((n) => whole.slice(0, n))
      .concat(Array.from({ length: 8 }, () => whole.slice(0, Math.floor(random.float() * whole.length))))
      // A damaged count in a stream's metadata sends the library through up to 2^32 places before it gives up.
      .concat(Array.from({ length: name.endsWith(".arrows") ? 0 : 24 }, () => {
        const copy = whole.slice();
        for (let k = 0; k < 4; k++) copy[Math.floor(random.float() * copy.length)] = random.float() * 256;
        return copy;
      }));
    for (const bytes of broken) {
      let table: Table;
      try {
        table = await readTable(bytes, name);
      } catch (error) {
        assert.ok(error instanceof AppError, `${error}`);
        assert.match(error.message, /^Cannot /);
        assert.ok(error.hint, error.message);
        continue;
      }
      for (const column of table.columns) {
        assert.equal((column.storage === "numeric" ? column.values : column.codes).length, table.rows);
      }
    }
  });
}

Deno.test("a file with several tables is read by the part that is named, and says which there are", async () => {
  for (
    const [name, first, kind] of [
      ["several.zip", "train.csv", "tables"],
      ["several.db", "customers", "tables"],
      ["several.xlsx", "Customers", "sheets"],
    ]
  ) {
    await assert.rejects(read(name), (error: AppError) => {
      assert.match(error.message, new RegExp(`Cannot read ${name}: .*2 ${kind}`));
      assert.match(error.hint!, new RegExp(`#${first}`));
      return true;
    });
    assert.equal((await read(name, first)).rows, 30);
    await assert.rejects(read(name, "nothing"), { code: "not_found", message: /"nothing"/ });
  }
});

Deno.test("text that is not UTF-8 is read as windows-1252, and the table says so", async () => {
  const table = await read("latin1.csv");
  assert.deepEqual(plain(columnOf(table, "name")), {
    name: "name",
    type: "category",
    values: ["José", "Anaïs", "Zoë"],
  });
  assert.deepEqual(Array.from((columnOf(table, "größe") as { values: Float64Array }).values), [
    1.5,
    2.25,
    3.75,
  ]);
  assert.match(table.notes![0], /windows-1252/);
});

Deno.test("a web page saved as a table of any format is named", async () => {
  const page = new TextEncoder().encode("<!DOCTYPE html><html><body>Sign in</body></html>");
  for (const { extensions } of READERS) {
    await assert.rejects(readTable(page, `page${extensions[0]}`), { message: /web page/ });
  }
});

Deno.test("nested JSON becomes columns with dots, and text that holds only numbers becomes numbers", async () => {
  const bytes = new TextEncoder().encode(
    `[{"id":"1","at":{"city":"A","zip":{"code":"9"}},"tags":[1,2]},{"id":"2.5","at":{"city":null},"extra":true}]`,
  );
  const table = await readTable(bytes, "x.json");
  assert.deepEqual(table.columns.map(plain), [
    { name: "id", type: "number", values: [1, 2.5] },
    { name: "at.city", type: "category", values: ["A", null] },
    { name: "at.zip.code", type: "number", values: [9, null] },
    { name: "tags", type: "category", values: ["[1,2]", null] },
    { name: "extra", type: "boolean", values: [null, "true"] },
  ]);
});

Deno.test("JSON Lines name the line that is broken", async () => {
  const bytes = new TextEncoder().encode(`{"a":1}\n\n{"a":2}\n{"a":`);
  await assert.rejects(readTable(bytes, "x.jsonl"), { message: /x\.jsonl: line 4 is not JSON/ });
});

Deno.test("a zip whose sizes lie, and a bomb, are refused before they fill the memory", async () => {
  const zip = bytesOf("table.csv.zip");
  const view = new DataView(zip.buffer);
  // The central entry of data/table.csv: its size field is 24 bytes in.
  let at = zip.length - 22;
  at = view.getUint32(at + 16, true);
  at += 46 + view.getUint16(at + 28, true) + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
  const lies = (size: number) => {
    const copy = zip.slice();
    new DataView(copy.buffer).setUint32(at + 24, size, true);
    return readTable(copy, "x.zip");
  };
  await assert.rejects(lies(10), { message: /damaged, or larger/ });
  await assert.rejects(lies(100_000), { message: /not those that were packed/ });
  await assert.rejects(lies(0xfffffff0), { code: "resource_exhausted", message: /more than 2 GiB/ });
});
