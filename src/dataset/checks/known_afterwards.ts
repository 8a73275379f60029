/**
 * Values that are there only once the target is known: a column that is filled for one class alone
 * (`cancellation_date` of those who left) or for the highest targets alone, or a date that is later than all
 * others for one class alone.
 */
import { type Column, isMissing, type NumericColumn } from "../table.ts";
import { percent, rounded } from "./column_values.ts";
import type { Check, Found, Labels, Subject } from "./finding.ts";

const MIN_ROWS = 50;
const MIN_SIDE = 10;
const MAX_CLASSES = 50;
/** How far the sign alone tells one class from the rest: balanced accuracy, or the area under the curve. */
const TELLS = 0.95;
const HINTS = 0.9;
const TELLS_NUMBERS = 0.999;
/** Of the rows with the sign, in one class. */
const ONE_SIDED = 0.98;

export const knownAfterwards: Check = {
  name: "known_afterwards",
  title:
    "A column is filled, or its date is the latest, for one class alone: its values came after the event.",
  severity:
    "error when that alone tells the class, or a date is there for high targets alone; warning for less",
  remedy: "Exclude the column.",
  find({ features, labels, sample, target }) {
    if (!labels || !target || sample.length < MIN_ROWS) return [];
    const look = labels.task === "regression"
      ? (sign: Sign) => fromNumbers(sign, labels.y, target.name)
      : (sign: Sign) => labels.names.length > MAX_CLASSES ? null : fromClasses(sign, labels, target.name);
    const told = features.flatMap((column) => look(filled(column, sample)) ?? []);
    const known = new Set(told.flatMap(({ columns }) => columns));
    const dates = features.filter((column): column is NumericColumn =>
      column.type === "date" && !known.has(column.name)
    );
    if (dates.length < 2) return told;
    const late = dates.flatMap((column) => look(latest(column, dates, sample)) ?? []);
    // Where one date comes last for one class, another does for the rest: the surest is meant.
    late.sort((a, b) => skillOf(b) - skillOf(a));
    return [...told, ...late.slice(0, 1)];
  },
};

function skillOf({ evidence }: Found): number {
  return Number(evidence.balanced_accuracy ?? evidence.area_under_curve);
}

/** Something that holds for some rows: 1 where it does. */
interface Sign {
  column: Column;
  flags: Uint8Array;
  what: string;
}

function filled(column: Column, sample: Subject["sample"]): Sign {
  return {
    column,
    flags: Uint8Array.from(sample, (row) => isMissing(column, row) ? 0 : 1),
    what: "is filled",
  };
}

function latest(column: NumericColumn, dates: readonly NumericColumn[], sample: Subject["sample"]): Sign {
  const others = dates.filter((other) => other !== column);
  const isLatest = (row: number) => others.every((other) => column.values[row] > other.values[row]);
  return {
    column,
    flags: Uint8Array.from(sample, (row) => Number(isLatest(row))),
    what: "is the latest date",
  };
}

/** Null when the sign says little, or could by chance. */
function fromClasses(
  { column, flags, what }: Sign,
  { y, names }: Extract<Labels, { task: "classification" }>,
  target: string,
): Found | null {
  const n = flags.length;
  const rows = flags.reduce((sum, flag) => sum + flag, 0);
  if (rows < MIN_SIDE || n - rows < MIN_SIDE) return null;
  const inClass = new Float64Array(names.length);
  const all = new Float64Array(names.length);
  for (let i = 0; i < n; i++) {
    all[y[i]]++;
    inClass[y[i]] += flags[i];
  }
  // The class that the sign marks, or the one that it spares.
  const shares = inClass.map((k, c) => k / all[c]);
  const distance = (c: number) =>
    Math.min(all[c], n - all[c]) < MIN_SIDE ? 0 : Math.abs(shares[c] - (rows - inClass[c]) / (n - all[c]));
  const best = shares.reduce((at, _, c) => distance(c) > distance(at) ? c : at, 0);
  const skill = (1 + distance(best)) / 2;
  const most = inClass.indexOf(Math.max(...inClass));
  const share = inClass[most] / rows;
  const chance = rows * Math.log(all[most] / n);
  const isOneSided = share >= ONE_SIDED && chance < Math.log(1e-6) && shares[most] > 0.1 &&
    all[most] < 0.9 * n;
  if (skill < HINTS && !isOneSided) return null;
  const severity = skill >= TELLS ? "error" : "warning";
  const one = JSON.stringify(names[isOneSided ? most : best]);
  return {
    severity,
    columns: [column.name],
    message: isOneSided
      ? `"${column.name}" ${what} only where "${target}" is ${one} (${percent(share)} of ${rows} such rows).`
      : `Whether "${column.name}" ${what} tells in ${
        percent(skill)
      } of the cases whether "${target}" is ${one}.`,
    evidence: { balanced_accuracy: rounded(skill), rows, share_in_one_class: percent(share) },
    hint: `Values that are written after the event can't help to predict it: exclude "${column.name}".`,
  };
}

/** The sign divides the targets into high and low ones (nearly) without error. */
function fromNumbers({ column, flags, what }: Sign, y: Float64Array, target: string): Found | null {
  const n = flags.length;
  const rows = flags.reduce((sum, flag) => sum + flag, 0);
  if (rows < MIN_SIDE || n - rows < MIN_SIDE) return null;
  // The share of pairs, one row with the sign and one without, in which the former is higher; half for equal ones.
  const sorted = Uint32Array.from(y.keys()).sort((a, b) => y[a] - y[b]);
  let below = 0;
  let higher = 0;
  for (let from = 0; from < n;) {
    let to = from;
    let marked = 0;
    for (; to < n && y[sorted[to]] === y[sorted[from]]; to++) marked += flags[sorted[to]];
    const plain = to - from - marked;
    higher += marked * (below + plain / 2);
    below += plain;
    from = to;
  }
  const area = higher / (rows * (n - rows));
  const skill = Math.max(area, 1 - area);
  if (skill < TELLS_NUMBERS) return null;
  return {
    // Children have no income, whatever is to be predicted; but a date was written on that day.
    severity: column.type === "date" ? "error" : "warning",
    columns: [column.name],
    message: `"${column.name}" ${what} only where "${target}" is ${
      area > 0.5 ? "high" : "low"
    } (${rows} of ${n} rows).`,
    evidence: { area_under_curve: rounded(skill), rows },
    hint: `Values that are written after the event can't help to predict it: exclude "${column.name}".`,
  };
}
