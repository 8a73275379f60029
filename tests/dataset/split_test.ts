import assert from "node:assert/strict";
import { holdoutSplit, kFoldSplits, type Split } from "@/dataset/split.ts";
import { AppError } from "@/shared/errors.ts";
import { Random } from "@/shared/random.ts";

function assertSides({ train, test }: Split, rows: number): void {
  assert.ok(train.length > 0 && test.length > 0);
  for (const side of [train, test]) assert.deepEqual(side, side.slice().sort());
  const all = [...train, ...test];
  assert.equal(new Set(all).size, all.length);
  assert.ok(all.every((row) => row < rows));
}

function assertCovers(splits: Split[], rows: number): void {
  const seen = splits.flatMap(({ test }) => [...test]).sort((a, b) => a - b);
  assert.deepEqual(seen, Array.from({ length: rows }, (_, i) => i));
  for (const split of splits) {
    assertSides(split, rows);
    assert.equal(split.train.length + split.test.length, rows);
  }
}

const refuses = (run: () => unknown, message: RegExp) =>
  assert.throws(run, (error) => {
    assert.ok(error instanceof AppError && error.code === "invalid_argument");
    assert.match(error.message, message);
    return true;
  });

const countOf = (values: ArrayLike<number>, rows: Uint32Array, value: number) =>
  rows.reduce((n, row) => n + (values[row] === value ? 1 : 0), 0);

Deno.test("holdoutSplit takes ceil(rows * fraction) rows to test", () => {
  for (const [rows, test_fraction, expected] of [[150, 0.2, 30], [11, 0.2, 3], [2, 0.01, 1], [3, 0.99, 2]]) {
    const split = holdoutSplit({ rows, test_fraction, seed: 0 });
    assertSides(split, rows);
    assert.equal(split.test.length, expected);
    assert.equal(split.train.length, rows - expected);
  }
});

Deno.test("holdoutSplit depends on the seed and on nothing else", () => {
  const split = (seed: number) => holdoutSplit({ rows: 100, test_fraction: 0.2, seed });
  assert.deepEqual(split(1), split(1));
  assert.notDeepEqual(split(1), split(2));
});

Deno.test("holdoutSplit keeps the classes in proportion", () => {
  const strata = Int32Array.from({ length: 100 }, (_, i) => i < 70 ? 0 : i < 95 ? 1 : 2);
  const split = holdoutSplit({ rows: 100, test_fraction: 0.2, seed: 3, strata });
  assertSides(split, 100);
  assert.deepEqual([0, 1, 2].map((c) => countOf(strata, split.test, c)), [14, 5, 1]);
});

Deno.test("holdoutSplit gives leftover rows to the classes with the largest remainder", () => {
  // Of 10 rows 3 test; quotas 1.8, 0.9, 0.3.
  const strata = Float64Array.of(0, 0, 0, 0, 0, 0, 1, 1, 1, 2);
  const nine = holdoutSplit({ rows: 10, test_fraction: 0.3, seed: 0, strata });
  assert.equal(nine.test.length, 3);
  assert.deepEqual([0, 1, 2].map((c) => countOf(strata, nine.test, c)), [2, 1, 0]);
});

Deno.test("holdoutSplit leaves a class of one row in training, and one row of every class", () => {
  const strata = Int32Array.of(0, 1, 2, 3, 4, 4);
  const split = holdoutSplit({ rows: 6, test_fraction: 0.5, seed: 0, strata });
  assert.equal(split.test.length, 1);
  assert.ok(split.test[0] >= 4);
});

Deno.test("holdoutSplit keeps each group on one side, near the wanted share", () => {
  const random = new Random(5);
  const groups = Int32Array.from({ length: 1000 }, () => random.below(60));
  for (const seed of [0, 1, 2]) {
    const split = holdoutSplit({ rows: 1000, test_fraction: 0.25, seed, groups });
    assertSides(split, 1000);
    const testing = new Set(split.test.map((row) => groups[row]));
    assert.ok(split.train.every((row) => !testing.has(groups[row])));
    assert.ok(Math.abs(split.test.length - 250) < 25, `${split.test.length}`);
  }
});

Deno.test("holdoutSplit balances classes across groups", () => {
  const random = new Random(6);
  const groups = Int32Array.from({ length: 900 }, (_, i) => Math.floor(i / 10));
  const strata = Int32Array.from(
    { length: 900 },
    (_, i) => random.below(10) < (Math.floor(i / 10) % 9) ? 1 : 0,
  );
  const share = countOf(strata, Uint32Array.from(strata.keys()), 1) / 900;
  const { test } = holdoutSplit({ rows: 900, test_fraction: 0.2, seed: 1, groups, strata });
  assert.ok(Math.abs(countOf(strata, test, 1) / test.length - share) < 0.03);
});

Deno.test("holdoutSplit tests one group when every group is too large", () => {
  const groups = Int32Array.of(7, 7, 7, 9, 9, 9);
  assert.equal(holdoutSplit({ rows: 6, test_fraction: 0.1, seed: 0, groups }).test.length, 3);
  assert.equal(holdoutSplit({ rows: 6, test_fraction: 0.9, seed: 0, groups }).test.length, 3);
});

Deno.test("holdoutSplit by time tests the latest rows, moments together, rows without time first", () => {
  const order = Float64Array.of(50, 10, NaN, 40, 30, 40, 20, 60);
  const split = holdoutSplit({ rows: 8, test_fraction: 0.25, seed: 0, order });
  assert.deepEqual([...split.test], [0, 7]);
  // A cut between the two rows of time 40 moves to the next change.
  const wider = holdoutSplit({ rows: 8, test_fraction: 0.375, seed: 0, order });
  assert.deepEqual([...wider.test], [0, 7]);
  const last = holdoutSplit({ rows: 4, test_fraction: 0.25, seed: 0, order: Float64Array.of(1, 2, 2, 2) });
  assert.deepEqual([...last.test], [1, 2, 3]);
});

