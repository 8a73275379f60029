/** Every algorithm learns the same bytes from the same data: from source and compiled, on any number of threads. */
import assert from "node:assert/strict";
import { Client } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import type { Task } from "@/ml/estimator.ts";
import { ESTIMATORS } from "@/ml/estimators.ts";
import { inSandbox, type Program, programs, type Sandbox } from "./program.ts";

const DATA: Record<Task, { dataset: string; target: string }> = {
  classification: { dataset: "sample/penguins", target: "species" },
  regression: { dataset: "sample/auto_mpg", target: "mpg" },
};

/** Parameters that lead through other arithmetic than the defaults. */
const OTHERS: [algorithm: string, task: Task, params: Record<string, unknown>][] = [
  ["logistic_regression", "classification", { penalty: "elasticnet" }],
  ["k_neighbors", "regression", { p: 1.5, weights: "distance" }],
  ["svm", "classification", { kernel: "sigmoid" }],
  ["svm", "regression", { kernel: "poly" }],
  ["decision_tree", "classification", { criterion: "entropy" }],
  ["gradient_boosting", "regression", { loss: "gamma", subsample: 0.7, early_stopping: true }],
  ["gradient_boosting", "regression", { loss: "quantile", alpha: 0.9 }],
  ["mlp", "classification", { activation: "tanh", dropout: 0.2, max_iter: 30 }],
  [
    "mlp",
    "regression",
    { activation: "logistic", solver: "sgd", learning_rate: "invscaling", power_t: 0.3, max_iter: 30 },
  ],
];

/** Model hashes by algorithm and parameters. */
async function trainEverything(sandbox: Sandbox, threads: number): Promise<Record<string, string>> {
  const client = new Client({ name: "test", version: "0" });
  await client.connect(
    new StdioClientTransport({
      command: sandbox.program.command,
      args: [...sandbox.program.args, "training-server", "--home", sandbox.home],
      env: sandbox.env(),
      stderr: "ignore",
    }),
  );
  const jobs = [
    ...ESTIMATORS.flatMap(({ name, params }) =>
      (Object.keys(params) as Task[]).map((task) => [name, task, {}] as const)
    ),
    ...OTHERS,
  ];
  try {
    const hashes: Record<string, string> = {};
    for (const [algorithm, task, params] of jobs) {
      const call = async (name: string, args: Record<string, unknown>) =>
        (await client.callTool({ name, arguments: args })).structuredContent as Record<string, unknown>;
      const job = await call("train_model", {
        ...{ ...DATA[task], algorithm, params, threads },
        validation: { folds: 2 },
        wait_s: 45,
      });
      assert.equal(job.status, "succeeded", `${algorithm}: ${JSON.stringify(job)}`);
      const model = await call("get_model_metrics", { model_id: job.model_id });
      hashes[`${algorithm} ${task} ${JSON.stringify(params)}`] = String(model.artifact_sha256);
    }
    return hashes;
  } finally {
    await client.close();
  }
}

const [source, compiled] = await programs();
const runs: { program: Program; threads: number }[] = [
  { program: source, threads: 1 },
  { program: compiled.missing ? source : compiled, threads: 3 },
];

Deno.test("every algorithm learns the same bytes from source and compiled, on one thread and three", async () => {
  let first: Record<string, string> | undefined;
  for (const { program, threads } of runs) {
    await inSandbox(program, async (sandbox) => {
      const hashes = await trainEverything(sandbox, threads);
      first ??= hashes;
      assert.deepEqual(hashes, first, `${program.name}, ${threads} threads`);
    });
  }
});
