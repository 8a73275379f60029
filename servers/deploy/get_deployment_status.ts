import { z } from "zod";
import { AppError } from "@/shared/errors.ts";
import { describeEndpoint } from "@/deployment/describe.ts";
import { knownEndpoint } from "@/deployment/deploy.ts";
import { defineTool } from "../tool.ts";
import { DRIFT_VERDICTS } from "@/deployment/promotion_rules.ts";
import {
  deployment,
  endpointName,
  event,
  failure,
  RULES,
  sentence,
  status,
  toDeployment,
  traffic,
} from "./schemas.ts";
import type { DeployServices } from "./services.ts";
import { accuracy, alerts, drift } from "./watch_schemas.ts";

const INPUT = z.strictObject({
  endpoint: endpointName.optional().describe("Endpoint to look at; give this or deployment_id"),
  deployment_id: z.string().max(100).optional().describe(
    "Deployment to look at, as deploy_model returned it; the answer is about its endpoint",
  ),
});
const milliseconds = z.number().nullable().describe("Milliseconds; null before the first request");
const latency = z.object({ p50: milliseconds, p95: milliseconds, p99: milliseconds });
const versionRequests = z.object({
  version: z.int().describe("Deployment"),
  model_id: z.string().describe("Its model, name@version"),
  total: z.int().describe("Prediction requests that it answered"),
  errors: z.int().describe("Of these, answered with a status of 400 or more"),
  rows: z.int().describe("Rows that it predicted"),
  latency_ms: latency.describe("Time inside the replica, within 19 %"),
  shadow: z.object({
    requests: z.int().describe("Requests that it answered beside the version that the caller heard"),
    failures: z.int().describe("Requests that it failed on; no caller saw it"),
    dropped: z.int().describe("Requests that it was not asked, since it could not keep up"),
    rows: z.int().describe("Rows that both answered"),
    differing: z.int().describe("Of these, with another class, or a number further off than the tolerance"),
    disagreement: z.number().nullable().describe("differing / rows, 0 to 1; null before the first row"),
    mean_abs_difference: z.number().nullable().describe(
      "Mean over the rows of |difference| in units of the target, or for classes of half the sum of |differences| of their probabilities (0 to 1); null before the first row",
    ),
    latency_ms: latency.describe("Time to predict, within 19 %"),
  }).nullable().describe("What it did as a shadow; null when it never was one"),
});
const share = z.number().nullable().describe("0 to 1; null before there is something to divide by");
const verdictOn = z.enum(DRIFT_VERDICTS).nullable();
const challenger = z.object({
  ...traffic.element.shape,
  sticky_header: z.string().nullable().describe(
    "Callers that send this header stay with one model; null: every request is chosen anew",
  ),
  rules: z.object(RULES).nullable().describe("What decides over it without a person; null: nothing does"),
  step_from: z.string().nullable().describe("Since when it has this role and weight, ISO 8601, UTC"),
  figures: z.object({
    elapsed_s: z.number().describe("Seconds since then"),
    requests: z.int().describe("Requests that it answered since then; for a shadow those beside"),
    errors: z.int().describe("Of these, failed"),
    error_rate: share,
    primary_requests: z.int().describe("Requests that the primary answered since then"),
    primary_errors: z.int().describe("Of these, failed"),
    primary_error_rate: share,
    latency_ms: milliseconds.describe("Its 95th percentile, within 19 %"),
    primary_latency_ms: milliseconds.describe("The primary's"),
    compared_rows: z.int().describe("Rows that both answered"),
    differing_rows: z.int().describe(
      "Of these, with another class, or a number further off than the tolerance",
    ),
    disagreement: share,
    mean_abs_difference: z.number().nullable().describe("As in requests.by_version"),
    drift: verdictOn.describe("null while it is not known"),
  }).nullable().describe("What both did since then, side by side; null for the first second"),
  verdict: z.object({
    decision: z.enum(["wait", "pass", "fail"]).describe("What the rules say of the figures now"),
    reasons: z.array(z.string()).describe("What is waited for, or the limits that were broken"),
  }).nullable().describe("null without rules"),
});
const OUTPUT = z.object({
  endpoint: z.string().describe("Name of the endpoint"),
  status: status.describe(
    "ready: all replicas answer. degraded: some do, or they are starting. failed: none does, see error. stopped: nothing is deployed",
  ),
  version: z.int().nullable().describe("Deployment that serves; null when none does"),
  model_id: z.string().nullable().describe("Model that serves, name@version; null when none does"),
  url: z.string().describe("Base URL: POST {url}/predict, GET {url}/docs"),
  replicas: z.array(z.object({
    replica_id: z.string().describe("Id of the replica"),
    pid: z.int().nullable().describe("Process id; null while there is no process"),
    status: z.enum(["starting", "ready", "draining", "down", "busy"]).describe(
      "busy: it did not answer in time; draining: it finishes its requests and exits; down: there is no process",
    ),
    restarts: z.int().describe("How often its process was replaced after it died"),
    uptime_s: z.number().nullable().describe("Seconds since its process started; null when it was not told"),
    version: z.int().describe("Deployment that it serves"),
  })).describe("The processes that share the endpoint's port"),
  traffic: traffic.describe("Who gets which share of the requests"),
  challenger: challenger.nullable().describe(
    "The canary or shadow beside the primary; null when there is none",
  ),
  requests: z.object({
    total: z.int().describe("Prediction requests answered since the endpoint was created, all replicas"),
    errors: z.int().describe("Of these, answered with a status of 400 or more"),
    per_s: z.number().describe("Over the last ten seconds"),
    latency_ms: latency.describe("Time inside the replica, within 19 %; null before the first request"),
    by_version: z.array(versionRequests).describe(
      "The same for each version that was asked, the newest first",
    ),
  }).describe("What was asked of it, summed over all replicas"),
  scaling: z.object({
    min_replicas: z.int().describe("Fewest replicas"),
    max_replicas: z.int().describe("Most replicas"),
    replicas: z.int().describe("How many the load wants now"),
    state: z.enum(["awake", "asleep", "waking"]).describe(
      "asleep: nothing runs, and the next caller waits while a replica starts; waking: it starts",
    ),
    idle_s: z.number().nullable().describe(
      "Seconds without a prediction request after which it falls asleep; null: never, or serving.idle_s",
    ),
    utilization: z.number().nullable().describe(
      "Share of their time that the replicas were busy over the last two seconds, 0 to 1, their mean; null when none runs",
    ),
    waiting: z.int().describe("Prediction requests that wait for their turn, all replicas"),
  }).nullable().describe("The range that the load chooses from; null when the number is fixed"),
  drift,
  drift_reason: z.string().nullable().describe("Why drift is null; null when it is not"),
  accuracy,
  alerts,
  events: z.array(event).describe(
    "What happened last, the newest first: who brought what, changes of traffic, decisions of rules with their numbers",
  ),
  error: failure.nullable().describe("Why it is not ready; null when nothing is wrong"),
  deployment: deployment.nullable().describe("The deployment that was asked for, else the one that serves"),
});

