/** Dates that were not read as dates: several forms, odd values among them, or 20240131 as a number. */
import type { CodedColumn, NumericColumn } from "../table.ts";
import { countCodes, nameWords, percent, valuesAt } from "./column_values.ts";
import type { Check, Found, Subject } from "./finding.ts";

const MOSTLY = 0.8;
const MIN_DISTINCT = 5;
const MONTH = "(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*";
const FORMS = [
  /^\d{4}[-/.]\d{1,2}[-/.]\d{1,2}(?:[T ].*)?$/,
  /^\d{1,2}[-/.]\d{1,2}[-/.](?:\d{4}|\d{2})(?:[ ,].*)?$/,
  new RegExp(`^\\d{1,2}(?:st|nd|rd|th)?[ -]${MONTH}[ ,-]+\\d{2,4}\\b.*$`, "i"),
  new RegExp(`^${MONTH}\\.?[ -]\\d{1,2}(?:st|nd|rd|th)?[ ,-]+\\d{2,4}\\b.*$`, "i"),
];
const DATE_WORDS = new Set(["date", "day", "dt", "datum", "fecha"]);

export const datesAsText: Check = {
  name: "date_as_text",
  title: "A column of dates is read as words or as plain numbers.",
  severity: "warning",
  remedy: "Write all dates as 2024-01-31 and leave unknown ones empty.",
  find: ({ columns, sample }) =>
    columns.flatMap((column) =>
      (column.storage === "coded" ? inWords(column) : asNumbers(column, sample)) ?? []
    ),
};

function inWords(column: CodedColumn): Found | null {
  const counts = countCodes(column);
  const byForm = new Float64Array(FORMS.length);
  let rows = 0;
  let distinct = 0;
  let odd = "";
  column.categories.forEach((text, code) => {
    if (counts[code] === 0) return;
    rows += counts[code];
    const form = FORMS.findIndex((pattern) => pattern.test(text.trim()));
    if (form >= 0) {
      byForm[form] += counts[code];
      distinct++;
    } else odd ||= text;
  });
  const dates = byForm.reduce((sum, n) => sum + n, 0);
  if (distinct < MIN_DISTINCT || dates < MOSTLY * rows) return null;
  return {
    severity: "warning",
    columns: [column.name],
    message: `"${column.name}" is read as words, though ${
      percent(dates / rows)
    } of its values look like dates${odd === "" ? "" : `; ${JSON.stringify(odd.slice(0, 30))} does not`}.`,
    evidence: { dates: percent(dates / rows), forms: byForm.filter((n) => n > 0).length },
    hint: "Write all dates as 2024-01-31 and leave unknown ones empty.",
  };
}

function asNumbers(column: NumericColumn, sample: Subject["sample"]): Found | null {
  if (column.type === "date" || !nameWords(column.name).some((word) => DATE_WORDS.has(word))) return null;
  const values = valuesAt(column, sample).filter((value) => !Number.isNaN(value));
  if (values.length === 0 || new Set(values).size < MIN_DISTINCT || !values.every(isDay)) return null;
  return {
    severity: "warning",
    columns: [column.name],
    message: `"${column.name}" holds days written as numbers, such as ${values[0]}.`,
    evidence: { form: "yyyymmdd", rows: values.length },
    hint: "Write them as 2024-01-31: as plain numbers their distances mean nothing.",
  };
}

function isDay(value: number): boolean {
  const [month, day] = [Math.floor(value / 100) % 100, value % 100];
  return Number.isInteger(value) && value >= 19000101 && value <= 21001231 &&
    month >= 1 && month <= 12 && day >= 1 && day <= 31;
}
