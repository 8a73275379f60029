/** The seven steps of the workflow, in order, and what each is called when it is shown. */
export const STEPS = {
  find: "finding data",
  fetch: "fetching data",
  train: "training",
  validate: "validating",
  deploy: "deploying",
  test: "testing",
  watch: "watching",
} as const;

export type StepName = keyof typeof STEPS;
export const STEP_NAMES = Object.keys(STEPS) as StepName[];

export type StepStatusWord = "running" | "succeeded" | "refused" | "declined" | "failed" | "interrupted";

/** 1 to 7. */
export function positionOf(step: StepName): number {
  return STEP_NAMES.indexOf(step) + 1;
}
