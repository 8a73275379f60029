/** The main job as a user meets it, from source and compiled: request, result, endpoint, stop. */
import assert from "node:assert/strict";
import { Random } from "@/shared/random.ts";
import { inSandbox, type Program, programs, type Sandbox } from "./program.ts";

/** A test for each program; one that can't run here is reported as skipped, with the reason in its name. */
async function forEachProgram(name: string, work: (sandbox: Sandbox) => Promise<void>): Promise<void> {
  for (const program of await programs()) {
    Deno.test({
      name: `${program.name}: ${name}${program.missing ? ` (skipped: ${program.missing})` : ""}`,
      ignore: program.missing !== null,
      fn: () => inSandbox(program as Program, work),
    });
  }
}

/** Customers who leave or stay: numbers, categories, missing values. */
function customersCsv(rows: number): string {
  const random = new Random(5);
  const lines = ["age,plan,calls,since,monthly_fee,left"];
  for (let i = 0; i < rows; i++) {
    const plan = ["basic", "plus", "family plan"][random.below(3)];
    const calls = random.below(9);
    const fee = 10 + random.below(40);
    const leaves = calls + (plan === "basic" ? 2 : 0) + fee / 20 + random.normal() > 6.5;
    const age = random.below(12) === 0 ? "" : String(18 + random.below(60));
    lines.push(
      `${age},"${plan}",${calls},20${10 + random.below(14)}-0${1 + random.below(9)}-11,${fee},${
        leaves ? "yes" : "no"
      }`,
    );
  }
  return lines.join("\n") + "\n";
}

async function post(url: string, rows: unknown[]): Promise<Record<string, unknown>> {
  const response = await fetch(`${url}/predict`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ rows }),
  });
  return { status: response.status, ...(await response.json()) };
}

await forEachProgram(
  "a request for a sample ends as an endpoint that answers, and stop leaves nothing",
  async (sandbox) => {
    const { code, stdout, stderr } = await sandbox.run([
      "agent",
      "predict the species of a penguin",
      "--yes",
      "--json",
    ]);
    assert.equal(code, 0, stderr);
    const result = JSON.parse(stdout);
    assert.equal(result.status, "succeeded");
    assert.equal(result.target, "species");
    assert.equal(result.dataset.license, "CC0-1.0");
    assert.equal(result.test.passed, true);
    assert.ok(result.validation.passed && result.validation.score > 0.9);
    assert.ok(result.model.metrics.accuracy > result.model.baseline.accuracy);
    assert.equal(result.deployment.status, "ready");
    assert.deepEqual(result.steps.map(({ step }: { step: string }) => step), [
      ...["find", "fetch", "train", "validate", "deploy", "test", "watch"],
    ]);
    const answer = await post(result.deployment.url, [{
      island: "Biscoe",
      bill_length_mm: 50,
      flipper_length_mm: 220,
      body_mass_g: 5200,
      bill_depth_mm: 15,
    }]);
    assert.deepEqual(answer.predictions, ["Gentoo"]);
    const status = JSON.parse((await sandbox.run(["status", "--json"])).stdout);
    assert.equal(status.endpoints[0].status, "ready");
    const audit = JSON.parse((await sandbox.run(["audit", "--json", "--run", result.run_id])).stdout);
    assert.ok(JSON.stringify(audit).includes("validate_model"));
    assert.equal((await sandbox.run(["stop"])).code, 0);
    await assert.rejects(post(result.deployment.url, [{}]));
  },
);

await forEachProgram(
  "a table of one's own: categories, dates and missing values; rows of the file are predicted",
  async (sandbox) => {
    const path = sandbox.write("customers.csv", customersCsv(400));
    const { code, stdout, stderr } = await sandbox.run([
      ...[
        "agent",
        "predict which customers have left",
        "--dataset",
        path,
        "--yes",
        "--json",
        "--algorithm",
        "gradient_boosting",
      ],
    ]);
    assert.equal(code, 0, stderr);
    const result = JSON.parse(stdout);
    assert.equal(result.target, "left");
    assert.equal(result.model.algorithm, "gradient_boosting");
    assert.ok(result.validation.score > 0.75, String(result.validation.score));
    const answer = await post(result.deployment.url, [
      { age: 40, plan: "basic", calls: 8, since: "2019-04-11", monthly_fee: 49 },
      { age: null, plan: "family plan", calls: 0, since: "2019-04-11", monthly_fee: 10 },
      { plan: "a plan that never was", calls: 0 },
    ]);
    assert.deepEqual((answer.predictions as string[]).slice(0, 2), ["yes", "no"]);
    const wrong = await post(result.deployment.url, [{ calls: "many" }]);
    assert.equal(wrong.status, 400);
    assert.match(JSON.stringify(wrong.error), /row 0.*calls.*number/);
  },
);

await forEachProgram(
  "a model below the threshold is refused with exit code 3, and nothing is deployed",
  async (sandbox) => {
    const random = new Random(3);
    const noise = [
      "a,b,y",
      ...Array.from({ length: 200 }, () => `${random.float()},${random.float()},${random.below(2)}`),
    ];
    const path = sandbox.write("noise.csv", noise.join("\n"));
    const args = [
      "agent",
      "predict y",
      "--dataset",
      path,
      "--target",
      "y",
      "--algorithm",
      "decision_tree",
      "--min-score",
      "0.9",
    ];
    const { code, stdout } = await sandbox.run([...args, "--yes", "--json"]);
    assert.equal(code, 3);
    const result = JSON.parse(stdout);
    assert.equal(result.status, "refused");
    assert.equal(result.deployment, null);
    assert.deepEqual(JSON.parse((await sandbox.run(["status", "--json"])).stdout).endpoints, []);
  },
);

await forEachProgram(
  "wrong usage and missing facts end with exit code 2 and say what to give",
  async (sandbox) => {
    const path = sandbox.write(
      "t.csv",
      "alpha,beta,gamma\n" + Array.from({ length: 50 }, (_, i) => `${i % 7},${i * 1.5},${i % 3}`).join("\n"),
    );
    const unknown = await sandbox.run(["agent", "do something", "--dataset", path, "--yes"]);
    assert.equal(unknown.code, 2);
    assert.match(unknown.stdout, /--target COLUMN; there is alpha, beta, gamma/);
    const flag = await sandbox.run(["agent", "predict", "--targett", "x"]);
    assert.equal(flag.code, 2);
    assert.match(flag.stderr, /--target/);
    const command = await sandbox.run(["agnet"]);
    assert.equal(command.code, 2);
    const declined = await sandbox.run([
      "agent",
      "predict gamma",
      "--dataset",
      path,
      "--algorithm",
      "decision_tree",
      "--min-score",
      "-100",
    ]);
    assert.equal(declined.code, 4, declined.stderr);
  },
);
