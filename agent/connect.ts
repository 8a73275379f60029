/** The way to each server: a child of this process, or an address given in the config. */
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { mintToken, revokeToken, type Scope } from "@/shared/auth.ts";
import type { CommandContext } from "@/shared/command.ts";
import { type Config, SETTINGS } from "@/shared/config.ts";
import { selfCommand } from "@/shared/self_command.ts";
import { ChildTransport } from "./child_transport.ts";
import { openServers, type Reached, type ServerName, type Servers } from "./servers.ts";

/** What a run needs of each server, and no more. */
export const RUN_SCOPES: Record<ServerName, readonly Scope[]> = {
  kaggle: ["datasets:read", "datasets:write"],
  training: ["datasets:read", "models:read", "models:train", "models:validate"],
  deploy: ["deployments:read", "deployments:write"],
};

/** Variables that say who we are at Kaggle; only the kaggle-server gets them. */
const KAGGLE_SECRETS = ["KAGGLE_API_TOKEN", "KAGGLE_USERNAME", "KAGGLE_KEY", "KAGGLE_CONFIG_DIR"];

/** Longer than any run; the token is revoked when the run ends. */
const TOKEN_TTL_S = 7 * 24 * 3600;

/** The servers of one run. Closing them ends the children and revokes the run's tokens. */
export function connectServers(context: CommandContext, run_id: string): Servers {
  const tokens = new Map<ServerName, Promise<{ token: string; token_id: string }>>();
  const tokenFor = (server: ServerName) => {
    const known = tokens.get(server) ??
      mintToken(context.home, { subject: "agent", scopes: RUN_SCOPES[server], ttl_s: TOKEN_TTL_S, run_id });
    tokens.set(server, known);
    return known;
  };
  const servers = openServers(async (server) => {
    const url = context.config[`servers.${server}.url`];
    if (url !== "") {
      const given = context.config[`servers.${server}.token`];
      return overHttp(url, given !== "" ? given : (await tokenFor(server)).token);
    }
    return asChild(context, server, (await tokenFor(server)).token);
  }, context.version);
  return {
    ...servers,
    async close() {
      await servers.close();
      for (const minted of tokens.values()) revokeToken(context.home, (await minted).token_id);
    },
  };
}

function overHttp(url: string, token: string): Reached {
  const transport = new StreamableHTTPClientTransport(new URL(url), {
    requestInit: { headers: { authorization: `Bearer ${token}` } },
  });
  return { transport, detail: () => url };
}

function asChild(context: CommandContext, server: ServerName, token: string): Reached {
  const args = [`${server}-server`, "--home", context.home.path];
  if (context.configFile) args.push("--config", context.configFile);
  const transport = new ChildTransport(selfCommand(args, {
    env: childEnvironmentOf(context.childEnv, context.config, server, token),
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }));
  return { transport, detail: () => transport.stderr };
}

/** The child's whole environment: the settings in force, the run's token, and Kaggle's secrets only where they belong. */
export function childEnvironmentOf(
  base: Record<string, string>,
  config: Config,
  server: ServerName,
  token: string,
): Record<string, string> {
  const env = { ...base };
  if (server !== "kaggle") { for (const name of KAGGLE_SECRETS) delete env[name]; }
  for (const [key, setting] of Object.entries(SETTINGS)) {
    if (key.startsWith("servers.")) {
      delete env[setting.env];
      continue;
    }
    const value = config[key as keyof Config];
    const text = Array.isArray(value) ? value.join(",") : String(value);
    if (text !== "") env[setting.env] = text;
  }
  env.MLMCP_TOKEN = token;
  return env;
}
