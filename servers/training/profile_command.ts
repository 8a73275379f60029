/** `mlmcp profile`: what is in a table, as text, JSON or a page. */
import { parseArgs } from "node:util";
import type { Command } from "@/shared/command.ts";
import { AppError } from "@/shared/errors.ts";
import { openLog } from "@/shared/log.ts";
import { readableFindings } from "@/dataset/checks/readable_findings.ts";
import { readableProfile } from "@/dataset/profile/readable_profile.ts";
import { openPool } from "@/jobs/learning_pool.ts";
import { sourceOf } from "@/jobs/tasks/read_source.ts";
import { findDataset } from "./find_dataset.ts";
import { DEFAULT_COLUMNS, profileAnswer } from "./profile_fields.ts";

export const command: Command = {
  help: `mlmcp profile TABLE: what is in a table, before learning from it

  TABLE              a file, a folder with one table, sample/NAME or a downloaded data set; #PART names
                     one of several tables in a file
  --target COLUMN    look at it as the target, too: its classes, and what every column tells of it
  --html FILE        write a page with plots, too: one file, which needs no other
  --columns A,B,...  only these columns (or --column NAME, again and again, for names with commas)
  --limit N          at most so many columns in full (default ${DEFAULT_COLUMNS})
  --sample-rows N    about so many rows, spread over the file, for files that are too large
  --json             the structured result, as the tool profile_dataset gives it
`,
  async run(context) {
    const { values, positionals } = parseArgs({
      args: context.args,
      allowPositionals: true,
      options: {
        target: { type: "string" },
        html: { type: "string" },
        columns: { type: "string" },
        column: { type: "string", multiple: true, default: [] },
        limit: { type: "string", default: String(DEFAULT_COLUMNS) },
        "sample-rows": { type: "string" },
      },
    });
    if (positionals.length !== 1) {
      throw new AppError("invalid_argument", `Cannot profile ${positionals.length} tables: give one`, {
        hint: "For example: mlmcp profile sample/titanic --target survived --html titanic.html",
      });
    }
    const limit = wholeNumber("--limit", values.limit)!;
    const columns = [...values.column, ...(values.columns?.split(",") ?? [])];
    const found = await findDataset(
      context,
      positionals[0],
      wholeNumber("--sample-rows", values["sample-rows"]),
    );
    const pool = openPool(1, openLog(null, "profile", "error"));
    try {
      const profile = await pool.run("profile", {
        ...sourceOf(found),
        limit,
        ...(values.target === undefined ? {} : { target: values.target }),
        ...(columns.length > 0 ? { columns } : {}),
        ...(values.html === undefined ? {} : { page_title: found.ref }),
      }, { signal: context.signal });
      if (values.html !== undefined) {
        await context.door!.writePage(values.html, new TextEncoder().encode(profile.page));
      }
      if (context.json) console.log(JSON.stringify(profileAnswer(found, profile, limit), null, 2));
      else {
        const lines = [
          readableProfile(profile),
          ...readableFindings(profile.findings),
          ...(profile.notes ?? []),
        ];
        console.log(lines.join("\n"));
      }
      if (values.html !== undefined && !context.quiet) console.error(`Wrote ${values.html}.`);
      return 0;
    } finally {
      pool.close();
    }
  },
};

function wholeNumber(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw new AppError("invalid_argument", `Cannot use ${option} ${text}: it must be a whole number above 0`);
}
