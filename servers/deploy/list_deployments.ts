import { z } from "zod";
import { AppError } from "@/shared/errors.ts";
import { urlOf } from "@/deployment/describe.ts";
import { knownEndpoint } from "@/deployment/deploy.ts";
import type { DeploymentRow } from "@/deployment/records.ts";
import { defineTool } from "../tool.ts";
import { deployment, endpointName, event, toDeployment } from "./schemas.ts";
import type { DeployServices } from "./services.ts";

/** Most that are told; get_deployment_status tells the last of an endpoint. */
const EVENTS = 200;

const INPUT = z.strictObject({
  endpoint: endpointName.optional().describe("Only those of this endpoint (default: all endpoints)"),
  include_history: z.boolean().default(false)
    .describe(
      "Also what served before, failed or was stopped, deleted endpoints included (default false: what each endpoint serves or last served)",
    ),
  cursor: z.string().max(40).optional().describe("next_cursor of the page before"),
  limit: z.int().min(1).max(500).default(50).describe("Most deployments on a page (default 50)"),
});
const OUTPUT = z.object({
  deployments: z.array(deployment).describe("Newest first"),
  events: z.array(event).describe(
    "With include_history, on the first page: what happened, the newest 200 first; else empty",
  ),
  next_cursor: z.string().nullable().describe("Give this as cursor for the next page; null on the last page"),
});

export const listDeploymentsTool = defineTool<DeployServices, z.infer<typeof INPUT>, z.infer<typeof OUTPUT>>({
  name: "list_deployments",
  title: "List deployments",
  description:
    "What each endpoint serves, with its URL; with include_history which model version served when, who asked for it and with which gate receipt, and every change of traffic with its reason and numbers. " +
    "The version numbers are what rollback_deployment takes.",
  effect: "read",
  scope: "deployments:read",
  input: INPUT,
  output: OUTPUT,
  run({ endpoint, include_history, cursor, limit }, { records }) {
    const offset = Number(cursor ?? "0");
    if (!Number.isSafeInteger(offset) || offset < 0) {
      throw new AppError(
        "invalid_argument",
        `Cannot list deployments from cursor "${cursor}": it is none that was returned`,
        {
          hint: "Leave cursor out to start from the first page.",
        },
      );
    }
    const urls = new Map(records.endpoints().map((row) => [row.name, urlOf(row)]));
    let rows: DeploymentRow[];
    if (include_history) {
      const history = records.history(endpoint ?? null, offset, limit + 1);
      if (endpoint !== undefined && history.length === 0 && offset === 0) knownEndpoint(records, endpoint);
      rows = history;
    } else {
      const names = endpoint === undefined ? [...urls.keys()] : [knownEndpoint(records, endpoint).name];
      rows = names.flatMap((name) => {
        const [pending, current] = [
          records.pending(name),
          records.live(name) ?? records.history(name).find((row) => row.served_from !== null),
        ];
        return [pending, records.challenger(name), current].filter((row) =>
          row !== null && row !== undefined
        );
      }).sort((a, b) => a.created_at < b.created_at ? 1 : -1).slice(offset, offset + limit + 1);
    }
    return {
      deployments: rows.slice(0, limit).map((row) => toDeployment(row, urls.get(row.endpoint) ?? null)),
      events: include_history && offset === 0 ? records.events(endpoint ?? null, EVENTS) : [],
      next_cursor: rows.length > limit ? String(offset + limit) : null,
    };
  },
  text: ({ deployments }) =>
    deployments.length === 0
      ? "Nothing is deployed."
      : deployments.map((row) =>
        `${row.endpoint} v${row.version}: ${row.model_id}, ${row.status}${row.url ? `, ${row.url}` : ""}`
      ).join("\n"),
});
