/** A server on stdio or over Streamable HTTP: the same tools, the same door, both protocol eras. */
import { parseArgs } from "node:util";
import { createMcpHandler, requireBearerAuth, type ServerContext } from "@modelcontextprotocol/server";
import { OAuthError, OAuthErrorCode } from "@modelcontextprotocol/server";
import { serveStdio, StdioServerTransport } from "@modelcontextprotocol/server/stdio";
import { createMcpHonoApp } from "@modelcontextprotocol/hono";
import type { Context } from "hono";
import { type Caller, localCaller, type Scope, verifyToken } from "@/shared/auth.ts";
import { openAudit } from "@/shared/audit.ts";
import type { Command, CommandContext } from "@/shared/command.ts";
import { AppError } from "@/shared/errors.ts";
import { createHome } from "@/shared/home.ts";
import { type Log, openLog } from "@/shared/log.ts";
import { buildServer, type ServerParts, type ServerSpec } from "./build_server.ts";

/** The services a server's tools share, and how to let go of them. */
export interface OpenServices<Services> {
  services: Services;
  close(): Promise<void> | void;
}

/** The subcommand that runs a server. */
export function serverCommand<Services>(
  spec: ServerSpec<Services>,
  open: (context: CommandContext, log: Log) => OpenServices<Services> | Promise<OpenServices<Services>>,
): Command {
  return {
    help: helpOf(spec),
    async run(context) {
      const { values } = parseArgs({
        args: context.args,
        options: {
          transport: { type: "string", default: "stdio" },
          host: { type: "string", default: "127.0.0.1" },
          port: { type: "string", default: "0" },
        },
      });
      createHome(context.home.path);
      const log = openLog(context.home.logs, spec.name, context.config["log_level"] as "info");
      const opened = await open(context, log);
      const audit = openAudit(context.home);
      const parts: ServerParts<Services> = { spec, services: opened.services, command: context, audit, log };
      log.info("started", { transport: values.transport, version: context.version });
      try {
        if (values.transport === "stdio") await runStdio(parts);
        else if (values.transport === "http") await runHttp(parts, values.host, portOf(values.port));
        else {
          throw new AppError(
            "invalid_argument",
            `Cannot serve over "${values.transport}": there is no such transport`,
            {
              hint: "Use --transport stdio or --transport http.",
            },
          );
        }
      } finally {
        await opened.close();
        audit.close();
        log.info("stopped");
      }
      return 0;
    },
  };
}

/** Until the client closes our stdin, or a signal asks us to stop. */
async function runStdio<Services>(parts: ServerParts<Services>): Promise<void> {
  const token = parts.command.env.MLMCP_TOKEN;
  // Whoever starts a process already has its rights, so no token means the local user;
  // a token that is given binds the process to that token's scopes, and a bad one to nothing.
  const caller = (): Caller | Promise<Caller> =>
    token ? verifyToken(parts.command.home, token) : localCaller();
  await new Promise<void>((done) => {
    const transport = new StdioServerTransport();
    const handle = serveStdio(() => buildServer(parts, caller), {
      transport,
      onerror: (error) => parts.log.warn("transport", { error: error.message }),
    });
    // On the transport and not on the server, which there is none of before the first message: a host that dies
    // before it has said anything must not leave us behind.
    const closed = transport.onclose;
    transport.onclose = () => {
      closed?.();
      done();
    };
    parts.command.signal.addEventListener("abort", () => void handle.close().then(done), { once: true });
  });
}

async function runHttp<Services>(parts: ServerParts<Services>, host: string, port: number): Promise<void> {
  const local = ["127.0.0.1", "localhost", "::1"].includes(host);
  const handler = createMcpHandler(() => buildServer(parts, callerFromHttp), {
    onerror: (error) => parts.log.warn("transport", { error: error.message }),
  });
  const gate = requireBearerAuth({
    verifier: {
      async verifyAccessToken(token) {
        try {
          const caller = await verifyToken(parts.command.home, token);
          return {
            token,
            clientId: caller.name,
            scopes: [...caller.scopes],
            expiresAt: caller.expires_at_s,
            extra: { run_id: caller.run_id },
          };
        } catch (error) {
          throw new OAuthError(OAuthErrorCode.InvalidToken, (error as Error).message);
        }
      },
    },
  });
  // On an open address any Host is ours (which names lead here can't be known); the token still guards.
  const app = local ? createMcpHonoApp() : createMcpHonoApp({ host, allowedHosts: undefined });
  app.get("/health/live", (c: Context) => c.json({ live: true }));
  app.all("/mcp", async (c: Context) => {
    const auth = await gate(c.req.raw);
    if (auth instanceof Response) return auth;
    return handler.fetch(c.req.raw, { authInfo: auth, parsedBody: c.get("parsedBody") });
  });
  let server: Deno.HttpServer;
  try {
    server = Deno.serve({ hostname: host, port, onListen: () => {} }, app.fetch);
  } catch (error) {
    throw new AppError("unavailable", `Cannot listen on ${host}:${port}: ${(error as Error).message}`, {
      hint: "Choose another --port, or 0 for any free one.",
    });
  }
  const at = `http://${host}:${(server.addr as Deno.NetAddr).port}/mcp`;
  console.error(`mlmcp ${parts.spec.name} at ${at} (a token is needed: mlmcp token create)`);
  parts.log.info("listening", { url: at });
  await new Promise<void>((done) =>
    parts.command.signal.addEventListener("abort", () => done(), { once: true })
  );
  await server.shutdown();
}

function callerFromHttp(context: ServerContext): Caller {
  const info = context.http?.authInfo;
  if (!info) throw new AppError("unauthenticated", "Cannot accept the call: it carries no token");
  return {
    name: info.clientId,
    scopes: info.scopes as Scope[],
    run_id: (info.extra?.run_id as string | null | undefined) ?? null,
  };
}

function portOf(text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port >= 0 && port <= 65535) return port;
  throw new AppError(
    "invalid_argument",
    `Cannot use port "${text}": it must be a whole number from 0 to 65535`,
  );
}

function helpOf<Services>(spec: ServerSpec<Services>): string {
  const width = Math.max(...spec.tools.map((tool) => tool.name.length));
  return `mlmcp ${spec.name}: ${spec.title}, an MCP server

${spec.instructions}

  --transport stdio|http   how a host reaches it (default stdio)
  --host 127.0.0.1         address to listen on, with http
  --port N                 port to listen on, with http (default: any free one)

Over stdio, MLMCP_TOKEN binds the server to a token's scopes; over HTTP every call needs
one as a bearer header (mlmcp token create).

Tools:
${spec.tools.map((tool) => `  ${tool.name.padEnd(width)}  ${tool.title} [${tool.scope}]`).join("\n")}
`;
}
