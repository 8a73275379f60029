/** `mlmcp doctor`: what this machine lacks, and the command that mends each. */
import { parseArgs } from "node:util";
import type { Command, CommandContext } from "@/shared/command.ts";
import { CHECKS } from "./checks.ts";

export interface Finding {
  /** `failed` is essential: nothing, or not the main job, works without it. */
  status: "ok" | "warning" | "failed";
  detail: string;
  /** The command or the change that mends it. */
  mend?: string;
}

export interface Check {
  name: string;
  /** Never throws on purpose; what it throws is a failed check. */
  run(context: CommandContext): Promise<Finding> | Finding;
}

export const command: Command = {
  help: `mlmcp doctor: what this machine lacks, and the command that mends each

Exit code 1 when something essential fails; warnings are things that some of the work goes without.
`,
  async run(context) {
    parseArgs({ args: context.args, options: {} });
    const found = await examine(CHECKS, context);
    const ok = found.every((one) => one.status !== "failed");
    console.log(context.json ? JSON.stringify({ ok, checks: found }, null, 2) : asText(found, ok));
    return ok ? 0 : 1;
  },
};

export async function examine(
  checks: readonly Check[],
  context: CommandContext,
): Promise<(Finding & { name: string })[]> {
  const found = [];
  for (const { name, run } of checks) {
    try {
      found.push({ name, ...await run(context) });
    } catch (error) {
      const { message, hint } = error as Error & { hint?: string };
      found.push({ name, status: "failed" as const, detail: message, ...(hint ? { mend: hint } : {}) });
    }
  }
  return found;
}

const MARKS = { ok: "✓", warning: "!", failed: "✗" } as const;

export function asText(found: readonly (Finding & { name: string })[], ok: boolean): string {
  const width = Math.max(...found.map((one) => one.name.length));
  const lines = found.flatMap(({ name, status, detail, mend }) => [
    `${MARKS[status]} ${name.padEnd(width)}  ${detail}`,
    ...(mend && status !== "ok" ? [`  ${" ".repeat(width)}  -> ${mend}`] : []),
  ]);
  const warnings = found.filter((one) => one.status === "warning").length;
  const end = !ok
    ? "Something essential is missing."
    : warnings > 0
    ? `All essential parts work; ${warnings} to look at.`
    : "Everything works.";
  return [...lines, "", end].join("\n");
}
