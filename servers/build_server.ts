/** A table of tools becomes an MCP server; every call goes through the same door. */
import { McpServer, type ServerContext, type StandardSchemaWithJSON } from "@modelcontextprotocol/server";
import { z } from "zod";
import { type Caller, requireScope } from "@/shared/auth.ts";
import { writeAudit } from "@/shared/audit.ts";
import { AppError, toWireError } from "@/shared/errors.ts";
import { canonicalJson, sha256Hex } from "@/shared/hash.ts";
import type { CommandContext } from "@/shared/command.ts";
import type { Log } from "@/shared/log.ts";
import type { DatabaseSync } from "node:sqlite";
import { annotationsOf, type AnyTool } from "./tool.ts";

export interface ServerSpec<Services> {
  /** `kaggle-server`. */
  name: string;
  title: string;
  /** What a model should know across the tools, short. */
  instructions: string;
  tools: readonly AnyTool<Services>[];
}

export interface ServerParts<Services> {
  spec: ServerSpec<Services>;
  services: Services;
  command: CommandContext;
  audit: DatabaseSync;
  log: Log;
}

/** @param callerOf who makes this call: fixed over stdio, from the bearer token over HTTP */
export function buildServer<Services>(
  parts: ServerParts<Services>,
  callerOf: (context: ServerContext) => Caller | Promise<Caller>,
): McpServer {
  const { spec } = parts;
  const server = new McpServer({
    name: `mlmcp-${spec.name}`,
    title: spec.title,
    version: parts.command.version,
  }, {
    instructions: spec.instructions,
    // Empty lists of resources and prompts, so that a host that asks for them gets an answer.
    capabilities: {
      tools: { listChanged: false },
      resources: { listChanged: false },
      prompts: { listChanged: false },
    },
    cacheHints: { "tools/list": { ttlMs: 300_000, cacheScope: "public" } },
  });
  for (const tool of spec.tools) {
    server.registerTool(
      tool.name,
      {
        title: tool.title,
        description: tool.description,
        inputSchema: checkedByUs(tool.input),
        outputSchema: orError(tool.output),
        annotations: annotationsOf(tool),
      },
      async (input: unknown, context: ServerContext) => await callTool(parts, tool, input, context, callerOf),
    );
  }
  return server;
}

/** The schema as the client sees it; checking is left to callTool, so that its errors have our form. */
function checkedByUs(schema: z.ZodType): StandardSchemaWithJSON {
  const standard = (schema as unknown as StandardSchemaWithJSON)["~standard"];
  return { "~standard": { ...standard, validate: (value: unknown) => ({ value }) } };
}

const ERROR_PROPERTIES = {
  code: { type: "string", description: "Of an error: what kind it is" },
  message: { type: "string", description: "Of an error: what could not be done, and the state now" },
  hint: { type: "string", description: "Of an error: what to do next" },
};

/**
 * What a tool answers, or the error in its place: clients of the official SDK's 1.x hold errors, too, against the
 * schema, and would show that they don't match it instead of the error.
 */
function orError(schema: z.ZodType): StandardSchemaWithJSON {
  const standard = (schema as unknown as StandardSchemaWithJSON)["~standard"];
  const output: typeof standard.jsonSchema.output = (options) => {
    const { required = [], properties, ...rest } = standard.jsonSchema.output(options);
    return {
      ...rest,
      properties: { ...ERROR_PROPERTIES, ...properties as Record<string, unknown> },
      anyOf: [{ required }, { required: Object.keys(ERROR_PROPERTIES) }],
    };
  };
  return { "~standard": { ...standard, jsonSchema: { ...standard.jsonSchema, output } } };
}

async function callTool<Services>(
  parts: ServerParts<Services>,
  tool: AnyTool<Services>,
  input: unknown,
  mcp: ServerContext,
  callerOf: (context: ServerContext) => Caller | Promise<Caller>,
) {
  const started = performance.now();
  const time = new Date().toISOString();
  let caller: Caller = { name: "unknown", scopes: [], run_id: null };
  let outcome = "ok";
  try {
    caller = await callerOf(mcp);
    requireScope(caller, tool.scope, `call ${tool.name}`);
    const output = await tool.run(parseInput(tool, input), parts.services, {
      command: parts.command,
      caller,
      log: parts.log,
      signal: mcp.mcpReq.signal,
      progress: progressTo(mcp),
    });
    const structuredContent = tool.output.parse(output) as Record<string, unknown>;
    const text = tool.text ? tool.text(structuredContent) : JSON.stringify(structuredContent);
    return { content: [{ type: "text" as const, text }], structuredContent };
  } catch (error) {
    const wire = mcp.mcpReq.signal.aborted && !(error instanceof AppError)
      ? toWireError(new AppError("cancelled", `Cannot finish ${tool.name}: the client cancelled the call`))
      : toWireError(error);
    outcome = wire.code;
    if (wire.code === "internal") parts.log.error(`${tool.name} failed unexpectedly`, error);
    const text = `${wire.message}${wire.hint ? `\n${wire.hint}` : ""} (${wire.code})`;
    return {
      isError: true,
      content: [{ type: "text" as const, text }],
      structuredContent: { ...wire } as Record<string, unknown>,
    };
  } finally {
    try {
      writeAudit(parts.audit, {
        time,
        server: parts.spec.name,
        tool: tool.name,
        caller: caller.name,
        scopes: caller.scopes.join(" "),
        run_id: caller.run_id,
        arguments_sha256: sha256Hex(new TextEncoder().encode(canonicalJson(input ?? {}))),
        outcome,
        duration_ms: Math.round((performance.now() - started) * 1000) / 1000,
      });
    } catch (error) {
      parts.log.error(`the audit row of ${tool.name} could not be written`, error);
    }
  }
}

function parseInput(tool: AnyTool<never>, input: unknown): unknown {
  const parsed = tool.input.safeParse(input ?? {});
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map((issue) => {
    const where = issue.path.length > 0 ? issue.path.join(".") : "arguments";
    return `${where}: ${issue.message}`;
  });
  const schema = z.toJSONSchema(tool.input, { io: "input", unrepresentable: "any" }) as {
    properties?: Record<string, unknown>;
    required?: string[];
  };
  const fields = Object.keys(schema.properties ?? {}).map((name) =>
    schema.required?.includes(name) ? name : `${name}?`
  );
  throw new AppError("invalid_argument", `Cannot call ${tool.name}: ${faults.join("; ")}`, {
    hint: `It takes {${fields.join(", ")}}.`,
  });
}

/** Progress notifications, only when the client asked for them, and never more than ten a second. */
function progressTo(mcp: ServerContext): (done: number, total: number, message?: string) => void {
  const progressToken = mcp.mcpReq._meta?.progressToken;
  if (progressToken === undefined) return () => {};
  let last = 0;
  let highest = -1;
  return (done, total, message) => {
    const now = performance.now();
    if (done <= highest || (now - last < 100 && done < total)) return;
    last = now;
    highest = done;
    mcp.mcpReq.notify({
      method: "notifications/progress",
      params: { progressToken, progress: done, total, ...(message ? { message } : {}) },
    }).catch(() => {});
  };
}
