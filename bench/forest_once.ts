/** Fits one forest, the quicker ones up to twenty times, and prints seconds, score and speed of prediction as JSON: PATH ALGORITHM TREES THREADS TRAIN. */
import { estimatorOf } from "@/ml/estimators.ts";
import { metricOf } from "@/ml/metrics.ts";
import { readForestData, rowsOf } from "./forest_data.ts";

const [path, algorithm, trees, threads, trainRows] = Deno.args;
const all = await readForestData(path);
const { task } = all;
const train = rowsOf(all, 0, Number(trainRows));
const test = rowsOf(all, Number(trainRows), all.rows);
const { n_classes } = all;
const estimator = estimatorOf(algorithm);
const params = estimator.params[task]!.parse(
  algorithm === "decision_tree" ? {} : { n_estimators: Number(trees) },
);

const fit = () =>
  estimator.fit(train.X, train.y, params, {
    task,
    n_classes,
    seed: 0,
    threads: Number(threads),
    progress() {},
  });
const begun = performance.now();
let state = fit();
let seconds = (performance.now() - begun) / 1000;
for (let n = 1; n < 20 && performance.now() - begun < 1000; n++) {
  const started = performance.now();
  state = fit();
  seconds = Math.min(seconds, (performance.now() - started) / 1000);
}

const predicting = performance.now();
const scores = estimator.predict(test.X, state);
const batch_seconds = (performance.now() - predicting) / 1000;
const score = metricOf(n_classes > 0 ? "accuracy" : "r2").compute({ y: test.y, scores, n_classes });

const rows = Array.from(
  { length: Math.min(400, test.X.rows) },
  (_, i) => rowsOf(all, Number(trainRows) + i, Number(trainRows) + i + 1),
);
for (const { X } of rows) estimator.predict(X, state);
const one = performance.now();
for (const { X } of rows) estimator.predict(X, state);
const row_us = (performance.now() - one) / rows.length * 1000;
console.log(JSON.stringify({ seconds, score, batch_seconds, row_us }));
