import assert from "node:assert/strict";
import {
  countPresent,
  firstDistinct,
  hasDistinct,
  isIncreasing,
  packedColumn,
  PackedTextBuilder,
  packedTextOf,
  spreadTexts,
} from "@/dataset/packed_text.ts";
import { readTable } from "@/dataset/readers.ts";
import { type CodedColumn, takeRows } from "@/dataset/table.ts";
import { Random } from "@/shared/random.ts";

function pack(texts: readonly string[]) {
  const builder = new PackedTextBuilder(1, 1);
  for (const text of texts) {
    const bytes = new TextEncoder().encode(text);
    builder.add(bytes, 0, bytes.length);
  }
  return builder.finish();
}

Deno.test("a packed column has the codes and categories of a coded one, and loses its bytes in a copy", () => {
  const column = packedColumn("a", "text", pack(["x", "", "é y", "x", "🎉"]));
  assert.deepEqual([...column.codes], [0, -1, 1, 0, 2]);
  assert.deepEqual(column.categories, ["x", "é y", "🎉"]);
  const taken = takeRows({ rows: 5, columns: [column] }, Uint32Array.of(4, 1)).columns[0] as CodedColumn;
  assert.deepEqual([packedTextOf(taken), [...taken.codes]], [undefined, [2, -1]]);
  assert.deepEqual(structuredClone({ ...column }).categories, column.categories);
});

Deno.test("what is asked of packed texts is what their strings say", () => {
  const random = new Random(5);
  for (let round = 0; round < 200; round++) {
    const most = 1 + random.below(60);
    const texts = Array.from({ length: random.below(100) }, () => {
      const n = random.below(most);
      return n === 0 ? "" : `v${n}`;
    });
    if (round % 3 === 0) texts.sort();
    const text = pack(texts);
    const present = texts.filter(Boolean);
    const distinct = [...new Set(present)];
    assert.equal(countPresent(text), present.length);
    assert.deepEqual(firstDistinct(text, 7), distinct.slice(0, 7));
    assert.equal(isIncreasing(text), present.every((value, i) => i === 0 || value > present[i - 1]));
    for (const wanted of [0, 1, distinct.length, distinct.length + 1]) {
      assert.equal(hasDistinct(text, present.length, wanted), distinct.length >= wanted);
    }
    assert.ok(countPresent(spreadTexts(text, 10)) <= 10);
  }
});

Deno.test("large files give their text columns the types that small ones get", async () => {
  const random = new Random(9);
  const words = ["old", "grey", "small", "loud", "naïve"];
  const sentence = () => Array.from({ length: 5 }, () => words[random.below(5)] + random.below(99)).join(" ");
  const rows = Array.from({ length: 300_000 }, (_, i) => {
    const at = new Date(Date.UTC(2020, 0, 1) + i * 60_000).toISOString().slice(0, 19);
    return [`K${i}`, sentence(), at, `u${random.below(1e5)}`, ["a", "b"][i % 2], `m${random.below(2e8)}`];
  });
  const csv = (kept: string[][]) =>
    new TextEncoder().encode(`code,note,at,user,kind,mail\n${kept.map((row) => row.join(",")).join("\n")}\n`);
  const [large, small] = [
    await readTable(csv(rows), "a.csv"),
    await readTable(csv(rows.slice(0, 500)), "a.csv"),
  ];
  const types = large.columns.map(({ name, type }) => `${name} ${type}`);
  assert.deepEqual(types, [
    "code identifier",
    "note text",
    "at date",
    "user category",
    "kind category",
    "mail category",
  ]);
  assert.deepEqual(small.columns.slice(0, 3).map(({ name, type }) => `${name} ${type}`), types.slice(0, 3));
  const note = large.columns[1] as CodedColumn;
  assert.ok(packedTextOf(note));
  assert.equal(note.categories[note.codes[299_999]], rows[299_999][1]);
});
