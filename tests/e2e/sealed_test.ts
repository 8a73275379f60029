/** The sealed rows in the program as a host runs it: who can't get at them, and what happens when they are altered. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { Client } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { inSandbox, programs, type Sandbox } from "./program.ts";

async function atTraining(sandbox: Sandbox, work: (client: Client) => Promise<void>): Promise<void> {
  const client = new Client({ name: "test", version: "0" });
  await client.connect(
    new StdioClientTransport({
      command: sandbox.program.command,
      args: [...sandbox.program.args, "training-server", "--home", sandbox.home],
      env: sandbox.env(),
      stderr: "ignore",
    }),
  );
  try {
    await work(client);
  } finally {
    await client.close();
  }
}

for (const program of await programs()) {
  Deno.test({
    name: `${program.name}: only validating reads the sealed rows, and not when they were altered`,
    ignore: program.missing !== null,
    fn: () =>
      inSandbox(program, (sandbox) =>
        atTraining(sandbox, async (client) => {
          const call = async (name: string, args: Record<string, unknown>) => {
            const { isError, structuredContent } = await client.callTool({ name, arguments: args });
            const answer: Record<string, unknown> = {
              ...structuredContent as object,
              isError: isError === true,
            };
            return answer;
          };
          const asked = { dataset: "sample/iris", target: "species", algorithm: "gaussian_nb", wait_s: 45 };
          assert.equal((await call("train_model", asked)).status, "succeeded");
          const [{ name }] = [...Deno.readDirSync(join(sandbox.home, "holdouts"))];
          const path = join(sandbox.home, "holdouts", name);
          const validated = await call("validate_model", { model_id: "iris" });
          assert.deepEqual([validated.passed, validated.rows, validated.validated_on], [true, 30, "holdout"]);

          for (
            const [tool, args] of [["load_model", { path }], ["save_model", {
              model_id: "iris",
              path,
            }]] as const
          ) {
            const refused = await call(tool, args);
            assert.equal(refused.code, "permission_denied", JSON.stringify(refused));
            assert.match(String(refused.message), /sealed rows/);
          }
          const logs = [...Deno.readDirSync(join(sandbox.home, "logs"))];
          const log = logs.map((entry) => Deno.readTextFileSync(join(sandbox.home, "logs", entry.name))).join(
            "\n",
          );
          assert.match(log, /"may_read_sealed_rows":false/);

          const bytes = Deno.readFileSync(path);
          bytes[bytes.length - 1] ^= 1;
          Deno.writeFileSync(path, bytes);
          const altered = await call("validate_model", { model_id: "iris" });
          assert.equal(altered.code, "data_loss", JSON.stringify(altered));
          assert.match(String(altered.message), /not what was sealed/);
        })),
  });
}
