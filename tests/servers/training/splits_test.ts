/** Which rows train_model seals away, for each way of keeping rows apart: read from the sealed file itself. */
import assert from "node:assert/strict";
import { join } from "node:path";
import type { Table } from "@/dataset/table.ts";
import { decodeTable } from "@/dataset/table_file.ts";
import { Random } from "@/shared/random.ts";
import { atTraining } from "./with_files.ts";

const ROWS = 400;

/** 40 people of 10 rows each, in mixed order; `row` tells them apart, `day` is their time. */
function visits(): { text: string; who: number[]; day: number[]; label: string[] } {
  const random = new Random(11);
  const who = random.shuffle(Uint32Array.from({ length: ROWS }, (_, i) => i % 40));
  const day = random.shuffle(Uint32Array.from({ length: ROWS }, (_, i) => i));
  const label = Array.from(who, () => random.float() < 0.3 ? "yes" : "no");
  const lines = Array.from(who, (person, i) => {
    const date = new Date(1.6e12 + day[i] * 864e5).toISOString().slice(0, 10);
    return `${i + 0.5},person ${person},${date},${
      (random.normal() + (label[i] === "yes" ? 1 : 0)).toFixed(4)
    },${label[i]}`;
  });
  return { text: ["row,who,day,x,label", ...lines].join("\n"), who: [...who], day: [...day], label };
}

/** The rows that a call of train_model has sealed away, and what it says of itself. */
async function sealedBy(target: string, validation: Record<string, unknown>, seed = 0) {
  const table = visits();
  const test: number[] = [];
  let answer: Record<string, unknown> = {};
  await atTraining(async (desk, folder) => {
    const dataset = join(folder, "visits.csv");
    await Deno.writeTextFile(dataset, table.text);
    const algorithm = target === "x" ? "ridge" : "gaussian_nb";
    const asked = { dataset, target, algorithm, validation, seed, wait_s: 45 };
    const { structured, isError, text } = await desk.call("train_model", asked);
    assert.equal(isError, false, text);
    answer = structured;
    const holdouts = join(folder, "home", "holdouts");
    for await (const { name } of Deno.readDir(holdouts)) {
      test.push(...rowsOf(decodeTable(await Deno.readFile(join(holdouts, name)))));
    }
  });
  const sealed = new Set(test);
  const train = Array.from({ length: ROWS }, (_, i) => i).filter((i) => !sealed.has(i));
  const { rows } = answer as { rows: { train: number; holdout: number } };
  assert.deepEqual([rows.train, rows.holdout], [train.length, test.length]);
  return { table, train, test, answer };
}

function rowsOf(table: Table): number[] {
  const column = table.columns.find(({ name }) => name === "row")!;
  assert.equal(column.storage, "numeric");
  return column.storage === "numeric" ? Array.from(column.values, (value) => value - 0.5) : [];
}

for (const method of ["holdout", "k_fold"]) {
  Deno.test(`${method} seals the share that was asked for at random, each class in proportion`, async () => {
    const { table, test, answer } = await sealedBy("label", { method, test_fraction: 0.25, folds: 4 });
    assert.equal(test.length, 100);
    const all = table.label.filter((one) => one === "yes").length;
    const yes = test.filter((i) => table.label[i] === "yes").length;
    assert.ok(Math.abs(yes - all / 4) < 1, `${yes} of ${all}`);
    assert.match(String(answer.metrics_from), /^4-fold/);
    const again = await sealedBy("label", { method, test_fraction: 0.25, folds: 4 });
    const other = await sealedBy("label", { method, test_fraction: 0.25, folds: 4 }, 1);
    assert.deepEqual(again.test, test);
    assert.notDeepEqual(other.test, test);
  });
}

Deno.test("time seals the latest rows, for classes and for numbers", async () => {
  for (const target of ["label", "x"]) {
    const { table, train, test } = await sealedBy(target, {
      method: "time",
      column: "day",
      test_fraction: 0.1,
    });
    assert.equal(test.length, 40);
    const latest = Math.max(...train.map((i) => table.day[i]));
    assert.ok(test.every((i) => table.day[i] > latest));
  }
});

Deno.test("group seals whole groups, near the share that was asked for, for classes and for numbers", async () => {
  for (const target of ["label", "x"]) {
    const { table, train, test } = await sealedBy(target, {
      method: "group",
      column: "who",
      test_fraction: 0.25,
    });
    const known = new Set(train.map((i) => table.who[i]));
    assert.ok(test.length >= 80 && test.length <= 120, String(test.length));
    assert.ok(test.every((i) => !known.has(table.who[i])));
  }
});

Deno.test("a test_fraction of 0 seals nothing", async () => {
  const { test, answer } = await sealedBy("label", { method: "k_fold", test_fraction: 0 });
  assert.deepEqual(test, []);
  assert.deepEqual((answer as { rows: { train: number } }).rows.train, ROWS);
});
