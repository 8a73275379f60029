import assert from "node:assert/strict";
import { type Table, takeRows } from "@/dataset/table.ts";
import { columnView } from "@/ml/matrix.ts";
import {
  encodeTarget,
  type FitOptions,
  fitPipeline,
  labelsOf,
  predictScores,
  prepareMatrix,
  targetSpec,
} from "@/ml/pipeline.ts";
import { AppError } from "@/shared/errors.ts";
import { dates, numbers, tableOf, texts } from "./columns.ts";

const AGES = [20, 31, 42, 23, 34, 45, 26, 37, 48, 29, 30, 41];
const CITIES = [
  "Rome",
  "Oslo",
  "Rome",
  "Lima",
  "Oslo",
  "Rome",
  "Lima",
  "Oslo",
  "Rome",
  "Oslo",
  "Lima",
  "Rome",
];
const ANSWERS = AGES.map((age) => age > 32 ? "yes" : "no");

function people(): Table {
  return tableOf(numbers("age", AGES), texts("city", CITIES), texts("buys", ANSWERS, "boolean"));
}

function options(extra: Partial<FitOptions> = {}): FitOptions {
  return { target: "buys", task: "classification", algorithm: "logistic_regression", seed: 0, ...extra };
}

function refuses(act: () => unknown, ...words: RegExp[]): void {
  assert.throws(act, (error: AppError) => {
    assert.ok(error instanceof AppError, String(error));
    assert.match(error.message, /^Cannot /);
    assert.ok(error.hint.length > 0, "no hint");
    for (const word of words) assert.match(`${error.message} ${error.hint}`, word);
    return true;
  });
}

Deno.test("fitPipeline describes features and target, and predicts what it learned", () => {
  const table = people();
  const pipeline = fitPipeline(table, options());
  assert.deepEqual(pipeline.target, { name: "buys", type: "boolean", classes: ["no", "yes"] });
  assert.deepEqual(pipeline.features, [
    {
      name: "age",
      type: "number",
      missing: false,
      min: 20,
      max: 48,
      mean: AGES.reduce((a, b) => a + b) / 12,
    },
    { name: "city", type: "category", missing: false, categories: ["Lima", "Oslo", "Rome"] },
  ]);
  assert.deepEqual(pipeline.matrix_names, ["age", "city=Lima", "city=Oslo", "city=Rome"]);
  assert.equal(pipeline.params.C, 1);
  assert.deepEqual(labelsOf(pipeline, predictScores(pipeline, table)), ANSWERS);
});

Deno.test("fitPipeline gives the same value again for the same rows and seed", () => {
  for (const algorithm of ["logistic_regression", "random_forest", "gradient_boosting"]) {
    const first = fitPipeline(people(), options({ algorithm, seed: 5 }));
    assert.deepEqual(fitPipeline(people(), options({ algorithm, seed: 5 })), first);
  }
});

Deno.test("fitPipeline drops rows without a target and counts them", () => {
  const table = tableOf(numbers("age", [...AGES, 1000]), texts("buys", [...ANSWERS, null]));
  const pipeline = fitPipeline(table, options());
  assert.equal(pipeline.fit_rows, 12);
  assert.equal(pipeline.rows_without_target, 1);
  assert.equal(pipeline.features[0].max, 48);
});

Deno.test("fitPipeline learns from its own rows only: other rows change nothing in it", () => {
  const train = Uint32Array.from({ length: 8 }, (_, i) => i);
  const other = tableOf(
    numbers("age", AGES.map((age, i) => i < 8 ? age : 1e6)),
    texts("city", CITIES.map((city, i) => i < 8 ? city : "Nowhere")),
    texts("buys", ANSWERS, "boolean"),
  );
  assert.deepEqual(
    fitPipeline(takeRows(other, train), options()),
    fitPipeline(takeRows(people(), train), options()),
  );
});