export const getDeploymentStatusTool = defineTool<
  DeployServices,
  z.infer<typeof INPUT>,
  z.infer<typeof OUTPUT>
>({
  name: "get_deployment_status",
  title: "Status of a deployment",
  description:
    "How an endpoint is right now, asked from its replicas themselves: status, version, URL, replicas with process ids and restarts, " +
    "requests with error count, rate and latency by version, the canary or shadow beside the primary with what its rules say, " +
    "drift of each column, accuracy, alerts, and what happened last. Use it to watch an endpoint; list_deployments shows all of them.",
  effect: "read",
  scope: "deployments:read",
  input: INPUT,
  output: OUTPUT,
  async run({ endpoint: name, deployment_id }, { records }) {
    if ((name === undefined) === (deployment_id === undefined)) {
      throw new AppError(
        "invalid_argument",
        "Cannot look up a deployment: give endpoint or deployment_id, one of the two",
        {
          hint: "list_deployments shows both.",
        },
      );
    }
    const asked = deployment_id === undefined ? null : records.deployment(deployment_id);
    if (deployment_id !== undefined && !asked) {
      throw new AppError(
        "not_found",
        `Cannot find deployment "${deployment_id}": there is none with that id`,
        { hint: "list_deployments shows the ids." },
      );
    }
    const endpoint = knownEndpoint(records, name ?? asked!.endpoint);
    const described = await describeEndpoint(records, endpoint);
    const row = asked ?? records.live(endpoint.name);
    return { ...described, deployment: row && toDeployment(row, described.url) };
  },
  text: (output) => {
    const { requests: { total, errors, latency_ms } } = output;
    const counted = total > 0
      ? ` ${total} requests, ${errors} errors, p95 ${latency_ms.p95} ms.`
      : " No requests yet.";
    return `${sentence({ ...output, replicas: output.replicas.length })}${
      output.scaling?.state === "asleep" ? " Asleep: the next request starts a replica." : ""
    }${output.status === "stopped" ? "" : counted}${watched(output)}${
      output.error ? ` ${output.error.message}.` : ""
    }`;
  },
});

/** Only what a person would want to hear about. */
function watched({ drift, accuracy, alerts }: z.infer<typeof OUTPUT>): string {
  const parts: string[] = [];
  if (drift?.verdict === "warning" || drift?.verdict === "drift") {
    const columns = [...drift.columns, ...(drift.prediction ? [drift.prediction] : [])]
      .filter(({ verdict }) => verdict === drift.verdict).map(({ name }) => name);
    parts.push(` Drift (${drift.verdict}) in ${columns.slice(0, 10).join(", ")}.`);
  }
  if (accuracy.labelled) {
    const metrics = Object.entries(accuracy.labelled.metrics).map(([name, value]) => `${name} ${value}`);
    parts.push(` On ${accuracy.labelled.rows} labelled rows: ${metrics.join(", ")}.`);
  }
  const firing = alerts.filter(({ state }) => state === "firing");
  if (firing.length > 0) parts.push(` Alerts: ${firing.map(({ rule }) => rule).join("; ")}.`);
  return parts.join("");
}
