import assert from "node:assert/strict";
import { NearestRows } from "@/ml/neighbors/nearest.ts";
import { Random } from "@/shared/random.ts";

/** Every distance, sorted; of equals the earlier row. The referee of the search that leaves points early. */
function sortAll(points: Float64Array, cols: number, query: Float64Array, order: number): [number, number][] {
  const all = Array.from({ length: points.length / cols }, (_, row): [number, number] => {
    const differences = Array.from(query, (value, j) => Math.abs(value - points[row * cols + j]));
    if (order === Infinity) return [row, Math.max(...differences)];
    return [row, differences.reduce((sum, value) => sum + value ** order, 0) ** (1 / order)];
  });
  return all.sort((a, b) => Math.abs(a[1] - b[1]) < 1e-12 ? a[0] - b[0] : a[1] - b[1]);
}

for (const order of [1, 2, 3, 1.5, Infinity]) {
  Deno.test(`NearestRows finds what sorting all distances finds, ties too: order ${order}`, () => {
    const random = new Random(6);
    for (const cols of order === 2 ? [1, 3, 4, 9, 30] : [1, 3, 4, 9]) {
      // Few different values, so that many points are equally far; of many columns most are 0.
      const draw = () => cols < 30 ? random.below(3) : Math.max(0, random.below(12) - 9);
      const points = Float64Array.from({ length: 200 * cols }, draw);
      const nearest = new NearestRows(points, cols, 7, order);
      for (let i = 0; i < 20; i++) {
        const query = Float64Array.from({ length: cols }, draw);
        nearest.search(query);
        const all = sortAll(points, cols, query, order);
        const expected = all.slice(0, 7);
        const others = all.slice(7).filter(([, distance]) => Math.abs(distance - expected[6][1]) < 1e-12);
        assert.deepEqual(nearest.tied.sort((a, b) => a - b), others.map(([row]) => row));
        const within = expected.filter(([, distance]) => Math.abs(distance - expected[6][1]) < 1e-12);
        assert.equal(nearest.tiedWithin, within.length);
        assert.deepEqual([...nearest.rows], expected.map(([row]) => row));
        expected.forEach(([, distance], at) => assert.ok(Math.abs(nearest.distance(at) - distance) < 1e-9));
      }
    }
  });
}
