/**
 * `mlmcp serve FILE`: one model file behind one port, in the foreground and without a supervisor, as a container
 * runs it. It reads the file, opens the port and gives up every right, like a replica (main.ts).
 */
import { basename } from "node:path";
import { parseArgs } from "node:util";
import { revokeAllRights } from "@/shared/revoke_rights.ts";
import { diskError } from "@/shared/atomic_file.ts";
import { loadConfig } from "@/shared/config.ts";
import { AppError } from "@/shared/errors.ts";
import { limitsOf } from "@/shared/http_limits.ts";
import type { AccessSettings, ReplicaStart } from "@/shared/replica_protocol.ts";
import type { HttpServer } from "./http/server.ts";
import { createReplica, drainer, listen } from "./main.ts";
import { contentSecurityPolicy } from "./page.ts";
import { watchAlone } from "./watch_alone.ts";

const HELP = `mlmcp serve FILE: serve one model, as save_model and export_deployment wrote it

  --host ADDRESS      where to listen (default 127.0.0.1; 0.0.0.0 opens it to the network)
  --port N            (default 8080; 0 for a free one)
  --endpoint NAME     what it is called on its pages and in its metrics (default: the model's name)
  --model NAME@N      what the model is called (default: the file's name, version 1)
  --deployment N      which version of the endpoint it is (default 1)
  --probe             ask the server at that port whether it is ready, and exit with 0 or 1

Environment: MLMCP_API_KEY_SHA256 (hashes of the keys that open it, in hex, with commas between),
MLMCP_RATE_LIMIT_PER_S, and the settings for what clients may take, such as MLMCP_MAX_BODY_MB.
SIGTERM ends it when the requests in flight are answered.
`;

export async function run(args: string[], env: Record<string, string>): Promise<void> {
  const { values, positionals } = optionsOf(args);
  if (values.help) return console.log(HELP);
  const port = wholeNumber("--port", values.port, 65_535);
  if (values.probe) Deno.exit(await isReady(port) ? 0 : 1);
  if (positionals.length !== 1) {
    throw new AppError("invalid_argument", `Cannot serve ${positionals.length} files: give one`, {
      hint: "For example: mlmcp serve iris.safetensors --port 8080",
    });
  }
  const [file] = positionals;
  const artifact = await Deno.readFile(file).catch((error) => {
    throw diskError(error, "read", file);
  });
  const model_id = values.model ?? `${basename(file).replace(/\.\w+$/, "")}@1`;
  // Settings by variable, as everywhere; a container has no home.
  const { config } = loadConfig({}, env, null);
  const start: ReplicaStart = {
    endpoint: values.endpoint ?? model_id.replace(/@.*/, ""),
    replica_id: "served-1",
    host: values.host,
    port,
    reuse_port: false,
    first: false,
    control_token: "",
    model_id,
    version: wholeNumber("--deployment", values.deployment, Number.MAX_SAFE_INTEGER),
    artifact_bytes: artifact.length,
    access: {
      ...openedBy(env.MLMCP_API_KEY_SHA256 ?? ""),
      rate_limit_per_s: rateLimit(env.MLMCP_RATE_LIMIT_PER_S ?? ""),
      allowed_origins: [],
      max_body_bytes: Math.round(config["serving.max_body_mb"] * 1024 * 1024),
      max_waiting: config["serving.max_waiting"],
    },
    // Whoever runs containers has TLS in front of them, and their probes speak http.
    tls: null,
    limits: limitsOf(config),
    orphan_grace_s: Infinity,
  };
  const replica = createReplica(start, artifact);
  let server: HttpServer | null = null;
  const drain = drainer(replica, () => server);
  for (const signal of Deno.build.os === "windows" ? ["SIGINT"] as const : ["SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(signal, drain);
  }
  await contentSecurityPolicy();
  server = listen(start, replica);
  revokeAllRights();
  replica.state = "ready";
  watchAlone(replica);
  const { hostname, port: taken } = server.address;
  console.error(
    `${model_id} is served at http://${hostname.includes(":") ? `[${hostname}]` : hostname}:${taken}`,
  );
  await server.finished;
}

function optionsOf(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        host: { type: "string", default: "127.0.0.1" },
        port: { type: "string", default: "8080" },
        endpoint: { type: "string" },
        model: { type: "string" },
        deployment: { type: "string", default: "1" },
        probe: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    });
  } catch (error) {
    throw new AppError("invalid_argument", `Cannot serve: ${(error as Error).message}`, {
      hint: "mlmcp serve --help shows the options.",
    });
  }
}

async function isReady(port: number): Promise<boolean> {
  try {
    const answer = await fetch(`http://127.0.0.1:${port}/health/ready`, {
      signal: AbortSignal.timeout(2000),
    });
    await answer.body?.cancel();
    return answer.ok;
  } catch {
    return false;
  }
}

function wholeNumber(option: string, text: string, largest: number): number {
  if (/^\d+$/.test(text) && Number(text) <= largest) return Number(text);
  throw new AppError("invalid_argument", `Cannot serve: ${option} must be a whole number, not "${text}"`);
}

function openedBy(hashes: string): Pick<AccessSettings, "auth" | "keys"> {
  const given = hashes.split(",").map((hash) => hash.trim()).filter((hash) => hash !== "");
  const wrong = given.find((hash) => !/^[0-9a-f]{64}$/.test(hash));
  // A mistake here must not open the endpoint to everyone.
  if (wrong !== undefined || (hashes !== "" && given.length === 0)) {
    throw new AppError("invalid_argument", "Cannot serve: MLMCP_API_KEY_SHA256 holds no SHA-256 in hex", {
      hint: 'printf %s "$KEY" | sha256sum gives it.',
    });
  }
  const keys = given.map((sha256, i) => ({
    key_id: `key_${i + 1}`,
    sha256,
    rate_limit_per_s: null,
    expires_ms: null,
  }));
  return { auth: keys.length > 0 ? "api_key" : "none", keys };
}

function rateLimit(text: string): number | null {
  if (text === "") return null;
  const per_s = Number(text);
  if (per_s > 0 && Number.isFinite(per_s)) return per_s;
  throw new AppError(
    "invalid_argument",
    `Cannot serve: MLMCP_RATE_LIMIT_PER_S must be a number above 0, not "${text}"`,
  );
}
