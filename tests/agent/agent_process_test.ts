/** The agent as a process: killed, interrupted, two at once, a server that dies. */
import assert from "node:assert/strict";
import { inSandbox, type Sandbox, SOURCE } from "../e2e/program.ts";
import { TextLineStream } from "../../agent/text_lines.ts";

const REQUEST = ["agent", "predict the species of a penguin", "--algorithm", "decision_tree", "--json"];

/** Reads stderr until a line fits; then goes on reading, so that the pipe never fills. */
async function until(stderr: ReadableStream<Uint8Array>, wanted: string): Promise<string[]> {
  const reader = stderr.pipeThrough(new TextLineStream()).getReader();
  const lines: string[] = [];
  for (;;) {
    const { value, done } = await reader.read();
    if (done) throw new Error(`it ended before ${wanted}: ${lines.join("\n")}`);
    lines.push(value);
    if (!value.includes(wanted)) continue;
    void (async () => {
      while (!(await reader.read().catch(() => ({ done: true }))).done);
    })();
    return lines;
  }
}

/** The run's id is on the first line. */
const idIn = (lines: string[]) => lines[0].replace("run ", "");

async function jobsOf(sandbox: Sandbox, run_id: string): Promise<number> {
  const audit = JSON.parse(
    (await sandbox.run(["audit", "--json", "--run", run_id, "--tool", "train_model"])).stdout,
  );
  return audit.entries.filter((entry: { outcome: string }) => entry.outcome === "ok").length;
}

for (const point of ["2/7 fetch] fetching", "3/7 train] training", "5/7 deploy] deploying"]) {
  Deno.test(`an agent killed at "${point}" is resumed, and nothing is done twice`, async () => {
    await inSandbox(SOURCE, async (sandbox) => {
      const agent = sandbox.spawn([...REQUEST, "--yes"]);
      const run_id = idIn(await until(agent.stderr, point));
      agent.kill("SIGKILL");
      await Promise.all([agent.status, agent.stdout.cancel()]);

      const resumed = await sandbox.run(["agent", "resume", run_id, "--json"]);
      assert.equal(resumed.code, 0, resumed.stderr);
      const result = JSON.parse(resumed.stdout);
      assert.equal(result.status, "succeeded");
      assert.equal(await jobsOf(sandbox, run_id), 1, "trained once");
      assert.equal(result.deployment.version, 1, "deployed once");
      // Resumed again, nothing is left to do and nothing is done.
      const again = JSON.parse((await sandbox.run(["agent", "resume", run_id, "--json"])).stdout);
      assert.deepEqual(again.steps, result.steps);
    });
  });
}

Deno.test("an interrupted agent ends with 130, leaves no process, and can be resumed", async () => {
  await inSandbox(SOURCE, async (sandbox) => {
    const agent = sandbox.spawn([...REQUEST, "--yes"]);
    const run_id = idIn(await until(agent.stderr, "3/7 train] training"));
    agent.kill("SIGINT");
    const stdout = await new Response(agent.stdout).text();
    assert.equal((await agent.status).code, 130);
    assert.equal(JSON.parse(stdout).status, "interrupted");
    assert.deepEqual(await sandbox.processes(), []);
    assert.equal((await sandbox.run(["agent", "resume", run_id, "--json"])).code, 0);
  });
});

Deno.test("two agents at once in a new home both end", async () => {
  await inSandbox(SOURCE, async (sandbox) => {
    const [one, two] = await Promise.all([
      sandbox.run([...REQUEST, "--yes"]),
      sandbox.run(["agent", "classify iris flowers", "--algorithm", "gaussian_nb", "--yes", "--json"]),
    ]);
    assert.deepEqual([one.code, two.code], [0, 0], one.stderr + two.stderr);
    const urls = [one, two].map((outcome) => JSON.parse(outcome.stdout).deployment.url);
    assert.notEqual(urls[0], urls[1]);
    const runs = JSON.parse((await sandbox.run(["agent", "runs", "--json"])).stdout).runs;
    assert.deepEqual(runs.map((run: { status: string }) => run.status), ["succeeded", "succeeded"]);
  });
});

Deno.test("a run without --yes is declined with 4, and a resume with --yes deploys the same model", async () => {
  await inSandbox(SOURCE, async (sandbox) => {
    const declined = await sandbox.run(REQUEST);
    assert.equal(declined.code, 4, declined.stderr);
    const { run_id, model, deployment, status } = JSON.parse(declined.stdout);
    assert.deepEqual([status, deployment], ["declined", null]);
    const resumed = await sandbox.run(["agent", "resume", run_id, "--yes", "--json"]);
    assert.equal(resumed.code, 0, resumed.stderr);
    assert.equal(JSON.parse(resumed.stdout).model.model_id, model.model_id);
    const shown = await sandbox.run(["agent", "show", "last"]);
    assert.match(shown.stdout, /^Deployed and serving/);
  });
});

Deno.test("watching ends when interrupted, and the run has succeeded", async () => {
  await inSandbox(SOURCE, async (sandbox) => {
    const agent = sandbox.spawn([...REQUEST, "--yes", "--watch", "3600"]);
    await until(agent.stderr, "7/7 watch] watching");
    agent.kill("SIGINT");
    const result = JSON.parse(await new Response(agent.stdout).text());
    assert.equal((await agent.status).code, 0);
    assert.equal(result.status, "succeeded");
    assert.equal(result.monitoring.status, "ready");
  });
});
