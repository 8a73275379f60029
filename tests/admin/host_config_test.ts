import assert from "node:assert/strict";
import { command, HOSTS, serverEntries } from "@/admin/host_config.ts";
import { contextFor, inTempHome, runCaught } from "./run_command.ts";

Deno.test("the entries of a host start the three servers of this very program", async () => {
  await inTempHome(async (home) => {
    const entries = serverEntries(Deno.execPath(), home, null);
    assert.deepEqual(Object.keys(entries), ["mlmcp-kaggle", "mlmcp-training", "mlmcp-deploy"]);
    const { command, args } = entries["mlmcp-training"];
    assert.deepEqual(args.slice(-3), ["training-server", "--home", home]);
    // What a host does: start it as it stands there.
    const help = await new Deno.Command(command, { args: [...args, "--help"] }).output();
    assert.match(new TextDecoder().decode(help.stdout), /mlmcp training-server/);
  });
});

for (const host of ["claude-desktop", "vscode", "cursor"]) {
  Deno.test(`the snippet for ${host} is JSON and alone on stdout`, async () => {
    await inTempHome(async (home) => {
      const { code, stdout, stderr } = await runCaught(command, contextFor(home, [host]));
      assert.equal(code, 0);
      const parsed = JSON.parse(stdout);
      const servers = parsed[host === "vscode" ? "servers" : "mcpServers"];
      assert.equal(servers["mlmcp-deploy"].args.includes("deploy-server"), true);
      assert.match(stderr, /Merge it into/);
    });
  });
}

Deno.test("the snippet for claude-code is one command a server, quoted for a shell", () => {
  const text = HOSTS["claude-code"].snippet({
    a: { command: "/my apps/mlmcp", args: ["kaggle-server", "it's"] },
  });
  assert.equal(text, `claude mcp add a -- '/my apps/mlmcp' kaggle-server 'it'\\''s'`);
});

Deno.test("the default home is left out of the snippet", async () => {
  const home = "/users/me/.mlmcp";
  const { stdout } = await runCaught(command, contextFor(home, ["cursor"], { env: { HOME: "/users/me" } }));
  assert.equal(stdout.includes("--home"), false);
});

for (const args of [[], ["emacs"], ["cursor", "vscode"]]) {
  Deno.test(`host-config ${args.join(" ")} is refused with the hosts there are`, async () => {
    await assert.rejects(runCaught(command, contextFor("/tmp", args)), (error: Error & { hint: string }) => {
      assert.match(error.hint, /claude-desktop, claude-code, vscode, cursor/);
      return true;
    });
  });
}
