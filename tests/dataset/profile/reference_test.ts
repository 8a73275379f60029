/** The profile against pandas, numpy, scipy and scikit-learn, on the embedded samples. */
import assert from "node:assert/strict";
import type { ColumnProfile, Histogram } from "@/dataset/profile/column_profile.ts";
import { profileTable } from "@/dataset/profile/profile.ts";
import { readTable } from "@/dataset/readers.ts";
import { findSample } from "@/dataset/samples.ts";
import { readReference } from "../../reference/read_reference.ts";

interface Expected {
  name: string;
  target: string;
  rows: number;
  duplicates: number;
  numbers: Record<string, {
    missing: number;
    distinct: number;
    quantiles: Record<string, number>;
    histogram?: Histogram;
    counts?: Record<string, number>;
    zeros: number;
    negatives: number;
    [statistic: string]: unknown;
  }>;
  words: Record<
    string,
    { missing: number; distinct: number; top: number[]; lengths: Record<string, number> }
  >;
  pearson: [string, string, number][];
  spearman: [string, string, number][];
  cramers_v: [string, string, number][];
  information?: Record<string, { mutual_information: number; share: number }>;
}

const near = (actual: unknown, expected: number, tolerance: number, what: string) =>
  assert.ok(
    Math.abs(Number(actual) - expected) <= tolerance * Math.max(1, Math.abs(expected)),
    `${what}: ${actual} is not ${expected}`,
  );

for (const expected of readReference<Expected[]>("./profiles.json")) {
  const profileOf = async () =>
    profileTable(await readTable(new TextEncoder().encode(findSample(expected.name).text), "t.csv"), {
      target: expected.target,
    });

  Deno.test(`the columns of ${expected.name} have pandas' statistics and numpy's histograms`, async () => {
    const profile = await profileOf();
    assert.deepEqual([profile.rows, profile.duplicate_rows], [expected.rows, expected.duplicates]);
    const columns = new Map<string, ColumnProfile>(profile.column_profiles.map((one) => [one.name, one]));
    for (const [name, wanted] of Object.entries(expected.numbers)) {
      const column = columns.get(name)!;
      assert.deepEqual([column.missing, column.distinct], [wanted.missing, wanted.distinct], name);
      assert.deepEqual([column.zeros ?? 0, column.negatives ?? 0], [wanted.zeros, wanted.negatives], name);
      for (const statistic of ["min", "max", "mean", "std", "skew"] as const) {
        near(column[statistic], wanted[statistic] as number, 1e-9, `${statistic} of ${name}`);
      }
      for (const [share, value] of Object.entries(wanted.quantiles)) {
        near(column.quantiles![share as "p5"], value, 1e-12, `${share} of ${name}`);
      }
      const { counts } = column.histogram!;
      if (wanted.histogram) assert.deepEqual(column.histogram, wanted.histogram, name);
      else if (column.distinct <= counts.length) {
        const rows = Object.values(wanted.counts!).sort((a, b) => a - b);
        assert.deepEqual(counts.filter((count) => count > 0).sort((a, b) => a - b), rows, name);
      }
      assert.equal(counts.reduce((sum, count) => sum + count), expected.rows - wanted.missing, name);
    }
    for (const [name, wanted] of Object.entries(expected.words)) {
      const column = columns.get(name)!;
      assert.deepEqual([column.missing, column.distinct], [wanted.missing, wanted.distinct], name);
      const repeated = wanted.top.filter((count) => count > 1 || wanted.distinct <= 10);
      assert.deepEqual(column.top_values?.map(({ count }) => count) ?? [], repeated, name);
      for (const [statistic, value] of Object.entries(column.lengths ? wanted.lengths : {})) {
        near(column.lengths![statistic as "p50"], value, 1e-12, `${statistic} length of ${name}`);
      }
    }
  });

  Deno.test(`the columns of ${expected.name} go together as pandas and scipy say`, async () => {
    const { relations } = await profileOf();
    const found = new Map(relations.pairs.map((pair) => [`${pair.a} ${pair.b}`, pair]));
    for (const kind of ["pearson", "spearman", "cramers_v"] as const) {
      for (const [a, b, value] of expected[kind]) {
        const pair = found.get(`${a} ${b}`) ?? found.get(`${b} ${a}`);
        near(pair?.[kind], value, 0.00005001, `${kind} of ${a} and ${b}`);
      }
    }
  });

  if (!expected.information) continue;
  Deno.test(`the categories of ${expected.name} tell as much of the target as scikit-learn's expectation says`, async () => {
    const { relations } = await profileOf();
    for (const [name, wanted] of Object.entries(expected.information!)) {
      const found = relations.features!.find(({ column }) => column === name)!;
      near(found.mutual_information, wanted.mutual_information, 0.002, name);
      near(found.share, wanted.share, 0.002, name);
    }
  });
}
