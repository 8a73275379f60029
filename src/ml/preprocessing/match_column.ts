import type { CodedColumn, Column, NumericColumn } from "@/dataset/table.ts";
import { AppError } from "@/shared/errors.ts";
import type { FeatureSpec } from "./choose_features.ts";
import { requireFinite } from "./require_finite.ts";

/**
 * The column as training knew it. A file with few rows may have been read with another type, so two changes of
 * storage are allowed: a column without any value, and numbers that are the text of the training's categories
 * (a 0/1 column).
 * @throws AppError invalid_argument naming the column and both types
 */
export function matchColumn(column: Column, feature: FeatureSpec): Column {
  requireFinite(column);
  if (feature.categories) {
    if (column.storage === "coded") return column;
    const known = new Set(feature.categories);
    const same = column.values.every((value) => Number.isNaN(value) || known.has(String(value)));
    if (same) return asCoded(column, feature.categories);
    throw wrongType(column, feature);
  }
  if (column.storage === "coded") {
    if (!column.codes.every((code) => code < 0)) throw wrongType(column, feature);
    return {
      name: column.name,
      storage: "numeric",
      type: feature.type as NumericColumn["type"],
      values: new Float64Array(column.codes.length).fill(NaN),
    };
  }
  const isDate = column.type === "date";
  if (isDate !== (feature.type === "date") && !column.values.every(Number.isNaN)) {
    throw wrongType(column, feature);
  }
  return column;
}

function asCoded(column: NumericColumn, categories: readonly string[]): CodedColumn {
  const places = new Map(categories.map((text, at) => [text, at]));
  const codes = Int32Array.from(
    column.values,
    (value) => Number.isNaN(value) ? -1 : places.get(String(value)) ?? -1,
  );
  return { name: column.name, storage: "coded", type: "category", codes, categories };
}

function wrongType(column: Column, feature: FeatureSpec): AppError {
  return new AppError(
    "invalid_argument",
    `Cannot use column "${column.name}": it is of type ${column.type}, and the model was trained on ${feature.type}`,
    {
      hint: `Give column "${column.name}" ${
        wanted(feature)
      }; leave a cell empty where the value is not known.`,
    },
  );
}

function wanted(feature: FeatureSpec): string {
  if (feature.type === "date") return "dates (ISO 8601)";
  if (!feature.categories) return "numbers";
  const some = feature.categories.slice(0, 5).join(", ");
  return `text, such as ${some}`;
}
