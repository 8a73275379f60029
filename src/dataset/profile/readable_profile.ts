/** The profile as aligned text, one line a column. */
import type { ColumnProfile } from "./column_profile.ts";
import type { TableProfile } from "./profile.ts";
import type { Relations } from "./relations.ts";
import { shortValue } from "./short_value.ts";
import type { TargetProfile } from "./target_profile.ts";

const SHOWN_CLASSES = 10;
const SHOWN_FEATURES = 8;
const SHOWN_PAIRS = 5;
/** Weaker pairs are not worth a word. */
const CLOSE = 0.5;

/** @param most columns that get a line */
export function readableProfile(profile: TableProfile, most = Infinity): string {
  const lines = profile.column_profiles.slice(0, most).map((column) => [
    cut(column.name, 40),
    column.type,
    column.missing === 0 ? "-" : `${column.missing} (${percent(column.missing_share)})`,
    `${column.estimated ? "~" : ""}${column.distinct}`,
    column.histogram ? tinyHistogram(column.histogram.counts) : "",
    valuesOf(column),
  ]);
  const table = align([["column", "type", "missing", "distinct", "shape", "values"], ...lines]);
  const left = profile.columns_left_out;
  const unsaid = profile.column_profiles.length - lines.length;
  const more = unsaid > 0
    ? ["", `${unsaid + (left ?? 0)} more columns are left out of this text.`]
    : left
    ? ["", `${left} of ${profile.columns} columns are not shown: name them in columns, or raise limit.`]
    : [];
  return [headOf(profile), "", table, ...more, ...targetLines(profile.target), ...relationLines(profile)]
    .join("\n");
}

function headOf({ rows, columns, duplicate_rows, estimated }: TableProfile): string {
  return `${rows} rows, ${columns} columns` +
    (duplicate_rows ? `, ${estimated ? "about " : ""}${duplicate_rows} repeated rows` : "") +
    (columns === 1 ? " (one column alone can't be learnt from)" : "");
}

function targetLines(target: TargetProfile | undefined): string[] {
  if (!target) return [];
  const missing = target.missing ? `, missing in ${target.missing} rows` : "";
  const lines = ["", `target ${target.name}: ${target.task}${missing}`];
  if (!target.classes) return lines;
  const shown = target.classes.slice(0, SHOWN_CLASSES).map(({ value, count }) =>
    `${cut(String(value), 24)} ${count}`
  );
  const more = target.classes.length + (target.classes_left_out ?? 0) - SHOWN_CLASSES;
  return [...lines, `classes: ${shown.join(", ")}${more > 0 ? `, and ${more} more` : ""}`];
}

function relationLines({ relations, target, rows }: TableProfile): string[] {
  const lines: string[] = [];
  const telling = (relations.features ?? []).filter(({ share }) => share >= 0.005).slice(0, SHOWN_FEATURES);
  if (target && telling.length > 0) {
    const list = telling.map(({ column, share }) => `${cut(column, 40)} ${percent(share)}`).join(", ");
    lines.push(`tell most of it (share of what there is to know): ${list}`);
  }
  const close = relations.pairs.filter((pair) => strengthOf(pair) >= CLOSE).slice(0, SHOWN_PAIRS);
  if (close.length > 0) {
    if (!target) lines.push("");
    lines.push(`go together: ${close.map(pairText).join(", ")}`);
  }
  if (lines.length > 0 && relations.rows < rows) {
    lines.push(`(relations of columns: over ${relations.rows} rows at even distances)`);
  }
  return lines;
}

type Pair = Relations["pairs"][number];

function strengthOf({ pearson, spearman, cramers_v }: Pair): number {
  return Math.max(Math.abs(pearson ?? 0), Math.abs(spearman ?? 0), cramers_v ?? 0);
}

function pairText(pair: Pair): string {
  const value = pair.cramers_v ?? pair.pearson ?? pair.spearman!;
  const kind = pair.cramers_v === undefined ? "r" : "V";
  return `${cut(pair.a, 40)} and ${cut(pair.b, 40)} (${kind} ${value.toFixed(2)})`;
}

const HEIGHTS = "▁▂▃▅▇";
const WIDEST = 10;

/** At most ten columns; a bin without a row is a blank. */
export function tinyHistogram(counts: readonly number[]): string {
  const each = Math.ceil(counts.length / WIDEST);
  const sums = Array.from(
    { length: Math.ceil(counts.length / each) },
    (_, i) => counts.slice(i * each, (i + 1) * each).reduce((sum, count) => sum + count, 0),
  );
  const highest = Math.max(...sums);
  return sums.map((sum) => sum === 0 ? " " : HEIGHTS[Math.round(sum / highest * (HEIGHTS.length - 1))]).join(
    "",
  );
}

function valuesOf(column: ColumnProfile): string {
  if (column.distinct === 0) return "none";
  if (column.min !== undefined) {
    const middle = column.type === "identifier" ? "" : `, mean ${shortValue(column.mean!)}`;
    return `${shortValue(column.min)} to ${shortValue(column.max!)}${middle}`;
  }
  if (!column.top_values) {
    const { lengths } = column;
    const size = lengths ? `, ${lengths.min} to ${lengths.max} characters` : "";
    return `such as ${column.examples.slice(0, 2).map((value) => cut(String(value), 24)).join(", ")}${size}`;
  }
  const values = column.top_values.slice(0, 4).map(({ value, count }) =>
    `${cut(String(value), 24)} (${count})`
  );
  return values.join(", ") + (column.distinct > 4 ? ", …" : "");
}

function cut(text: string, length: number): string {
  const line = text.replaceAll(/\s+/g, " ");
  return line.length > length ? `${line.slice(0, length - 1)}…` : line;
}

function percent(share: number): string {
  const value = share * 100;
  return value < 1 ? "<1 %" : `${Math.round(value)} %`;
}

function align(rows: string[][]): string {
  const widths = rows[0].map((_, k) => rows.reduce((widest, row) => Math.max(widest, row[k].length), 0));
  return rows.map((row) => row.map((cell, k) => cell.padEnd(widths[k])).join("  ").trimEnd()).join("\n");
}
