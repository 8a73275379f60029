/** A Worker that compares, fits and validates, without any right. */
import { LEARNING_TASKS } from "./learning_tasks.ts";
import { serveTasks, type Task } from "./task_worker.ts";

serveTasks(LEARNING_TASKS as unknown as Record<string, Task>);
