import assert from "node:assert/strict";
import { join } from "node:path";
import { loadConfig } from "@/shared/config.ts";
import { AppError } from "@/shared/errors.ts";

async function inFolder(work: (folder: string) => void | Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await work(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("loadConfig() takes the flag before the environment before the file before the default", () =>
  inFolder((home) => {
    Deno.writeTextFileSync(join(home, "config.yaml"), "log_level: warn\ntraining:\n  jobs_at_once: 3\n");
    assert.equal(loadConfig({ home }, {}, null).config["training.jobs_at_once"], 3);
    assert.equal(loadConfig({ home }, { MLMCP_JOBS_AT_ONCE: "5" }, null).config["training.jobs_at_once"], 5);
    assert.equal(loadConfig({ home }, {}, null).config["log_level"], "warn");
    assert.equal(
      loadConfig({ home, log_level: "debug" }, { MLMCP_LOG_LEVEL: "error" }, null).config["log_level"],
      "debug",
    );
    assert.equal(loadConfig({ home }, {}, null).config["serving.port_from"], 8100);
  }));

Deno.test("loadConfig() names the setting, its rule and the value when a value is wrong", () =>
  inFolder((home) => {
    assert.throws(
      () => loadConfig({ home }, { MLMCP_PORT_FROM: "70000" }, null),
      (error: AppError) =>
        error.code === "invalid_argument" && /70000/.test(error.message) &&
        /serving\.port_from/.test(error.message) &&
        /at most 65535/.test(error.message),
    );
    assert.throws(
      () => loadConfig({ home }, { MLMCP_LOG_LEVEL: "loud" }, null),
      /one of debug, info, warn, error/,
    );
  }));

Deno.test("loadConfig() refuses a setting that does not exist and a file that is not YAML", () =>
  inFolder((home) => {
    Deno.writeTextFileSync(join(home, "config.yaml"), "training:\n  jobs_at_onse: 3\n");
    assert.throws(() => loadConfig({ home }, {}, null), /no setting "training\.jobs_at_onse"/);
    Deno.writeTextFileSync(join(home, "config.yaml"), "training: [1, 2\n");
    assert.throws(() => loadConfig({ home }, {}, null), AppError);
    assert.throws(() => loadConfig({ home }, {}, join(home, "absent.yaml")), /absent\.yaml/);
  }));

Deno.test("loadConfig() keeps the agent's section apart and expands ~", () =>
  inFolder((home) => {
    Deno.writeTextFileSync(join(home, "config.yaml"), "agent:\n  target: species\n");
    assert.deepEqual(loadConfig({ home }, {}, null).agent, { target: "species" });
    assert.equal(
      loadConfig({ home: "~/somewhere" }, { HOME: home }, null).config["home"],
      join(home, "somewhere"),
    );
  }));
