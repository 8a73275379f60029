/** `mlmcp status`: what serves and what trains in this home. It only looks, and starts nothing. */
import { parseArgs } from "node:util";
import type { Command } from "@/shared/command.ts";
import { openRecords } from "./changes.ts";
import { tellSupervisor } from "./control_file.ts";
import { type DescribedEndpoint, describeEndpoint } from "./describe.ts";
import type { Records } from "./records.ts";

export interface RunningJob {
  job_id: string;
  status: string;
}

export interface StatusReport {
  home: string;
  supervisor: { pid: number } | null;
  endpoints: DescribedEndpoint[];
  jobs: RunningJob[];
}

export const command: Command = {
  help: `mlmcp status: endpoints, replicas and running jobs

  --json   as one JSON document
`,
  async run(context) {
    parseArgs({ args: context.args, options: {} });
    const report = await statusOf(context.home);
    if (context.json) console.log(JSON.stringify(report));
    else console.log(asText(report));
    return 0;
  },
};

async function statusOf(home: Parameters<typeof openRecords>[0]): Promise<StatusReport> {
  if (!exists(home.database)) return { home: home.path, supervisor: null, endpoints: [], jobs: [] };
  const records = openRecords(home);
  try {
    const running = await tellSupervisor(home, "ping");
    const endpoints = await Promise.all(
      records.endpoints().map((endpoint) => describeEndpoint(records, endpoint)),
    );
    return {
      home: home.path,
      supervisor: running && { pid: running.pid },
      endpoints,
      jobs: runningJobs(records),
    };
  } finally {
    records.close();
  }
}

/** The jobs' own table is only looked at, and only if a training-server has ever made it. */
function runningJobs({ db }: Records): RunningJob[] {
  if (!db.prepare("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'job'").get()) return [];
  return db.prepare(
    "SELECT job_id, status FROM job WHERE status IN ('queued', 'running') ORDER BY created_at",
  )
    .all() as unknown as RunningJob[];
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

function asText({ home, supervisor, endpoints, jobs }: StatusReport): string {
  const lines: string[] = [];
  if (endpoints.length === 0) lines.push(`Nothing is deployed in ${home}.`);
  else {
    const rows = endpoints.map((endpoint) => [
      endpoint.endpoint,
      endpoint.scaling?.state === "asleep" ? `${endpoint.status} (asleep)` : endpoint.status,
      modelsOf(endpoint),
      endpoint.url,
      String(endpoint.requests.total),
      String(endpoint.requests.errors),
    ]);
    lines.push(...table(["ENDPOINT", "STATUS", "MODEL", "URL", "REQUESTS", "ERRORS"], rows));
    const replicas = endpoints.flatMap(({ replicas }) => replicas).map((replica) => [
      replica.replica_id,
      replica.status,
      replica.pid === null ? "-" : String(replica.pid),
      String(replica.restarts),
      replica.uptime_s === null ? "-" : duration(replica.uptime_s),
      String(replica.version),
    ]);
    if (replicas.length > 0) {
      lines.push("", ...table(["REPLICA", "STATUS", "PID", "RESTARTS", "UPTIME", "VERSION"], replicas));
    }
    for (const { endpoint, error, drift, alerts } of endpoints) {
      if (error) lines.push("", `${endpoint}: ${error.message}`, `  ${error.hint}`);
      const drifted = [...drift?.columns ?? [], ...(drift?.prediction ? [drift.prediction] : [])]
        .filter(({ verdict }) => verdict === "drift" || verdict === "warning")
        .map(({ name, verdict }) => verdict === "drift" ? name : `${name} (a little)`);
      if (drifted.length > 0) lines.push("", `${endpoint}: drift in ${drifted.join(", ")}`);
      const firing = alerts.filter(({ state }) => state === "firing");
      for (const { rule, value, fired_at } of firing) {
        lines.push("", `${endpoint}: ALERT ${rule} (it is ${value}) since ${fired_at}`);
      }
    }
    const unwatched = !supervisor && endpoints.some(({ status }) => status !== "stopped");
    if (unwatched) {
      lines.push(
        "",
        "No supervisor is running: replicas serve on, but none is restarted. A deploy-server starts one.",
      );
    }
  }
  if (jobs.length > 0) {
    lines.push("", ...table(["JOB", "STATUS"], jobs.map(({ job_id, status }) => [job_id, status])));
  }
  return lines.join("\n");
}

/** `iris@1, iris@2 10 %`: the primary, and what stands beside it. */
function modelsOf({ traffic }: DescribedEndpoint): string {
  const shown = traffic.map(({ model_id, role, weight }) =>
    role === "primary"
      ? model_id
      : `${model_id} ${role === "shadow" ? role : `${Number((100 * weight).toPrecision(3))} %`}`
  );
  return shown.join(", ") || "-";
}

function table(head: string[], rows: string[][]): string[] {
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i].length)));
  return [head, ...rows].map((row) => row.map((cell, i) => cell.padEnd(widths[i])).join("  ").trimEnd());
}

function duration(seconds: number): string {
  if (seconds < 60) return `${Math.floor(seconds)}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)}h${Math.floor(seconds % 3600 / 60)}m`;
  return `${Math.floor(seconds / 86400)}d${Math.floor(seconds % 86400 / 3600)}h`;
}
