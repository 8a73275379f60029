import assert from "node:assert/strict";
import { createHome } from "@/shared/home.ts";
import { openAudit, writeAudit } from "@/shared/audit.ts";
import { command } from "@/admin/audit.ts";
import { contextFor, inTempHome, runCaught } from "./run_command.ts";

async function withEntries(work: (home: string) => Promise<void>): Promise<void> {
  await inTempHome(async (home) => {
    const db = openAudit(createHome(home));
    ["search_datasets", "train_model", "train_model"].forEach((tool, i) => {
      writeAudit(db, {
        time: `2026-01-01T00:00:0${i}.000Z`,
        server: "training-server",
        tool,
        caller: "agent",
        scopes: "models:train",
        run_id: i === 2 ? "run_b" : "run_a",
        arguments_sha256: "0".repeat(64),
        outcome: i === 2 ? "not_found" : "ok",
        duration_ms: 1.25,
      });
    });
    db.close();
    await work(home);
  });
}

Deno.test("audit shows every call, newest first, and filters by run and by tool", async () => {
  await withEntries(async (home) => {
    const tools = async (...args: string[]) => {
      const { stdout } = await runCaught(command, contextFor(home, args, { json: true }));
      return JSON.parse(stdout).entries.map((entry: { tool: string; run_id: string }) =>
        `${entry.run_id} ${entry.tool}`
      );
    };
    assert.deepEqual(await tools(), ["run_b train_model", "run_a train_model", "run_a search_datasets"]);
    assert.deepEqual(await tools("--run", "run_a"), ["run_a train_model", "run_a search_datasets"]);
    assert.deepEqual(await tools("--tool", "search_datasets"), ["run_a search_datasets"]);
    assert.deepEqual(await tools("--limit", "1"), ["run_b train_model"]);
  });
});

Deno.test("audit shows a table to people", async () => {
  await withEntries(async (home) => {
    const { stdout } = await runCaught(command, contextFor(home, ["--limit", "1"]));
    assert.deepEqual(stdout.split("\n"), [
      "time                      server           tool         caller  run    outcome    ms   arguments",
      "2026-01-01T00:00:02.000Z  training-server  train_model  agent   run_b  not_found  1.3  000000000000",
    ]);
  });
});

Deno.test("audit refuses a limit that is no number", async () => {
  await inTempHome(async (home) => {
    await assert.rejects(
      runCaught(command, contextFor(home, ["--limit", "many"])),
      /--limit must be a whole number/,
    );
  });
});