Deno.test("kFoldSplits tests every row once, in folds that differ by one row at most", () => {
  const splits = kFoldSplits({ rows: 23, folds: 5, seed: 1 });
  assertCovers(splits, 23);
  assert.deepEqual(splits.map(({ test }) => test.length).sort(), [4, 4, 5, 5, 5]);
  assert.deepEqual(splits, kFoldSplits({ rows: 23, folds: 5, seed: 1 }));
  assert.notDeepEqual(splits, kFoldSplits({ rows: 23, folds: 5, seed: 2 }));
});

Deno.test("kFoldSplits shares every class out evenly", () => {
  const random = new Random(9);
  const strata = Int32Array.from(
    { length: 203 },
    () => random.below(5) === 0 ? 1 : random.below(3) === 0 ? 2 : 0,
  );
  const splits = kFoldSplits({ rows: 203, folds: 7, seed: 4, strata });
  assertCovers(splits, 203);
  for (const c of [0, 1, 2]) {
    const counts = splits.map(({ test }) => countOf(strata, test, c));
    assert.ok(Math.max(...counts) - Math.min(...counts) <= 1, `${counts}`);
  }
});

Deno.test("kFoldSplits keeps groups whole and the folds filled", () => {
  const random = new Random(2);
  const groups = Int32Array.from({ length: 500 }, () => random.below(40) - 20);
  const splits = kFoldSplits({ rows: 500, folds: 5, seed: 0, groups });
  assertCovers(splits, 500);
  for (const { train, test } of splits) {
    const testing = new Set(test.map((row) => groups[row]));
    assert.ok(train.every((row) => !testing.has(groups[row])));
    assert.ok(test.length > 80 && test.length < 120);
  }
});

Deno.test("kFoldSplits leaves no fold empty when there are as many groups as folds", () => {
  const groups = Int32Array.from({ length: 100 }, (_, i) => i < 97 ? 0 : i);
  const strata = Int32Array.from({ length: 100 }, (_, i) => i % 2);
  assertCovers(kFoldSplits({ rows: 100, folds: 4, seed: 0, groups, strata }), 100);
});

Deno.test("kFoldSplits by time widens the training window as TimeSeriesSplit does", () => {
  const order = Float64Array.from({ length: 11 }, (_, i) => 10 - i);
  const splits = kFoldSplits({ rows: 11, folds: 3, seed: 0, order });
  // TimeSeriesSplit(n_splits=3) on 11 rows tests [5, 6], [7, 8], [9, 10]; here row = 10 - time.
  assert.deepEqual(splits.map(({ test }) => [...test]), [[4, 5], [2, 3], [0, 1]]);
  assert.deepEqual(splits.map(({ train }) => train.length), [5, 7, 9]);
});

Deno.test("splits are refused when they can't be made", () => {
  for (const test_fraction of [0, 1, -1, NaN, 2]) {
    refuses(() => holdoutSplit({ rows: 10, test_fraction, seed: 0 }), /test_fraction/);
  }
  refuses(() => holdoutSplit({ rows: 1, test_fraction: 0.5, seed: 0 }), /1 rows/);
  refuses(() => kFoldSplits({ rows: 3, folds: 4, seed: 0 }), /3 rows can't fill 4 folds/);
  refuses(() => kFoldSplits({ rows: 30, folds: 1, seed: 0 }), /folds is 1/);
  refuses(() => kFoldSplits({ rows: 30, folds: 2.5, seed: 0 }), /folds is 2.5/);
  refuses(
    () => holdoutSplit({ rows: 3, test_fraction: 0.5, seed: 0, strata: Int32Array.of(1, 2, 3) }),
    /one row/,
  );
  const groups = new Int32Array(10);
  refuses(() => holdoutSplit({ rows: 10, test_fraction: 0.5, seed: 0, groups }), /one group/);
  refuses(() => kFoldSplits({ rows: 10, folds: 2, seed: 0, groups }), /1 groups can't fill 2/);
  const order = new Float64Array(10);
  refuses(() => holdoutSplit({ rows: 10, test_fraction: 0.5, seed: 0, order }), /same time/);
  refuses(() => kFoldSplits({ rows: 10, folds: 2, seed: 0, order }), /too few different times/);
  refuses(() => holdoutSplit({ rows: 10, test_fraction: 0.5, seed: 0, order, groups }), /by time/);
  refuses(() => holdoutSplit({ rows: 9, test_fraction: 0.5, seed: 0, groups }), /10 values for 9 rows/);
});

Deno.test("holdoutSplit and kFoldSplits hold their promises for random tables", () => {
  const random = new Random(77);
  for (let run = 0; run < 200; run++) {
    const rows = 2 + random.below(60);
    const classes = 1 + random.below(6);
    const strata = Int32Array.from({ length: rows }, () => random.below(classes) - 1);
    const test_fraction = 0.05 + 0.9 * random.float();
    if (new Set(strata).size < rows) {
      const split = holdoutSplit({ rows, test_fraction, seed: run, strata });
      assertSides(split, rows);
      assert.equal(split.train.length + split.test.length, rows);
      for (const c of new Set(strata)) assert.ok(countOf(strata, split.train, c) > 0);
    }
    const folds = 2 + random.below(Math.min(8, rows - 1));
    assertCovers(kFoldSplits({ rows, folds, seed: run, strata }), rows);
  }
});
