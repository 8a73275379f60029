/**
 * mlmcp: from a request to a served prediction, in one binary.
 *
 * The main thread of every command is only this: read the common options, start the command in a Worker that
 * has just the rights of its row in confine.ts, give up everything else, and pass on signals.
 */
import { COMMANDS, PROGRAMS } from "./commands.ts";
import type { CommandStart } from "@/shared/command.ts";
import { type Config, loadConfig } from "@/shared/config.ts";
import { type ConfinedCommand, RIGHTS, type Rights, workerPermissions } from "@/shared/confine.ts";
import { revokeAllRights } from "@/shared/revoke_rights.ts";
import { AppError, toWireError } from "@/shared/errors.ts";
import { answerDoor } from "@/shared/file_door.ts";
import { answerHoldouts, openHoldouts } from "@/shared/holdout_door.ts";
import { homeAt } from "@/shared/home.ts";
import { machineMemory } from "@/shared/machine_memory.ts";
import { childEnvironment } from "@/shared/self_command.ts";
import { VERSION } from "@/shared/version.ts";
import { workerUrl } from "@/shared/worker_entry.ts";

interface CommonOptions {
  rest: string[];
  flags: Partial<Record<keyof Config, string>>;
  configFile: string | null;
  json: boolean;
  quiet: boolean;
  help: boolean;
}

/** Takes the options that every command knows out of the arguments, wherever they stand. */
function takeCommonOptions(args: readonly string[]): CommonOptions {
  const taken: CommonOptions = {
    rest: [],
    flags: {},
    configFile: null,
    json: false,
    quiet: false,
    help: false,
  };
  const valued: Record<string, (value: string) => void> = {
    "--home": (value) => taken.flags["home"] = value,
    "--log-level": (value) => taken.flags["log_level"] = value,
    "--config": (value) => taken.configFile = value,
  };
  for (let i = 0; i < args.length; i++) {
    const [name, inline] = args[i].startsWith("--") ? splitOnce(args[i]) : [args[i], undefined];
    if (args[i] === "--") {
      taken.rest.push(...args.slice(i));
      break;
    } else if (name in valued) {
      const value = inline ?? args[++i];
      if (value === undefined) {
        throw new AppError("invalid_argument", `Cannot read ${name}: its value is missing`);
      }
      valued[name](value);
    } else if (name === "--json") taken.json = true;
    else if (name === "--quiet") taken.quiet = true;
    else if (name === "--help" || name === "-h") taken.help = true;
    else taken.rest.push(args[i]);
  }
  return taken;
}

function splitOnce(text: string): [string, string | undefined] {
  const at = text.indexOf("=");
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}

function overview(): string {
  const shown = Object.entries({ ...COMMANDS, ...PROGRAMS }).filter(([, entry]) => !entry.hidden);
  const width = Math.max(...shown.map(([name]) => name.length));
  return `mlmcp ${VERSION}: from a request to a served prediction, in one binary

  mlmcp agent "predict the species of a penguin"

Commands:
${shown.map(([name, entry]) => `  ${name.padEnd(width)}  ${entry.summary}`).join("\n")}

Options of every command:
  --home DIR        where everything is kept (MLMCP_HOME; default ~/.mlmcp)
  --config FILE     settings in YAML (default <home>/config.yaml)
  --json            one JSON document on stdout
  --quiet           no progress
  --log-level L     debug, info, warn or error
  --help, --version

mlmcp <command> --help tells more.
`;
}

const KAGGLE_LOGIN = ["KAGGLE_API_TOKEN", "KAGGLE_USERNAME", "KAGGLE_KEY", "KAGGLE_CONFIG_DIR"];
/** Who needs the login: the one that uses it, the one that hands it on, the one that looks whether it is there. */
const SEES_KAGGLE_LOGIN = ["kaggle-server", "agent", "doctor"];
const SEEN_BY_COMMANDS = ["MLMCP_TOKEN", "HOME", "NO_COLOR", "TERM", "PATH", "LANG", "CI"];

