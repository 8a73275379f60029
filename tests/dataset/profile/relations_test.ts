import assert from "node:assert/strict";
import { comparable, pearson, spearman } from "@/dataset/profile/correlation.ts";
import { cramersV } from "@/dataset/profile/cramers_v.ts";
import { relationsOf } from "@/dataset/profile/relations.ts";
import type { Column } from "@/dataset/table.ts";
import { Random } from "@/shared/random.ts";

const numbers = (name: string, values: ArrayLike<number>): Column => ({
  name,
  storage: "numeric",
  type: "number",
  values: Float64Array.from(values),
});
const words = (name: string, values: readonly (string | null)[]): Column => {
  const categories = [...new Set(values.filter((value) => value !== null))];
  const codes = Int32Array.from(values, (value) => value === null ? -1 : categories.indexOf(value));
  return { name, storage: "coded", type: "category", codes, categories };
};
const draw = (rows: number, seed: number, value: (random: Random, row: number) => number) => {
  const random = new Random(seed);
  return Array.from({ length: rows }, (_, row) => value(random, row));
};
const near = (actual: number | undefined, expected: number, tolerance: number, what = "") =>
  assert.ok(Math.abs(actual! - expected) <= tolerance, `${what} ${actual} is not ${expected}`);

function featuresOf(target: Column, ...others: Column[]) {
  const rows = (target.storage === "numeric" ? target.values : target.codes).length;
  const relations = relationsOf({ rows, columns: [target, ...others] }, target);
  return Object.fromEntries(relations.features!.map((feature) => [feature.column, feature]));
}

Deno.test("mutual information of normal numbers is what their correlation says: -ln(1 - r²) / 2", () => {
  const rows = 20_000;
  const y = draw(rows, 1, (random) => random.normal());
  const columns = [0, 0.3, 0.6, 0.9].map((r, k) => {
    const noise = draw(rows, 10 + k, (random) => random.normal());
    return numbers(`r${r}`, y.map((value, row) => r * value + Math.sqrt(1 - r * r) * noise[row]));
  });
  const found = featuresOf(numbers("y", y), ...columns);
  for (const r of [0, 0.3, 0.6, 0.9]) {
    // Bins lose a little, the more the closer the relation.
    const exact = -Math.log(1 - r * r) / 2;
    near(found[`r${r}`].mutual_information, exact, 0.004 + 0.08 * exact, `at r ${r}`);
    near(found[`r${r}`].pearson, r, 0.02);
  }
});

Deno.test("a copy of the target tells (nearly) all, an identifier and noise nothing", () => {
  for (const rows of [150, 2000]) {
    const classes = draw(rows, 3, (random) => random.below(3)).map((k) => "abc"[k]);
    const found = featuresOf(
      words("class", classes),
      words("copy", classes.map((k) => `is ${k}`)),
      words("identifier", classes.map((_, row) => `row ${row}`)),
      numbers("row", classes.map((_, row) => row)),
      words("pairs of rows", draw(rows, 4, (random) => random.below(rows / 2)).map(String)),
      numbers("noise", draw(rows, 5, (random) => random.normal())),
      numbers("constant", classes.map(() => 1)),
      numbers("gone", classes.map(() => NaN)),
    );
    near(found.copy.share, 1, 2 / rows, "copy");
    for (const name of ["identifier", "constant", "gone"]) assert.equal(found[name].share, 0, name);
    for (const name of ["row", "pairs of rows", "noise"]) near(found[name].share, 0, 4 / rows + 0.015, name);
  }
});

Deno.test("mutual information sees what correlation does not: a parabola, and where values are missing", () => {
  const x = draw(5000, 6, (random) => random.normal());
  const found = featuresOf(
    numbers("y", x.map((value) => value * value)),
    numbers("x", x),
    numbers("gaps", x.map((value) => Math.abs(value) > 1 ? NaN : 1)),
  );
  near(found.x.pearson, 0, 0.06);
  assert.ok(found.x.share > 0.5, `${found.x.share}`);
  assert.ok(found.gaps.share > 0.15, `${found.gaps.share}`);
});

Deno.test("correlations leave out the rows that lack one of the two, and rank the rest again", () => {
  const a = draw(300, 7, (random, row) => row % 4 === 0 ? NaN : random.below(12));
  const b = draw(300, 8, (random, row) => row % 5 === 0 ? NaN : random.normal() + row / 100);
  const both = a.map((_, row) => row).filter((row) => !Number.isNaN(a[row] + b[row]));
  const plain = (x: number[], y: number[]) => {
    const mean = (list: number[]) => list.reduce((sum, value) => sum + value, 0) / list.length;
    const [mx, my] = [mean(x), mean(y)];
    const sum = (f: (i: number) => number) => x.reduce((total, _, i) => total + f(i), 0);
    return sum((i) => (x[i] - mx) * (y[i] - my)) /
      Math.sqrt(sum((i) => (x[i] - mx) ** 2) * sum((i) => (y[i] - my) ** 2));
  };
  const ranks = (list: number[]) =>
    list.map((value) =>
      list.filter((other) => other < value).length + list.filter((other) => other === value).length / 2
    );
  const [x, y] = [both.map((row) => a[row]), both.map((row) => b[row])];
  const [left, right] = [comparable(Float64Array.from(a)), comparable(Float64Array.from(b))];
  near(pearson(left, right), plain(x, y), 1e-12);
  near(spearman(left, right), plain(ranks(x), ranks(y)), 1e-12);
  const huge = comparable(Float64Array.from(b, (value) => value * 1e300));
  near(pearson(left, huge), plain(x, y), 1e-12);
  assert.equal(pearson(left, comparable(new Float64Array(300).fill(1e9 + 0.1))), NaN);
});

Deno.test("cramersV() is 1 for two names of one thing, about 0 for chance, and not defined for a constant", () => {
  const a = Int32Array.from(draw(5000, 9, (random) => random.below(4)));
  const b = Int32Array.from(draw(5000, 10, (random) => random.below(3)));
  near(cramersV(a, a, 4, 4), 1, 1e-9);
  near(cramersV(a, a.map((code) => 3 - code), 4, 4), 1, 1e-9);
  near(cramersV(a, b, 4, 3), 0, 0.03);
  assert.equal(cramersV(a, new Int32Array(5000), 4, 1), NaN);
});

Deno.test("of more than 60 columns of numbers the 50 closest pairs are found, without a matrix", () => {
  const rows = 3000;
  const columns = Array.from(
    { length: 130 },
    (_, k) => numbers(`c${k}`, draw(rows, 100 + k, (random) => random.normal())),
  );
  const twin = numbers("twin", (columns[117] as { values: Float64Array }).values.map((value) => 3 - value));
  const relations = relationsOf({ rows, columns: [...columns, twin] }, undefined);
  assert.equal(relations.numbers, undefined);
  assert.equal(relations.pairs.length, 50);
  assert.deepEqual(relations.pairs[0], { a: "c117", b: "twin", pearson: -1, spearman: -1 });
});

Deno.test("long tables are compared on 20,000 rows, and say so", () => {
  const y = draw(70_000, 11, (random) => random.below(2));
  const table = { rows: y.length, columns: [numbers("y", y), numbers("x", y.map((value) => value * 2))] };
  const relations = relationsOf(table, table.columns[0]);
  assert.deepEqual([relations.rows, relations.feature_rows], [20_000, 20_000]);
  assert.equal(relations.features![0].share, 1);
});
