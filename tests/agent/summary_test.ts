import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { reportOf } from "../../agent/report.ts";
import type { RunResult } from "../../agent/result.ts";
import { curlOf, summaryOf } from "../../agent/terminal/summary.ts";
import { onStage } from "./run_in_memory.ts";

const SNAPSHOTS = fileURLToPath(new URL("../snapshots/agent/", import.meta.url));
const commandLine = (args: string) => `mlmcp ${args}`;

/** Compares with the file; UPDATE_SNAPSHOTS=1 writes it. */
async function matchesSnapshot(name: string, text: string): Promise<void> {
  if (Deno.env.get("UPDATE_SNAPSHOTS")) {
    await Deno.mkdir(SNAPSHOTS, { recursive: true });
    await Deno.writeTextFile(`${SNAPSHOTS}${name}`, text);
  }
  assert.equal(text, await Deno.readTextFile(`${SNAPSHOTS}${name}`));
}

/** A run against the fakes, with what differs from run to run made the same. */
async function resultOf(
  options: Parameters<Parameters<Parameters<typeof onStage>[0]>[0]["newRun"]>[1],
): Promise<RunResult> {
  let done: RunResult | null = null;
  await onStage(async ({ newRun, work, result }) => {
    const run_id = newRun("predict the species of a penguin", options);
    await work(run_id);
    done = result(run_id);
  });
  const text = JSON.stringify(done).replaceAll(done!.run_id, "run_20260101_120000_ab12");
  const fixed = JSON.parse(text) as RunResult;
  for (const step of fixed.steps) {
    Object.assign(step, { started_at: "2026-01-01T12:00:00.000Z", duration_ms: 100 });
  }
  return { ...fixed, created_at: "2026-01-01T12:00:00.000Z", updated_at: "2026-01-01T12:00:01.000Z" };
}

const CASES = [
  ["succeeded", { yes: true }],
  ["refused", { yes: true, min_score: 0.99 }],
  ["declined", {}],
  ["failed", { yes: true, target: "specis" }],
  ["trained", { no_deploy: true }],
] as const;

for (const [name, options] of CASES) {
  Deno.test(`the summary and the report of a run that ${name} are as they were`, async () => {
    const result = await resultOf(options);
    await matchesSnapshot(
      `${name}.txt`,
      summaryOf(result, { colour: false, folder: "/home/runs/run_1", commandLine }),
    );
    await matchesSnapshot(`${name}.md`, reportOf(result, commandLine));
  });
}

Deno.test("agent show adds each step with its tool and its time", async () => {
  const result = await resultOf({ no_deploy: true });
  const text = summaryOf(result, { colour: false, folder: "/f", commandLine, steps: true });
  assert.match(text, /^step +status +tool +started +took$/m);
  assert.match(text, /^train +succeeded +train_model +2026-01-01T12:00:00\.000Z +0\.1 s$/m);
});

Deno.test("the last lines hold the address, a curl line and how to stop", async () => {
  const text = summaryOf(await resultOf({ yes: true }), { colour: false, folder: "/f", commandLine });
  const last = text.trimEnd().split("\n").slice(-7).join("\n");
  assert.match(last, /^endpoint http:\/\/127\.0\.0\.1:8100 /m);
  assert.match(last, /^ {2}curl -s http:\/\/127\.0\.0\.1:8100\/predict/m);
  assert.match(last, /^stop it {2}mlmcp stop penguins-species$/m);
});

Deno.test("colours are codes of ANSI only where they are asked for", async () => {
  const result = await resultOf({ yes: true });
  assert.equal(summaryOf(result, { colour: false, folder: "/f", commandLine }).includes("\x1b"), false);
  assert.equal(summaryOf(result, { colour: true, folder: "/f", commandLine }).includes("\x1b[32m"), true);
});

Deno.test("the curl line survives quotes in values", async () => {
  const line = curlOf("http://127.0.0.1:9/", { name: `O'Neil "the $1"` });
  const { stdout } = await new Deno.Command("sh", {
    args: ["-c", line.replace(/^curl -s \S+ -H '[^']*' -d/, "printf %s")],
  }).output();
  assert.deepEqual(JSON.parse(new TextDecoder().decode(stdout)), { rows: [{ name: `O'Neil "the $1"` }] });
});
