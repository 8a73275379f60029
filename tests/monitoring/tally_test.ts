import assert from "node:assert/strict";
import type { Column } from "@/dataset/table.ts";
import { profileAnswers, profileColumns } from "@/monitoring/model_profile.ts";
import { SlidingWindow } from "@/monitoring/sliding_window.ts";
import { addTallies, type Answer, Tally, type TallyWire } from "@/monitoring/tally.ts";

const columns = (rows: number): Column[] => [
  {
    name: "x",
    storage: "numeric",
    type: "number",
    values: Float64Array.from({ length: rows }, (_, i) => i % 10),
  },
  {
    name: "c",
    storage: "coded",
    type: "category",
    codes: Int32Array.from({ length: rows }, (_, i) => i % 3 - 1),
    categories: ["a", "b"],
  },
];
const FEATURES = [{ name: "x" }, { name: "c", categories: ["a", "b"] }];
const scores = (rows: number) => Float64Array.from({ length: 2 * rows }, (_, i) => i % 2 ? 0.25 : 0.75);

function makeTally(): Tally {
  const rows = 300;
  const y = Float64Array.from({ length: rows }, (_, i) => i % 4 ? 0 : 1);
  return new Tally(
    {
      columns: profileColumns(columns(rows), FEATURES, {}),
      answers: profileAnswers("y", ["n", "y"], scores(rows), y),
    },
    FEATURES,
    ["n", "y"],
  );
}

const answers = (rows: number): Answer[] =>
  Array.from({ length: rows }, () => ({ prediction: "n", confidence: 0.75 }));

Deno.test("a tally counts every row and answer, and is empty after it was taken", () => {
  const tally = makeTally();
  tally.add(columns(30), answers(30));
  const taken = tally.take()!;
  const [x, c] = tally.layout.columns;
  assert.equal(taken.rows, 30);
  assert.deepEqual(taken.counts.slice(x.offset, x.offset + x.size), [0, 0, ...new Array(10).fill(3), 0]);
  assert.deepEqual(taken.counts.slice(c.offset, c.offset + c.size), [10, 10, 10, 0, 0]);
  const { offset, size } = tally.layout.prediction!;
  assert.deepEqual(taken.counts.slice(offset, offset + size), [0, 30, 0, 0]);
  assert.equal(taken.confidence_sum, 30 * 0.75);
  assert.equal(tally.take(), null);
});

const wire = (rows: number): TallyWire => ({ rows, counts: [rows], confidence_sum: rows / 2 });

Deno.test("a window of rows keeps at least its rows, and not many more, whatever the steps", () => {
  for (const step of [1, 7, 100, 5000]) {
    const window = new SlidingWindow({ rows: 1000 });
    for (let i = 0; i < 20_000 / step; i++) window.add(wire(step), i);
    const { rows } = window.sum()!;
    assert.ok(rows >= 1000 && rows <= 1000 + Math.max(100 + step, step), `${step}: ${rows}`);
    assert.ok(window.state().parts.length <= 11);
  }
});

Deno.test("a window of time lets go what is older, also when nothing comes any more", () => {
  const window = new SlidingWindow({ seconds: 3600 });
  for (let second = 0; second < 10_000; second++) window.add(wire(1), second);
  const { rows } = window.sum()!;
  assert.ok(rows >= 3600 && rows <= 3961, String(rows));
  assert.ok(window.state().parts.length <= 12);
  window.forget(20_000);
  assert.equal(window.sum(), null);
});

Deno.test("a window goes on from its state", () => {
  const window = new SlidingWindow({ rows: 100 });
  window.add(wire(30), 1);
  const again = new SlidingWindow({ rows: 100 }, JSON.parse(JSON.stringify(window.state())));
  again.add(wire(5), 2);
  assert.equal(again.sum()!.rows, 35);
});

Deno.test("tallies of another layout are not added up", () => {
  assert.equal(addTallies({ ...wire(5), counts: [1, 2] }, wire(3)).rows, 3);
});
