/**
 * Every setting in one table: its key in the config file, its environment variable, its flag and its default.
 * A flag wins over the environment, the environment over the file, the file over the default.
 */
import { parse } from "yaml";
import { resolve } from "node:path";
import { AppError } from "./errors.ts";

type Kind = "string" | "integer" | "number" | "boolean" | "list";

interface Setting {
  readonly kind: Kind;
  readonly env?: string;
  readonly default: string | number | boolean | readonly string[];
  readonly min?: number;
  readonly max?: number;
  readonly choices?: readonly string[];
  readonly description: string;
}

export const SETTINGS = {
  "home": {
    kind: "string",
    env: "MLMCP_HOME",
    default: "~/.mlmcp",
    description: "Folder that holds data sets, models, runs and the state database",
  },
  "log_level": {
    kind: "string",
    env: "MLMCP_LOG_LEVEL",
    default: "info",
    choices: ["debug", "info", "warn", "error"],
    description: "Least severe line that is written to the log files and, for errors, to stderr",
  },
  "training.jobs_at_once": {
    kind: "integer",
    env: "MLMCP_JOBS_AT_ONCE",
    default: 0,
    min: 0,
    max: 256,
    description: "Training jobs that run at the same time; 0 means as many as there are cores",
  },
  "training.data_folders": {
    kind: "list",
    env: "MLMCP_DATA_FOLDERS",
    default: [],
    description: "Folders that tables may be read from by path; empty means any that holds no hidden folder",
  },
  "training.max_table_mb": {
    kind: "integer",
    env: "MLMCP_MAX_TABLE_MB",
    default: 0,
    min: 0,
    max: 100_000_000,
    description:
      "Memory that one table may take, in megabytes, as estimated from its file; 0 means half of the machine's",
  },
  "training.max_fit_mb": {
    kind: "integer",
    env: "MLMCP_MAX_FIT_MB",
    default: 0,
    min: 0,
    max: 100_000_000,
    description:
      "Memory that one training job may take, in megabytes, as estimated before it starts; 0 means three quarters of the machine's",
  },
  "serving.host": {
    kind: "string",
    env: "MLMCP_SERVING_HOST",
    default: "127.0.0.1",
    description: "Address that endpoints listen on; 0.0.0.0 opens them to the network",
  },
  "serving.port_from": {
    kind: "integer",
    env: "MLMCP_PORT_FROM",
    default: 8100,
    min: 1,
    max: 65535,
    description: "First port that a new endpoint may get; the first free one from here is taken",
  },
  "serving.orphan_grace_s": {
    kind: "integer",
    env: "MLMCP_ORPHAN_GRACE_S",
    default: 86400,
    min: 1,
    max: 31536000,
    description: "How long a replica goes on serving when no supervisor has spoken to it, in seconds",
  },
  "serving.scale_down_s": {
    kind: "number",
    env: "MLMCP_SCALE_DOWN_S",
    default: 60,
    min: 1,
    max: 86_400,
    description: "Load must be low for so long, in seconds, before an endpoint with a range loses a replica",
  },
  "serving.idle_s": {
    kind: "number",
    env: "MLMCP_IDLE_S",
    default: 300,
    min: 1,
    max: 31_536_000,
    description:
      "Without a prediction request for so long, in seconds, an endpoint that may go down to zero does (scale_deployment)",
  },
  "serving.max_body_mb": {
    kind: "number",
    env: "MLMCP_MAX_BODY_MB",
    default: 8,
    min: 0.001,
    max: 128,
    description:
      "Largest body of a prediction request that a new endpoint takes, in MB; more is answered 413",
  },
  "serving.max_waiting": {
    kind: "integer",
    env: "MLMCP_MAX_WAITING",
    default: 512,
    min: 1,
    max: 100_000,
    description: "Prediction requests that may wait in one replica of a new endpoint; more are answered 503",
  },
  "serving.max_connections": {
    kind: "integer",
    env: "MLMCP_MAX_CONNECTIONS",
    default: 10_000,
    min: 1,
    max: 1_000_000,
    description:
      "Open connections of one replica; beyond these, the one that has been idle longest is closed for a new one",
  },
  "serving.header_timeout_s": {
    kind: "number",
    env: "MLMCP_HEADER_TIMEOUT_S",
    default: 20,
    min: 0.1,
    max: 3600,
    description: "How long a client may take to send the head of a request, in seconds",
  },
  "serving.idle_timeout_s": {
    kind: "number",
    env: "MLMCP_IDLE_TIMEOUT_S",
    default: 75,
    min: 0.1,
    max: 86_400,
    description: "How long a connection may be idle between two requests, in seconds",
  },
  "serving.transfer_timeout_s": {
    kind: "number",
    env: "MLMCP_TRANSFER_TIMEOUT_S",
    default: 60,
    min: 0.1,
    max: 3600,
    description: "How long a client may take to send a body, and to take an answer, in seconds",
  },
  "serving.tls_cert_file": {
    kind: "string",
    env: "MLMCP_TLS_CERT_FILE",
    default: "",
    description: "PEM file with the certificate chain that endpoints serve https with; empty means http",
  },
  "serving.tls_key_file": {
    kind: "string",
    env: "MLMCP_TLS_KEY_FILE",
    default: "",
    description: "PEM file with the private key of that certificate",
  },
  "monitoring.keep_predictions": {
    kind: "integer",
    env: "MLMCP_KEEP_PREDICTIONS",
    default: 100_000,
    min: 0,
    max: 100_000_000,
    description:
      "Predicted rows of an endpoint, without their inputs, that wait for labels sent to /feedback; 0 keeps none",
  },
  "monitoring.log_share": {
    kind: "number",
    env: "MLMCP_PREDICTION_LOG_SHARE",
    default: 0,
    min: 0,
    max: 1,
    description:
      "Share of the requests that is written to <home>/logs/predictions with inputs and predictions; 0 means no log",
  },
  "monitoring.log_inputs": {
    kind: "boolean",
    env: "MLMCP_PREDICTION_LOG_INPUTS",
    default: true,
    description: "Whether that log tells the inputs, or predictions only",
  },
  "monitoring.log_omit": {
    kind: "list",
    env: "MLMCP_PREDICTION_LOG_OMIT",
    default: [],
    description: "Columns whose values are never written to that log",
  },
  "monitoring.log_max_mb": {
    kind: "integer",
    env: "MLMCP_PREDICTION_LOG_MAX_MB",
    default: 64,
    min: 1,
    max: 1_000_000,
    description: "Size of that log for one endpoint, in MB; the oldest quarter is let go when it is full",
  },
  "alerts.rules": {
    kind: "list",
    env: "MLMCP_ALERT_RULES",
    default: [
      "not_ready for 30s",
      "restarts > 3 for 5s",
      "error_rate > 0.05 for 30s",
      "drift >= drift for 30s",
    ],
    description:
      "What is told as an alert, one rule each: [ENDPOINT:] METRIC > VALUE [for 60s], or >=, <, <= (docs/monitoring.md)",
  },
  "alerts.webhook": {
    kind: "string",
    env: "MLMCP_ALERT_WEBHOOK",
    default: "",
    description: "Address that alerts are posted to as JSON; empty means they are only logged and shown",
  },
  "rollout.automatic": {
    kind: "boolean",
    env: "MLMCP_ROLLOUT_AUTOMATIC",
    default: false,
    description: "Whether a canary or shadow that comes without rules is judged by those below",
  },
  "rollout.min_requests": {
    kind: "integer",
    env: "MLMCP_ROLLOUT_MIN_REQUESTS",
    default: 100,
    min: 1,
    max: 1_000_000_000,
    description: "Requests that a canary or shadow must have answered, at each step, before it can pass",
  },
  "rollout.step_s": {
    kind: "number",
    env: "MLMCP_ROLLOUT_STEP_S",
    default: 60,
    min: 0,
    max: 31_536_000,
    description: "Shortest time of each step, in seconds",
  },
  "rollout.steps": {
    kind: "list",
    env: "MLMCP_ROLLOUT_STEPS",
    default: [],
    description:
      "Weights between 0 and 1 that it goes through, such as 0.05, 0.25; empty: from its first weight to all requests",
  },
  "rollout.max_error_rate": {
    kind: "number",
    env: "MLMCP_ROLLOUT_MAX_ERROR_RATE",
    default: 0.01,
    min: 0,
    max: 1,
    description: "Share of its requests that may fail beyond the primary's share, 0 to 1",
  },
  "rollout.max_latency_ratio": {
    kind: "number",
    env: "MLMCP_ROLLOUT_MAX_LATENCY_RATIO",
    default: 2,
    min: 0,
    max: 1_000_000,
    description: "95th percentile of a canary's latency over the primary's",
  },
  "rollout.max_disagreement": {
    kind: "number",
    env: "MLMCP_ROLLOUT_MAX_DISAGREEMENT",
    default: 1,
    min: 0,
    max: 1,
    description: "Share of rows that it may answer otherwise than the primary; 1 means any",
  },
  "rollout.max_drift": {
    kind: "string",
    env: "MLMCP_ROLLOUT_MAX_DRIFT",
    default: "drift",
    choices: ["none", "warning", "drift"],
    description: "Gravest verdict on drift that it may have; drift means any",
  },
  "kaggle.url": {
    kind: "string",
    env: "MLMCP_KAGGLE_URL",
    default: "https://api.kaggle.com",
    description: "Base address of Kaggle's API, or of an emulator",
  },
  "kaggle.storage_hosts": {
    kind: "list",
    env: "MLMCP_KAGGLE_STORAGE_HOSTS",
    default: ["storage.googleapis.com", "www.kaggle.com", "www.kaggleusercontent.com"],
    description: "Hosts (host or host:port) that downloads may be redirected to",
  },
  "sources.allowed_hosts": {
    kind: "list",
    env: "MLMCP_SOURCES_ALLOWED_HOSTS",
    default: [
      "raw.githubusercontent.com",
      "gist.githubusercontent.com",
      "media.githubusercontent.com",
      "github.com",
      "objects.githubusercontent.com",
      "release-assets.githubusercontent.com",
      "archive.ics.uci.edu",
      "huggingface.co",
      "*.hf.co",
      "zenodo.org",
      "*.openml.org",
      "vincentarelbundock.github.io",
      "ourworldindata.org",
    ],
    description:
      "Hosts that files may be downloaded from by https: host, *.host for all below it, or host:port, which may be a private address",
  },
  "sources.max_mb": {
    kind: "integer",
    env: "MLMCP_SOURCES_MAX_MB",
    default: 2048,
    min: 1,
    max: 1_000_000,
    description: "Largest file that is downloaded by address, in MB",
  },
  "servers.kaggle.url": {
    kind: "string",
    env: "MLMCP_KAGGLE_SERVER_URL",
    default: "",
    description: "MCP address of a kaggle-server on another machine; empty means the agent starts its own",
  },
  "servers.kaggle.token": {
    kind: "string",
    env: "MLMCP_KAGGLE_SERVER_TOKEN",
    default: "",
    description: "Bearer token for that kaggle-server",
  },
  "servers.training.url": {
    kind: "string",
    env: "MLMCP_TRAINING_SERVER_URL",
    default: "",
    description: "MCP address of a training-server on another machine; empty means the agent starts its own",
  },
  "servers.training.token": {
    kind: "string",
    env: "MLMCP_TRAINING_SERVER_TOKEN",
    default: "",
    description: "Bearer token for that training-server",
  },
  "servers.deploy.url": {
    kind: "string",
    env: "MLMCP_DEPLOY_SERVER_URL",
    default: "",
    description: "MCP address of a deploy-server on another machine; empty means the agent starts its own",
  },
  "servers.deploy.token": {
    kind: "string",
    env: "MLMCP_DEPLOY_SERVER_TOKEN",
    default: "",
    description: "Bearer token for that deploy-server",
  },
} as const satisfies Record<string, Setting>;

