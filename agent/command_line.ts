/** What a person types to run mlmcp again: it depends on how it was started. */
import { basename, delimiter, dirname, join } from "node:path";
import type { CommandContext } from "@/shared/command.ts";
import { sourceRoot } from "@/shared/self_command.ts";

/** @returns the line for arguments such as `status`, with the home when it is not the default one */
export type CommandLine = (args: string) => string;

export interface Started {
  /** The program that runs: Deno, or the compiled mlmcp. */
  exec_path: string;
  deno_version: string;
  /** The folder of the source; null when compiled. */
  source_root: string | null;
}

export function commandLineOf(
  context: Pick<CommandContext, "home" | "env" | "cwd">,
  started = here(),
): CommandLine {
  const isDefault = context.env.HOME !== undefined && context.home.path === join(context.env.HOME, ".mlmcp");
  const home = isDefault ? "" : ` --home ${quoted(context.home.path)}`;
  const program = programOf(started, context);
  return (args) => `${program} ${args}${home}`;
}

function here(): Started {
  return { exec_path: Deno.execPath(), deno_version: Deno.version.deno, source_root: sourceRoot() };
}

function programOf(
  { exec_path, deno_version, source_root }: Started,
  { cwd, env }: Pick<CommandContext, "env" | "cwd">,
): string {
  if (source_root === null) {
    const found = (env.PATH ?? "").split(delimiter).includes(dirname(exec_path));
    return found ? basename(exec_path) : quoted(exec_path);
  }
  const deno = /[\\/]_npx[\\/]/.test(exec_path) ? `npx -y deno@${deno_version}` : "deno";
  const inside = `${cwd}/`.startsWith(source_root);
  return inside ? `${deno} task mlmcp` : `${deno} task --config ${quoted(`${source_root}deno.json`)} mlmcp`;
}

/** For a POSIX shell. */
function quoted(text: string): string {
  return /^[\w./:@=+-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
