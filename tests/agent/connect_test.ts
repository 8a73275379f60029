import assert from "node:assert/strict";
import { join } from "node:path";
import { openAudit, readAudit } from "@/shared/audit.ts";
import { listTokens, mintToken } from "@/shared/auth.ts";
import type { CommandContext } from "@/shared/command.ts";
import { createHome } from "@/shared/home.ts";
import { selfCommand } from "@/shared/self_command.ts";
import { childEnvironmentOf, connectServers, RUN_SCOPES } from "../../agent/connect.ts";
import { commandLineOf } from "../../agent/command_line.ts";
import { ChildTransport } from "../../agent/child_transport.ts";
import { TextLineStream } from "../../agent/text_lines.ts";
import { contextFor, inTempHome } from "../admin/run_command.ts";

function contextIn(home: string, change: Partial<CommandContext> = {}): CommandContext {
  createHome(home);
  return contextFor(home, [], change);
}

Deno.test("a child gets the settings in force, the run's token, and Kaggle's secrets only where they belong", async () => {
  await inTempHome((home) => {
    const context = contextIn(home);
    const config = {
      ...context.config,
      "kaggle.url": "http://127.0.0.1:9",
      "servers.deploy.token": "remote",
    };
    const base = {
      PATH: "/bin",
      KAGGLE_KEY: "s3cret",
      KAGGLE_API_TOKEN: "t0ken",
      MLMCP_DEPLOY_SERVER_TOKEN: "remote",
    };
    for (const server of ["kaggle", "training", "deploy"] as const) {
      const env = childEnvironmentOf(base, config, server, "minted");
      assert.equal(env.MLMCP_TOKEN, "minted");
      assert.equal(env.MLMCP_HOME, home);
      assert.equal(env.MLMCP_KAGGLE_URL, "http://127.0.0.1:9");
      assert.equal(env.MLMCP_DEPLOY_SERVER_TOKEN, undefined);
      assert.equal(env.KAGGLE_KEY, server === "kaggle" ? "s3cret" : undefined);
      assert.equal(env.KAGGLE_API_TOKEN, server === "kaggle" ? "t0ken" : undefined);
    }
    return Promise.resolve();
  });
});

Deno.test("a run's server is a child bound to the run's scopes; it and its token end with the run", async () => {
  await inTempHome(async (home) => {
    const context = contextIn(home);
    const servers = connectServers(context, "run_x");
    const { algorithms } = await servers.call("training", "list_algorithms", {});
    assert.ok(Array.isArray(algorithms) && algorithms.length > 5);
    await assert.rejects(
      servers.call("training", "save_model", { model_id: "a@1", path: "/tmp/a.safetensors" }),
      (error: Error & { code: string }) => {
        assert.equal(error.code, "permission_denied");
        assert.match(error.message, /lacks the scope models:write/);
        return true;
      },
    );
    const [token] = listTokens(context.home);
    assert.deepEqual([token.subject, token.run_id, token.revoked_at], ["agent", "run_x", null]);
    assert.equal(token.scopes, RUN_SCOPES.training.join(" "));
    await servers.close();
    assert.notEqual(listTokens(context.home)[0].revoked_at, null);
    const db = openAudit(context.home);
    assert.deepEqual(
      readAudit(db, { limit: 9, run_id: "run_x" }).map((entry) => [entry.tool, entry.outcome]),
      [
        ["save_model", "permission_denied"],
        ["list_algorithms", "ok"],
      ],
    );
    db.close();
    await assert.rejects(servers.call("training", "list_algorithms", {}), /the agent is ending/);
  });
});

Deno.test("a server at an address is reached over HTTP with its token, and a bad one is told", async () => {
  await inTempHome(async (home) => {
    const { home: made, childEnv } = contextIn(home);
    const child = selfCommand(["training-server", "--transport", "http", "--home", home], {
      env: childEnv,
      stderr: "piped",
    }).spawn();
    try {
      const url = await addressIn(child.stderr);
      const { token } = await mintToken(made, { subject: "ann", scopes: ["models:read"], ttl_s: 60 });
      const config = (token: string) => ({
        ...contextFor(home, []).config,
        "servers.training.url": url,
        "servers.training.token": token,
      });
      const good = connectServers(contextFor(home, [], { config: config(token) }), "run_y");
      assert.ok((await good.call("training", "list_algorithms", {})).algorithms);
      await good.close();
      assert.deepEqual(listTokens(made).length, 1, "no token was minted for a server that has one");

      const bad = connectServers(contextFor(home, [], { config: config("forged") }), "run_z");
      await assert.rejects(bad.call("training", "list_algorithms", {}), (error: Error & { code: string }) => {
        assert.equal(error.code, "unauthenticated");
        assert.match(error.message, /it refuses the token/);
        return true;
      });
      await bad.close();
    } finally {
      child.kill("SIGTERM");
      await child.status;
    }
    const gone = connectServers(
      contextFor(home, [], {
        config: { ...contextFor(home, []).config, "servers.training.url": "http://127.0.0.1:1/mcp" },
      }),
      "run_w",
    );
    await assert.rejects(
      gone.call("training", "list_algorithms", {}),
      /Cannot connect to the training-server/,
    );
    await gone.close();
  });
});

