/** What stays of a run beside the journal: result.json for programs, report.md for people. */
import { join } from "node:path";
import { writeAtomic } from "@/shared/atomic_file.ts";
import type { CommandLine } from "./command_line.ts";
import type { RunResult } from "./result.ts";
import { gateLine, shortNumber } from "./steps/validate.ts";
import { curlOf } from "./terminal/summary.ts";

/** @throws AppError when the folder can't be written */
export async function writeReport(
  folder: string,
  result: RunResult,
  commandLine: CommandLine,
): Promise<void> {
  await writeAtomic(join(folder, "result.json"), JSON.stringify(result, null, 2) + "\n", { mode: 0o600 });
  await writeAtomic(join(folder, "report.md"), reportOf(result, commandLine), { mode: 0o600 });
}

/** Markdown. */
export function reportOf(result: RunResult, commandLine: CommandLine): string {
  const { dataset, model, validation, deployment, test, error } = result;
  const sections = [
    `# ${result.request || "Run"}`,
    `Run \`${result.run_id}\`, ${result.status}, started ${result.created_at}.`,
  ];
  if (error) sections.push(`**${error.message}**${error.hint ? `\n\n${error.hint}` : ""}`);
  if (dataset) {
    sections.push("## Data");
    sections.push(list([
      ["reference", `\`${dataset.ref}\`${dataset.title ? ` (${dataset.title})` : ""}`],
      ["licence", dataset.license],
      ["version", dataset.version],
      ["size", `${dataset.rows} rows, ${dataset.columns} columns`],
      ["SHA-256", dataset.sha256],
    ]));
  }
  if (result.assumptions.length > 0) {
    sections.push("## What was assumed");
    sections.push(
      result.assumptions.map(({ about, value, reason }) => `- **${about}** = \`${value}\`: ${reason}`).join(
        "\n",
      ),
    );
  }
  if (model) {
    sections.push("## Model");
    sections.push(list([
      ["model", `\`${model.model_id}\``],
      ["target", result.target],
      ["task", result.task],
      ["algorithm", model.algorithm],
      ["parameters", `\`${JSON.stringify(model.params)}\``],
    ]));
    const measured = validation ?? model;
    sections.push(markdownTable(
      ["metric", "model", "baseline"],
      Object.keys(measured.metrics).map((
        name,
      ) => [name, number(measured.metrics[name]), number(measured.baseline[name])]),
    ));
    if (model.leaderboard.length > 1) {
      sections.push("### Compared");
      sections.push(markdownTable(
        ["algorithm", "metric", "score"],
        model.leaderboard.map((row) => [row.algorithm, row.metric, number(row.score ?? undefined)]),
      ));
    }
  }
  if (result.findings.length > 0) {
    sections.push(
      "## What the checks found",
      result.findings.map(({ severity, check, message, hint }) =>
        `- ${severity} \`${check}\`: ${message}${hint ? ` ${hint}` : ""}`
      ).join("\n"),
    );
  }
  if (validation) {
    sections.push(
      "## Gate",
      `${gateLine({ ...validation, assumptions: [] })} (receipt \`${validation.gate_id}\`).`,
    );
  }
  if (deployment) {
    sections.push("## Endpoint");
    sections.push(
      list([["name", deployment.endpoint], ["address", deployment.url], ["status", deployment.status]]),
    );
    sections.push(
      "```sh\n" +
        `${curlOf(deployment.url, result.example)}\n${commandLine("status")}\n${
          commandLine(`stop ${deployment.endpoint}`)
        }\n` +
        "```",
    );
  }
  if (test) {
    sections.push("## Test");
    sections.push(
      test.checks.map((one) =>
        `- ${one.passed ? "passed" : "**failed**"}: ${one.name}${one.detail ? ` (${one.detail})` : ""}`
      ).join("\n"),
    );
  }
  const changes = result.monitoring?.changes ?? [];
  if (changes.length > 0) {
    sections.push(
      "## Watched",
      changes.map(({ time, change }) => `- ${time}: ${change}`).join("\n"),
    );
  }
  sections.push("## Steps");
  sections.push(markdownTable(
    ["step", "tool", "status", "started", "ms"],
    result.steps.map((
      step,
    ) => [step.step, step.tool ?? "", step.status, step.started_at, String(step.duration_ms ?? "")]),
  ));
  return sections.filter((section) => section !== "").join("\n\n") + "\n";
}

function number(value: number | undefined): string {
  return value === undefined ? "" : shortNumber(value);
}

function list(rows: [string, string | number | null | undefined][]): string {
  return rows.filter(([, value]) => value !== null && value !== undefined && value !== "")
    .map(([name, value]) => `- ${name}: ${value}`).join("\n");
}

function markdownTable(head: string[], rows: string[][]): string {
  if (rows.length === 0) return "";
  const line = (cells: string[]) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}
