/** How much memory a fit will take, from the table's shape alone: so that one that will not fit is refused before it starts. */
import type { Table } from "@/dataset/table.ts";
import { checkParams } from "./check_params.ts";
import type { Task } from "./estimator.ts";
import { estimatorOf } from "./estimators.ts";
import { ONE_HOT_MAX_CATEGORIES } from "./preprocessing/one_hot_encoder.ts";

export interface FitMemoryQuestion {
  algorithm: string;
  task: Task;
  params: Record<string, unknown>;
  target: string;
  /** 0 for regression. */
  n_classes: number;
  /** Columns named by the caller: identifiers and text among them are features then. */
  features?: readonly string[];
}

/** @returns bytes beside the table: the prepared matrix, and what the algorithm works with and learns */
export function fitMemory(table: Table, question: FitMemoryQuestion): number {
  const { algorithm, task, target, n_classes, features } = question;
  const estimator = estimatorOf(algorithm);
  const isOneHot = estimator.needs.categories === "one_hot";
  let cols = 0;
  for (const column of table.columns) {
    const isLeftOut = features
      ? !features.includes(column.name)
      : ["identifier", "text"].includes(column.type);
    if (column.name === target || isLeftOut) continue;
    if (column.storage === "numeric" || !isOneHot) cols++;
    else cols += Math.min(column.categories.length, ONE_HOT_MAX_CATEGORIES + 1);
  }
  const shape = { rows: table.rows, cols, n_classes };
  const matrix = table.rows * cols * 8;
  const params = checkParams(algorithm, task, question.params);
  return matrix + (estimator.memory?.(shape, params) ?? matrix);
}

/** @returns bytes that its columns take */
export function tableMemory({ columns }: Table): number {
  return columns.reduce(
    (sum, column) => sum + (column.storage === "numeric" ? column.values : column.codes).byteLength,
    0,
  );
}
