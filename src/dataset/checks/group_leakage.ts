/** Rows of one person or thing on both sides of a random split: the model knows whom it is tested on. */
import type { Column, Table } from "../table.ts";
import { countDistinct, namesSomeone, ranksOf, rounded, valuesAt } from "./column_values.ts";
import type { Check, Found, Subject } from "./finding.ts";

const MIN_ROWS = 50;
const MIN_GROUPS = 10;
const MIN_SIZE = 1.5;
const MAX_ROWS = 20_000;
/** How much more alike the targets of one group are than those of any rows: 0 not at all, 1 equal. */
const ALIKE = 0.5;
const EQUAL = 0.95;

export const groupLeakage: Check = {
  name: "group_leakage",
  title:
    "Rows of one patient, customer or the like share their target, and a random split puts them on both sides.",
  severity: "error when the target is (nearly) the same in all rows of one; warning from half as alike",
  remedy: "Validate with method group and that column.",
  find(subject) {
    const { table, target, task, method } = subject;
    if (!target || !task || method === "group" || method === "time" || table.rows < MIN_ROWS) return [];
    return table.columns.filter((column) => column !== target && mayNameGroups(column))
      .flatMap((column) => judge(column, target, subject) ?? []);
  },
};

const CODE = /^[\p{L}]{0,6}[-_ #]?\d{2,}$/u;

/** Named as people name someone, or made of codes such as P-0012. */
function mayNameGroups(column: Column): boolean {
  if (column.type === "date") return false;
  if (namesSomeone(column)) return true;
  return column.storage === "coded" && column.type === "category" && column.categories.length >= MIN_GROUPS &&
    column.categories.slice(0, 200).every((text) => CODE.test(text));
}

function judge(column: Column, target: Column, { table, task }: Subject): Found | null {
  const rows = wholeGroups(column, target, table);
  const groups = countDistinct(column, rows);
  const size = rows.length / Math.max(1, groups);
  if (groups < MIN_GROUPS || size < MIN_SIZE) return null;
  const alike = task === "classification"
    ? classesAlike(column, target, rows)
    : valuesAlike(column, target, rows);
  if (alike < ALIKE) return null;
  return {
    severity: alike >= EQUAL ? "error" : "warning",
    columns: [column.name],
    message:
      `Rows of one "${column.name}" mostly share their "${target.name}", and a random split puts them on both sides.`,
    evidence: { groups, rows_per_group: rounded(size), agreement: rounded(alike) },
    hint: `Keep each on one side: validation {method: "group", column: "${column.name}"}.`,
  };
}

/** All rows of some groups, about 20,000 in all: rows at even distances would tear the groups apart. */
function wholeGroups(column: Column, target: Column, { rows }: Table): Uint32Array {
  const keys = column.storage === "numeric" ? column.values : column.codes;
  const isThere = (row: number) =>
    (column.storage === "numeric" ? !Number.isNaN(keys[row]) : keys[row] >= 0) &&
    (target.storage === "numeric" ? !Number.isNaN(target.values[row]) : target.codes[row] >= 0);
  const kept = Math.min(1, MAX_ROWS / rows) * 2 ** 32;
  const chosen: number[] = [];
  for (let row = 0; row < rows; row++) {
    if ((Math.imul(keys[row] ^ 0x5bd1e995, 0x9e3779b1) >>> 0) < kept && isThere(row)) chosen.push(row);
  }
  return Uint32Array.from(chosen);
}

/** How much more often two rows of a group agree than two of all rows. */
function classesAlike(column: Column, target: Column, rows: Uint32Array): number {
  const keys = valuesAt(column, rows);
  const classes = valuesAt(target, rows);
  const groups = new Map<number, Map<number, number>>();
  const all = new Map<number, number>();
  for (let i = 0; i < keys.length; i++) {
    if (!groups.has(keys[i])) groups.set(keys[i], new Map());
    const own = groups.get(keys[i])!;
    own.set(classes[i], (own.get(classes[i]) ?? 0) + 1);
    all.set(classes[i], (all.get(classes[i]) ?? 0) + 1);
  }
  let pairs = 0;
  let same = 0;
  for (const own of groups.values()) {
    let n = 0;
    for (const k of own.values()) {
      n += k;
      same += k * (k - 1);
    }
    pairs += n * (n - 1);
  }
  let chance = 0;
  for (const n of all.values()) chance += (n / keys.length) ** 2;
  return pairs === 0 || chance === 1 ? 0 : (same / pairs - chance) / (1 - chance);
}

/** The intraclass correlation of the ranks (Fisher), one way. */
function valuesAlike(column: Column, target: Column, rows: Uint32Array): number {
  const y = ranksOf(valuesAt(target, rows));
  const keys = valuesAt(column, rows);
  const groups = new Map<number, { n: number; sum: number }>();
  let total = 0;
  for (let i = 0; i < y.length; i++) {
    const own = groups.get(keys[i]) ?? { n: 0, sum: 0 };
    groups.set(keys[i], { n: own.n + 1, sum: own.sum + y[i] });
    total += y[i];
  }
  const n = y.length;
  const k = groups.size;
  if (n === k) return 0;
  let between = 0;
  let squares = 0;
  for (const own of groups.values()) {
    between += own.n * (own.sum / own.n - total / n) ** 2;
    squares += own.n ** 2;
  }
  let within = 0;
  for (let i = 0; i < n; i++) {
    const own = groups.get(keys[i])!;
    within += (y[i] - own.sum / own.n) ** 2;
  }
  const meanBetween = between / (k - 1);
  const meanWithin = within / (n - k);
  const size = (n - squares / n) / (k - 1);
  const whole = meanBetween + (size - 1) * meanWithin;
  return whole > 0 ? (meanBetween - meanWithin) / whole : 0;
}
