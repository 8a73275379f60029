/** The quick ways to find neighbours beside the search through all rows. */
import assert from "node:assert/strict";
import { KdTree } from "@/ml/neighbors/kd_tree.ts";
import { NearestRows } from "@/ml/neighbors/nearest.ts";
import { searchBlocks, suitsBlocks } from "@/ml/neighbors/nearest_blocks.ts";
import { Random } from "@/shared/random.ts";

type Draw = (random: Random, i: number) => number;

const SHAPES: [string, Draw][] = [
  ["normal", (random) => random.normal()],
  ["far from zero", (random) => 1000 + random.normal()],
  ["whole numbers, with many at the same distance", (random) => random.below(3)],
  ["all the same", () => 1],
  ["mostly zeros", (random) => random.below(8) === 0 ? 1 + random.below(2) : 0],
  ["of very different sizes", (random, i) => random.normal() * (i % 7 === 0 ? 1e6 : 1e-3)],
];

function draw(rows: number, cols: number, shape: Draw): Float64Array {
  const random = new Random(rows + cols);
  return Float64Array.from({ length: rows * cols }, (_, at) => shape(random, at));
}

interface Found {
  rows: number[];
  distances: number[];
  tied: number[];
}

function foundBy(nearest: NearestRows): Found {
  return {
    rows: [...nearest.rows],
    distances: [...nearest.rows].map((_, i) => nearest.distance(i)),
    tied: nearest.tied.toSorted((a, b) => a - b),
  };
}

function search(
  points: Float64Array,
  queries: Float64Array,
  cols: number,
  k: number,
  order: number,
): Found[] {
  const nearest = new NearestRows(points, cols, k, order);
  return Array.from({ length: queries.length / cols }, (_, i) => {
    nearest.search(queries.subarray(i * cols, (i + 1) * cols));
    return foundBy(nearest);
  });
}

for (const [name, shape] of SHAPES) {
  Deno.test(`blocks of products find the same rows at the same distances: ${name}`, () => {
    for (const [rows, cols, k] of [[300, 3, 1], [1000, 20, 5], [777, 9, 40]]) {
      const points = draw(rows, cols, shape);
      const queries = draw(70, cols, shape);
      const nearest = new NearestRows(points, cols, k, 2);
      const found: Found[] = [];
      searchBlocks(queries, points, cols, nearest, (i) => {
        assert.equal(i, found.length);
        found.push(foundBy(nearest));
      });
      assert.deepEqual(found, search(points, queries, cols, k, 2));
    }
  });

  Deno.test(`a tree finds the same rows at the same distances: ${name}`, () => {
    for (const [rows, cols, k, order] of [[5, 1, 5, 2], [400, 1, 3, 1], [600, 3, 5, 2], [500, 6, 30, 1]]) {
      const points = draw(rows, cols, shape);
      const queries = draw(60, cols, shape);
      const tree = new KdTree(points, cols, order as 1 | 2);
      const nearest = new NearestRows(points, cols, k, order);
      const found = Array.from({ length: 60 }, (_, i) => {
        tree.search(queries.subarray(i * cols, (i + 1) * cols), nearest);
        return foundBy(nearest);
      });
      assert.deepEqual(found, search(points, queries, cols, k, order));
    }
  });
}

Deno.test("blocks are left to few queries, few points, many neighbours and numbers beyond floats", () => {
  const many = new Float64Array(20_000);
  assert.ok(suitsBlocks(many, many, 10, 5));
  assert.ok(!suitsBlocks(many.subarray(0, 150), many, 10, 5));
  assert.ok(!suitsBlocks(many, many.subarray(0, 600), 10, 5));
  assert.ok(!suitsBlocks(many, many, 10, 200));
  assert.ok(!suitsBlocks(many.with(7, 1e20), many, 10, 5));
  assert.ok(!suitsBlocks(many, many.with(7, -1e20), 10, 5));
});
