/** A Worker that reads tables, without any right. It loads no algorithm, so it is there in half the time. */
import { READING_TASKS } from "./reading_tasks.ts";
import { serveTasks, type Task } from "./task_worker.ts";

serveTasks(READING_TASKS as unknown as Record<string, Task>);
