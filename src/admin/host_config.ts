/** `mlmcp host-config HOST`: the snippet that installs the three servers in an MCP host. */
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Command, CommandContext } from "@/shared/command.ts";
import { AppError } from "@/shared/errors.ts";
import { selfArguments } from "@/shared/self_command.ts";

export interface ServerEntry {
  command: string;
  args: string[];
}

export interface HostSnippet {
  /** What goes into the file, or the commands to run. */
  snippet: string;
  /** Where it goes, and what to do then. */
  where: string;
}

interface Host {
  title: string;
  snippet(servers: Record<string, ServerEntry>): string;
  where(os: string): string;
}

const json = (value: unknown) => JSON.stringify(value, null, 2);
const quoted = (text: string) => /^[\w./:@=+-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;

/** Sources: the hosts' own documentation of where they keep their MCP servers. */
export const HOSTS: Record<string, Host> = {
  "claude-desktop": {
    title: "Claude Desktop",
    snippet: (mcpServers) => json({ mcpServers }),
    where: (os) =>
      `Merge it into ${
        os === "darwin"
          ? "~/Library/Application Support/Claude/claude_desktop_config.json"
          : os === "windows"
          ? "%APPDATA%\\Claude\\claude_desktop_config.json"
          : "~/.config/Claude/claude_desktop_config.json"
      } (Settings, Developer, Edit Config opens it), and start Claude Desktop again.`,
  },
  "claude-code": {
    title: "Claude Code",
    snippet: (servers) =>
      Object.entries(servers).map(([name, { command, args }]) =>
        `claude mcp add ${name} -- ${[command, ...args].map(quoted).join(" ")}`
      ).join("\n"),
    where: () =>
      "Run these commands in your project; `--scope user` before the name installs them for all of your projects.",
  },
  "vscode": {
    title: "Visual Studio Code",
    snippet: (servers) =>
      json({
        servers: Object.fromEntries(
          Object.entries(servers).map(([name, entry]) => [name, { type: "stdio", ...entry }]),
        ),
      }),
    where: () =>
      "Merge it into .vscode/mcp.json of your project (or into the file that `MCP: Open User Configuration` opens).",
  },
  "cursor": {
    title: "Cursor",
    snippet: (mcpServers) => json({ mcpServers }),
    where: () => "Merge it into ~/.cursor/mcp.json, or .cursor/mcp.json of one project.",
  },
};

const SERVERS = ["kaggle", "training", "deploy"] as const;

/** @param home a home other than the default one, or null */
export function serverEntries(
  execPath: string,
  home: string | null,
  configFile: string | null,
): Record<string, ServerEntry> {
  const more = [...(home ? ["--home", home] : []), ...(configFile ? ["--config", configFile] : [])];
  return Object.fromEntries(
    SERVERS.map((
      server,
    ) => [`mlmcp-${server}`, { command: execPath, args: selfArguments([`${server}-server`, ...more]) }]),
  );
}

export const command: Command = {
  help: `mlmcp host-config: the snippet that installs the three servers in a host

  mlmcp host-config HOST

  HOST is one of ${Object.keys(HOSTS).join(", ")}. The snippet goes to stdout,
  where it belongs to stderr. It names this very program, so run it from where it will stay.
`,
  run(context) {
    const { positionals } = parseArgs({ args: context.args, options: {}, allowPositionals: true });
    const [name, ...rest] = positionals;
    if (rest.length > 0 || !Object.hasOwn(HOSTS, name ?? "")) {
      throw new AppError(
        "invalid_argument",
        name === undefined
          ? "Cannot write a host's config: which host is missing"
          : `Cannot write the config of "${positionals.join(" ")}": there is no such host`,
        { hint: `Hosts: ${Object.keys(HOSTS).join(", ")}.` },
      );
    }
    const host = HOSTS[name];
    const servers = serverEntries(Deno.execPath(), otherHome(context), context.configFile);
    const snippet = host.snippet(servers);
    const where = host.where(Deno.build.os);
    if (context.json) console.log(json({ host: name, servers, snippet, where }));
    else {
      console.log(snippet);
      if (!context.quiet) console.error(`\n${host.title}: ${where}`);
    }
    return Promise.resolve(0);
  },
};

/** The home, when it is not the one that the servers would take by themselves. */
function otherHome({ home, env }: CommandContext): string | null {
  return env.HOME !== undefined && home.path === join(env.HOME, ".mlmcp") ? null : home.path;
}
