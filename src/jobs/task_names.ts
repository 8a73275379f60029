/** The types of all tasks, and which Worker each is for; of the tasks themselves nothing is loaded here. */
import type { LEARNING_TASKS } from "./learning_tasks.ts";
import type { READING_TASKS } from "./reading_tasks.ts";

type Tasks = typeof READING_TASKS & typeof LEARNING_TASKS;

/** Tells how far a task is: steps done of all, and the score so far where there is one. */
export type Report = (done: number, total: number, score?: number) => void;

export type TaskName = keyof Tasks;
export type TaskInput<N extends TaskName> = Parameters<Tasks[N]>[0];
type TaskOutputs = { [N in TaskName]: Awaited<ReturnType<Tasks[N]>> };
export type TaskOutput<N extends TaskName> = TaskOutputs[N];

export type WorkerKind = "reading_worker" | "learning_worker";

export const WORKER_OF: Readonly<
  & Record<keyof typeof READING_TASKS, "reading_worker">
  & Record<keyof typeof LEARNING_TASKS, "learning_worker">
> = {
  prepare: "reading_worker",
  profile: "reading_worker",
  compare: "learning_worker",
  fit: "learning_worker",
  evaluate: "learning_worker",
  inspect: "learning_worker",
};
