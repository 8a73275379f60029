/** Rows as callers send them, checked against the model's features, as typed columns. */
import type { Column, Table } from "@/dataset/table.ts";
import { type DateOrder, parseDate } from "@/dataset/dates.ts";
import { MISSING_WORDS } from "@/dataset/missing_values.ts";
import { AppError } from "@/shared/errors.ts";
import type { FeatureSpec, FittedPipeline } from "@/ml/pipeline.ts";
import { LARGEST } from "@/ml/preprocessing/require_finite.ts";

/** Warnings beyond these are counted, not listed. */
const MAX_WARNINGS = 20;

/**
 * @param rows objects by column name, or arrays in the order of the features; null or absent is missing. Columns of
 * the training table that are no features are taken and not read, so that its rows can be sent as they are
 * @returns the table, and what was odd but could be used: values of a category that training never saw
 * @throws AppError invalid_argument naming the row (from 0), the column and the rule
 */
export function rowsToTable(
  pipeline: FittedPipeline,
  rows: readonly unknown[],
): { table: Table; warnings: string[] } {
  const { features } = pipeline;
  if (rows.length === 0) {
    throw new AppError("invalid_argument", "Cannot predict: there are no rows", {
      hint: 'Send {"rows": [{"column": value, …}]}.',
    });
  }
  const byName = rows.map((row, i) => checkRow(row, i, pipeline));
  const warnings: string[] = [];
  const columns = features.map((feature, j) => columnFrom(feature, byName, j, warnings));
  if (warnings.length > MAX_WARNINGS) {
    warnings.splice(MAX_WARNINGS, warnings.length, `and ${warnings.length - MAX_WARNINGS} more`);
  }
  return { table: { rows: rows.length, columns }, warnings };
}

type Row = Record<string, unknown> | unknown[];

function checkRow(row: unknown, i: number, pipeline: FittedPipeline): Row {
  const { features } = pipeline;
  if (Array.isArray(row)) {
    if (row.length === features.length) return row;
    throw new AppError(
      "invalid_argument",
      `Cannot predict row ${i}: it has ${row.length} values, the model takes ${features.length}`,
      {
        hint: `In this order: ${namesOf(features)}.`,
      },
    );
  }
  if (row === null || typeof row !== "object") {
    throw new AppError(
      "invalid_argument",
      `Cannot predict row ${i}: it is ${row === null ? "null" : typeof row}`,
      {
        hint: "A row is an object by column name, or an array of values in the model's order.",
      },
    );
  }
  return checkObject(row as Record<string, unknown>, i, pipeline);
}

function checkObject(row: Record<string, unknown>, i: number, pipeline: FittedPipeline): Row {
  const { features, ignored } = pipeline;
  let known = 0;
  for (const feature of features) if (Object.hasOwn(row, feature.name)) known++;
  const keys = Object.keys(row);
  if (keys.length !== known) {
    const unknown = keys.find((key) =>
      !ignored.includes(key) && !features.some((feature) => feature.name === key)
    );
    // Reading a file takes blanks off the names; other programs that read it may not.
    if (unknown !== undefined && keys.some((key) => key !== key.trim())) {
      return checkObject(withTrimmedNames(row), i, pipeline);
    }
    if (unknown !== undefined) {
      throw new AppError(
        "invalid_argument",
        `Cannot predict row ${i}: the model has no column "${unknown}"`,
        { hint: `Columns: ${namesOf(features)}.` },
      );
    }
  }
  if (known === 0) {
    throw new AppError("invalid_argument", `Cannot predict row ${i}: it has no values`, {
      hint: `Columns: ${namesOf(features)}.`,
    });
  }
  return row;
}

function withTrimmedNames(row: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name.trim(), value]));
}

function namesOf(features: readonly FeatureSpec[]): string {
  const names = features.map((feature) => feature.name);
  return names.length > 30 ? `${names.slice(0, 30).join(", ")}, … (${names.length})` : names.join(", ");
}

