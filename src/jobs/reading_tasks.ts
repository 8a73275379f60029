/** The TABLE of what runs inside a reading Worker: functions from the bytes of a table to data; see learning_tasks.ts. */
import { prepare } from "./tasks/prepare.ts";
import { profile } from "./tasks/profile.ts";

export const READING_TASKS = { prepare, profile };
