/** Writes the README's table of tools from the tables of the servers; with --check, only compares. */
import { fileURLToPath } from "node:url";
import { TOOLS as DEPLOY } from "../servers/deploy/tools.ts";
import { TOOLS as KAGGLE } from "../servers/kaggle/tools.ts";
import { TOOLS as TRAINING } from "../servers/training/tools.ts";

const README = fileURLToPath(new URL("../README.md", import.meta.url));
const START = "<!-- tools: written by `deno task docs` -->\n";
const END = "<!-- /tools -->";

/** The first sentence of a description: what the tool does. */
function firstSentence(text: string): string {
  return text.split(/(?<=[.:])\s/)[0].replace(/[.:]$/, "");
}

function table(): string {
  const rows = [["kaggle-server", KAGGLE], ["training-server", TRAINING], ["deploy-server", DEPLOY]] as const;
  const lines = rows.flatMap(([server, tools]) =>
    tools.map((tool, i) =>
      `| ${i === 0 ? `\`${server}\`` : ""} | \`${tool.name}\` | ${
        firstSentence(tool.description)
      } | ${tool.effect} |`
    )
  );
  return ["", "| server | tool | what it does | effect |", "|---|---|---|---|", ...lines, "", ""].join("\n");
}

export function withTools(readme: string): string {
  const [before, rest] = readme.split(START);
  const after = rest.slice(rest.indexOf(END));
  return before + START + table() + after;
}

if (import.meta.main) {
  const old = await Deno.readTextFile(README);
  await Deno.writeTextFile(README, withTools(old));
}
