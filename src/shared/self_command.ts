/**
 * The one place that starts another process of this program.
 *
 * Never through node:child_process: it rewrites the arguments when the command is Deno itself, and a compiled
 * `mlmcp agent` would then spawn itself as an agent without end. The depth in the environment is a second guard.
 */
import { SETTINGS } from "./config.ts";
import { AppError } from "./errors.ts";

/** The agent spawns servers (1), a server the supervisor (2), the supervisor replicas (3). */
const MAX_DEPTH = 6;

export const DEPTH_VARIABLE = "MLMCP_DEPTH";

export interface SelfCommandOptions {
  /** The whole environment of the child: nothing is inherited. */
  env: Record<string, string>;
  stdin?: "piped" | "null";
  stdout?: "piped" | "null" | "inherit";
  stderr?: "piped" | "null" | "inherit";
  /** True: the child leads its own session and lives on when this process ends. */
  detached?: boolean;
}

/** The folder of main.ts when running from source; null in a compiled binary. */
export function sourceRoot(): string | null {
  if (Deno.build.standalone) return null;
  const here = new URL(import.meta.url).pathname;
  return here.replace(/(?:src\/shared\/[^/]+|[^/]+)$/, "");
}

/** This program's file, as it was called when we started: Linux names a file that was replaced "… (deleted)". */
export const SELF_PATH = Deno.execPath().replace(/ \(deleted\)$/, "");

/** What stands behind SELF_PATH to run mlmcp with these arguments, from source or compiled. */
export function selfArguments(args: readonly string[]): string[] {
  const root = sourceRoot();
  const prefix = root === null
    ? []
    : ["run", "--quiet", "--no-prompt", "--allow-all", "--config", `${root}deno.json`, `${root}main.ts`];
  return [...prefix, ...args];
}

/** @throws AppError resource_exhausted when processes of mlmcp have started one another too deep */
export function selfCommand(args: readonly string[], options: SelfCommandOptions): Deno.Command {
  const depth = Number(options.env[DEPTH_VARIABLE] ?? "0") + 1;
  if (depth > MAX_DEPTH) {
    throw new AppError(
      "resource_exhausted",
      `Cannot start mlmcp ${args[0]}: it is already ${MAX_DEPTH} processes deep`,
      {
        hint: "This is a defect: please report the command that led here.",
      },
    );
  }
  return new Deno.Command(SELF_PATH, {
    args: selfArguments(args),
    clearEnv: true,
    env: { ...options.env, [DEPTH_VARIABLE]: String(depth) },
    stdin: options.stdin ?? "null",
    stdout: options.stdout ?? "null",
    stderr: options.stderr ?? "null",
    ...(options.detached ? { detached: true } : {}),
  });
}

/** What a child needs from our environment to run at all, and the settings that were given by variable. */
export function childEnvironment(
  env: Record<string, string | undefined>,
  extra: readonly string[] = [],
): Record<string, string> {
  const kept: Record<string, string> = {};
  const always = [
    ...[
      "HOME",
      "USERPROFILE",
      "PATH",
      "TMPDIR",
      "TEMP",
      "SystemRoot",
      "LANG",
      "TZ",
      "NO_COLOR",
      DEPTH_VARIABLE,
    ],
    ...[
      "DENO_DIR",
      "DENO_TLS_CA_STORE",
      "DENO_CERT",
      "NPM_CONFIG_REGISTRY",
      "SSL_CERT_FILE",
      "XDG_CACHE_HOME",
    ],
    // Not where other servers are, and their tokens: only who was given them calls those.
    ...Object.entries(SETTINGS).filter(([key]) => !key.startsWith("servers.")).map(([, { env }]) => env),
    ...["HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"],
  ];
  for (const name of [...always, ...extra]) {
    const value = env[name];
    if (value !== undefined) kept[name] = value;
  }
  return kept;
}
