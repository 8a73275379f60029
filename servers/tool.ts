/** What a tool is: one value a file. Annotations and the permission check follow from it. */
import type { z } from "zod";
import type { Caller, Scope } from "@/shared/auth.ts";
import type { CommandContext } from "@/shared/command.ts";
import type { Log } from "@/shared/log.ts";

/** What a tool does to the world; the four MCP annotations follow from it. */
export type Effect =
  /** Looks only. */
  | "read"
  /** Adds something; what was there stays. */
  | "create"
  /** Changes what is there; saying it again changes nothing more. */
  | "update"
  /** Ends or removes something. */
  | "delete";

export interface ToolContext {
  command: CommandContext;
  caller: Caller;
  log: Log;
  /** Aborted when the client cancels the call or goes away. */
  signal: AbortSignal;
  /** Tells the client how far the call is, if it asked. Cheap to call often. */
  progress(done: number, total: number, message?: string): void;
}

export interface Tool<Services = unknown, Input = unknown, Output = unknown> {
  name: string;
  title: string;
  /** For a model that must choose: what it does, when to use it, what to call next. */
  description: string;
  effect: Effect;
  /** True when it talks to the world outside this machine. */
  open_world: boolean;
  scope: Scope;
  /** A strict object; every field described with unit, default and format. */
  input: z.ZodType<Input>;
  output: z.ZodType<Output>;
  /** Thin, and never catches: the door (serve.ts) turns errors into answers. */
  run(input: Input, services: Services, context: ToolContext): Promise<Output> | Output;
  /** The short text beside the structured result. Default: the result as JSON. */
  text?(output: Output): string;
}

export type AnyTool<Services> = Tool<Services, unknown, unknown>;

/** Checks a tool by type; returns it as the element of a server's table. */
export function defineTool<Services, Input, Output>(
  tool: Omit<Tool<Services, Input, Output>, "open_world"> & { open_world?: boolean },
): AnyTool<Services> {
  return { open_world: false, ...tool } as unknown as AnyTool<Services>;
}

/** All four, always: MCP's own defaults are pessimistic. */
export function annotationsOf(tool: AnyTool<never>): {
  readOnlyHint: boolean;
  destructiveHint: boolean;
  idempotentHint: boolean;
  openWorldHint: boolean;
} {
  return {
    readOnlyHint: tool.effect === "read",
    destructiveHint: tool.effect === "delete",
    idempotentHint: tool.effect !== "create",
    openWorldHint: tool.open_world,
  };
}
