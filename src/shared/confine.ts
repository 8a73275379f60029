/**
 * The rights of every command, in one table, and how they are applied: the command runs in a Worker that is
 * started with just these, and the main thread gives up its own as soon as that Worker has loaded.
 * (Deno can't narrow a process from "all" to one folder; it can narrow a Worker.)
 */
import { dirname } from "node:path";
import type { Config } from "./config.ts";
import { flagValue } from "./command.ts";
import type { DoorOp } from "./file_door.ts";
import { homeAt } from "./home.ts";
import { SELF_PATH, sourceRoot } from "./self_command.ts";

export interface RightsInput {
  home: string;
  config: Config;
  args: readonly string[];
}

export interface Rights {
  read: readonly string[];
  write: readonly string[];
  net: readonly string[];
  run: readonly string[];
  /** What may be asked of the system. */
  sys?: readonly "statfs"[];
  /**
   * What the main thread does with files that a caller names (file_door.ts). Where there is anything, it keeps
   * reading and writing, also to keep the sealed rows (holdout_door.ts).
   */
  door: readonly DoorOp[];
}

const SELF = [SELF_PATH];
const LOOPBACK = ["127.0.0.1", "localhost", "[::1]"];

/** Where a server listens when it is started with --transport http. */
function listening(args: readonly string[]): string[] {
  if (flagValue(args, "--transport") !== "http") return [];
  return [bracketed(flagValue(args, "--host") ?? "127.0.0.1")];
}

/** An address of IPv6 as a right is written: `[::1]`. */
function bracketed(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}

function hostOf(url: string): string[] {
  try {
    return [new URL(url).host];
  } catch {
    return [];
  }
}

/** Without its port: looking up where a name leads needs the right to all of them (allowed_hosts.ts checks the port). */
function sourceHost(entry: string): string {
  return /^(\[.*\]|[\d.]+):\d+$/.test(entry) ? entry : entry.replace(/:\d+$/, "");
}

const none: Rights = { read: [], write: [], net: [], run: [], door: [] };
const inHome = (home: string): Rights => ({ ...none, read: [home], write: [home] });

/** Files that settings name, if they do. */
function filesOf(
  config: Config,
  ...settings: ("serving.tls_cert_file" | "serving.tls_key_file")[]
): string[] {
  return settings.map((setting) => config[setting]).filter((path) => path !== "");
}

/** The home without the sealed rows. A Worker's rights know no "all but these", so what may be read is listed. */
function unsealed(home: string): string[] {
  const { path: _, holdouts: __, ...parts } = homeAt(home);
  return Object.values(parts);
}

/** Nothing that is absent here is allowed: no environment, no other system information, no FFI, no remote code. */
export const RIGHTS = {
  "agent": ({ home, config }) => ({
    ...inHome(home),
    run: SELF,
    net: [config["servers.kaggle.url"], config["servers.training.url"], config["servers.deploy.url"]].flatMap(
      hostOf,
    ),
  }),
  "kaggle-server": ({ home, config, args }) => ({
    ...inHome(home),
    net: [
      ...hostOf(config["kaggle.url"]),
      ...config["kaggle.storage_hosts"],
      ...config["sources.allowed_hosts"].map(sourceHost),
      ...listening(args),
    ],
    // How much room the disk has, before it is filled.
    sys: ["statfs"],
  }),
  "training-server": ({ home, args }) => ({
    ...inHome(home),
    read: unsealed(home),
    net: listening(args),
    door: ["find_tables", "read_table", "read_model", "write_model", "write_page"],
  }),
  "profile": ({ home }) => ({
    ...none,
    read: unsealed(home),
    door: ["find_tables", "read_table", "write_page"],
  }),
  "deploy-server": ({ home, config, args }) => ({
    ...inHome(home),
    read: [home, ...filesOf(config, "serving.tls_cert_file")],
    run: SELF,
    net: [...LOOPBACK, bracketed(config["serving.host"]), ...listening(args)],
    door: ["write_folder"],
  }),
  "supervisor": ({ home, config }) => ({
    ...inHome(home),
    read: [home, ...filesOf(config, "serving.tls_cert_file", "serving.tls_key_file")],
    run: SELF,
    net: [...LOOPBACK, bracketed(config["serving.host"]), ...hostOf(config["alerts.webhook"])],
  }),
  "status": ({ home }) => ({ ...inHome(home), run: SELF, net: LOOPBACK }),
  "stop": ({ home }) => ({ ...inHome(home), run: SELF, net: LOOPBACK }),
  "audit": ({ home }) => inHome(home),
  "token": ({ home }) => inHome(home),
  "doctor": ({ home, config }) => ({
    ...inHome(home),
    run: SELF,
    net: [...LOOPBACK, ...hostOf(config["kaggle.url"])],
  }),
  "host-config": () => none,
} as const satisfies Record<string, (input: RightsInput) => Rights>;

/** `serve-model` starts with everything, since it is no Worker, and has nothing once it listens (serving/main.ts). */
export type ConfinedCommand = keyof typeof RIGHTS;

/** The Worker's permissions. From source, a Worker that starts Workers must be able to read the source. */
export function workerPermissions(rights: Rights): Deno.PermissionOptionsObject {
  const root = sourceRoot();
  const read = [...rights.read, ...(root === null ? [] : [root, ...packageFolders()])];
  const list = (items: readonly string[]) => items.length === 0 ? false : [...new Set(items)];
  return {
    read: list(read),
    write: list(rights.write),
    net: list(rights.net),
    run: list(rights.run),
    env: false,
    sys: rights.sys ? [...rights.sys] : false,
    ffi: false,
    import: false,
  };
}

/** Where npm packages lie when running from source. */
function packageFolders(): string[] {
  try {
    const zod = new URL(import.meta.resolve("zod"));
    return zod.protocol === "file:" ? [dirname(zod.pathname)] : [];
  } catch {
    return [];
  }
}
