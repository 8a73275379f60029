/** Tables at the edge of what there is. */
import assert from "node:assert/strict";
import { profilePage } from "@/dataset/profile/page/profile_page.ts";
import { profileTable } from "@/dataset/profile/profile.ts";
import { readableProfile } from "@/dataset/profile/readable_profile.ts";
import { readTable } from "@/dataset/readers.ts";
import { findSample } from "@/dataset/samples.ts";
import type { Column, Table } from "@/dataset/table.ts";

const numbers = (name: string, values: number[], type: "number" | "date" = "number"): Column => ({
  name,
  storage: "numeric",
  type,
  values: Float64Array.from(values),
});
const texts = (name: string, type: "text" | "category" | "identifier", values: string[]): Column => {
  const categories = [...new Set(values)];
  return {
    name,
    storage: "coded",
    type,
    codes: Int32Array.from(values, (v) => categories.indexOf(v)),
    categories,
  };
};

/** The profile as JSON carries it, as text and as a page: none of them may fail, or hold what is no number. */
function threeWays(table: Table, target?: string) {
  const profile = profileTable(table, { ...(target ? { target } : {}), by_class: true });
  assert.deepEqual(JSON.parse(JSON.stringify(profile)), profile);
  const text = readableProfile(profile);
  const page = profilePage(profile, { title: "edges" });
  for (const [name, shown] of [["text", text], ["page", page]]) {
    assert.doesNotMatch(
      shown.replaceAll(/<style>[\s\S]*<\/style>/g, ""),
      /NaN|undefined/,
      name,
    );
  }
  return profile;
}

Deno.test("tables without rows, of one row, of constants and of nothing but missing values are profiled", () => {
  for (const rows of [0, 1, 3]) {
    const values = <T>(value: T) => new Array<T>(rows).fill(value);
    const table: Table = {
      rows,
      columns: [
        numbers("gone", values(NaN)),
        numbers("constant", values(4)),
        numbers("when", values(0), "date"),
        numbers("never", values(NaN), "date"),
        texts("word", "category", values("a")),
        texts("note", "text", values("a few words")),
      ],
    };
    for (const target of [undefined, ...table.columns.map(({ name }) => name)]) {
      const { relations, column_profiles } = threeWays(table, target);
      assert.deepEqual(relations.pairs, []);
      assert.ok(relations.features?.every(({ share }) => share === 0) ?? true);
      assert.equal(column_profiles[0].histogram, undefined);
      assert.equal(column_profiles[1].distinct, Math.min(1, rows));
    }
  }
});

Deno.test("infinite and huge numbers and far days leave the statistics numbers", () => {
  const table: Table = {
    rows: 5,
    columns: [
      numbers("huge", [1e300, -1e300, 1.7e308, -1.7e308, 5e-324]),
      numbers("infinite", [Infinity, 1, -Infinity, 2, NaN]),
      numbers("only infinite", [Infinity, Infinity, NaN, NaN, NaN]),
      numbers("when", [8.64e15, -8.64e15, 0, 1e17, NaN], "date"),
    ],
  };
  for (const target of [undefined, "huge", "infinite", "when"]) threeWays(table, target);
  const [huge, infinite, only] = profileTable(table).column_profiles;
  assert.ok(huge.std! > 1e307 && Number.isFinite(huge.mean as number));
  assert.equal(huge.histogram!.counts.reduce((sum, count) => sum + count), 5);
  assert.deepEqual(
    [infinite.infinite, infinite.missing, infinite.distinct, infinite.min, infinite.max, infinite.mean],
    [2, 1, 4, 1, 2, 1.5],
  );
  assert.deepEqual([only.distinct, only.mean, only.examples], [1, undefined, ["Infinity"]]);
});

Deno.test("long texts are cut in the answer, and measured whole", () => {
  const long = "🙂".repeat(1_000_000);
  const table: Table = { rows: 3, columns: [texts("t", "text", [long, long, "short one"])] };
  const profile = threeWays(table);
  const [{ lengths, top_values, examples }] = profile.column_profiles;
  assert.deepEqual([lengths!.min, lengths!.max, lengths!.p50], [9, 1_000_000, 1_000_000]);
  assert.equal(top_values![0].count, 2);
  assert.ok(JSON.stringify(profile).length < 4000 && examples.every((text) => String(text).length <= 100));
});

Deno.test("of more than a million numbers distinct is an estimate, of more than four million rows the repeated ones", () => {
  const rows = 4_000_001;
  const values = Float64Array.from({ length: rows }, (_, row) => Math.sqrt(row % 2_000_000));
  const profile = profileTable({
    rows,
    columns: [{ name: "n", storage: "numeric", type: "number", values }, {
      name: "w",
      storage: "coded",
      type: "category",
      codes: new Int32Array(rows),
      categories: ["same"],
    }],
  });
  assert.deepEqual([profile.estimated, profile.column_profiles.map(({ estimated }) => estimated)], [
    ["duplicate_rows"],
    [["distinct"], undefined],
  ]);
  const [{ distinct, quantiles }] = profile.column_profiles;
  assert.ok(Math.abs(distinct / 2_000_000 - 1) < 0.03, `${distinct}`);
  assert.ok(Math.abs(profile.duplicate_rows / 2_000_001 - 1) < 0.01, `${profile.duplicate_rows}`);
  assert.equal(quantiles!.p50, values.slice().sort()[2_000_000]);
  assert.match(readableProfile(profile), /about \d+ repeated rows[\s\S]*~\d{7} /);
});

Deno.test("100,000 columns: the first and the target get a profile, the rest are counted", () => {
  const columns = Array.from(
    { length: 100_000 },
    (_, c) => numbers(`c${c}`, Array.from({ length: 20 }, (_, row) => (row * (c + 3)) % 17)),
  );
  const profile = profileTable({ rows: 20, columns }, { target: "c99999", limit: 100 });
  assert.equal(profile.column_profiles.length, 100);
  assert.equal(profile.column_profiles[99].name, "c99999");
  assert.deepEqual([profile.columns, profile.columns_left_out], [100_000, 99_900]);
  assert.equal(profile.relations.features!.length, 99_999);
  assert.match(readableProfile(profile), /99900 of 100000 columns are not shown: name them in columns/);
});

Deno.test("only the columns that are asked for get a profile, in the order of the table", async () => {
  const table = await readTable(new TextEncoder().encode(findSample("titanic").text), "t.csv");
  const profile = profileTable(table, { target: "survived", columns: ["fare", "age"], limit: 2 });
  assert.deepEqual(profile.column_profiles.map(({ name }) => name), ["survived", "age"]);
  assert.equal(profile.columns_left_out, 9);
  assert.equal(profile.missing_cells, 1280);
  assert.throws(() => profileTable(table, { columns: ["nope"] }), /"nope"/);
  assert.throws(() => profileTable(table, { target: "nope" }), /"nope"/);
});

Deno.test("the same table gives the same profile and the same page", async () => {
  const made = await Promise.all([0, 1].map(async () => {
    const table = await readTable(new TextEncoder().encode(findSample("titanic").text), "t.csv");
    return profilePage(profileTable(table, { target: "survived", by_class: true }), { title: "t" });
  }));
  assert.equal(made[0], made[1]);
});
