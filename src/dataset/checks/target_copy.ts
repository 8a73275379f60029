/** Columns that say the target in other words: copies, renamed classes, other units, other scales. */
import { type Column, isMissing } from "../table.ts";
import { correlation, filledPlaces, percent, pick, ranksOf, valuesAt } from "./column_values.ts";
import type { Check, Found, Labels, Subject } from "./finding.ts";

/** Below so many rows a perfect relation may be chance, or the law of a small experiment. */
const MIN_ROWS = 20;
const MIN_ROWS_OF_RANKS = 50;
/** Of the rows, that a column must tell: a copy may have holes. */
const MIN_FILLED = 0.5;
/** A number with fewer values has too few ranks to compare. */
const MIN_DISTINCT = 10;

export const targetCopy: Check = {
  name: "target_copy",
  title: "A column is the target again: copied, with other names for the classes, or on another scale.",
  severity: "error; warning where both only grow from row to row, as time does",
  remedy: "Exclude the column, unless it is truly known when predicting.",
  find({ features, labels, sample, target }) {
    if (!labels || !target || sample.length < MIN_ROWS) return [];
    if (labels.task === "regression" && new Set(labels.y).size < MIN_DISTINCT) return [];
    return features.flatMap((column) => {
      const relation = labels.task === "classification"
        ? renamed(column, labels, sample)
        : rescaled(column, labels.y, sample);
      return relation ? [finding(column, target, relation, sample.length)] : [];
    });
  },
};

interface Relation {
  how: string;
  rows: number;
  certain: boolean;
}

function finding(column: Column, target: Column, { how, rows, certain }: Relation, all: number): Found {
  return {
    severity: certain ? "error" : "warning",
    columns: [column.name],
    message: `"${column.name}" is the target "${target.name}" again: ${how}.`,
    evidence: { relation: how, rows_compared: rows, filled: percent(rows / all) },
    hint: `Exclude "${column.name}", unless it is truly known when "${target.name}" is to be predicted.`,
  };
}

/** Each value goes with one class, and each class with one value. */
function renamed(
  column: Column,
  { y, names }: Extract<Labels, { task: "classification" }>,
  sample: Subject["sample"],
): Relation | null {
  const values = column.storage === "numeric" ? column.values : column.codes;
  const classOf = new Map<number, number>();
  const valueOf = new Map<number, number>();
  const counts = new Float64Array(names.length);
  let filled = 0;
  for (let i = 0; i < sample.length; i++) {
    if (isMissing(column, sample[i])) continue;
    const value = values[sample[i]];
    if ((classOf.get(value) ?? y[i]) !== y[i] || (valueOf.get(y[i]) ?? value) !== value) return null;
    classOf.set(value, y[i]);
    valueOf.set(y[i], value);
    counts[y[i]]++;
    filled++;
  }
  // A class with a single row fits any name.
  if (filled < sample.length * MIN_FILLED || counts.filter((n) => n >= 5).length < 2) return null;
  const same = column.storage === "coded" &&
    Array.from(classOf).every(([value, c]) => column.categories[value] === names[c]);
  const how = same ? "the same values" : `each of its ${valueOf.size} values stands for one class`;
  return { how, rows: filled, certain: true };
}

/** A straight line, or the same order. */
function rescaled(column: Column, y: Float64Array, sample: Subject["sample"]): Relation | null {
  if (column.storage !== "numeric") return null;
  const all = valuesAt(column, sample);
  const kept = filledPlaces(all);
  const rows = kept.length;
  if (rows < MIN_ROWS || rows < sample.length * MIN_FILLED) return null;
  const x = pick(all, kept);
  const t = pick(y, kept);
  if (1 - Math.abs(correlation(x, t)) < 1e-12) {
    const same = x.every((value, i) => value === t[i]);
    return { how: same ? "the same values" : "the same values on another scale", rows, certain: true };
  }
  if (rows < MIN_ROWS_OF_RANKS || !sameOrder(x, t)) return null;
  const order = correlation(ranksOf(x), ranksOf(t));
  if (1 - Math.abs(order) > 1e-9) return null;
  // What only grows from row to row, as years do, has the order of all else that only grows.
  const certain = !isMonotone(x) && new Set(x).size > 2 * MIN_DISTINCT;
  return { how: `it puts the rows in the ${order > 0 ? "same" : "opposite"} order`, rows, certain };
}

/** Whether no step from a row to the next speaks against it: that tells most columns apart without sorting. */
function sameOrder(x: Float64Array, t: Float64Array): boolean {
  let direction = 0;
  for (let i = 1; i < x.length; i++) {
    const step = Math.sign(x[i] - x[i - 1]) * Math.sign(t[i] - t[i - 1]);
    if (step !== 0 && direction !== 0 && step !== direction) return false;
    direction = step || direction;
  }
  return true;
}

function isMonotone(x: Float64Array): boolean {
  let up = 0;
  let down = 0;
  for (let i = 1; i < x.length; i++) {
    if (x[i] > x[i - 1]) up++;
    else if (x[i] < x[i - 1]) down++;
  }
  return up === 0 || down === 0;
}
