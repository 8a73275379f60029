/** Columns of words most of whose values are numbers: "12", "13", "unknown", or "$1,234". */
import type { Column } from "../table.ts";
import { countCodes, percent } from "./column_values.ts";
import type { Check, Found } from "./finding.ts";

const MOSTLY = 0.8;
/** Few different numbers are levels, such as 0, 1, 2, 3+. */
const MIN_NUMBERS = 10;

export const mixedTypes: Check = {
  name: "mixed_types",
  title:
    "A column of numbers is read as words: some values are none, or they carry signs for money or per cent.",
  severity: "warning",
  remedy: "Empty the cells that mean missing; write plain numbers.",
  find: ({ columns }) => columns.flatMap((column) => judge(column) ?? []),
};

function judge(column: Column): Found | null {
  if (column.storage !== "coded" || column.type === "boolean") return null;
  const counts = countCodes(column);
  let [rows, numbers, different] = [0, 0, 0];
  let example = "";
  const odd: { value: string; rows: number }[] = [];
  column.categories.forEach((text, code) => {
    const n = counts[code];
    if (n === 0) return;
    rows += n;
    if (NUMBER.test(text)) {
      numbers += n;
      different++;
      example ||= text;
    } else odd.push({ value: text, rows: n });
  });
  if (different < MIN_NUMBERS || numbers < MOSTLY * rows) return null;
  odd.sort((a, b) => b.rows - a.rows);
  const shown = odd.slice(0, 5).map(({ value }) => JSON.stringify(value.slice(0, 30))).join(", ");
  return {
    severity: "warning",
    columns: [column.name],
    message: odd.length > 0
      ? `"${column.name}" is read as words, though ${
        percent(numbers / rows)
      } of its values are numbers: ${shown}${odd.length > 5 ? ", …" : ""} ${
        odd.length > 1 ? "are" : "is"
      } none.`
      : `"${column.name}" is read as words, though all its values are numbers, such as ${
        JSON.stringify(example)
      }.`,
    evidence: {
      numbers: percent(numbers / rows),
      other_values: odd.length,
      rows_with_others: rows - numbers,
    },
    hint: odd.length > 0
      ? "Empty these cells where they mean missing, or write them as numbers."
      : "Write plain numbers: no signs for money or per cent, no commas between thousands.",
  };
}

const NUMBER = /^\s*[+-]?[$€£¥]?\s*(\d+([.,]\d+)*|[.,]\d+)([eE][+-]?\d+)?\s*[%€]?\s*$/;