function columnFrom(feature: FeatureSpec, rows: readonly Row[], j: number, warnings: string[]): Column {
  const valueOf = (row: Row) =>
    Array.isArray(row) ? row[j] : Object.hasOwn(row, feature.name) ? row[feature.name] : null;
  if (!feature.categories) {
    const values = new Float64Array(rows.length);
    for (let i = 0; i < rows.length; i++) values[i] = numberFrom(feature, valueOf(rows[i]), i);
    return {
      name: feature.name,
      storage: "numeric",
      type: feature.type === "date" ? "date" : feature.type === "identifier" ? "identifier" : "number",
      values,
    };
  }
  const categories = [...feature.categories];
  // Many rows with many values that training never saw would otherwise be searched one by one.
  const places = rows.length > 16 ? new Map(categories.map((text, code) => [text, code])) : null;
  const codes = new Int32Array(rows.length);
  for (let i = 0; i < rows.length; i++) {
    const text = textFrom(feature, valueOf(rows[i]), i);
    if (text === null) codes[i] = -1;
    else {
      let code = places ? places.get(text) ?? -1 : categories.indexOf(text);
      if (code < 0) {
        code = categories.push(text) - 1;
        places?.set(text, code);
        warnings.push(
          `row ${i}: column "${feature.name}" never had the value ${JSON.stringify(text)} in training`,
        );
      }
      codes[i] = code;
    }
  }
  return {
    name: feature.name,
    storage: "coded",
    type: feature.type === "number" || feature.type === "date" ? "category" : feature.type,
    codes,
    categories,
  };
}

export function numberFrom(feature: FeatureSpec, value: unknown, i: number): number {
  if (value === null || value === undefined) return NaN;
  if (feature.type === "date") return dateFrom(feature, value, i);
  if (typeof value === "number" && Math.abs(value) <= LARGEST) return value;
  throw wrong(
    feature,
    value,
    i,
    typeof value === "number" && Number.isFinite(value) ? "between -1e150 and 1e150" : "a number",
  );
}

/**
 * Text in a form of the training dates or in ISO 8601, or milliseconds since 1970 UTC. A time without a zone is
 * UTC, as in training.
 */
function dateFrom(feature: FeatureSpec, value: unknown, i: number): number {
  if (typeof value === "number" && Math.abs(value) <= LAST_INSTANT_MS) return value;
  const { date_order = "ymd" } = feature;
  if (typeof value === "string") {
    const text = value.trim();
    if (MISSING_WORDS.includes(text)) return NaN;
    const ms = parseDate(text, date_order);
    if (!Number.isNaN(ms)) return ms;
  }
  throw wrong(feature, value, i, DATE_RULES[date_order]);
}

/** Of ECMAScript: 100 million days from 1970. */
const LAST_INSTANT_MS = 8.64e15;

const DATE_RULES: Record<DateOrder, string> = {
  ymd: "an ISO 8601 date such as 2026-05-17 or 2026-05-17T08:30:00Z",
  dmy: "a date such as 17/5/2026 (day first, as in training) or 2026-05-17",
  mdy: "a date such as 5/17/2026 (month first, as in training) or 2026-05-17",
};

export function textFrom(feature: FeatureSpec, value: unknown, i: number): string | null {
  if (value === null || value === undefined) return null;
  if (typeof value === "string") {
    const text = value.trim();
    return MISSING_WORDS.includes(text) && !feature.categories!.includes(text) ? null : text;
  }
  if (typeof value === "number" && Number.isFinite(value)) return String(value);
  if (typeof value === "boolean") {
    return feature.categories!.find((known) => isTrue(known) === value && isBoolean(known)) ?? String(value);
  }
  throw wrong(feature, value, i, "text");
}

const TRUE_WORDS = ["true", "yes", "t", "y", "1"];
const FALSE_WORDS = ["false", "no", "f", "n", "0"];
const isTrue = (word: string) => TRUE_WORDS.includes(word.toLowerCase());
const isBoolean = (word: string) => isTrue(word) || FALSE_WORDS.includes(word.toLowerCase());

function wrong(feature: FeatureSpec, value: unknown, i: number, rule: string): AppError {
  // JSON has no word for a number that is too large for one, such as 1e999.
  const shown = typeof value === "number" ? String(value) : JSON.stringify(value) ?? String(value);
  const found = shown.length > 60 ? `${shown.slice(0, 60)}…` : shown;
  return new AppError(
    "invalid_argument",
    `Cannot predict row ${i}: column "${feature.name}" must be ${rule}, not ${found}`,
    {
      hint: "Send null, or leave the column out, where the value is not known.",
    },
  );
}
