/** How wide the prepared matrix of a table will be, before it is made. */
import type { Table } from "@/dataset/table.ts";
import type { Needs } from "../estimator.ts";
import { ONE_HOT_MAX_CATEGORIES } from "./one_hot_encoder.ts";

/**
 * @param features columns named by the caller: identifiers and text among them are features then
 * @returns columns, but for those that tell of missing values
 */
export function matrixColumns(
  table: Table,
  target: string,
  needs: Needs,
  features?: readonly string[],
): number {
  let cols = 0;
  for (const column of table.columns) {
    const isLeftOut = features
      ? !features.includes(column.name)
      : ["identifier", "text"].includes(column.type);
    if (column.name === target || isLeftOut) continue;
    if (column.storage === "numeric" || needs.categories === "native") cols++;
    else cols += Math.min(column.categories.length, ONE_HOT_MAX_CATEGORIES + 1);
  }
  return cols;
}
