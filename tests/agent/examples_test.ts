import assert from "node:assert/strict";
import { join } from "node:path";
import { parse } from "yaml";
import { loadConfig, SETTINGS } from "@/shared/config.ts";
import { OPTIONS, optionsFromConfig } from "../../agent/options.ts";
import { inSandbox, ROOT, SOURCE } from "../e2e/program.ts";

const CONFIG = join(ROOT, "examples", "config.yaml");

Deno.test("the example config names every setting and every option of the agent, and is valid", async () => {
  const text = await Deno.readTextFile(CONFIG);
  const { agent, file } = loadConfig({}, {}, CONFIG);
  assert.equal(file, CONFIG);
  assert.ok(optionsFromConfig(agent, file).request);
  for (const key of Object.keys(SETTINGS)) {
    const name = key.split(".").at(-1)!;
    assert.match(text, new RegExp(`^\\s*(# )?${name}:`, "m"), key);
  }
  for (const name of Object.keys(OPTIONS)) {
    assert.match(text, new RegExp(`^ {2}(# )?${name === "param" ? "params" : name}:`, "m"), name);
  }
});

Deno.test("the example config shows the defaults of the settings", async () => {
  const written = parse(await Deno.readTextFile(CONFIG)) as Record<string, Record<string, unknown>>;
  for (const [key, setting] of Object.entries(SETTINGS)) {
    const value = key.split(".").reduce<unknown>(
      (at, part) => (at as Record<string, unknown> | undefined)?.[part],
      written,
    );
    if (value !== undefined) assert.deepEqual(value, setting.default, key);
  }
});

Deno.test("the agent does what the example config says", async () => {
  await inSandbox(SOURCE, async (sandbox) => {
    const { code, stdout, stderr } = await sandbox.run(["agent", "--config", CONFIG, "--json"]);
    assert.equal(code, 0, stderr);
    const result = JSON.parse(stdout);
    assert.equal(result.model.algorithm, "random_forest");
    assert.deepEqual([result.model.params.n_estimators, result.model.params.max_depth], [50, 8]);
    assert.deepEqual([result.validation.metric, result.validation.min_score], ["balanced_accuracy", 0.9]);
    assert.equal(result.deployment.endpoint, "penguins");
    assert.deepEqual(
      JSON.parse(await Deno.readTextFile(join(sandbox.home, "runs", result.run_id, "result.json"))),
      result,
    );
    assert.match(
      await Deno.readTextFile(join(sandbox.home, "runs", result.run_id, "report.md")),
      /## Endpoint/,
    );
  });
});

Deno.test("the example program drives the three servers from search to prediction", async () => {
  await inSandbox(SOURCE, async (sandbox) => {
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "--quiet",
        "--no-prompt",
        "--allow-all",
        "--config",
        join(ROOT, "deno.json"),
        join(ROOT, "examples", "train_and_deploy.ts"),
      ],
      clearEnv: true,
      env: sandbox.env({ MLMCP_HOME: sandbox.home }),
      stdout: "piped",
      stderr: "piped",
    }).output();
    assert.equal(code, 0, new TextDecoder().decode(stderr));
    assert.match(new TextDecoder().decode(stdout), /^predicted Gentoo$/m);
    const status = JSON.parse((await sandbox.run(["status", "--json"])).stdout);
    assert.equal(status.endpoints[0].status, "ready", "it goes on serving when its hosts are gone");
  });
});
