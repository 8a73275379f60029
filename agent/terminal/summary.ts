/** What a person reads at the end, on stdout. */
import type { CommandLine } from "../command_line.ts";
import type { RunResult } from "../result.ts";
import { gateLine, shortNumber } from "../steps/validate.ts";
import { seconds } from "./progress.ts";
import { type Colour, paint } from "./screen.ts";
import { table } from "./table.ts";

export interface SummaryOptions {
  colour: boolean;
  /** Where report.md and result.json lie. */
  folder: string;
  commandLine: CommandLine;
  /** Also each step with its time. */
  steps?: boolean;
}

export function summaryOf(result: RunResult, { colour, folder, commandLine, steps }: SummaryOptions): string {
  const to = (text: string, tone: Colour) => paint(text, tone, colour);
  const parts = [headline(result, to)];
  parts.push(factsOf(result, folder));
  if (steps) parts.push(stepsOf(result));
  if (result.model) parts.push(metricsOf(result), leaderboardOf(result));
  if (result.validation) {
    const { passed } = result.validation;
    parts.push(
      `${to(passed ? "✓ gate" : "✗ gate", passed ? "green" : "yellow")}  ${
        gateLine({ ...result.validation, assumptions: [] })
      }`,
    );
  }
  if (result.deployment) parts.push(endpointOf(result, commandLine, to));
  if (result.error) parts.push(errorOf(result, commandLine, to));
  return parts.filter((part) => part !== "").join("\n\n") + "\n";
}

function headline(
  { status, run_id, deployment, steps }: RunResult,
  to: (text: string, tone: Colour) => string,
): string {
  const took = seconds(steps.reduce((sum, step) => sum + (step.duration_ms ?? 0), 0));
  const words: Record<RunResult["status"], [string, Colour]> = {
    succeeded: [deployment ? "Deployed and serving" : "Trained and validated", "green"],
    refused: ["Not deployed: the gate refused the model", "yellow"],
    declined: ["Not deployed: it was not approved", "yellow"],
    failed: ["Failed", "red"],
    interrupted: ["Interrupted", "yellow"],
    running: ["Still running", "cyan"],
  };
  const [text, tone] = words[status];
  return `${to(text, tone)}  (${run_id}, ${took})`;
}

function factsOf({ dataset, target, task, model, request }: RunResult, folder: string): string {
  const rows: [string, string][] = [["request", request]];
  if (dataset) {
    const title = dataset.title ? `${dataset.title}, ` : "";
    const license = dataset.license ? `, licence ${dataset.license}` : "";
    rows.push([
      "data",
      `${dataset.ref} (${title}${
        dataset.rows.toLocaleString("en")
      } rows, ${dataset.columns} columns${license})`,
    ]);
  }
  if (target) rows.push(["target", `${target} (${task})`]);
  if (model) rows.push(["model", `${model.model_id}: ${model.algorithm}`]);
  rows.push(["report", `${folder}/report.md`]);
  return table(rows);
}

function stepsOf({ steps }: RunResult): string {
  if (steps.length === 0) return "no step was begun";
  return table([
    ["step", "status", "tool", "started", "took"],
    ...steps.map(({ step, status, tool, started_at, duration_ms }) => [
      ...[step, status, tool ?? "", started_at],
      duration_ms === null ? "" : seconds(duration_ms),
    ]),
  ]);
}

function metricsOf({ model, validation }: RunResult): string {
  const measured = validation ?? model!;
  const names = Object.keys(measured.metrics);
  if (names.length === 0) return "";
  return table([
    ["metric", "model", "baseline"],
    ...names.map((name) => [
      name,
      shortNumber(measured.metrics[name]),
      measured.baseline[name] === undefined ? "" : shortNumber(measured.baseline[name]),
    ]),
  ], { right: [1, 2] }) +
    `\n(${
      validation ? "on rows that training never saw" : "by cross-validation"
    }; the baseline looks at no column)`;
}

function leaderboardOf({ model }: RunResult): string {
  const board = model!.leaderboard.filter((row) => row.score !== null);
  if (board.length < 2) return "";
  return `best of ${board.length} algorithms by cross-validated ${board[0].metric}\n` +
    table(board.slice(0, 3).map((row, i) => [`${i + 1}`, row.algorithm, shortNumber(row.score!)]), {
      indent: "  ",
      right: [2],
    });
}

function endpointOf(
  { deployment, example, test }: RunResult,
  commandLine: CommandLine,
  to: (text: string, tone: Colour) => string,
): string {
  const { url, endpoint, status, replicas } = deployment!;
  const tested = test
    ? `; ${test.checks.filter((check) => check.passed).length} of ${test.checks.length} checks passed`
    : "";
  const lines = [
    `${to("endpoint", "bold")} ${to(url, "cyan")}  (${status}, ${replicas.length} ${
      replicas.length === 1 ? "replica" : "replicas"
    }${tested})`,
  ];
  lines.push("", "try it", `  ${curlOf(url, example)}`);
  lines.push("", table([["see it", commandLine("status")], ["stop it", commandLine(`stop ${endpoint}`)]]));
  return lines.join("\n");
}

/** A line for a POSIX shell. */
export function curlOf(url: string, example: Record<string, unknown> | null): string {
  const address = url.replace(/\/+$/, "");
  if (example === null) return `curl -s ${address}/metadata`;
  const body = JSON.stringify({ rows: [example] }).replaceAll("'", `'\\''`);
  return `curl -s ${address}/predict -H 'content-type: application/json' -d '${body}'`;
}

function errorOf(
  { error, status, run_id }: RunResult,
  commandLine: CommandLine,
  to: (text: string, tone: Colour) => string,
): string {
  const resume = status === "failed"
    ? `\n  ${commandLine(`agent resume ${run_id}`)} tries again from there.`
    : "";
  const hint = error!.hint.split("\n").map((line) => `\n  ${line}`).join("");
  return `${to(error!.message, status === "failed" ? "red" : "yellow")}${error!.hint ? hint : ""}${resume}`;
}
