/**
 * The whole workflow from code: three MCP servers, driven by the SDK's client as any host would drive them.
 *
 *   deno run --allow-all examples/train_and_deploy.ts
 *
 * MLMCP names a compiled mlmcp to use instead of the source beside this file, MLMCP_HOME another home.
 * Each step is asserted; the program ends with a non-zero code at the first that fails.
 */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { Client } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";

type Result = Record<string, unknown>;

/** How a server is started: the compiled program, or Deno with the source. */
function commandOf(server: string): { command: string; args: string[] } {
  const binary = Deno.env.get("MLMCP");
  if (binary) return { command: binary, args: [server] };
  const root = fileURLToPath(new URL("..", import.meta.url));
  const source = [
    "run",
    "--quiet",
    "--no-prompt",
    "--allow-all",
    "--config",
    `${root}deno.json`,
    `${root}main.ts`,
  ];
  return { command: Deno.execPath(), args: [...source, server] };
}

async function connect(server: string) {
  const client = new Client({ name: "train-and-deploy", version: "1.0.0" });
  await client.connect(
    new StdioClientTransport({ ...commandOf(server), env: Deno.env.toObject(), stderr: "inherit" }),
  );
  return {
    /** Calls a tool; a refusal is thrown with its hint. */
    async call(name: string, input: Result): Promise<Result> {
      const { isError, structuredContent } = await client.callTool({ name, arguments: input });
      const result = structuredContent as Result;
      if (isError) throw new Error(`${name}: ${result.message}\n${result.hint}`);
      return result;
    },
    close: () => client.close(),
  };
}

const kaggle = await connect("kaggle-server");
const training = await connect("training-server");
const deploy = await connect("deploy-server");
try {
  const { datasets } = await kaggle.call("search_datasets", { query: "penguins", limit: 5 });
  const [found] = datasets as Result[];
  assert.equal(found.ref, "sample/penguins");
  console.log(`found     ${found.ref}: ${found.title}, ${found.license}`);

  const dataset = await kaggle.call("download_dataset", { ref: found.ref });
  console.log(`fetched   ${dataset.dataset_id}, SHA-256 ${dataset.sha256}`);

  let job = await training.call("train_model", {
    dataset: dataset.dataset_id,
    target: "species",
    algorithm: "random_forest",
    params: { n_estimators: 50 },
    seed: 7,
    name: "penguins-example",
  });
  // Long work returns its job id; ask until it has ended.
  while (job.status === "queued" || job.status === "running") {
    job = await training.call("get_training_job", { job_id: job.job_id });
  }
  assert.equal(job.status, "succeeded", JSON.stringify(job.error));
  console.log(`trained   ${job.model_id}: ${job.algorithm}`);

  const gate = await training.call("validate_model", {
    model_id: job.model_id,
    metric: "accuracy",
    min_score: 0.9,
  });
  const { accuracy } = gate.metrics as Record<string, number>;
  const { accuracy: guess } = gate.baseline as Record<string, number>;
  assert.equal(gate.passed, true, `accuracy ${accuracy}`);
  console.log(
    `validated accuracy ${accuracy.toFixed(4)} on unseen rows, the baseline has ${guess.toFixed(4)}`,
  );

  // The server enforces the gate: without the receipt it refuses.
  await assert.rejects(deploy.call("deploy_model", { model_id: job.model_id, endpoint: "penguins-example" }));
  const deployed = await deploy.call("deploy_model", {
    model_id: job.model_id,
    endpoint: "penguins-example",
    gate_id: gate.gate_id,
  });
  console.log(`deployed  ${deployed.url}`);

  const test = await deploy.call("test_endpoint", { endpoint: "penguins-example" });
  assert.equal(test.passed, true, JSON.stringify(test.checks));

  const answer = await fetch(`${deployed.url}/predict`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      rows: [{
        island: "Biscoe",
        bill_length_mm: 50,
        bill_depth_mm: 15,
        flipper_length_mm: 220,
        body_mass_g: 5200,
      }],
    }),
  });
  const { predictions } = await answer.json();
  assert.deepEqual(predictions, ["Gentoo"]);
  console.log(`predicted ${predictions[0]}`);

  const status = await deploy.call("get_deployment_status", { endpoint: "penguins-example" });
  assert.equal(status.status, "ready");
  console.log("\nIt goes on serving. mlmcp status shows it, mlmcp stop penguins-example ends it.");
} finally {
  await Promise.all([kaggle.close(), training.close(), deploy.close()]);
}