async function main(args: string[]): Promise<void> {
  const name = args[0];
  if (name === "--version" || name === "-V" || name === "version") return console.log(`mlmcp ${VERSION}`);
  const program = PROGRAMS[name];
  if (program) return await (await program.load()).run(args.slice(1), Deno.env.toObject());
  if (name === undefined || name === "--help" || name === "-h" || name === "help") {
    return console.log(overview());
  }
  const common = takeCommonOptions(args.slice(1));
  if (!(name in COMMANDS)) {
    throw new AppError("invalid_argument", `Cannot run "${name}": there is no such command`, {
      hint: `Commands: ${
        Object.entries(COMMANDS).filter(([, entry]) => !entry.hidden).map(([known]) => known).join(", ")
      }.`,
    });
  }
  const env = Deno.env.toObject();
  const { config, agent, file } = loadConfig(common.flags, env, common.configFile);
  const rights = RIGHTS[name as ConfinedCommand]({ home: config["home"], config, args: common.rest });
  const seen = [...SEEN_BY_COMMANDS, ...(SEES_KAGGLE_LOGIN.includes(name) ? KAGGLE_LOGIN : [])];
  const start: CommandStart = {
    args: common.rest,
    config,
    agentOptions: agent,
    configFile: file,
    home: homeAt(config["home"]),
    cwd: Deno.cwd(),
    // With the home in its environment, every process of a home can be told from those of another.
    childEnv: { ...childEnvironment(env, name === "agent" ? KAGGLE_LOGIN : []), MLMCP_HOME: config["home"] },
    env: Object.fromEntries(seen.flatMap((key) => env[key] === undefined ? [] : [[key, env[key]]])),
    json: common.json,
    quiet: common.quiet,
    version: VERSION,
    stdinIsTerminal: Deno.stdin.isTerminal(),
    stdoutIsTerminal: Deno.stdout.isTerminal(),
    stderrIsTerminal: Deno.stderr.isTerminal(),
    columns: columnsOf(),
    memory_bytes: machineMemory(),
  };
  // Credentials may lie in files outside the home, which the Worker can't read.
  if (name === "kaggle-server") {
    const { readCredentialFiles } = await import("@/kaggle/credential_files.ts");
    Object.assign(start.env, readCredentialFiles(env));
  }
  runInWorker(name, start, common.help, rights);
}

function columnsOf(): number {
  try {
    return Deno.consoleSize().columns;
  } catch {
    return 100;
  }
}

function runInWorker(
  name: string,
  start: CommandStart,
  help: boolean,
  rights: Rights,
): void {
  const hasDoor = rights.door.length > 0;
  const policy = { cwd: start.cwd, folders: start.config["training.data_folders"], home: start.home.path };
  const worker = new Worker(workerUrl("command_worker"), {
    type: "module",
    name,
    deno: { permissions: workerPermissions(rights) },
  });
  const answerSealed = answerHoldouts(
    openHoldouts(start.home.holdouts),
    (answer) => worker.postMessage(answer),
  );
  worker.onmessage = async ({ data }) => {
    if (data.type === "loaded") {
      revokeAllRights(hasDoor ? ["read", "write"] : []);
      worker.postMessage({ type: "start", name, start, help, door: hasDoor });
    } else if (data.type === "door" && rights.door.includes(data.request.op)) {
      worker.postMessage(await answerDoor(data, policy));
    } else if (data.type === "holdout" && rights.door.includes("read_table")) await answerSealed(data);
    else if (data.type === "exit") Deno.exit(data.code);
  };
  worker.onerror = (event) => {
    event.preventDefault();
    console.error(`mlmcp ${name}: ${event.message}`);
    Deno.exit(1);
  };
  let signals = 0;
  for (const signal of Deno.build.os === "windows" ? ["SIGINT"] as const : ["SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(signal, () => {
      // The first asks, the second insists.
      if (++signals > 1) Deno.exit(130);
      worker.postMessage({ type: "signal", signal });
      setTimeout(() => Deno.exit(130), 5000);
    });
  }
}

try {
  await main(Deno.args);
} catch (error) {
  const wire = toWireError(error);
  console.error(`mlmcp: ${wire.message}${wire.hint ? `\n  ${wire.hint}` : ""}`);
  if (wire.code === "internal") console.error(error);
  Deno.exit(wire.code === "invalid_argument" ? 2 : 1);
}