Deno.test("fitPipeline leaves out identifiers, text, constants and empty columns, each with its reason", () => {
  const table = tableOf(
    numbers("id", AGES.map((_, i) => i), "identifier"),
    texts("note", AGES.map((age) => `a longer remark about ${age}`), "text"),
    numbers("one", AGES.map(() => 1)),
    texts("same", AGES.map(() => "x")),
    numbers("empty", AGES.map(() => null)),
    ...people().columns,
  );
  const pipeline = fitPipeline(table, options());
  assert.deepEqual(pipeline.features.map(({ name }) => name), ["age", "city"]);
  assert.deepEqual(pipeline.dropped.map(({ column }) => column), ["id", "note", "one", "same", "empty"]);
  const reasons = pipeline.dropped.map(({ reason }) => reason).join("; ");
  assert.match(reasons, /identifier.*free text.*same value.*same value.*no values/);
  const named = fitPipeline(table, options({ features: ["age", "id", "note", "one"] }));
  assert.deepEqual(named.features.map(({ name }) => name), ["id", "note", "age"]);
});

Deno.test("fitPipeline keeps a column of one value when some rows lack it: that tells them apart", () => {
  const table = tableOf(
    numbers("n", ANSWERS.map((answer) => answer === "yes" ? 7 : null)),
    texts("buys", ANSWERS),
  );
  const pipeline = fitPipeline(table, options());
  assert.deepEqual(pipeline.matrix_names, ["n", "n_missing"]);
  assert.deepEqual(labelsOf(pipeline, predictScores(pipeline, table)), ANSWERS);
});

Deno.test("fitPipeline obeys exclude, and the weight column is no feature", () => {
  const table = tableOf(...people().columns, numbers("w", AGES.map(() => 2)));
  const pipeline = fitPipeline(table, options({ exclude: ["city"], sample_weight: "w" }));
  assert.deepEqual(pipeline.features.map(({ name }) => name), ["age"]);
});

Deno.test("fitPipeline refuses what it is told wrongly, by name", () => {
  const table = people();
  refuses(() => fitPipeline(table, options({ target: "sells" })), /"sells"/, /age, city, buys/);
  refuses(() => fitPipeline(table, options({ features: ["wage"] })), /"wage"/);
  refuses(() => fitPipeline(table, options({ exclude: ["wage"] })), /"wage"/);
  refuses(() => fitPipeline(table, options({ features: ["age", "buys"] })), /"buys".*target/);
  refuses(() => fitPipeline(table, options({ algorithm: "magic" })), /"magic"/, /random_forest/);
  refuses(() => fitPipeline(table, options({ algorithm: "ridge" })), /ridge.*classification/, /logistic/);
  refuses(() => fitPipeline(table, options({ params: { C: -1 } })), /C is -1/);
  refuses(() => fitPipeline(table, options({ exclude: ["age", "city"] })), /no feature/);
  const k = { algorithm: "k_neighbors", params: { n_neighbors: 13 } };
  refuses(() => fitPipeline(table, options(k)), /n_neighbors is 13.*12 rows/);
  const priors = { algorithm: "gaussian_nb", params: { priors: [0.5, 0.6] } };
  refuses(() => fitPipeline(table, options(priors)), /priors/, /sum 1/);
});

Deno.test("fitPipeline refuses a target that cannot be learned, and says why", () => {
  const x = numbers("x", AGES);
  const fit = (target: Parameters<typeof tableOf>[0], task: FitOptions["task"]) => () =>
    fitPipeline(tableOf(x, target), options({ target: "t", task, algorithm: "dummy" }));
  refuses(fit(texts("t", AGES.map(() => "a")), "classification"), /same value, "a"/);
  refuses(fit(numbers("t", AGES.map(() => 4)), "regression"), /same value, 4/);
  refuses(fit(numbers("t", AGES.map(() => null)), "regression"), /no value/);
  refuses(fit(texts("t", AGES.map((age) => `name ${age}`)), "classification"), /every row/);
  refuses(fit(texts("t", ANSWERS), "regression"), /boolean|category/, /classification/);
  refuses(fit(dates("t", AGES.map((age) => `20${age}-01-01`)), "regression"), /date/);
  refuses(fit(numbers("t", AGES.map((age, i) => i === 3 ? Infinity : age)), "regression"), /row 4.*Infinity/);
  const many = Array.from({ length: 500 }, (_, i) => i / 2 % 240.5);
  const table = tableOf(numbers("x", many), numbers("t", many));
  refuses(() => fitPipeline(table, options({ target: "t" })), /different numbers/, /regression/);
});

