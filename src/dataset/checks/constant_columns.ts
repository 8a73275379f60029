/** Columns that say nothing. */
import { type Column, isMissing } from "../table.ts";
import type { Check } from "./finding.ts";

export const constantColumns: Check = {
  name: "constant_column",
  title: "A column has one value in all rows, or none.",
  severity: "info",
  remedy: "Nothing; if it should vary, look at where the table comes from.",
  find: ({ columns, table }) =>
    table.rows < 2 ? [] : columns.filter(isConstant).map((column) => ({
      severity: "info",
      columns: [column.name],
      message: isMissing(column, 0)
        ? `"${column.name}" has no value at all.`
        : `"${column.name}" has one value in every row.`,
      evidence: { distinct: isMissing(column, 0) ? 0 : 1, rows: table.rows },
      hint: "It tells nothing. Was a filter set when the data was drawn?",
    })),
};

/** Ends at the first other value; a value beside a missing one counts as two. */
function isConstant(column: Column): boolean {
  if (column.storage === "coded") return column.codes.every((code) => code === column.codes[0]);
  return column.values.every((value) => Object.is(value, column.values[0]));
}
