/**
 * The errors a person can act on.
 *
 * One grammar: "Cannot <action> <object>: <state now>", and a hint that says what to do next.
 * The code (gRPC's words) decides the HTTP status and whether trying again can help.
 */

/** gRPC's canonical codes, as snake_case, with the HTTP status each becomes and whether a retry can help. */
export const ERROR_CODES = {
  cancelled: { http: 499, retry: false },
  invalid_argument: { http: 400, retry: false },
  deadline_exceeded: { http: 504, retry: true },
  not_found: { http: 404, retry: false },
  already_exists: { http: 409, retry: false },
  permission_denied: { http: 403, retry: false },
  unauthenticated: { http: 401, retry: false },
  resource_exhausted: { http: 429, retry: true },
  failed_precondition: { http: 409, retry: false },
  aborted: { http: 409, retry: true },
  out_of_range: { http: 400, retry: false },
  payload_too_large: { http: 413, retry: false },
  unsupported_media_type: { http: 415, retry: false },
  unimplemented: { http: 501, retry: false },
  internal: { http: 500, retry: false },
  unavailable: { http: 503, retry: true },
  data_loss: { http: 500, retry: false },
} as const;

export type ErrorCode = keyof typeof ERROR_CODES;

/** How an error looks on every wire. */
export interface WireError {
  code: ErrorCode;
  message: string;
  hint: string;
}

/** An error with a way out. Anything else that is thrown is a defect of ours and is shown as `internal`. */
export class AppError extends Error {
  override readonly name = "AppError";
  readonly code: ErrorCode;
  readonly hint: string;
  constructor(code: ErrorCode, message: string, options: { hint?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint ?? "";
  }
}

/** The wire form of anything thrown; an unexpected error keeps its text in the log, not on the wire. */
export function toWireError(error: unknown): WireError {
  if (error instanceof AppError) return { code: error.code, message: error.message, hint: error.hint };
  return databaseFault(error) ?? {
    code: "internal",
    message: "Cannot finish the request: an unexpected error inside mlmcp",
    hint: "The log under <home>/logs has the details. Please report it with those lines.",
  };
}

/**
 * What the machine did to the state database, by SQLite's texts (sqlite3_errstr): Deno's `exec` throws without a
 * result code.
 */
const DATABASE_FAULTS: readonly { when: RegExp; code: ErrorCode; state: string; hint: string }[] = [
  {
    when: /is full/,
    code: "resource_exhausted",
    state: "the disk is full",
    hint: "Free some disk space, and try again.",
  },
  {
    when: /readonly/,
    code: "permission_denied",
    state: "it can't be written",
    hint: "Give this user the right to write the home folder, or choose another with --home.",
  },
  {
    when: /is locked/,
    code: "aborted",
    state: "other processes keep it busy",
    hint: "Try again in a moment.",
  },
  {
    when: /disk I\/O/,
    code: "unavailable",
    state: "the disk did not read or write",
    hint: "Look whether the disk is full or broken, and try again.",
  },
  {
    when: /malformed|not a database/,
    code: "data_loss",
    state: "the file is damaged",
    hint: "Move it away (models and data sets stay) and start again.",
  },
];

function databaseFault(error: unknown): WireError | null {
  if (!(error instanceof Error) || (error as { code?: unknown }).code !== "ERR_SQLITE_ERROR") return null;
  const fault = DATABASE_FAULTS.find(({ when }) => when.test(error.message));
  return fault
    ? {
      code: fault.code,
      message: `Cannot use the state database (<home>/state.db): ${fault.state}`,
      hint: fault.hint,
    }
    : null;
}

/** An AppError again, from its wire form (an answer of a server, a message of a Worker). */
export function fromWireError(wire: WireError): AppError {
  return new AppError(wire.code in ERROR_CODES ? wire.code : "internal", wire.message, { hint: wire.hint });
}
