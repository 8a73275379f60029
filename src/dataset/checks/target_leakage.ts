/**
 * One column that alone tells the target better than is plausible. Judged on rows that the single-column model
 * had not seen, and beside the next best column: where many columns are as good, the task is easy, not leaked.
 */
import type { Column } from "../table.ts";
import {
  correlation,
  countDistinct,
  filledPlaces,
  namesSomeone,
  percent,
  pick,
  ranksOf,
  rounded,
  valuesAt,
} from "./column_values.ts";
import type { Check, Found, Labels, Severity, Subject } from "./finding.ts";
import { classSkill, valueSkill } from "./single_feature.ts";
import { isThresholdRule } from "./threshold_rule.ts";

const MIN_ROWS = 50;
const MIN_ROWS_OF_CLASS = 8;
const MAX_CLASSES = 200;
const SUSPECT = 0.97;
const FEW_COLUMNS = 5;
const SURE_OF_NUMBERS = 0.995;
/** So much of the next best column's error must be gone. */
const ALONE = 10;
const NEARLY_ALONE = 4;

interface Scored {
  column: Column;
  skill: number;
}

export const targetLeakage: Check = {
  name: "target_leakage",
  title:
    "A column alone tells the target (nearly) without error on rows kept apart, far better than any other.",
  severity:
    "error when it is ten times as sure as the next best column; warning from four times, and where the classes are plain ranges of one of few columns",
  remedy: "Exclude it, if it is not known when predicting; else ignore_findings.",
  find({ features, labels, sample, target }) {
    if (!labels || !target || sample.length < MIN_ROWS) return [];
    if (labels.task === "classification" && !canJudge(labels)) return [];
    const usable = features.filter((column) => isJudged(column, sample, labels));
    const ranks = labels.task === "regression" ? ranksOf(labels.y) : null;
    const skills = usable.map((column): Scored => ({
      column,
      skill: labels.task === "classification"
        ? classSkill(column, sample, labels.y, labels.names.length)
        : numberSkill(column, sample, labels.y, ranks!),
    })).sort((a, b) => b.skill - a.skill);
    const suspects = skills.filter(({ skill }) => skill >= SUSPECT);
    // As many good columns as this are a clear case, not a leak.
    if (suspects.length === 0 || suspects.length > Math.max(1, usable.length / 4)) return [];
    const next = skills[suspects.length];
    const floor = labels.task === "classification" ? 1 / labels.names.length : 0;
    const rest = 1 - Math.max(next?.skill ?? floor, floor);
    // Of few columns, one that the classes are ranges of is the task rather than a slip.
    const isTask = (column: Column) =>
      usable.length <= FEW_COLUMNS && labels.task === "classification" &&
      isThresholdRule(column, sample, labels.y, labels.names.length);
    return suspects.flatMap((suspect) => {
      // No error in n rows is not no error.
      const gap = rest / Math.max(1 - suspect.skill, 0.5 / sample.length);
      const judged = severityOf(labels, suspect, gap, sample.length);
      const severity = judged === "error" && isTask(suspect.column) ? "warning" : judged;
      return severity ? [finding(suspect, target.name, labels, next, sample.length, severity)] : [];
    });
  },
};

function canJudge({ y, names }: Extract<Labels, { task: "classification" }>): boolean {
  if (names.length < 2 || names.length > MAX_CLASSES) return false;
  const counts = new Float64Array(names.length);
  for (const c of y) counts[c]++;
  return counts.filter((n) => n >= MIN_ROWS_OF_CLASS).length >= 2;
}

/** Many rare categories are learnt by heart, and names of someone repeat with their class: other checks see to them. */
function isJudged(column: Column, sample: Subject["sample"], labels: Labels): boolean {
  const few = fewFor(labels);
  if (namesSomeone(column) && countDistinct(column, sample) > few) return false;
  return column.storage === "numeric" || column.categories.length <= Math.max(few, sample.length / 10);
}

function severityOf(labels: Labels, { column, skill }: Scored, gap: number, rows: number): Severity | null {
  const isSure = labels.task === "regression"
    ? skill >= SURE_OF_NUMBERS
    : skill >= 0.999 || atLeast(skill, rows) >= 0.975;
  // A city tells its country, and that is no leak.
  const isFiner = column.storage === "coded" && column.categories.length > fewFor(labels);
  if (isSure && gap >= ALONE && !isFiner) return "error";
  return gap >= NEARLY_ALONE ? "warning" : null;
}

/** So many values are the classes in other words; more are something finer. */
function fewFor(labels: Labels): number {
  return Math.max(10, 3 * (labels.task === "classification" ? labels.names.length : 1));
}

/** Lower end of Wilson's 95 % interval of a share: what few rows leave open. */
function atLeast(share: number, n: number): number {
  const z = 1.96;
  const centre = share + z * z / (2 * n);
  return (centre - z * Math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))) / (1 + z * z / n);
}

/**
 * Explained variance by steps or by a line, the better of the two. The steps look at ranks, and the line at both,
 * so that a single huge row decides nothing. Two series that grow together explain each other without being the
 * same, so of a series the changes from row to row must agree too.
 */
function numberSkill(
  column: Column,
  sample: Subject["sample"],
  y: Float64Array,
  ranks: Float64Array,
): number {
  const steps = valueSkill(column, sample, ranks);
  if (column.storage !== "numeric") return steps;
  const all = valuesAt(column, sample);
  const kept = filledPlaces(all);
  if (kept.length < Math.max(MIN_ROWS, sample.length * 0.95)) return steps;
  const x = pick(all, kept);
  const t = pick(y, kept);
  const line = correlation(x, t) ** 2;
  const skill = Math.max(
    steps,
    line < 0.9 ? line : Math.min(line, correlation(ranksOf(x), ranksOf(t)) ** 2),
  );
  if (skill < 0.9) return skill;
  const drifts = correlation(t.subarray(1), t.subarray(0, -1)) > 0.8;
  return drifts ? Math.min(skill, correlation(changes(x), changes(t)) ** 2) : skill;
}

function changes(values: Float64Array): Float64Array {
  return Float64Array.from({ length: values.length - 1 }, (_, i) => values[i + 1] - values[i]);
}

function finding(
  { column, skill }: Scored,
  target: string,
  { task }: Labels,
  next: Scored | undefined,
  rows: number,
  severity: Severity,
): Found {
  const measure = task === "classification" ? "balanced_accuracy" : "r2";
  const said = task === "classification"
    ? `tells "${target}" right in ${percent(skill)} of the cases`
    : `explains ${percent(skill)} of the variance of "${target}"`;
  const other = next
    ? `; the next best column, "${next.column.name}", reaches ${percent(Math.max(0, next.skill))}`
    : "";
  return {
    severity,
    columns: [column.name],
    message: `"${column.name}" alone ${said}${other}.`,
    evidence: {
      [measure]: rounded(skill),
      ...(next ? { next_best: next.column.name, [`${measure}_of_next_best`]: rounded(next.skill) } : {}),
      rows_compared: rows,
    },
    hint: `Is "${column.name}" known when "${target}" is to be predicted? If not, exclude it.`,
  };
}