type ValueOf<S extends Setting> = S["kind"] extends "string" ? string
  : S["kind"] extends "integer" | "number" ? number
  : S["kind"] extends "boolean" ? boolean
  : readonly string[];

export type Config = { -readonly [K in keyof typeof SETTINGS]: ValueOf<(typeof SETTINGS)[K]> };

/** What the config file holds: the settings, and the options of `agent` under its own heading. */
export interface LoadedConfig {
  config: Config;
  /** The `agent:` section as written; the agent checks it against its own table of options. */
  agent: Record<string, unknown>;
  /** The file that was read, if any. */
  file: string | null;
}

/**
 * @param flags values given on the command line, by key
 * @param env the environment
 * @param file config file given by --config; without it `<home>/config.yaml` is read when it exists
 * @throws AppError invalid_argument naming the setting, its rule and the value
 */
export function loadConfig(
  flags: Partial<Record<keyof Config, string>>,
  env: Record<string, string | undefined>,
  file: string | null,
): LoadedConfig {
  const home = expandHome(flags.home ?? env.MLMCP_HOME ?? SETTINGS.home.default, env);
  const path = file ?? resolve(home, "config.yaml");
  const document = readYaml(path, file !== null);
  const { agent, ...rest } = document ?? {};
  const inFile = flatten(rest);
  for (const key of Object.keys(inFile)) {
    if (key in SETTINGS) continue;
    throw new AppError("invalid_argument", `Cannot read ${path}: there is no setting "${key}"`, {
      hint: `Settings: ${Object.keys(SETTINGS).join(", ")}; options of the agent stand under "agent:".`,
    });
  }
  const config = {} as Record<string, unknown>;
  for (const [key, setting] of Object.entries(SETTINGS) as [keyof Config, Setting][]) {
    const fromEnv = setting.env ? env[setting.env] : undefined;
    const [value, origin] = flags[key] !== undefined
      ? [flags[key], "the command line"]
      : fromEnv !== undefined && fromEnv !== ""
      ? [fromEnv, setting.env!]
      : key in inFile
      ? [inFile[key], path]
      : [setting.default, "the default"];
    config[key] = checkSetting(key, setting, value, origin);
  }
  config["home"] = expandHome(config["home"] as string, env);
  for (const key of ["serving.tls_cert_file", "serving.tls_key_file"]) {
    if (config[key] !== "") config[key] = expandHome(config[key] as string, env);
  }
  config["training.data_folders"] = (config["training.data_folders"] as string[]).map((folder) =>
    expandHome(folder, env)
  );
  if (agent !== undefined && (typeof agent !== "object" || agent === null || Array.isArray(agent))) {
    throw new AppError("invalid_argument", `Cannot read ${path}: "agent" is not a table of options`);
  }
  return {
    config: config as Config,
    agent: (agent ?? {}) as Record<string, unknown>,
    file: document ? path : null,
  };
}

