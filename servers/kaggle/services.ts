/** What the tools of the kaggle-server share. */
import { type Credential, credentialFrom } from "@/kaggle/credentials.ts";
import { KAGGLE_DEFAULTS, KaggleClient } from "@/kaggle/client.ts";
import { Downloads } from "@/kaggle/downloads.ts";
import { KaggleSearch } from "@/kaggle/search.ts";
import type { CommandContext } from "@/shared/command.ts";
import { AppError } from "@/shared/errors.ts";
import type { Log } from "@/shared/log.ts";
import { resolveBySystem } from "@/sources/allowed_hosts.ts";
import type { WebOptions } from "@/sources/web_file.ts";

export interface KaggleServices {
  client: KaggleClient;
  search: KaggleSearch;
  downloads: Downloads;
  web: WebOptions;
  datasets_dir: string;
}

/** @throws AppError invalid_argument when kaggle.url is no address */
export function openKaggleServices(
  context: Pick<CommandContext, "config" | "env" | "home" | "version">,
  log: Log,
): KaggleServices {
  const baseUrl = addressOf(context.config["kaggle.url"]);
  const credential = safeFor(baseUrl, credentialFrom(context.env));
  if (credential.problem) log.warn("credential not used", { problem: credential.problem });
  log.info("kaggle", { url: baseUrl.href, credential: credential.kind, origin: credential.origin });
  const client = new KaggleClient({
    ...KAGGLE_DEFAULTS,
    baseUrl: baseUrl.href,
    storageHosts: context.config["kaggle.storage_hosts"],
    credential,
    userAgent: `mlmcp/${context.version}`,
  });
  const datasets_dir = context.home.datasets;
  return {
    client,
    search: new KaggleSearch(client),
    downloads: new Downloads(client, datasets_dir),
    web: {
      ...KAGGLE_DEFAULTS,
      allowedHosts: context.config["sources.allowed_hosts"],
      resolve: resolveBySystem,
      userAgent: `mlmcp/${context.version}`,
      maxBytes: context.config["sources.max_mb"] * 1e6,
    },
    datasets_dir,
  };
}

function addressOf(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url?.protocol === "https:" || url?.protocol === "http:") return url;
  throw new AppError("invalid_argument", `Cannot use "${text}" for kaggle.url: it is no web address`, {
    hint:
      "Leave it out for https://api.kaggle.com, or give the address of an emulator such as http://127.0.0.1:7777.",
  });
}

/** A credential never goes over an open line to another machine. */
function safeFor(url: URL, credential: Credential): Credential {
  const local = ["127.0.0.1", "localhost", "[::1]"].includes(url.hostname);
  if (url.protocol === "https:" || local || credential.header === null) return credential;
  const problem =
    `the credential from ${credential.origin} is not sent to ${url.host}, since that address is not encrypted`;
  return { kind: "none", header: null, origin: "nowhere", problem };
}
