/** What may be changed when a run is resumed: nothing that a finished step rests on. */
import { AppError } from "@/shared/errors.ts";
import type { KeptPlan, RunRow, StepRow } from "./journal.ts";
import { type AgentOptions, type OptionName, OPTIONS } from "./options.ts";
import type { StepName } from "./step_names.ts";

export function newOptions(kept: AgentOptions, given: Partial<AgentOptions>): AgentOptions {
  return { ...kept, ...given, param: { ...kept.param, ...given.param } };
}

/**
 * @returns the plan that the run goes on with; null: it is made again from the new options
 * @throws AppError failed_precondition naming the option and the step that rests on it
 */
export function checkResume(
  run: RunRow,
  steps: readonly StepRow[],
  given: Partial<AgentOptions>,
): KeptPlan | null {
  const fixed = (step: StepName) => {
    const row = steps.find((one) => one.step === step);
    // A job that was started may be running: it is as good as done.
    return row !== undefined && (row.status === "succeeded" || typeof row.note.job_id === "string");
  };
  let replan = false;
  for (const name of Object.keys(given) as OptionName[]) {
    const row = OPTIONS[name] as { fixed_by?: StepName };
    if (row.fixed_by === undefined) continue;
    if (JSON.stringify(given[name]) === JSON.stringify(run.options[name])) continue;
    if (fixed(row.fixed_by)) {
      throw new AppError(
        "failed_precondition",
        `Cannot change --${name.replaceAll("_", "-")} of ${run.run_id}: its step "${row.fixed_by}" is done`,
        { hint: "Start a new run with the option instead." },
      );
    }
    if (row.fixed_by === "train") replan = true;
  }
  return replan ? null : run.plan;
}
