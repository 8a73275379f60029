/** Which columns of a table become features, and why the others do not. */
import { type Column, columnOf, type ColumnType, type DateOrder, type Table } from "@/dataset/table.ts";
import { AppError } from "@/shared/errors.ts";
import { sumOf } from "../sums.ts";
import { categoryCounts, frequentLevels } from "./column_access.ts";
import { LARGEST, requireFinite } from "./require_finite.ts";

export interface FeatureSpec {
  name: string;
  type: ColumnType;
  /** Training had missing values in it. */
  missing: boolean;
  /** Coded columns: the values of training, sorted by code unit. */
  categories?: string[];
  /** Numeric columns: over the training values that are there; a date in milliseconds since 1970 UTC. */
  min?: number;
  max?: number;
  mean?: number;
  /** Dates that were text: how they were written. */
  date_order?: DateOrder;
}

export interface FeatureChoice {
  target: string;
  features?: string[];
  exclude?: string[];
  sample_weight?: string;
}

/**
 * In the order of the table. Left out, each with its reason: identifiers and free text (unless named in
 * `features`), columns without a value, and columns with one value in every row.
 * @throws AppError not_found for a name that is not in the table; invalid_argument for the target among the
 * features, infinite numbers, and when no feature is left
 */
export function chooseFeatures(
  table: Table,
  choice: FeatureChoice,
): { features: FeatureSpec[]; dropped: { column: string; reason: string }[] } {
  const named = choice.features
    ? new Set(choice.features.map((name) => columnOf(table, name).name))
    : undefined;
  const excluded = new Set(choice.exclude?.map((name) => columnOf(table, name).name));
  if (named?.has(choice.target)) {
    throw new AppError(
      "invalid_argument",
      `Cannot use "${choice.target}" as a feature: it is the target`,
      { hint: "Take it out of features." },
    );
  }
  const features: FeatureSpec[] = [];
  const dropped: { column: string; reason: string }[] = [];
  for (const column of table.columns) {
    const { name } = column;
    if (name === choice.target || name === choice.sample_weight || excluded.has(name)) continue;
    if (named && !named.has(name)) continue;
    const spec = describeFeature(column);
    if (!(Math.abs(spec.min ?? 0) <= LARGEST && Math.abs(spec.max ?? 0) <= LARGEST)) requireFinite(column);
    const reason = reasonToDrop(column, spec, named !== undefined);
    if (reason) dropped.push({ column: name, reason });
    else features.push(spec);
  }
  if (features.length === 0) {
    const why = dropped.map(({ column, reason }) => `${column} (${reason})`).slice(0, 10).join(", ");
    throw new AppError(
      "invalid_argument",
      `Cannot train on this table: no feature is left beside the target "${choice.target}"`,
      { hint: why ? `Dropped: ${why}. Name a column in features to keep it.` : "Add columns to learn from." },
    );
  }
  return { features, dropped };
}

function reasonToDrop(column: Column, spec: FeatureSpec, named: boolean): string | undefined {
  if (spec.categories ? spec.categories.length === 0 : spec.mean === undefined) return "no values";
  if (!spec.missing && (spec.categories ? spec.categories.length === 1 : spec.min === spec.max)) {
    return "the same value in every row";
  }
  if (named) return undefined;
  if (column.type === "identifier") return "an identifier: another value in every row";
  if (column.type === "text") return "free text";
  return undefined;
}

function describeFeature(column: Column): FeatureSpec {
  const { name, type } = column;
  if (column.storage === "coded") {
    const { missing } = categoryCounts(column);
    const { categories } = frequentLevels(column, Infinity);
    return { name, type, missing: missing > 0, categories };
  }
  const { values } = column;
  const { min, max, sum, count } = summaryOf(values);
  const missing = count < values.length;
  const order = column.date_order ? { date_order: column.date_order } : {};
  return { name, type, missing, ...(count === 0 ? {} : { min, max, mean: sum / count }), ...order };
}

function summaryOf(values: Float64Array): { min: number; max: number; sum: number; count: number } {
  const whole = sumOf(values);
  let min = Infinity;
  let max = -Infinity;
  // Nothing is missing: the usual case, quickly.
  if (whole === whole) {
    for (let i = 0; i < values.length; i++) {
      const value = values[i];
      if (value < min) min = value;
      if (value > max) max = value;
    }
    return { min, max, sum: whole, count: values.length };
  }
  let [sum, count] = [0, 0];
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (value !== value) continue;
    if (value < min) min = value;
    if (value > max) max = value;
    sum += value;
    count++;
  }
  return { min, max, sum, count };
}
