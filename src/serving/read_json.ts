/** The body of a prediction request as JSON. */
import { AppError } from "@/shared/errors.ts";
import { HttpRequest, type Incoming } from "./http/request.ts";
import type { Replica } from "./replica_state.ts";
import { countNames, jsonFault, MAX_DEPTH } from "./json_fault.ts";

/** A client says with it how long it waits for the answer, in milliseconds from when its request came. */
const DEADLINE_HEADER = "x-request-timeout-ms";
/** A client of Triton says with it where the JSON ends and bytes begin (the binary tensor data extension). */
const BINARY_HEADER = "inference-header-content-length";

/**
 * The body of a prediction request, when it is its turn: the caller must compute at once.
 * @param untyped whether a body without a content type is taken for JSON, too
 * @throws AppError as readJson and Turns.take do
 */
export async function readPredictionBody(
  replica: Replica,
  request: Incoming,
  untyped = false,
): Promise<unknown> {
  const { turns, access: { settings } } = replica;
  const given = request.headers.get(DEADLINE_HEADER);
  const deadline_ms = given === null ? Infinity : deadlineOf(given);
  const text = await readText(request, settings.max_body_bytes, untyped);
  await turns.take(request instanceof HttpRequest ? request : {}, settings.max_waiting, deadline_ms);
  return parseJson(text);
}

/** Counted from now, when the head of the request has just come. */
function deadlineOf(given: string): number {
  if (/^\d{1,9}$/.test(given) && Number(given) > 0) return performance.now() + Number(given);
  throw new AppError("invalid_argument", `Cannot read the header ${DEADLINE_HEADER}: it is no time`, {
    hint: "Give whole milliseconds above 0, such as 250.",
  });
}

/** @throws AppError unsupported_media_type, payload_too_large, or those of HttpRequest.text */
async function readText(request: Incoming, max_bytes: number, untyped: boolean): Promise<string> {
  if (request.headers.get(BINARY_HEADER) !== null) {
    throw new AppError("unsupported_media_type", "Cannot read the body: it holds binary tensors", {
      hint: "Send tensors as JSON: in tritonclient, set_data_from_numpy(array, binary_data=False).",
    });
  }
  const type = request.headers.get("content-type");
  if (type !== "application/json" && !isJsonType(type) && !(untyped && type === null)) {
    throw new AppError(
      "unsupported_media_type",
      `Cannot read the body: its content type is ${type ?? "not given"}`,
      {
        hint: "Send JSON, with the header content-type: application/json.",
      },
    );
  }
  return await (request instanceof HttpRequest ? request.text(max_bytes) : request.text());
}

/** @throws AppError invalid_argument with line and column */
export function parseJson(text: string): unknown {
  // What stands for a byte that is no UTF-8. A value that is changed on its way must not be predicted from.
  if (text.includes("\ufffd")) {
    throw new AppError("invalid_argument", "Cannot read the body: it is not UTF-8 text", {
      hint: "JSON is sent as UTF-8 (RFC 8259).",
    });
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw notJson(text, error);
  }
  // JSON.parse keeps the last of two equal names; so a request could mean something else than it says.
  if (countNames(text) !== countKeys(value)) {
    const fault = jsonFault(text);
    if (fault) throw asError(fault);
  }
  return value;
}

function isJsonType(type: string | null): boolean {
  return type !== null && /^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i.test(type);
}

function notJson(text: string, error: unknown): AppError {
  if (text.trim() === "") {
    return new AppError("invalid_argument", "Cannot read the body: it is empty", {
      hint: 'Send {"rows": [{"column": value, …}]}.',
    });
  }
  const fault = jsonFault(text);
  return fault
    ? asError(fault)
    : new AppError("invalid_argument", `Cannot read the body as JSON: ${(error as Error).message}`);
}

function asError({ line, column, reason }: { line: number; column: number; reason: string }): AppError {
  return new AppError(
    "invalid_argument",
    `Cannot read the body as JSON: line ${line}, column ${column}: ${reason}`,
    {
      hint: "Mend the text there, and send it again.",
    },
  );
}

/** NaN, which equals nothing, for a value nested too deep. */
function countKeys(value: unknown, depth = 0): number {
  if (typeof value !== "object" || value === null) return 0;
  if (depth > MAX_DEPTH) return NaN;
  let keys = 0;
  if (Array.isArray(value)) {
    for (const item of value) if (typeof item === "object") keys += countKeys(item, depth + 1);
    return keys;
  }
  for (const key in value) {
    keys++;
    const inner = (value as Record<string, unknown>)[key];
    if (typeof inner === "object") keys += countKeys(inner, depth + 1);
  }
  return keys;
}
