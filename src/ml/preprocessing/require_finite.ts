import type { Column } from "@/dataset/table.ts";
import { AppError } from "@/shared/errors.ts";

/** Beyond it a square overflows, and means and distances are no longer numbers. */
export const LARGEST = 1e150;

/** @throws AppError invalid_argument naming the column and the row of an infinite or huge number */
export function requireFinite(column: Column): void {
  if (column.storage !== "numeric") return;
  const { values } = column;
  for (let i = 0; i < values.length; i++) {
    if (Math.abs(values[i]) > LARGEST) {
      throw new AppError(
        "invalid_argument",
        `Cannot use column "${column.name}": row ${i + 1} holds ${values[i]}`,
        {
          hint:
            `Numbers must lie between -1e150 and 1e150. Leave the cell empty where the value is not known.`,
        },
      );
    }
  }
}
