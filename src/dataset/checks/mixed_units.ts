/** Measures with units in the cells ("12 kg", "26 lb"), or two clouds of numbers a known factor apart. */
import type { CodedColumn, NumericColumn } from "../table.ts";
import { countCodes, percent, rounded, valuesAt } from "./column_values.ts";
import type { Check, Found, Subject } from "./finding.ts";

const MEASURE = /^\s*[+-]?\d+(?:[.,]\d+)*\s*([\p{L}°µ"'/²³]{1,10})\.?\s*$/u;
const MOSTLY = 0.8;
const LEAST_SHARE = 0.02;
const MIN_SIDE = 20;
const MIN_DISTINCT = 10;
/** More "units" than this are words: house numbers, product names. */
const MAX_UNITS = 6;
/** Thousands, and units of length, weight and volume that get mixed up. */
const FACTORS: Record<string, number> = {
  "1000": 1000,
  "100": 100,
  "10": 10,
  "2.54 (inch, cm)": 2.54,
  "25.4 (inch, mm)": 25.4,
  "2.205 (kg, lb)": 2.20462,
  "3.281 (m, ft)": 3.28084,
  "453.6 (lb, g)": 453.592,
  "1.609 (mile, km)": 1.60934,
};
/** On the logarithm. */
const NEAR = 0.08;

export const mixedUnits: Check = {
  name: "mixed_units",
  title: "A column holds measures in several units, or its numbers carry a unit and are read as words.",
  severity: "warning",
  remedy: "Bring them to one unit, and write only the number.",
  find: ({ columns, sample }) =>
    columns.flatMap((column) => {
      if (column.storage === "coded") return written(column) ?? [];
      return column.type === "number" ? clouds(column, sample) ?? [] : [];
    }),
};

function written(column: CodedColumn): Found | null {
  if (column.categories.length < MIN_DISTINCT) return null;
  const counts = countCodes(column);
  const units = new Map<string, number>();
  let rows = 0;
  let measures = 0;
  column.categories.forEach((text, code) => {
    rows += counts[code];
    const unit = MEASURE.exec(text)?.[1].toLowerCase();
    if (unit === undefined) return;
    measures += counts[code];
    units.set(unit, (units.get(unit) ?? 0) + counts[code]);
  });
  const used = Array.from(units).filter(([, n]) => n >= Math.max(2, LEAST_SHARE * rows)).sort((a, b) =>
    b[1] - a[1]
  );
  if (measures < MOSTLY * rows || used.length === 0 || used.length > MAX_UNITS) return null;
  const shown = used.map(([unit, n]) => `${unit} (${n} rows)`).join(", ");
  return {
    severity: "warning",
    columns: [column.name],
    message: used.length > 1
      ? `"${column.name}" holds measures in ${used.length} units: ${shown}.`
      : `"${column.name}" is read as words, since its numbers carry a unit: ${shown}.`,
    evidence: { units: used.map(([unit]) => unit).join(", "), measures: percent(measures / rows) },
    hint: used.length > 1
      ? "Convert them to one unit and leave the unit out of the cells."
      : "Write only the number, with the unit in the column's name.",
  };
}

/** Two clouds with a wide empty gap, of the same shape once one is divided by the factor. */
function clouds(column: NumericColumn, sample: Subject["sample"]): Found | null {
  const logs = valuesAt(column, sample).filter((value) => value > 0).sort();
  if (logs.length < sample.length * 0.9 || logs.length < 2 * MIN_SIDE) return null;
  for (let i = 0; i < logs.length; i++) logs[i] = Math.log(logs[i]);
  let at = 0;
  let gap = 0;
  for (let i = MIN_SIDE; i <= logs.length - MIN_SIDE; i++) {
    if (logs[i] - logs[i - 1] > gap) [at, gap] = [i, logs[i] - logs[i - 1]];
  }
  const [low, high] = [logs.subarray(0, at), logs.subarray(at)];
  if (Math.min(low.length, high.length) < LEAST_SHARE * logs.length) return null;
  const spread = (side: Float64Array) =>
    side[Math.floor(side.length * 0.9)] - side[Math.floor(side.length * 0.1)];
  const [a, b] = [spread(low), spread(high)];
  if (a === 0 || b === 0 || a / b > 1.5 || b / a > 1.5 || gap < Math.max(a, b) / 2) return null;
  if (new Set(low).size < MIN_DISTINCT || new Set(high).size < MIN_DISTINCT) return null;
  const distance = high[high.length >> 1] - low[low.length >> 1];
  const match = Object.entries(FACTORS).find(([, factor]) => Math.abs(distance - Math.log(factor)) < NEAR);
  if (!match) return null;
  return {
    severity: "warning",
    columns: [column.name],
    message: `The values of "${column.name}" lie in two clouds of one shape, a factor of about ${
      match[0]
    } apart.`,
    evidence: { factor: rounded(Math.exp(distance)), rows_low: low.length, rows_high: high.length },
    hint: "Look whether two units were mixed, and convert them to one.",
  };
}
