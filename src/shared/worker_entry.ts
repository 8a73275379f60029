/**
 * The programs that run as Workers. `deno task compile` bundles each to `<name>.js` beside main.js;
 * from source they are the files below.
 */
import { sourceRoot } from "./self_command.ts";

export const WORKER_ENTRIES = {
  /** A command, narrowed to its rights. */
  command_worker: "command_worker.ts",
  /** Reading tables, fitting and validating: no rights at all. */
  learning_worker: "src/jobs/learning_worker.ts",
} as const;

export function workerUrl(name: keyof typeof WORKER_ENTRIES): string {
  const root = sourceRoot();
  return root === null
    ? new URL(`./${name}.js`, import.meta.url).href
    : new URL(WORKER_ENTRIES[name], `file://${root}`).href;
}