Deno.test("fitPipeline refuses infinite numbers and bad weights, naming column and row", () => {
  const weighted = (values: (number | null)[]) => () =>
    fitPipeline(tableOf(...people().columns, numbers("w", values)), options({ sample_weight: "w" }));
  refuses(weighted(AGES.map((age) => -age)), /"w".*row 1 holds -20/);
  refuses(weighted(AGES.map(() => 0)), /"w".*every weight is 0/);
  refuses(weighted(AGES.map((age, i) => i === 2 ? null : age)), /"w".*row 3/);
  refuses(() => fitPipeline(people(), options({ sample_weight: "city" })), /"city".*category/);
  const infinite = tableOf(
    numbers("n", AGES.map((age, i) => i === 5 ? -Infinity : age)),
    texts("buys", ANSWERS),
  );
  refuses(() => fitPipeline(infinite, options()), /"n".*row 6 holds -Infinity/);
});

Deno.test("predictScores maps categories by their text, whatever the dictionary and the order of columns", () => {
  const pipeline = fitPipeline(people(), options());
  const expected = predictScores(pipeline, people());
  const reordered = tableOf(
    texts("extra", AGES.map(() => "ignored")),
    { ...texts("city", ["Nowhere", "Oslo", "Lima", ...CITIES]), codes: texts("city", CITIES).codes },
    numbers("age", AGES),
  );
  // The codes are of another dictionary: Rome 0, Oslo 1, Lima 2 against Nowhere 0, Oslo 1, Lima 2, Rome 3.
  const moved = predictScores(pipeline, reordered);
  assert.notDeepEqual(moved, expected);
  const right = tableOf(texts("city", ["Lima", ...CITIES]), numbers("age", [20, ...AGES]));
  assert.deepEqual(
    predictScores(pipeline, takeRows(right, Uint32Array.from(AGES, (_, i) => i + 1))),
    expected,
  );
});

Deno.test("predictScores takes an unknown category and a missing value that training never saw", () => {
  const pipeline = fitPipeline(people(), options());
  const table = tableOf(numbers("age", [40, null]), texts("city", ["Atlantis", null]));
  const X = prepareMatrix(pipeline, table);
  assert.deepEqual([...columnView(X, 1), ...columnView(X, 2), ...columnView(X, 3)], [0, 0, 0, 0, 0, 0]);
  assert.ok(predictScores(pipeline, table).every(Number.isFinite));
});

Deno.test("predictScores refuses a missing column, another type and infinity, naming the column", () => {
  const pipeline = fitPipeline(people(), options());
  const predict = (...columns: Parameters<typeof tableOf>) => () =>
    predictScores(pipeline, tableOf(...columns));
  refuses(predict(numbers("age", [1])), /"city"/);
  refuses(predict(texts("age", ["old"]), texts("city", ["Rome"])), /"age".*category.*number/);
  refuses(predict(numbers("age", [1]), numbers("city", [5])), /"city".*number.*category/, /Lima/);
  refuses(predict(numbers("age", [NaN, Infinity]), texts("city", ["Rome", "Rome"])), /"age".*row 2/);
  refuses(predict(dates("age", ["2024-01-01"]), texts("city", ["Rome"])), /"age".*date/);
});

