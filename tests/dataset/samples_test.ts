import assert from "node:assert/strict";
import { readTable } from "@/dataset/readers.ts";
import { findSample, SAMPLES } from "@/dataset/samples.ts";
import { columnOf } from "@/dataset/table.ts";
import { AppError } from "@/shared/errors.ts";
import { sha256Hex } from "@/shared/hash.ts";

const bytesOf = (text: string) => new TextEncoder().encode(text);
const table = (name: string) => readTable(bytesOf(findSample(name).text), `${name}.csv`);

for (const sample of SAMPLES) {
  Deno.test(`sample/${sample.name} is the file that docs/samples.md describes`, async () => {
    const docs = await Deno.readTextFile(new URL("../../docs/samples.md", import.meta.url));
    assert.ok(docs.includes(`${sha256Hex(bytesOf(sample.text))}  ${sample.name}.csv`));
    const read = await table(sample.name);
    assert.deepEqual([read.rows, read.columns.length], [sample.rows, sample.columns]);
    columnOf(read, sample.target);
    for (const field of [sample.title, sample.description, sample.license, sample.source]) {
      assert.notEqual(field, "");
    }
    assert.ok(sample.keywords.length > 2);
  });
}

Deno.test("the samples are of several kinds: dates, missing values, categories, 1,000 rows, both tasks", async () => {
  const types = async (name: string) =>
    Object.fromEntries((await table(name)).columns.map((column) => [column.name, column.type]));
  assert.deepEqual(await types("titanic"), {
    pclass: "number",
    survived: "number",
    name: "text",
    sex: "category",
    age: "number",
    sibsp: "number",
    parch: "number",
    ticket: "category",
    fare: "number",
    cabin: "category",
    embarked: "category",
  });
  assert.equal((await types("seattle_weather")).date, "date");
  assert.deepEqual(new Set(Object.values(await types("iris"))), new Set(["number", "category"]));
  assert.deepEqual(new Set(Object.values(await types("diabetes"))), new Set(["number"]));
  const age = columnOf(await table("titanic"), "age");
  assert.ok(age.storage === "numeric" && age.values.filter(Number.isNaN).length === 263);
  assert.ok(SAMPLES.filter(({ task }) => task === "regression").length >= 2);
});

Deno.test("findSample lists the names when there is none such", () => {
  assert.equal(findSample("Iris").name, "iris");
  assert.throws(() => findSample("roses"), (error) => {
    assert.ok(error instanceof AppError && error.code === "not_found");
    assert.match(error.hint, /sample\/iris, sample\/penguins, sample\/titanic/);
    return true;
  });
});