function readYaml(path: string, required: boolean): Record<string, unknown> | null {
  let text: string;
  try {
    text = Deno.readTextFileSync(path);
  } catch (error) {
    // A home that is a file is told of when it is used, with a better reason.
    const absent = error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory;
    if (!required && absent) return null;
    throw new AppError("not_found", `Cannot read the config file ${path}: ${(error as Error).message}`, {
      hint: "Give an existing YAML file with --config.",
      cause: error,
    });
  }
  let document: unknown;
  try {
    document = parse(text);
  } catch (error) {
    throw new AppError("invalid_argument", `Cannot read ${path}: ${(error as Error).message}`, {
      hint: "The file must be YAML; docs/configuration.md has an example.",
    });
  }
  if (document === null || document === undefined) return {};
  if (typeof document !== "object" || Array.isArray(document)) {
    throw new AppError("invalid_argument", `Cannot read ${path}: it is not a table of settings`);
  }
  return document as Record<string, unknown>;
}

/** `{training: {jobs_at_once: 2}}` becomes `{"training.jobs_at_once": 2}`. */
function flatten(value: Record<string, unknown>, prefix = ""): Record<string, unknown> {
  const flat: Record<string, unknown> = {};
  for (const [key, inner] of Object.entries(value)) {
    if (inner !== null && typeof inner === "object" && !Array.isArray(inner)) {
      Object.assign(flat, flatten(inner as Record<string, unknown>, `${prefix}${key}.`));
    } else flat[`${prefix}${key}`] = inner;
  }
  return flat;
}

