/** The servers over Streamable HTTP, as on another machine: tokens, Host and Origin, and an agent that uses them. */
import assert from "node:assert/strict";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { inSandbox, type Program, programs, type Sandbox } from "./program.ts";

const [source, compiled] = await programs();
const program: Program = compiled.missing ? source : compiled;

interface HttpServer {
  url: string;
  stop(): Promise<void>;
}

async function start(sandbox: Sandbox, mode: string): Promise<HttpServer> {
  const child = sandbox.spawn([mode, "--transport", "http", "--port", "0"]);
  const reader = child.stderr.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  while (!/at (http:\S+)/.test(text)) {
    const { value, done } = await reader.read();
    if (done) throw new Error(`${mode} ended: ${text}`);
    text += value;
  }
  const rest = (async () => {
    while (!(await reader.read()).done);
  })();
  const out = (async () => {
    for await (const _ of child.stdout);
  })();
  return {
    url: /at (http:\S+)/.exec(text)![1],
    async stop() {
      child.kill("SIGTERM");
      await Promise.all([rest, out, child.status]);
    },
  };
}

async function mint(sandbox: Sandbox, ...scopes: string[]): Promise<string> {
  const { stdout, stderr } = await sandbox.run([
    ...["token", "create", "--json", "--subject", "test", "--ttl", "1h"],
    ...scopes.flatMap((scope) => ["--scope", scope]),
  ]);
  return JSON.parse(stdout || stderr).token;
}

async function connect(url: string, token: string, mode: "legacy" | "auto"): Promise<Client> {
  const client = new Client({ name: "test", version: "0" }, { versionNegotiation: { mode } });
  await client.connect(
    new StreamableHTTPClientTransport(new URL(url), {
      requestInit: { headers: { authorization: `Bearer ${token}` } },
    }),
  );
  return client;
}

Deno.test(`${program.name}: over HTTP a call needs a token of this home with the tool's scope, and a local Host and Origin`, () =>
  inSandbox(program, async (sandbox) => {
    const reader = await mint(sandbox, "models:read");
    const server = await start(sandbox, "training-server");
    try {
      const ask = (headers: Record<string, string>) =>
        fetch(server.url, {
          method: "POST",
          headers: {
            "content-type": "application/json",
            accept: "application/json, text/event-stream",
            ...headers,
          },
          body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/list", params: {} }),
        });
      const statuses: number[] = [];
      for (
        const headers of [
          {},
          { authorization: "Bearer forged" },
          { authorization: `Bearer ${reader}x` },
          { authorization: `Bearer ${reader}`, origin: "http://evil.example" },
          { authorization: `Bearer ${reader}` },
        ] as Record<string, string>[]
      ) {
        const response = await ask(headers);
        await response.body?.cancel();
        statuses.push(response.status);
      }
      assert.deepEqual(statuses, [401, 401, 401, 403, 200]);
      for (const mode of ["legacy", "auto"] as const) {
        const client = await connect(server.url, reader, mode);
        const listed = await client.callTool({ name: "list_trained_models", arguments: {} });
        assert.deepEqual((listed.structuredContent as { models: unknown[] }).models, []);
        const refused = await client.callTool({
          name: "train_model",
          arguments: { dataset: "sample/iris", target: "species" },
        });
        assert.equal(refused.isError, true);
        assert.equal((refused.structuredContent as { code: string }).code, "permission_denied");
        await client.close();
      }
      const audit = JSON.parse((await sandbox.run(["audit", "--json"])).stdout);
      assert.match(JSON.stringify(audit), /"train_model".*"permission_denied"/);
    } finally {
      await server.stop();
    }
  }));

Deno.test(`${program.name}: the agent works with all three servers given by URL`, () =>
  inSandbox(program, async (sandbox) => {
    const token = await mint(
      sandbox,
      ...[
        "datasets:read",
        "datasets:write",
        "models:read",
        "models:train",
        "models:validate",
        "models:write",
      ],
      ...["deployments:read", "deployments:write"],
    );
    const servers: HttpServer[] = [];
    try {
      for (const mode of ["kaggle-server", "training-server", "deploy-server"]) {
        servers.push(await start(sandbox, mode));
      }
      const [kaggle, training, deploy] = servers.map(({ url }) => url);
      const { code, stdout, stderr } = await sandbox.run(
        ["agent", "predict the species of an iris", "--yes", "--json", "--algorithm", "logistic_regression"],
        {
          env: {
            MLMCP_KAGGLE_SERVER_URL: kaggle,
            MLMCP_TRAINING_SERVER_URL: training,
            MLMCP_DEPLOY_SERVER_URL: deploy,
            MLMCP_KAGGLE_SERVER_TOKEN: token,
            MLMCP_TRAINING_SERVER_TOKEN: token,
            MLMCP_DEPLOY_SERVER_TOKEN: token,
          },
        },
      );
      assert.equal(code, 0, stderr);
      assert.equal(JSON.parse(stdout).deployment.status, "ready");
      assert.ok(!stderr.includes(token) && !stdout.includes(token));
    } finally {
      for (const server of servers) await server.stop();
    }
  }));
