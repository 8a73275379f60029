/** `mlmcp agent runs`. */
import type { Journal } from "./journal.ts";
import { table } from "./terminal/table.ts";

const SHOWN = 200;

/** A table for people, or `{runs: [...]}`. */
export function listRuns(journal: Journal, json: boolean): string {
  const runs = journal.runs(SHOWN).map((row) => {
    const steps = journal.steps(row.run_id);
    const last = steps.at(-1);
    return {
      run_id: row.run_id,
      status: journal.statusNow(row),
      step: last?.step ?? null,
      request: row.request,
      created_at: row.created_at,
      updated_at: row.updated_at,
    };
  });
  if (json) return JSON.stringify({ runs }, null, 2) + "\n";
  if (runs.length === 0) return 'No runs yet. mlmcp agent "predict the species of a penguin" makes one.\n';
  return table([
    ["run", "status", "last step", "request"],
    ...runs.map((run) => [run.run_id, run.status, run.step ?? "", run.request]),
  ]) + "\n";
}
