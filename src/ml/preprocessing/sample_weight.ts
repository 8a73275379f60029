import type { Column } from "@/dataset/table.ts";
import { AppError } from "@/shared/errors.ts";
import { requireFinite } from "./require_finite.ts";

/**
 * The weights of the rows.
 * @returns (rows), each >= 0, with a sum above 0
 * @throws AppError invalid_argument for a column that is not numeric, a missing or negative weight, or all zeros
 */
export function readSampleWeight(column: Column): Float64Array {
  const fail = (state: string) =>
    new AppError("invalid_argument", `Cannot weigh rows by column "${column.name}": ${state}`, {
      hint: "Weights are numbers of 0 or more, one in every row, and not all 0.",
    });
  if (column.storage !== "numeric" || column.type === "date") throw fail(`it is of type ${column.type}`);
  requireFinite(column);
  let sum = 0;
  for (let i = 0; i < column.values.length; i++) {
    const weight = column.values[i];
    if (Number.isNaN(weight)) throw fail(`row ${i + 1} has no weight`);
    if (weight < 0) throw fail(`row ${i + 1} holds ${weight}`);
    sum += weight;
  }
  if (sum === 0) throw fail("every weight is 0");
  return column.values.slice();
}
