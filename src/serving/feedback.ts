/**
 * POST /feedback: what was true of rows that were predicted before, by the id of their request (x-request-id).
 * Any replica takes it; the supervisor, which hears from all of them, joins it with the predictions that it keeps.
 */
import { AppError } from "@/shared/errors.ts";
import type { FeedbackEntry } from "@/monitoring/watch_protocol.ts";
import { REQUEST_ID } from "./door.ts";
import { readPredictionBody } from "./read_json.ts";
import type { Replica } from "./replica_state.ts";
import { MOST_FEEDBACK } from "./watching.ts";

export interface FeedbackAnswer {
  /** Rows taken; whether each meets its prediction shows in the endpoint's status. */
  accepted: number;
  /** Only to callers who waited: of these, so many met their prediction. */
  matched?: number;
  /** The first of those that did not. */
  unmatched?: { request_id: string; row: number }[];
}

/** Longer than any look of the supervisor takes. */
const LONGEST_WAIT_S = 10;
const MOST_LISTED = 100;

const HINT =
  'Send {"request_id": "…", "actual": …}, with "row" (from 0) when the request had several; or {"rows": [ …the same… ]}.';

/** @throws AppError naming the entry and the rule; nothing of the request is taken then */
export async function feedback(replica: Replica, request: Request): Promise<FeedbackAnswer> {
  const body = await readPredictionBody(replica, request);
  const { rows } = record(body, "the body");
  if (rows !== undefined && (!Array.isArray(rows) || rows.length === 0)) {
    throw refuse('"rows" is no list of entries');
  }
  if (rows !== undefined && Object.keys(body as object).length > 1) {
    throw refuse('beside "rows" nothing may stand in the body');
  }
  const entries = rows === undefined
    ? [readEntry(replica, body, "the body")]
    : (rows as unknown[]).map((entry, i) => readEntry(replica, entry, `rows[${i}]`));
  if (entries.length > MOST_FEEDBACK) throw refuse(`there are more than ${MOST_FEEDBACK} rows`);
  const wait_s = waitOf(request.headers);
  if (wait_s > 0) return await waitFor(replica, entries, wait_s);
  if (!replica.watching.hear(entries)) throw noRoom();
  return { accepted: entries.length };
}

/** `Prefer: wait=5`, in seconds. Source: RFC 7240, section 4.3. */
function waitOf(headers: Headers): number {
  const wait = headers.get("prefer")?.match(/(?:^|[,;\s])wait=(\d{1,4})(?:$|[,;\s])/i);
  return wait ? Math.min(LONGEST_WAIT_S, Number(wait[1])) : 0;
}

async function waitFor(
  replica: Replica,
  entries: readonly FeedbackEntry[],
  wait_s: number,
): Promise<FeedbackAnswer> {
  const told = await replica.watching.hearOut(entries, wait_s * 1000);
  if (told === null) throw noRoom();
  if (told.includes(null)) return { accepted: entries.length };
  const unmatched = entries.filter((_, i) => !told[i]).map(({ request_id, row }) => ({ request_id, row }));
  if (unmatched.length === entries.length) {
    const [{ request_id, row }] = unmatched;
    throw new AppError(
      "not_found",
      `Cannot use the feedback: no prediction is kept of request "${request_id}", row ${row}` +
        (unmatched.length > 1 ? `, nor of the ${unmatched.length - 1} others` : ""),
      {
        hint:
          "Send the x-request-id of the prediction's answer. One that is old, or was labelled before, is not kept any more; of much traffic only some are.",
      },
    );
  }
  return {
    accepted: entries.length,
    matched: entries.length - unmatched.length,
    ...(unmatched.length > 0 ? { unmatched: unmatched.slice(0, MOST_LISTED) } : {}),
  };
}

function noRoom(): AppError {
  return new AppError("unavailable", "Cannot take the feedback now: too much of it waits to be read", {
    hint: "Send it again in a second.",
  });
}

function readEntry(replica: Replica, value: unknown, where: string): FeedbackEntry {
  const entry = record(value, where);
  const unknown = Object.keys(entry).find((key) => !["request_id", "row", "actual"].includes(key));
  if (unknown !== undefined) throw refuse(`${where} has a field ${shown(unknown)}`);
  const { request_id, row = 0, actual } = entry;
  if (typeof request_id !== "string" || !REQUEST_ID.test(request_id)) {
    throw refuse(`${where}.request_id is no id of a request, but ${shown(request_id)}`);
  }
  if (!Number.isSafeInteger(row) || (row as number) < 0) {
    throw refuse(`${where}.row is no number of a row, but ${shown(row)}`);
  }
  return { request_id, row: row as number, actual: readActual(replica, actual, where) };
}

/** Of any model that serves here: the request may have been answered by each of them. */
function readActual(replica: Replica, actual: unknown, where: string): string | number {
  const { name, classes } = replica.holder.current.signature.output;
  if (actual === undefined || actual === null) throw refuse(`${where}.actual is missing`);
  if (!classes) {
    if (typeof actual === "number" && Number.isFinite(actual)) return actual;
    throw refuse(`${where}.actual is ${shown(actual)}, and "${name}" is a number`);
  }
  const label = classes.find((label) => label === actual || String(label) === String(actual));
  if (label !== undefined) return label;
  const known = classes.slice(0, 20).map(shown).join(", ");
  throw refuse(`${where}.actual is ${shown(actual)}, and "${name}" has only the classes ${known}`);
}

function record(value: unknown, where: string): Record<string, unknown> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>;
  }
  throw refuse(`${where} is no object`);
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

function refuse(state: string): AppError {
  return new AppError("invalid_argument", `Cannot take the feedback: ${state}`, { hint: HINT });
}
