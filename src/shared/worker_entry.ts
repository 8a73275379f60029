/**
 * The programs that run as Workers. `deno task compile` bundles main.ts and these, with the same paths and `.js`;
 * what they share goes to chunks beside main.js, and this module is in one of them.
 */
import { sourceRoot } from "./self_command.ts";

export const WORKER_ENTRIES = {
  /** A command, narrowed to its rights. */
  command_worker: "command_worker.ts",
  /** Reading tables: no rights at all. */
  reading_worker: "src/jobs/reading_worker.ts",
  /** Fitting and validating: no rights at all. */
  learning_worker: "src/jobs/learning_worker.ts",
  /** Measuring on sealed rows: the right to read that one file. */
  validating_worker: "src/jobs/validating_worker.ts",
} as const;

export function workerUrl(name: keyof typeof WORKER_ENTRIES): string {
  const root = sourceRoot();
  return root === null
    ? new URL(`./${WORKER_ENTRIES[name].replace(/\.ts$/, ".js")}`, import.meta.url).href
    : new URL(WORKER_ENTRIES[name], `file://${root}`).href;
}
