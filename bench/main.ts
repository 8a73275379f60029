/**
 * deno task bench [start|csv|fit|boosting|forest|profile|serving …]: measures, beside the peers where they are installed,
 * and prints tables. BENCH_PYTHON names a Python with bench/peers/requirements.txt; default python3.
 * BENCH_ALGORITHMS (svm,mlp,…) limits fit.
 */
import { benchBoosting } from "./boosting.ts";
import { benchCsv } from "./csv.ts";
import { benchFit } from "./fit.ts";
import { benchForest } from "./forest.ts";
import { benchProfile } from "./profile.ts";
import { benchServing } from "./serving.ts";
import { benchStart, runnable } from "./start.ts";

const asked = (name: string) => (Deno.env.get(name) ?? "").split(",").filter((word) => word !== "");

const SUITES: Record<string, () => Promise<string[]>> = {
  start: async () => await benchStart(await runnable()),
  csv: async () => await benchCsv(Deno.env.get("BENCH_PYTHON") ?? "python3"),
  fit: async () => await benchFit(Deno.env.get("BENCH_PYTHON") ?? "python3", asked("BENCH_ALGORITHMS")),
  forest: async () => await benchForest(Deno.env.get("BENCH_PYTHON") ?? "python3"),
  profile: async () => await benchProfile(Deno.env.get("BENCH_PYTHON") ?? "python3"),
  boosting: async () => await benchBoosting(Deno.env.get("BENCH_PYTHON") ?? "python3"),
  serving: async () => await benchServing(await runnable(), Deno.env.get("BENCH_PYTHON") ?? "python3"),
};

const wanted = Deno.args.length > 0 ? Deno.args : Object.keys(SUITES);
console.log(
  `Deno ${Deno.version.deno}, ${Deno.build.target}, ${navigator.hardwareConcurrency} cores, ${
    new Date().toISOString().slice(0, 10)
  }\n`,
);
for (const name of wanted) {
  if (!(name in SUITES)) throw new Error(`there is no suite "${name}": ${Object.keys(SUITES).join(", ")}`);
  console.log(`## ${name}\n\n${(await SUITES[name]()).join("\n")}\n`);
}
