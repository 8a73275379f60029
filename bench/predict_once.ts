/** Fits a model on a file of bench/boosting.ts and prints rows predicted per second as JSON: SET PATH ALGORITHM PARAMS TRAIN BATCHES. */
import { predictRows } from "@/artifact/predict_rows.ts";
import { fitPipeline, predictScores } from "@/ml/pipeline.ts";
import { SETS, tableOf } from "./boosting_data.ts";

const [index, path, algorithm, params, trainRows, batches] = Deno.args;
const set = SETS[Number(index)];
const rows = set.train + set.test;
const bytes = Deno.readFileSync(path);
const columns = Array.from(
  { length: bytes.length / 8 / rows },
  (_, j) => new Float64Array(bytes.buffer, 8 * j * rows, rows),
);
const pipeline = fitPipeline(tableOf(set, columns, 0, Number(trainRows)), {
  target: "y",
  task: "classification",
  algorithm,
  params: JSON.parse(params),
  seed: 0,
});

/** Seconds of the quickest of several calls. */
function best(call: () => unknown): number {
  let least = Infinity;
  const end = performance.now() + 1500;
  for (let calls = 0; calls < 3 || performance.now() < end; calls++) {
    const started = performance.now();
    call();
    least = Math.min(least, performance.now() - started);
  }
  return least / 1000;
}

const answer = batches.split(",").map(Number).map((size) => {
  const table = tableOf(set, columns, 0, size);
  const features = { rows: size, columns: table.columns.filter(({ name }) => name !== "y") };
  const asked = Array.from(
    { length: size },
    (_, i) => Object.fromEntries(features.columns.map(({ name }, j) => [name, columns[j][i]])),
  );
  return {
    size,
    /** From typed columns to probabilities. */
    columns: size / best(() => predictScores(pipeline, features)),
    /** From row objects, as parsed from JSON, to labels and probabilities, as a replica answers. */
    rows: size / best(() => predictRows({ pipeline }, asked)),
  };
});
console.log(JSON.stringify(answer));