/** The rest of stderr is read to its end, so that the pipe never fills. */
async function addressIn(stderr: ReadableStream<Uint8Array>): Promise<string> {
  const lines = stderr.pipeThrough(new TextLineStream());
  const reader = lines.getReader();
  let said = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) throw new Error(`no address: ${said}`);
    said += value + "\n";
    const url = /http:\/\/\S+\/mcp/.exec(value)?.[0];
    if (!url) continue;
    void (async () => {
      while (!(await reader.read()).done);
    })();
    return url;
  }
}

Deno.test("a server that can't start is told of with what it said", async () => {
  await inTempHome(async (home) => {
    const context = contextIn(home);
    const file = join(home, "broken.yaml");
    await Deno.writeTextFile(file, "no_such_setting: 1\n");
    const servers = connectServers({ ...context, configFile: file }, "run_x");
    await assert.rejects(
      servers.call("training", "list_algorithms", {}),
      (error: Error & { code: string }) => {
        assert.equal(error.code, "unavailable");
        assert.match(error.message, /there is no setting "no_such_setting"/);
        return true;
      },
    );
    await servers.close();
  });
});

Deno.test("a child that ignores the end of its input is killed", async () => {
  const stubborn = new Deno.Command(Deno.execPath(), {
    args: ["eval", "setInterval(() => {}, 1000); console.log('{}')"],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  });
  const transport = new ChildTransport(stubborn);
  const closed = new Promise<void>((done) => transport.onclose = done);
  const heard = new Promise<unknown>((done) => transport.onmessage = done);
  await transport.start();
  assert.deepEqual(await heard, {});
  await transport.close();
  await closed;
  assert.equal(transport.pid, null);
});

Deno.test("lines come whole, however the bytes are cut", async () => {
  const bytes = new TextEncoder().encode('{"a":"ü"}\r\n\n{"b":2}\nrest');
  for (const size of [1, 2, 3, 7, bytes.length]) {
    const chunks = Array.from(
      { length: Math.ceil(bytes.length / size) },
      (_, i) => bytes.slice(i * size, (i + 1) * size),
    );
    const lines = await Array.fromAsync(ReadableStream.from(chunks).pipeThrough(new TextLineStream()));
    assert.deepEqual(lines, ['{"a":"ü"}', "", '{"b":2}', "rest"]);
  }
});

Deno.test("the line to run mlmcp again fits how it was started", () => {
  const home = { path: "/u/.mlmcp" } as CommandContext["home"];
  const line = (exec_path: string, source_root: string | null, cwd: string, path = "/u/.mlmcp") =>
    commandLineOf({ home: { ...home, path }, env: { HOME: "/u", PATH: "/bin:/opt" }, cwd }, {
      exec_path,
      deno_version: "2.9.6",
      source_root,
    })("status");
  assert.equal(line("/opt/mlmcp", null, "/x"), "mlmcp status");
  assert.equal(line("/opt/mlmcp", null, "/x", "/my home"), "mlmcp status --home '/my home'");
  assert.equal(line("/down loads/mlmcp", null, "/x"), "'/down loads/mlmcp' status");
  assert.equal(line("/bin/deno", "/src/mlmcp/", "/src/mlmcp"), "deno task mlmcp status");
  assert.equal(
    line("/bin/deno", "/src/mlmcp/", "/x"),
    "deno task --config /src/mlmcp/deno.json mlmcp status",
  );
  assert.equal(
    line("/n/_npx/1/deno", "/src/mlmcp/", "/src/mlmcp/docs"),
    "npx -y deno@2.9.6 task mlmcp status",
  );
});