function checkSetting(key: string, setting: Setting, value: unknown, origin: string): unknown {
  const refuse = (rule: string) => {
    throw new AppError(
      "invalid_argument",
      `Cannot use ${JSON.stringify(value)} for ${key} (from ${origin}): ${rule}`,
      { hint: setting.description },
    );
  };
  if (setting.kind === "list") {
    if (Array.isArray(value)) return value.map(String);
    if (typeof value === "string") return value.split(/[,;]/).map((part) => part.trim()).filter(Boolean);
    return refuse("it must be a list");
  }
  if (setting.kind === "boolean") {
    if (typeof value === "boolean") return value;
    if (value === "true" || value === "1") return true;
    if (value === "false" || value === "0") return false;
    return refuse("it must be true or false");
  }
  if (setting.kind === "integer" || setting.kind === "number") {
    const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
    if (typeof number !== "number" || !Number.isFinite(number)) return refuse("it must be a number");
    if (setting.kind === "integer" && !Number.isInteger(number)) return refuse("it must be a whole number");
    if (setting.min !== undefined && number < setting.min) {
      return refuse(`it must be at least ${setting.min}`);
    }
    if (setting.max !== undefined && number > setting.max) return refuse(`it must be at most ${setting.max}`);
    return number;
  }
  if (typeof value !== "string") return refuse("it must be text");
  if (setting.choices && !setting.choices.includes(value)) {
    return refuse(`it must be one of ${setting.choices.join(", ")}`);
  }
  return value;
}

function expandHome(path: string, env: Record<string, string | undefined>): string {
  const base = env.HOME ?? env.USERPROFILE ?? ".";
  return resolve(path === "~" ? base : path.startsWith("~/") ? `${base}/${path.slice(2)}` : path);
}
