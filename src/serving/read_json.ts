/** A request's body as JSON: its kind and size are checked while it is read, not after. */
import { AppError } from "@/shared/errors.ts";
import { notReady, type Replica } from "./replica_state.ts";
import { countNames, jsonFault, MAX_DEPTH } from "./json_fault.ts";

export const MAX_BODY_BYTES = 8 * 1024 * 1024;

/**
 * The body of a prediction request. While one is being read, the server must not be shut down: Deno 2.9 then
 * fails the reading (2.6 does not).
 * @throws AppError as readJson does, and unavailable when the server was shut down all the same
 */
export async function readPredictionBody(replica: Replica, request: Request): Promise<unknown> {
  replica.counters.reading++;
  try {
    return await readJson(request);
  } catch (error) {
    if (error instanceof AppError || replica.state !== "draining") throw error;
    throw notReady(replica);
  } finally {
    replica.counters.reading--;
  }
}

/**
 * @throws AppError unsupported_media_type, payload_too_large, or invalid_argument with line and column
 */
export async function readJson(request: Request): Promise<unknown> {
  const { headers } = request;
  const type = headers.get("content-type");
  if (type !== "application/json" && !isJsonType(type)) {
    throw new AppError(
      "unsupported_media_type",
      `Cannot read the body: its content type is ${type ?? "not given"}`,
      {
        hint: "Send JSON, with the header content-type: application/json.",
      },
    );
  }
  const text = await readText(request, headers.get("content-length"));
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

/**
 * A body that is too large is read on for a while, and thrown away: a client that is cut off in the midst of
 * sending sees a broken connection and never the reason (Python's urllib, among others).
 */
const MAX_DISCARDED_BYTES = 4 * MAX_BODY_BYTES;

async function readText(request: Request, length: string | null): Promise<string> {
  // The HTTP server itself holds a client to the length it has announced.
  if (length !== null && Number(length) <= MAX_BODY_BYTES) return await request.text();
  if (length !== null && Number(length) > MAX_DISCARDED_BYTES) throw tooLarge();
  const chunks: Uint8Array[] = [];
  let size = 0;
  if (request.body) {
    const reader = request.body.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      size += value.length;
      if (size <= MAX_BODY_BYTES) chunks.push(value);
      else chunks.length = 0;
      if (size > MAX_DISCARDED_BYTES) {
        reader.cancel().catch(() => {});
        break;
      }
    }
  }
  if (size > MAX_BODY_BYTES) throw tooLarge();
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return new TextDecoder().decode(bytes);
}

function tooLarge(): AppError {
  return new AppError(
    "payload_too_large",
    `Cannot read the body: it is larger than ${MAX_BODY_BYTES / 1048576} MiB`,
    {
      hint: "Send the rows in several requests.",
    },
  );
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
