/** JSON lines under <home>/logs, one file a mode, at most two of 8 MiB each; errors also go to stderr. */
import { join } from "node:path";

export type LogLevel = "debug" | "info" | "warn" | "error";
const ORDER: Record<LogLevel, number> = { debug: 0, info: 1, warn: 2, error: 3 };
const MAX_BYTES = 8 * 1024 * 1024;

export interface Log {
  debug(message: string, fields?: Record<string, unknown>): void;
  info(message: string, fields?: Record<string, unknown>): void;
  warn(message: string, fields?: Record<string, unknown>): void;
  error(message: string, error?: unknown, fields?: Record<string, unknown>): void;
}

/** @param folder where the file lies; null keeps the log off the disk */
export function openLog(folder: string | null, mode: string, level: LogLevel): Log {
  const path = folder ? join(folder, `${mode}.jsonl`) : null;
  const write = (severity: LogLevel, message: string, fields: Record<string, unknown>) => {
    if (ORDER[severity] < ORDER[level]) return;
    if (severity === "error") console.error(`mlmcp ${mode}: ${message}`);
    if (!path) return;
    const line = JSON.stringify({
      time: new Date().toISOString(),
      level: severity,
      mode,
      pid: Deno.pid,
      message,
      ...fields,
    });
    try {
      rotate(path);
      Deno.writeTextFileSync(path, line + "\n", { append: true, mode: 0o600 });
    } catch { /* a log that can't be written must not stop the work */ }
  };
  return {
    debug: (message, fields = {}) => write("debug", message, fields),
    info: (message, fields = {}) => write("info", message, fields),
    warn: (message, fields = {}) => write("warn", message, fields),
    error: (message, error, fields = {}) =>
      write("error", message, {
        ...fields,
        ...(error instanceof Error
          ? { error: error.message, stack: error.stack, cause: String(error.cause ?? "") }
          : {}),
      }),
  };
}

function rotate(path: string): void {
  try {
    if (Deno.statSync(path).size > MAX_BYTES) Deno.renameSync(path, `${path}.1`);
  } catch { /* no file yet */ }
}
