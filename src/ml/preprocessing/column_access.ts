/** The two storages of a column, each with a clear failure for the other. */
import type { CodedColumn, Column, NumericColumn } from "@/dataset/table.ts";
import { AppError } from "@/shared/errors.ts";

export function numericColumn(column: Column, transformer: string): NumericColumn {
  if (column.storage === "numeric") return column;
  throw wrongStorage(column, transformer, "numbers or dates");
}

export function codedColumn(column: Column, transformer: string): CodedColumn {
  if (column.storage === "coded") return column;
  throw wrongStorage(column, transformer, "categories");
}

function wrongStorage(column: Column, transformer: string, wanted: string): AppError {
  return new AppError(
    "invalid_argument",
    `Cannot apply ${transformer} to column "${column.name}": it is of type ${column.type}`,
    { hint: `${transformer} takes a column of ${wanted}.` },
  );
}

/** How often each category occurs, by code. */
export function categoryCounts(column: CodedColumn): { counts: Float64Array; missing: number } {
  const counts = new Float64Array(column.categories.length);
  let missing = 0;
  const { codes } = column;
  for (let i = 0; i < codes.length; i++) {
    if (codes[i] < 0) missing++;
    else counts[codes[i]]++;
  }
  return { counts, missing };
}

/**
 * The levels that occur, sorted by code unit, and those of them beyond the limit.
 *
 * With more than `limit` levels the `limit - 1` most frequent stay and the others are `infrequent`;
 * among equals the later by name stays, as scikit-learn's `max_categories` has it.
 */
export function frequentLevels(
  column: CodedColumn,
  limit: number,
): { categories: string[]; infrequent: string[]; missing: number } {
  const { counts, missing } = categoryCounts(column);
  const levels: { name: string; count: number }[] = [];
  for (let code = 0; code < counts.length; code++) {
    if (counts[code] > 0) levels.push({ name: column.categories[code], count: counts[code] });
  }
  levels.sort((a, b) => byCodeUnit(a.name, b.name));
  if (levels.length <= limit) return { categories: levels.map((l) => l.name), infrequent: [], missing };
  const rare = new Set(
    levels.slice().sort((a, b) => a.count - b.count).slice(0, levels.length - (limit - 1)).map((l) => l.name),
  );
  return {
    categories: levels.filter((l) => !rare.has(l.name)).map((l) => l.name),
    infrequent: levels.filter((l) => rare.has(l.name)).map((l) => l.name),
    missing,
  };
}

/** The order of numpy and Python for plain text, not that of a language. */
export function byCodeUnit(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/**
 * For each code of the column, its place among the learned categories: `infrequentAt` for the infrequent ones,
 * -1 for a category that training did not see. So a table with another dictionary is mapped by its text.
 */
export function codeMap(
  column: CodedColumn,
  categories: readonly string[],
  infrequent: readonly string[],
  infrequentAt: number,
): Int32Array {
  const places = placesOf(categories, infrequent, infrequentAt);
  return Int32Array.from(column.categories, (name) => places.get(name) ?? -1);
}

/** The place of each learned category: its own, or `infrequentAt`. */
export function placesOf(
  categories: readonly string[],
  infrequent: readonly string[],
  infrequentAt: number,
): Map<string, number> {
  const places = new Map<string, number>();
  categories.forEach((name, place) => places.set(name, place));
  infrequent.forEach((name) => places.set(name, infrequentAt));
  return places;
}
