import assert from "node:assert/strict";
import type { Table } from "@/dataset/table.ts";
import { decodeTable, encodeTable, shareTable } from "@/dataset/table_file.ts";
import { decodeSafetensors, encodeSafetensors, type Tensor } from "@/shared/safetensors.ts";
import { AppError } from "@/shared/errors.ts";

const TABLE: Table = {
  rows: 3,
  columns: [
    { name: "n", storage: "numeric", type: "number", values: Float64Array.of(0.1, NaN, -0) },
    {
      name: "day, ü\n",
      storage: "numeric",
      type: "date",
      values: Float64Array.of(0, 1.5e12, NaN),
      date_order: "dmy",
    },
    { name: "row", storage: "numeric", type: "identifier", values: Float64Array.of(1, 2, 3) },
    {
      name: "c",
      storage: "coded",
      type: "category",
      codes: Int32Array.of(1, -1, 0),
      categories: ["é🎉", "", "x"],
    },
    {
      name: "b",
      storage: "coded",
      type: "boolean",
      codes: Int32Array.of(0, 0, 1),
      categories: ["\ufeffyes", "no"],
    },
    {
      name: "t",
      storage: "coded",
      type: "text",
      codes: Int32Array.of(0, 1, 2),
      categories: ["a b", "a\nb", '"'],
    },
    { name: "", storage: "coded", type: "identifier", codes: Int32Array.of(-1, -1, -1), categories: [] },
  ],
};

Deno.test("decodeTable gives back the table that encodeTable was given", () => {
  assert.deepEqual(decodeTable(encodeTable(TABLE)), TABLE);
  const empty: Table = { rows: 0, columns: [] };
  assert.deepEqual(decodeTable(encodeTable(empty)), empty);
});

Deno.test("encodeTable gives the same bytes for equal tables, shared or not", () => {
  assert.deepEqual(encodeTable(shareTable(TABLE)), encodeTable(TABLE));
});

Deno.test("shareTable puts every array on shared memory, once", () => {
  const shared = shareTable(TABLE);
  for (const column of shared.columns) {
    const array = column.storage === "numeric" ? column.values : column.codes;
    assert.ok(array.buffer instanceof SharedArrayBuffer);
  }
  const [a, b] = [shared.columns[0], shareTable(shared).columns[0]];
  assert.ok(a.storage === "numeric" && b.storage === "numeric" && a.values.buffer === b.values.buffer);
});

type Parts = {
  tensors: Record<string, Tensor>;
  description: { rows: number; columns: { type: string; name: string }[] };
};

/** The bytes of TABLE after a change. */
function changed(change: (parts: Parts) => void): Uint8Array {
  const { tensors, metadata } = decodeSafetensors(encodeTable(TABLE));
  const parts: Parts = {
    tensors: Object.fromEntries(Object.entries(tensors).map(([name, { data }]) => [name, data])),
    description: JSON.parse(metadata.mlmcp_table),
  };
  change(parts);
  return encodeSafetensors(parts.tensors, { mlmcp_table: JSON.stringify(parts.description) });
}

const BROKEN: [string, Uint8Array, RegExp][] = [
  ["no description", encodeSafetensors({}, {}), /no valid description/],
  ["another format", changed(({ description }) => Object.assign(description, { format: 9 })), /format is 9/],
  [
    "a wrong number of rows",
    changed(({ description }) => description.rows = 4),
    /column 1 has 3 values, expected 4/,
  ],
  [
    "an unknown type",
    changed(({ description }) => description.columns[0].type = "text"),
    /column 1 is not described/,
  ],
  [
    "a name twice",
    changed(({ description }) => description.columns[1].name = "n"),
    /column 2 is not described/,
  ],
  ["a missing array", changed(({ tensors }) => delete tensors["3.codes"]), /column 4 has no codes/],
  [
    "an array of another type",
    changed(({ tensors }) => tensors["0.values"] = new Int32Array(3)),
    /no values of type F64/,
  ],
  [
    "a code out of range",
    changed(({ tensors }) => tensors["3.codes"][0] = 3),
    /column 4 has a code out of range/,
  ],
  [
    "a code below -1",
    changed(({ tensors }) => tensors["3.codes"][0] = -2),
    /column 4 has a code out of range/,
  ],
  ["an end out of range", changed(({ tensors }) => tensors["3.ends"][1] = 99), /end out of range/],
  [
    "text of no category",
    changed(({ tensors }) => tensors["3.text"] = new Uint8Array(40)),
    /not UTF-8|no category/,
  ],
  ["broken UTF-8", changed(({ tensors }) => tensors["3.text"][0] = 0xff), /not UTF-8/],
  [
    "an array of no column",
    changed(({ tensors }) => tensors["9.values"] = new Float64Array(1)),
    /no column: 9.values/,
  ],
];

for (const [what, bytes, message] of BROKEN) {
  Deno.test(`decodeTable refuses ${what}`, () => {
    assert.throws(() => decodeTable(bytes), (error) => {
      assert.ok(error instanceof AppError && error.code === "data_loss", String(error));
      assert.match(error.message, message);
      return true;
    });
  });
}
