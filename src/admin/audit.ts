/** `mlmcp audit`: every tool call of every server of this home. */
import { parseArgs } from "node:util";
import { openAudit, readAudit } from "@/shared/audit.ts";
import type { Command } from "@/shared/command.ts";
import { AppError } from "@/shared/errors.ts";
import { createHome } from "@/shared/home.ts";
import { textTable } from "./text_table.ts";

const DEFAULT_LIMIT = 50;
const MAX_LIMIT = 100_000;

export const command: Command = {
  help: `mlmcp audit: every tool call of every server, newest first

  --run RUN     only calls of that run of the agent
  --tool NAME   only calls of that tool
  --limit N     at most so many (default ${DEFAULT_LIMIT})

The arguments are kept as a SHA-256 of their canonical JSON (RFC 8785): what was asked can be proved, not read.
`,
  run(context) {
    const { values } = parseArgs({
      args: context.args,
      options: {
        run: { type: "string" },
        tool: { type: "string" },
        limit: { type: "string", default: String(DEFAULT_LIMIT) },
      },
    });
    const limit = Number(values.limit);
    if (!Number.isInteger(limit) || limit < 1 || limit > MAX_LIMIT) {
      throw new AppError(
        "invalid_argument",
        `Cannot show "${values.limit}" entries: --limit must be a whole number from 1 to ${MAX_LIMIT}`,
      );
    }
    createHome(context.home.path);
    const db = openAudit(context.home);
    try {
      const entries = readAudit(db, {
        limit,
        ...(values.run === undefined ? {} : { run_id: values.run }),
        ...(values.tool === undefined ? {} : { tool: values.tool }),
      });
      if (context.json) console.log(JSON.stringify({ entries }, null, 2));
      else if (entries.length === 0) console.log("No tool was called here yet.");
      else {
        console.log(textTable([
          ["time", "server", "tool", "caller", "run", "outcome", "ms", "arguments"],
          ...entries.map((entry) => [
            entry.time,
            entry.server,
            entry.tool,
            entry.caller,
            entry.run_id ?? "",
            entry.outcome,
            entry.duration_ms.toFixed(1),
            entry.arguments_sha256.slice(0, 12),
          ]),
        ]));
      }
    } finally {
      db.close();
    }
    return Promise.resolve(0);
  },
};
