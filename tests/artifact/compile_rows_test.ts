import assert from "node:assert/strict";
import { compileRows } from "@/artifact/compile_rows.ts";
import { predictRows, scoreRows } from "@/artifact/predict_rows.ts";
import { rangeWarnings } from "@/artifact/range_warnings.ts";
import { rowsToTable } from "@/artifact/rows_to_table.ts";
import { ESTIMATORS } from "@/ml/estimators.ts";
import { fitPipeline, type FittedPipeline, predictScores, prepareMatrix } from "@/ml/pipeline.ts";
import { Random } from "@/shared/random.ts";
import { dates, numbers, tableOf, texts } from "../ml/columns.ts";

const LEVELS = ["red", "green", "blue", "n/a?"];

/** A number, a date, a category and a boolean, some values missing, and a target of both. */
function pipelineOf(algorithm: string, smallest = -Infinity): FittedPipeline {
  const random = new Random(5);
  const rows = 80;
  const some = <T>(make: () => T) => Array.from({ length: rows }, () => random.float() < 0.1 ? null : make());
  const size = some(() => Math.max(smallest, Math.round(random.normal() * 100) / 10));
  const colour = some(() => LEVELS[random.below(LEVELS.length)]);
  const table = tableOf(
    numbers("size", size),
    dates("day", some(() => `20${10 + random.below(15)}-0${1 + random.below(9)}-1${random.below(10)}`)),
    texts("colour", colour),
    texts("old", some(() => random.float() < 0.5 ? "yes" : "no"), "boolean"),
    texts("y", size.map((value, i) => (value ?? 0) + (colour[i] === "red" ? 3 : 0) > 0 ? "a" : "b")),
  );
  return fitPipeline(table, {
    target: "y",
    task: "classification",
    algorithm,
    params: algorithm.includes("forest") || algorithm.includes("extra") ? { n_estimators: 5 } : {},
    seed: 1,
  });
}

const ODD: unknown[] = [
  null,
  true,
  false,
  "",
  "NA",
  " red ",
  "purple",
  "2012-02-30",
  "2012-03-04",
  1e400,
  -1e200,
  7,
  "7",
  {},
  [],
  undefined,
  8.64e15 + 1,
];

function randomRow(random: Random, oddness: number): unknown {
  const odd = (value: unknown) => random.float() < oddness ? ODD[random.below(ODD.length)] : value;
  const row: Record<string, unknown> = {
    size: odd(random.normal() * 10),
    day: odd(random.float() < 0.5 ? "2019-05-06" : 1.4e12),
    colour: odd(LEVELS[random.below(LEVELS.length)]),
    old: odd(random.float() < 0.5),
  };
  if (random.float() < 0.3) row.y = "a";
  if (random.float() < oddness) row.colour_ = 1;
  if (random.float() < oddness) delete row.day;
  if (random.float() < oddness) return ODD[random.below(ODD.length)];
  return random.float() < 0.2 ? [row.size, row.day ?? null, row.colour, row.old] : row;
}

/** What it gives, or how it fails. */
function outcome(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    return { name: (error as Error).name, message: (error as Error).message };
  }
}

for (const algorithm of ["logistic_regression", "gradient_boosting", "gaussian_nb", "random_forest"]) {
  Deno.test(`compileRows() makes the matrix that the plain path makes, bit by bit, for ${algorithm}`, () => {
    const pipeline = pipelineOf(algorithm);
    const read = compileRows(pipeline);
    const random = new Random(11);
    for (const count of [1, 1, 1, 2, 40]) {
      const rows = Array.from({ length: count }, () => randomRow(random, 0));
      const compiled = read(rows);
      assert.ok(compiled !== null);
      // Columns that stand apart in the table are joined by `data`.
      const { columns: _, ...plain } = prepareMatrix(pipeline, rowsToTable(pipeline, rows).table);
      assert.deepEqual(compiled.matrix, plain);
    }
  });

  Deno.test(`scoreRows() gives scores, warnings and errors of the plain path, whatever comes, for ${algorithm}`, () => {
    const pipeline = pipelineOf(algorithm);
    const random = new Random(7);
    let compiled = 0;
    for (let round = 0; round < 400; round++) {
      const rows = Array.from(
        { length: 1 + random.below(3) },
        () => randomRow(random, round % 2 ? 0.05 : 0.3),
      );
      const plain = () => {
        const { table, warnings } = rowsToTable(pipeline, rows);
        const all = [...warnings, ...rangeWarnings(pipeline, rows)];
        return { scores: predictScores(pipeline, table), warnings: all };
      };
      assert.deepEqual(outcome(() => scoreRows(pipeline, rows)), outcome(plain), JSON.stringify(rows));
      if (outcome(() => compileRows(pipeline)(rows)) !== null) compiled++;
    }
    assert.ok(compiled > 100);
  });
}

Deno.test("predictRows() takes a column that every object seems to have for missing where the row lacks it", () => {
  const table = tableOf(
    numbers("constructor", [1, 2, 3, 4, 5, 6]),
    numbers("size", [1, 2, 3, 4, 5, 7]),
    numbers("y", [2, 4, 6, 8, 10, 12]),
  );
  const pipeline = fitPipeline(table, { target: "y", task: "regression", algorithm: "ridge", seed: 0 });
  const [known, missing] = predictRows({ pipeline }, [{ constructor: 1, size: 1 }, { size: 1 }]).predictions;
  assert.notEqual(known, missing);
  assert.throws(() => predictRows({ pipeline }, [{ size: 1, other: 1 }]), /no column "other"/);
});

Deno.test("a prediction keeps nothing of the one before", () => {
  for (const { name, params, demands } of ESTIMATORS) {
    if (!params.classification) continue;
    const pipeline = pipelineOf(name, demands ? 0 : undefined);
    const row = { size: 1, day: "2019-05-06", colour: "red", old: true };
    const other = { size: null, colour: "blue" };
    const first = predictRows({ pipeline }, [row]);
    const between = predictRows({ pipeline }, [other]);
    assert.deepEqual(predictRows({ pipeline }, [row]), first, name);
    assert.deepEqual(predictRows({ pipeline }, [other]), between, name);
  }
});
