/** A column as the target: what learning it would be, and how even its classes are. */
import { type Column, isMissing } from "../table.ts";
import { countValues, inferTask, type Task } from "../task.ts";
import type { Value } from "./column_profile.ts";

export interface TargetProfile {
  name: string;
  task: Task;
  missing: number;
  /** Classification only, as the rest: the most frequent first, at most 100. */
  classes?: { value: Value; count: number }[];
  classes_left_out?: number;
  /** Share of the largest class, 0 to 1: the accuracy of always saying it. */
  largest_share?: number;
  smallest_share?: number;
}

const MOST_CLASSES = 100;

export function profileTarget(column: Column, rows: number): TargetProfile {
  const task = inferTask(column);
  let missing = 0;
  for (let row = 0; row < rows; row++) if (isMissing(column, row)) missing++;
  const present = rows - missing;
  const about = { name: column.name, task, missing };
  if (task === "regression") return about;
  const counts = countValues(column);
  const classes = Array.from(counts, ([value, count]) => ({ value, count })).sort((a, b) =>
    b.count - a.count
  );
  const left = classes.length - MOST_CLASSES;
  return {
    ...about,
    classes: classes.slice(0, MOST_CLASSES),
    ...(left > 0 ? { classes_left_out: left } : {}),
    ...(present > 0
      ? {
        largest_share: classes[0].count / present,
        smallest_share: classes[classes.length - 1].count / present,
      }
      : {}),
  };
}
