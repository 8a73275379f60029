/** Start-up, tool calls and size, of the compiled binary when dist/mlmcp exists, else from source. */
import { Client } from "@modelcontextprotocol/client";
import { ChildTransport } from "../agent/child_transport.ts";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

export interface Runnable {
  name: string;
  command: string;
  prefix: string[];
}

export async function runnable(): Promise<Runnable> {
  const binary = `${ROOT}dist/mlmcp`;
  const built = await Deno.stat(binary).then(() => true, () => false);
  return built ? { name: "compiled", command: binary, prefix: [] } : {
    name: "source",
    command: Deno.execPath(),
    prefix: ["run", "-A", "--quiet", "--no-prompt", "--config", `${ROOT}deno.json`, `${ROOT}main.ts`],
  };
}

function quantile(values: number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))];
}

export async function benchStart(program: Runnable): Promise<string[]> {
  const home = await Deno.makeTempDir();
  const versions: number[] = [];
  for (let i = 0; i < 15; i++) {
    const started = performance.now();
    await new Deno.Command(program.command, { args: [...program.prefix, "--version"], stdout: "piped" })
      .output();
    versions.push(performance.now() - started);
  }
  const connects: number[] = [];
  const calls: number[] = [];
  for (let i = 0; i < 5; i++) {
    const transport = new ChildTransport(
      new Deno.Command(program.command, {
        args: [...program.prefix, "training-server", "--home", home],
        stdin: "piped",
        stdout: "piped",
        stderr: "piped",
      }),
    );
    const client = new Client({ name: "bench", version: "0" });
    const started = performance.now();
    await client.connect(transport);
    connects.push(performance.now() - started);
    for (let n = 0; n < 300; n++) {
      const began = performance.now();
      await client.callTool({ name: "list_trained_models", arguments: {} });
      if (n >= 50) calls.push(performance.now() - began);
    }
    await client.close();
  }
  await Deno.remove(home, { recursive: true });
  const rows: [string, string][] = [
    ["`--version`, start to end, median of 15", `${quantile(versions, 0.5).toFixed(0)} ms`],
    ["training-server, spawn to initialized, median of 5", `${quantile(connects, 0.5).toFixed(0)} ms`],
    ["tool call (list_trained_models, audited), p50", `${quantile(calls, 0.5).toFixed(2)} ms`],
    ["tool call, p99", `${quantile(calls, 0.99).toFixed(2)} ms`],
  ];
  if (program.name === "compiled") {
    rows.unshift(["size of dist/mlmcp", `${((await Deno.stat(program.command)).size / 1e6).toFixed(1)} MB`]);
  }
  return [`| ${program.name} | |`, "|---|---|", ...rows.map(([what, value]) => `| ${what} | ${value} |`)];
}
