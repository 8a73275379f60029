import assert from "node:assert/strict";
import { CHECKS } from "@/admin/checks.ts";
import { asText, command, examine } from "@/admin/doctor.ts";
import { createHome } from "@/shared/home.ts";
import { contextFor, inTempHome, runCaught } from "./run_command.ts";

const named = (name: string) => CHECKS.filter((check) => check.name === name);
const OFFLINE = CHECKS.filter((check) => check.name !== "kaggle network");

Deno.test("doctor finds all essential parts on a machine that runs the tests", async () => {
  await inTempHome(async (home) => {
    const found = await examine(OFFLINE, contextFor(home, []));
    assert.deepEqual(found.filter((one) => one.status === "failed"), []);
    assert.deepEqual([...Deno.readDirSync(`${home}/logs`)], [], "it leaves nothing behind");
  });
});

Deno.test("doctor fails on a home that can't be written, and says what to do", async () => {
  await inTempHome(async (home) => {
    await Deno.mkdir(home.replace(/\/home$/, ""), { recursive: true });
    await Deno.writeTextFile(home, "a file where the home should be");
    const [found] = await examine(named("home"), contextFor(home, []));
    assert.equal(found.status, "failed");
    assert.match(found.mend!, /--home DIR/);
    const { code } = await runCaught(command, contextFor(home, [], { json: true, config: offline(home) }));
    assert.equal(code, 1);
  });
});

/** Nobody listens on port 1: the check of the network ends at once. */
function offline(home: string) {
  return { ...contextFor(home, []).config, "kaggle.url": "http://127.0.0.1:1" };
}

Deno.test("doctor sees a damaged database", async () => {
  await inTempHome(async (home) => {
    const made = createHome(home);
    await Deno.writeTextFile(made.database, "this is no database, whatever its name says".repeat(100));
    const [found] = await examine(named("database"), contextFor(home, []));
    assert.equal(found.status, "failed");
  });
});

Deno.test("doctor tells whether Kaggle's credentials are set, and never shows them", async () => {
  await inTempHome(async (home) => {
    const [none] = await examine(named("kaggle login"), contextFor(home, []));
    assert.equal(none.status, "warning");
    const env = { KAGGLE_USERNAME: "ann", KAGGLE_KEY: "s3cret" };
    const [set] = await examine(named("kaggle login"), contextFor(home, [], { env }));
    assert.equal(set.status, "ok");
    assert.equal(JSON.stringify(set).includes("s3cret"), false);
  });
});

Deno.test("doctor names the first free port when others are taken", async () => {
  await inTempHome(async (home) => {
    const taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    try {
      const config = { ...contextFor(home, []).config, "serving.port_from": taken.addr.port };
      const [found] = await examine(named("ports"), contextFor(home, [], { config }));
      assert.equal(found.status, "ok");
      assert.match(found.detail, new RegExp(`is the first free one from ${taken.addr.port}`));
    } finally {
      taken.close();
    }
  });
});

Deno.test("doctor tells that a supervisor of the home is gone", async () => {
  await inTempHome(async (home) => {
    createHome(home);
    await Deno.writeTextFile(`${home}/supervisor.json`, JSON.stringify({ port: 1, token: "t", pid: 4711 }));
    const [found] = await examine(named("supervisor"), contextFor(home, []));
    assert.equal(found.status, "warning");
    assert.match(found.detail, /4711 does not answer/);
  });
});

Deno.test("doctor shows the way out below each finding", () => {
  const text = asText([
    { name: "home", status: "ok", detail: "fine" },
    { name: "ports", status: "failed", detail: "none is free", mend: "MLMCP_PORT_FROM=9100" },
  ], false);
  assert.equal(
    text,
    "✓ home   fine\n✗ ports  none is free\n         -> MLMCP_PORT_FROM=9100\n\nSomething essential is missing.",
  );
});
