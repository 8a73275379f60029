/** What a subcommand is, and what it gets to see. */
import type { Config } from "./config.ts";
import type { Home } from "./home.ts";
import type { FileDoor } from "./file_door.ts";
import type { HoldoutDoor } from "./holdout_door.ts";

export interface CommandContext {
  /** Arguments after the command's name, without the common ones. */
  args: string[];
  config: Config;
  /** The `agent:` section of the config file, unchecked. */
  agentOptions: Record<string, unknown>;
  /** The config file in use, to hand on to children. */
  configFile: string | null;
  home: Home;
  /** The working folder that the person is in. */
  cwd: string;
  /** The environment a child process gets; see childEnvironment. */
  childEnv: Record<string, string>;
  /** The variables a command may look at itself: tokens, credentials, NO_COLOR. */
  env: Record<string, string>;
  json: boolean;
  quiet: boolean;
  version: string;
  stdinIsTerminal: boolean;
  stdoutIsTerminal: boolean;
  stderrIsTerminal: boolean;
  columns: number;
  /** Of the machine, in all. */
  memory_bytes: number;
  /** Aborted on SIGINT or SIGTERM; the reason is the signal's name. */
  signal: AbortSignal;
  /** Reads and writes the files that a tool call names by path; only some commands have it. */
  door: FileDoor | null;
  /** Keeps the sealed rows, and measures on them; only those who train have it. */
  holdouts: HoldoutDoor | null;
}

/** What the main thread hands over to the Worker: the context without what can't be cloned. */
export type CommandStart = Omit<CommandContext, "signal" | "door" | "holdouts">;

export interface Command {
  /** Text of `mlmcp <name> --help`. */
  help: string;
  /** @returns the exit code: 0 done, 1 failed, 2 wrong usage, 3 gate refused, 4 declined, 130 interrupted */
  run(context: CommandContext): Promise<number>;
}

/** The value of `--name value` or `--name=value` in arguments that are parsed elsewhere. */
export function flagValue(args: readonly string[], name: string): string | undefined {
  for (let i = 0; i < args.length; i++) {
    if (args[i] === name) return args[i + 1];
    if (args[i].startsWith(`${name}=`)) return args[i].slice(name.length + 1);
  }
  return undefined;
}
