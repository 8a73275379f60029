/** Tables and classes that are too small to trust a score. */
import { type Column, isMissing } from "../table.ts";
import { countValues } from "../task.ts";
import type { Check, Found } from "./finding.ts";

const FEW_ROWS = 50;
const FEW_OF_CLASS = 5;

export const tooFewRows: Check = {
  name: "too_few_rows",
  title: "The table, a class, or the rows for the number of columns are too few to trust a score.",
  severity: "warning",
  remedy: "Bring more rows, name the features that matter, or join rare classes.",
  find({ target, task, features }) {
    if (!target) return [];
    const rows = countFilled(target);
    const found: Found[] = [];
    if (rows < FEW_ROWS) {
      found.push({
        severity: "warning",
        columns: [],
        message: `Only ${rows} rows have a target: any score is mostly chance.`,
        evidence: { rows },
        hint: "Bring more rows; a few hundred are a start.",
      });
    }
    if (features.length > rows) {
      found.push({
        severity: "warning",
        columns: [],
        message: `There are more columns (${features.length}) than rows (${rows}).`,
        evidence: { rows, columns: features.length },
        hint: "Name the features that matter, or choose a linear model with a strong penalty.",
      });
    }
    const counts = task === "classification" ? Array.from(countValues(target)) : [];
    const rare = counts.filter(([, n]) => n < FEW_OF_CLASS);
    if (rare.length > 0) {
      const shown = rare.slice(0, 5).map(([value, n]) => `${JSON.stringify(String(value))} ${n}`).join(", ");
      found.push({
        severity: "warning",
        columns: [target.name],
        message: `${rare.length} of ${counts.length} classes have fewer than ${FEW_OF_CLASS} rows: ${shown}${
          rare.length > 5 ? ", …" : ""
        }.`,
        evidence: { classes: rare.length, fewest_rows: Math.min(...rare.map(([, n]) => n)) },
        hint: "Join rare classes, leave them out, or bring more rows of them.",
      });
    }
    return found;
  },
};

function countFilled(column: Column): number {
  const { length } = column.storage === "numeric" ? column.values : column.codes;
  let filled = 0;
  for (let row = 0; row < length; row++) if (!isMissing(column, row)) filled++;
  return filled;
}
