/** Any server, driven by a real MCP client without a process or a socket, in both protocol eras. */
import {
  Client,
  InMemoryTransport,
  StreamableHTTPClientTransport,
  type Transport,
} from "@modelcontextprotocol/client";
import { createMcpHandler } from "@modelcontextprotocol/server";
import { type AuditEntry, openAudit, readAudit } from "@/shared/audit.ts";
import { type Caller, localCaller } from "@/shared/auth.ts";
import type { CommandContext } from "@/shared/command.ts";
import { type Config, loadConfig } from "@/shared/config.ts";
import { openHoldouts } from "@/shared/holdout_door.ts";
import { createHome, homeAt } from "@/shared/home.ts";
import { openLog } from "@/shared/log.ts";
import { buildServer, type ServerSpec } from "../../servers/build_server.ts";
import type { AnyTool } from "../../servers/tool.ts";

export type Era = "legacy" | "modern";
export const ERAS: readonly Era[] = ["legacy", "modern"];

export interface Answer {
  isError: boolean;
  text: string;
  structured: Record<string, unknown>;
}

export interface Desk {
  client: Client;
  call(tool: string, input: Record<string, unknown>): Promise<Answer>;
  /** What the audit table holds, newest first. */
  audit(): AuditEntry[];
}

/** A context as main.ts makes one, in a home of its own. */
export function commandIn(
  home: string,
  env: Record<string, string> = {},
  config: Partial<Config> = {},
): CommandContext {
  return {
    args: [],
    config: { ...loadConfig({ home }, {}, null).config, ...config },
    agentOptions: {},
    configFile: null,
    home: createHome(home),
    cwd: home,
    childEnv: {},
    env,
    json: false,
    quiet: true,
    version: "0.0.0",
    stdinIsTerminal: false,
    stdoutIsTerminal: false,
    stderrIsTerminal: false,
    columns: 100,
    memory_bytes: 8e9,
    signal: new AbortController().signal,
    door: null,
    holdouts: openHoldouts(homeAt(home).holdouts),
  };
}

export interface DeskOptions<Services> {
  era: Era;
  tools: readonly AnyTool<Services>[];
  services: Services;
  command: CommandContext;
  caller?: Caller;
}

/** Connects a client, does the work, and takes everything down again. */
export async function atDesk<Services>(
  options: DeskOptions<Services>,
  work: (desk: Desk) => Promise<void>,
): Promise<void> {
  const { era, command } = options;
  const spec: ServerSpec<Services> = {
    name: "test-server",
    title: "Test",
    instructions: "",
    tools: options.tools,
  };
  const audit = openAudit(command.home);
  const parts = { spec, services: options.services, command, audit, log: openLog(null, "test", "error") };
  const build = () => buildServer(parts, () => options.caller ?? localCaller());
  const client = new Client({ name: "test", version: "0" }, {
    versionNegotiation: { mode: era === "modern" ? "auto" : "legacy" },
  });
  let ours: Transport;
  if (era === "modern") {
    const handler = createMcpHandler(build);
    const toHandler = (url: string | URL, init?: RequestInit) => handler.fetch(new Request(url, init));
    ours = new StreamableHTTPClientTransport(new URL("http://test.local/mcp"), { fetch: toHandler });
  } else {
    const [left, right] = InMemoryTransport.createLinkedPair();
    await build().connect(right);
    ours = left;
  }
  try {
    await client.connect(ours);
    if (client.getProtocolEra() !== era) {
      throw new Error(`the client speaks the ${client.getProtocolEra()} era`);
    }
    await work({
      client,
      async call(name, input) {
        const result = await client.callTool({ name, arguments: input });
        const content = result.content as { type: string; text: string }[];
        return {
          isError: result.isError === true,
          text: content[0].text,
          structured: result.structuredContent as Record<string, unknown>,
        };
      },
      audit: () => readAudit(audit, { limit: 100 }),
    });
  } finally {
    await client.close();
    audit.close();
  }
}
