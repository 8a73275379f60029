/** The TABLE of what is looked at before learning. A check is a function from data to findings: it decides nothing. */
import { checkStop } from "@/kernels/stop.ts";
import type { Table } from "../table.ts";
import { constantColumns } from "./constant_columns.ts";
import { datesAsText } from "./dates_as_text.ts";
import { duplicateColumns } from "./duplicate_columns.ts";
import { duplicateRows } from "./duplicate_rows.ts";
import { type Check, type Finding, type Found, SEVERITIES } from "./finding.ts";
import { groupLeakage } from "./group_leakage.ts";
import { identifiers } from "./identifiers.ts";
import { imbalance } from "./imbalance.ts";
import { knownAfterwards } from "./known_afterwards.ts";
import { mixedTypes } from "./mixed_types.ts";
import { mixedUnits } from "./mixed_units.ts";
import { type CheckOptions, subjectOf } from "./subject.ts";
import { targetCopy } from "./target_copy.ts";
import { targetFormula } from "./target_formula.ts";
import { targetLeakage } from "./target_leakage.ts";
import { timeOrder } from "./time_order.ts";
import { tooFewRows } from "./too_few_rows.ts";

export type { CheckOptions } from "./subject.ts";

/** Those that accuse a column of telling the target come first, the surest before the others. */
export const CHECKS: readonly Check[] = [
  targetCopy,
  knownAfterwards,
  targetLeakage,
  targetFormula,
  duplicateRows,
  groupLeakage,
  timeOrder,
  imbalance,
  tooFewRows,
  identifiers,
  constantColumns,
  duplicateColumns,
  mixedTypes,
  mixedUnits,
  datesAsText,
];

/** More findings of one check are told as one. */
const MAX_OF_A_CHECK = 10;

/**
 * What is wrong, or worth knowing, with a table: all findings, the gravest first. Statistics come from at most
 * 20,000 rows at even distances (fewer of a table with more than 400 columns).
 * @throws AppError not_found for a target that the table has not
 */
export function findProblems(table: Table, options: CheckOptions = {}): Finding[] {
  const subject = subjectOf(table, options);
  // What is known as a copy would be found again by every weaker check.
  const accused = new Set<string>();
  const findings: Finding[] = [];
  for (const check of CHECKS) {
    checkStop();
    const features = subject.features.filter(({ name }) => !accused.has(name));
    const found = check.find({ ...subject, features });
    for (const { severity, columns } of found) {
      if (severity === "error") columns.forEach((name) => accused.add(name));
    }
    findings.push(...joinMany(found).map((one) => ({ check: check.name, ...one })));
  }
  // Without them nothing is left to learn from: then this relation is the task.
  const isTask = subject.features.every(({ name }) => accused.has(name));
  return findings.map((one) => isTask && one.columns.length > 0 ? milder(one) : one)
    .sort((a, b) => rank(a) - rank(b));
}

function rank({ severity }: Found): number {
  return SEVERITIES.indexOf(severity);
}

function milder(finding: Finding): Finding {
  return finding.severity === "error" ? { ...finding, severity: "warning" } : finding;
}

function joinMany(found: Found[]): Found[] {
  if (found.length <= MAX_OF_A_CHECK) return found;
  const sorted = found.toSorted((a, b) => rank(a) - rank(b));
  const rest = sorted.slice(MAX_OF_A_CHECK - 1);
  const columns = [...new Set(rest.flatMap((one) => one.columns))];
  const shown = columns.slice(0, 20).map((name) => `"${name}"`).join(", ");
  return [...sorted.slice(0, MAX_OF_A_CHECK - 1), {
    severity: rest[0].severity,
    columns,
    message: `The same of ${columns.length} more columns: ${shown}${columns.length > 20 ? ", …" : ""}.`,
    evidence: { findings: rest.length },
    hint: rest[0].hint,
  }];
}
