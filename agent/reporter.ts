/** Who is told how the run goes. */
import type { StepName, StepStatusWord } from "./step_names.ts";
import type { Assumption } from "./planner/plan.ts";

export interface Reporter {
  /** A step begins; `text` says what it is about to do. */
  stepStarted(step: StepName, text: string): void;
  /** How far it is. `total` is 0 when it is not known. */
  progress(done: number, total: number, message: string): void;
  /** A step has ended; `text` says what came of it. */
  stepEnded(step: StepName, status: StepStatusWord, text: string, duration_ms: number): void;
  /** A step that an earlier try has finished. */
  stepKept(step: StepName, text: string): void;
  assumed(assumption: Assumption): void;
  /** Something worth a line of its own. */
  note(text: string): void;
  close(): void;
}