Deno.test("predictScores reads a small table whose columns look different only for lack of values", () => {
  const table = tableOf(
    numbers("age", AGES),
    texts("flag", ANSWERS.map((answer) => answer === "yes" ? "1" : "0"), "boolean"),
    texts("buys", ANSWERS),
  );
  const pipeline = fitPipeline(table, options());
  const asText = predictScores(pipeline, tableOf(numbers("age", [30]), texts("flag", ["1"])));
  assert.deepEqual(predictScores(pipeline, tableOf(numbers("age", [30]), numbers("flag", [1]))), asText);
  const noAge = predictScores(pipeline, tableOf(numbers("age", [null]), texts("flag", ["1"])));
  assert.deepEqual(predictScores(pipeline, tableOf(texts("age", [null]), texts("flag", ["1"]))), noAge);
});

Deno.test("targetSpec sorts classes as numpy does, and numbers stay numbers", () => {
  const spec = targetSpec(texts("t", ["b", "a", "B", "10", "9", "b", "é"]), "classification");
  assert.deepEqual(spec.classes, ["10", "9", "B", "a", "b", "é"]);
  assert.deepEqual(targetSpec(numbers("t", [10, 9, -1, 10]), "classification").classes, [-1, 9, 10]);
  assert.deepEqual(targetSpec(numbers("t", [10, 9, -1]), "regression").classes, []);
});

Deno.test("encodeTarget gives class indices, and NaN where missing or not a class", () => {
  const spec = targetSpec(texts("t", ["b", "a", "b"]), "classification");
  assert.deepEqual([...encodeTarget(texts("t", ["c", "b", null, "a"]), spec)], [NaN, 1, NaN, 0]);
  const numeric = targetSpec(numbers("t", [0, 1, 1]), "classification");
  assert.deepEqual([...encodeTarget(numbers("t", [1, 0, null, 7]), numeric)], [1, 0, NaN, NaN]);
  assert.deepEqual([...encodeTarget(texts("t", ["1", "0", null, "x"]), numeric)], [1, 0, NaN, NaN]);
  const regression = targetSpec(numbers("t", [1.5, 2]), "regression");
  assert.deepEqual([...encodeTarget(numbers("t", [3, null]), regression)], [3, NaN]);
  refuses(() => encodeTarget(texts("t", ["x"]), regression), /"t".*numbers/);
});

Deno.test("labelsOf takes the first of equal probabilities, and the numbers of a regression", () => {
  const pipeline = fitPipeline(people(), options());
  assert.deepEqual(labelsOf(pipeline, Float64Array.of(0.5, 0.5, 0.2, 0.8)), ["no", "yes"]);
  const table = tableOf(numbers("x", AGES), numbers("t", AGES.map((age) => 2 * age + 1)));
  const line = fitPipeline(
    table,
    options({ target: "t", task: "regression", algorithm: "linear_regression" }),
  );
  const labels = labelsOf(line, predictScores(line, tableOf(numbers("x", [100]))));
  assert.ok(Math.abs(labels[0] as number - 201) < 1e-9);
});

Deno.test("date_parts turns a date into its parts, the hour only when it varies", () => {
  const days = ["2024-02-29", "2023-12-31", null, "2024-03-01"];
  const table = tableOf(dates("d", days), numbers("t", [1, 2, 3, 5]));
  const fit = (given: Table) =>
    fitPipeline(given, options({ target: "t", task: "regression", algorithm: "gradient_boosting" }));
  const pipeline = fit(table);
  assert.deepEqual(pipeline.matrix_names, [
    "d_year",
    "d_month",
    "d_day",
    "d_day_of_week",
    "d_epoch_days",
  ]);
  const X = prepareMatrix(pipeline, table);
  const row = (i: number) => Array.from({ length: X.cols }, (_, j) => columnView(X, j)[i]);
  assert.deepEqual(row(0), [2024, 2, 29, 3, 19782]);
  assert.deepEqual(row(2), [NaN, NaN, NaN, NaN, NaN]);
  const hours = tableOf(dates("d", ["2024-01-01T05:00:00Z", "2024-01-01T17:30:00Z"]), numbers("t", [1, 2]));
  assert.ok(fit(hours).matrix_names.includes("d_hour"));
});
