/** What a step gets to work with. */
import type { CommandLine } from "../command_line.ts";
import type { Asker } from "../ask.ts";
import type { AgentOptions } from "../options.ts";
import type { Folders } from "../planner/request_refs.ts";
import type { Reporter } from "../reporter.ts";
import type { Servers } from "../servers.ts";

export interface StepContext {
  run_id: string;
  request: string;
  options: AgentOptions;
  servers: Servers;
  reporter: Reporter;
  /** Null when there is nobody to ask. */
  asker: Asker | null;
  folders: Folders;
  commandLine: CommandLine;
  /** Aborted when the person interrupts. */
  signal: AbortSignal;
  clock: Clock;
  /** What this step has written down in an earlier try. */
  note: Record<string, unknown>;
  /** Writes something down that must survive the death of this process. */
  keep(note: Record<string, unknown>): void;
}

export interface Clock {
  /** Milliseconds. */
  now(): number;
  /** Returns early when the signal is aborted. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

/** What a step leaves in the journal, and the line that says it. */
export interface StepEnd<T> {
  result: T;
  text: string;
  /** The tool that did the main part, where it was not known before. */
  tool?: string | null;
}

/** For a call that tells how far it is. */
export function callOptions({ signal, reporter }: StepContext) {
  return {
    signal,
    progress: (done: number, total: number | undefined, message: string | undefined) =>
      reporter.progress(done, total ?? 0, message ?? ""),
  };
}
