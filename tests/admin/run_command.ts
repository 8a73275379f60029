/** A command with a context of its own, its output caught. */
import { join } from "node:path";
import type { Command, CommandContext } from "@/shared/command.ts";
import { type Config, loadConfig } from "@/shared/config.ts";
import { homeAt } from "@/shared/home.ts";
import { childEnvironment } from "@/shared/self_command.ts";

export function contextFor(
  home: string,
  args: string[],
  change: Partial<CommandContext> = {},
): CommandContext {
  const { config } = loadConfig({ home }, {}, null);
  return {
    args,
    config: { ...config } as Config,
    agentOptions: {},
    configFile: null,
    home: homeAt(home),
    cwd: home,
    childEnv: childEnvironment(Deno.env.toObject()),
    env: {},
    json: false,
    quiet: false,
    version: "0.0.0",
    stdinIsTerminal: false,
    stdoutIsTerminal: false,
    stderrIsTerminal: false,
    columns: 80,
    memory_bytes: 8e9,
    signal: new AbortController().signal,
    door: null,
    holdouts: null,
    ...change,
  };
}

export async function runCaught(command: Command, context: CommandContext) {
  const out: string[] = [];
  const err: string[] = [];
  const { log, error } = console;
  console.log = (...parts) => void out.push(parts.join(" "));
  console.error = (...parts) => void err.push(parts.join(" "));
  try {
    const code = await command.run(context);
    return { code, stdout: out.join("\n"), stderr: err.join("\n") };
  } finally {
    console.log = log;
    console.error = error;
  }
}

export async function inTempHome(work: (home: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "mlmcp-admin-" });
  try {
    await work(join(folder, "home"));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
