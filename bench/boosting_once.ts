/** Fits boosting some times on a file of bench/boosting.ts, table to model, and prints what it took as JSON: SET PATH THREADS FITS. */
import process from "node:process";
import { columnOf } from "@/dataset/table.ts";
import { metricOf } from "@/ml/metrics.ts";
import { encodeTarget, fitPipeline, predictScores } from "@/ml/pipeline.ts";
import { SETS, tableOf } from "./boosting_data.ts";

const [index, path, threads, fits] = Deno.args;
const set = SETS[Number(index)];
const rows = set.train + set.test;
const buffer = readOnce(path);
const columns = Array.from(
  { length: buffer.byteLength / 8 / rows },
  (_, j) => new Float64Array(buffer, 8 * j * rows, rows),
);
const train = tableOf(set, columns, 0, set.train);
const seconds: number[] = [];
const cpu_seconds: number[] = [];
let pipeline;
for (let i = 0; i < Number(fits); i++) {
  const started = performance.now();
  const cpu = process.cpuUsage();
  pipeline = fitPipeline(train, {
    target: "y",
    task: "classification",
    algorithm: "gradient_boosting",
    params: { early_stopping: false },
    seed: 0,
    threads: Number(threads),
  });
  seconds.push((performance.now() - started) / 1000);
  const { user, system } = process.cpuUsage(cpu);
  cpu_seconds.push((user + system) / 1e6);
}
const status = await Deno.readTextFile("/proc/self/status").catch(() => "");
const peak_bytes = Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1] ?? NaN) * 1024;
const test = tableOf(set, columns, set.train, rows);
const started = performance.now();
const scores = predictScores(pipeline!, test);
const predict_seconds = (performance.now() - started) / 1000;
const y = encodeTarget(columnOf(test, "y"), pipeline!.target);
const auc = metricOf("roc_auc").compute({ y, scores, n_classes: 2 });
console.log(JSON.stringify({ seconds, cpu_seconds, peak_bytes, predict_seconds, auc }));

/** The file's bytes; `readFileSync` would hold them twice for a moment, which is not the fit's. */
function readOnce(path: string): ArrayBuffer {
  using file = Deno.openSync(path);
  const bytes = new Uint8Array(file.statSync().size);
  for (let at = 0; at < bytes.length;) at += file.readSync(bytes.subarray(at))!;
  return bytes.buffer;
}
