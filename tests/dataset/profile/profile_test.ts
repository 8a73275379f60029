import assert from "node:assert/strict";
import { profileTable } from "@/dataset/profile/profile.ts";
import { readableProfile } from "@/dataset/profile/readable_profile.ts";
import { checkTarget, inferTask } from "@/dataset/task.ts";
import { readTable } from "@/dataset/readers.ts";
import { findSample } from "@/dataset/samples.ts";
import { columnOf, type Table } from "@/dataset/table.ts";
import { AppError, type ErrorCode } from "@/shared/errors.ts";

const read = (text: string) => readTable(new TextEncoder().encode(text), "t.csv");
const column = (values: (string | number)[]) =>
  read(`c,other\n${values.map((v, i) => `${v},${i * 1.5}`).join("\n")}\n`);
const repeat = <T>(n: number, value: (i: number) => T) => Array.from({ length: n }, (_, i) => value(i));
const near = (actual: unknown, expected: number) =>
  assert.ok(
    Math.abs(Number(actual) - expected) < 1e-9 * Math.max(1, Math.abs(expected)),
    `${actual} is not ${expected}`,
  );

Deno.test("profileTable gives pandas' numbers for the Titanic's ages and fares", async () => {
  const table = await read(findSample("titanic").text);
  const profile = profileTable(table, { target: "survived" });
  assert.deepEqual([profile.rows, profile.columns, profile.duplicate_rows], [1309, 11, 0]);
  const age = profile.column_profiles.find(({ name }) => name === "age")!;
  assert.deepEqual([age.missing, age.distinct, age.min, age.max], [263, 98, 0.1667, 80]);
  near(age.mean, 29.8811345124283);
  near(age.std, 14.413499699923602);
  assert.deepEqual(age.quantiles, { p5: 5, p25: 21, p50: 28, p75: 39, p95: 57 });
  near(age.missing_share, 263 / 1309);
  const sex = profile.column_profiles.find(({ name }) => name === "sex")!;
  assert.deepEqual(sex.top_values, [{ value: "male", count: 843 }, { value: "female", count: 466 }]);
  assert.equal(sex.min, undefined);
  assert.deepEqual(profile.target, {
    name: "survived",
    task: "classification",
    missing: 0,
    classes: [{ value: 0, count: 809 }, { value: 1, count: 500 }],
    largest_share: 809 / 1309,
    smallest_share: 500 / 1309,
  });
  assert.deepEqual(JSON.parse(JSON.stringify(profile)), profile);
});

Deno.test("profileTable shows dates as ISO 8601", async () => {
  const profile = profileTable(await read("d,v\n2020-01-01,1\n2020-01-03,2\n"));
  const [d] = profile.column_profiles;
  assert.deepEqual([d.min, d.mean, d.max, d.std], ["2020-01-01", "2020-01-02", "2020-01-03", undefined]);
  assert.deepEqual(d.examples, ["2020-01-01", "2020-01-03"]);
});

Deno.test("profileTable stands columns without values and tables of one row", async () => {
  const profile = profileTable(await read("a,b\n,1\n"));
  assert.deepEqual(profile.column_profiles[0], {
    name: "a",
    type: "number",
    missing: 1,
    missing_share: 1,
    distinct: 0,
    examples: [],
  });
  assert.equal(profile.column_profiles[1].std, undefined);
});

Deno.test("profileTable counts the rows that repeat an earlier one", async () => {
  const rows = ["1,a", "1,b", "1,a", ",a", ",a", "-0,a", "0,a", "1,", "1,a"];
  assert.equal(profileTable(await read(`n,c\n${rows.join("\n")}\n`)).duplicate_rows, 4);
  const many = repeat(5000, (i) => `${i % 1000},${i % 7},${i}`);
  assert.equal(profileTable(await read(`a,b,c\n${many.join("\n")}\n`)).duplicate_rows, 0);
  const some = repeat(5000, (i) => `${i % 100},${i % 7}`);
  assert.equal(profileTable(await read(`a,b\n${some.join("\n")}\n`)).duplicate_rows, 4300);
});

Deno.test("readableProfile is one aligned line a column", async () => {
  const text = readableProfile(
    profileTable(await read("size,colour\n1,red\n2.5,blue\n,red\n"), { target: "colour" }),
  );
  assert.equal(
    text,
    [
      "3 rows, 2 columns",
      "",
      "column  type      missing   distinct  shape  values",
      "size    number    1 (33 %)  2         ▇▇     1 to 2.5, mean 1.75",
      "colour  category  -         2                red (2), blue (1)",
      "",
      "target colour: classification",
      "classes: red 2, blue 1",
    ].join("\n"),
  );
  assert.match(
    readableProfile(profileTable(await read("a\n1\n2\n"))),
    /one column alone can't be learnt from/,
  );
});

Deno.test("readableProfile says how many columns it leaves out", async () => {
  const text = readableProfile(profileTable(await read("a,b,c,d\n1,2,3,4\n5,6,7,8\n"), { limit: 3 }), 2);
  assert.match(
    text,
    /^2 rows, 4 columns\n\ncolumn.*\na .*\nb .*\n\n2 more columns are left out of this text\./,
  );
  assert.doesNotMatch(text, /^c /m);
});

Deno.test("inferTask chooses classification for words and few whole numbers", async () => {
  const taskOf = async (values: (string | number)[]) => inferTask(columnOf(await column(values), "c"));
  assert.equal(await taskOf(["a", "b", "a"]), "classification");
  assert.equal(await taskOf(["yes", "no"]), "classification");
  assert.equal(await taskOf(repeat(30, (i) => i % 2)), "classification");
  assert.equal(await taskOf(repeat(30, (i) => i % 10)), "classification");
  assert.equal(await taskOf(repeat(60, (i) => i % 11)), "regression");
  assert.equal(await taskOf([1, 2, 3, 4]), "regression");
  assert.equal(await taskOf(repeat(30, (i) => i % 2 ? 0.5 : 1)), "regression");
});

Deno.test("checkTarget gives the task of a target that can be learnt", async () => {
  const table = await read(findSample("titanic").text);
  assert.equal(checkTarget(table, "survived"), "classification");
  assert.equal(checkTarget(table, "age"), "regression");
  assert.equal(checkTarget(table, "pclass", "regression"), "regression");
  const counting = await read(`y,x,z\n${repeat(40, (i) => `${i},${i / 3},${i % 3}.5`).join("\n")}\n`);
  assert.equal(checkTarget(counting, "y", "regression"), "regression");
});

const REFUSED: [string, string, string, "classification" | "regression" | undefined, ErrorCode, RegExp][] = [
  ["a column that is not there", "a,b\n1,2\n3,4\n", "c", undefined, "not_found", /column "c"/],
  ["a target without values", "a,b\n,2\n,4\n", "a", undefined, "invalid_argument", /missing in every row/],
  ["a constant", "a,b\nx,2\nx,4\n,5\n", "a", undefined, "invalid_argument", /is "x" in every row/],
  ["a constant number", "a,b\n7,2\n7,4\n", "a", undefined, "invalid_argument", /is 7 in every row/],
  ["a date", "a,b\n2020-01-01,2\n2020-01-02,4\n", "a", undefined, "invalid_argument", /is a date/],
  [
    "words that differ in every row",
    `a,b\n${repeat(30, (i) => `w${i},${i / 3}`).join("\n")}\n`,
    "a",
    undefined,
    "invalid_argument",
    /every row has another value/,
  ],
  [
    "row numbers",
    `a,b,c\n${repeat(30, (i) => `${i},${i / 3},${i % 4}`).join("\n")}\n`,
    "a",
    undefined,
    "invalid_argument",
    /every row has another value, as in an identifier/,
  ],
  [
    "free text",
    `a,b\n${repeat(30, (i) => `some words about ${i % 25},${i / 3}`).join("\n")}\n`,
    "a",
    undefined,
    "invalid_argument",
    /25 different values in 30 rows/,
  ],
  [
    "measures as classes",
    `a,b\n${repeat(30, (i) => `${i / 7},${i / 3}`).join("\n")}\n`,
    "a",
    "classification",
    "invalid_argument",
    /every row has another value \(30 classes\)/,
  ],
  [
    "words for regression",
    "a,b\nx,1\ny,2\nx,3\n",
    "a",
    "regression",
    "invalid_argument",
    /words such as "x"/,
  ],
  [
    "classes of one row",
    "a,b\nx,1\nx,2\nx,3\ny,4\n",
    "a",
    undefined,
    "invalid_argument",
    /fewer than two of its classes/,
  ],
  ["a table of one column", "a\n1\n2\n1\n2\n", "a", undefined, "invalid_argument", /no other column/],
  [
    "a table with empty columns only",
    "a,b\n1,\n2,\n1,\n2,\n",
    "a",
    undefined,
    "invalid_argument",
    /every other column is empty/,
  ],
  [
    "a table with identifiers only",
    `a,id\n${repeat(30, (i) => `${i % 2},${i * 3}`).join("\n")}\n`,
    "a",
    undefined,
    "invalid_argument",
    /only name rows \(id\)/,
  ],
];

for (const [what, text, target, task, code, message] of REFUSED) {
  Deno.test(`checkTarget refuses ${what}`, async () => {
    const table: Table = await read(text);
    assert.throws(() => checkTarget(table, target, task), (error) => {
      assert.ok(error instanceof AppError && error.code === code, String(error));
      assert.match(error.message, message);
      assert.notEqual(error.hint, "");
      return true;
    });
    // As the trainer calls it: with the task that was inferred.
    if (code === "not_found" || task) return;
    assert.throws(() => checkTarget(table, target, inferTask(columnOf(table, target))), AppError);
  });
}

Deno.test("profileTable stays finite where squares and differences overflow", async () => {
  const profile = profileTable(await column([1e300, -1.5e308, 1.5e308, 2, 3]));
  const { std, quantiles, min, max, mean } = profile.column_profiles[0];
  assert.deepEqual([min, max], [-1.5e308, 1.5e308]);
  assert.ok(Math.abs(Number(mean) / 2e299 - 1) < 1e-6);
  near(std, 1.5e308 / Math.SQRT2);
  assert.ok(Object.values(quantiles!).every(Number.isFinite));
});
