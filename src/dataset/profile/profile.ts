/**
 * What is in a table: for a person who looks at it, and for a planner that must choose a target.
 *
 * Statistics are pandas' (sample standard deviation, linear quantiles). Beside the table it takes at most 64 MB, for
 * repeated rows; 30 MB for the columns' relations; 8 MB for one column at a time.
 */
import { countDuplicateRows } from "../duplicates.ts";
import { type Column, columnOf, type ColumnType, isMissing, type Table } from "../table.ts";
import { shownClasses } from "./classes.ts";
import { type ColumnProfile, profileColumn } from "./column_profile.ts";
import { estimateDuplicateRows } from "./estimate_duplicates.ts";
import { type Relations, relationsOf } from "./relations.ts";
import { profileTarget, type TargetProfile } from "./target_profile.ts";

export interface TableProfile {
  rows: number;
  columns: number;
  /** Columns of each type. */
  types: Partial<Record<ColumnType, number>>;
  /** Cells without a value, of all columns. */
  missing_cells: number;
  /** Rows that equal an earlier one in every column. */
  duplicate_rows: number;
  /** Fields that are estimates: duplicate_rows, of more than four million rows. */
  estimated?: "duplicate_rows"[];
  column_profiles: ColumnProfile[];
  /** Columns that have no profile here. */
  columns_left_out?: number;
  target?: TargetProfile;
  relations: Relations;
  /** The classes that `by_class` of the columns counts. */
  class_labels?: string[];
}

export interface ProfileOptions {
  /** A column to look at as the target, too. */
  target?: string;
  /** Only these columns get a profile of their own; the target always does. */
  columns?: readonly string[];
  /** At most so many columns get one; default: all. */
  limit?: number;
  /** Split the histograms by the classes of the target. */
  by_class?: boolean;
}

/** Above so many rows, comparing them would take more memory than the bound. */
const MOST_COMPARED_ROWS = 4_000_000;

/** @throws AppError not_found when there is no such column */
export function profileTable(table: Table, options: ProfileOptions = {}): TableProfile {
  const target = options.target === undefined ? undefined : columnOf(table, options.target);
  const chosen = chosenColumns(table, target, options);
  const about = target && profileTarget(target, table.rows);
  const classes = options.by_class && about?.task === "classification" && about.classes!.length > 1
    ? shownClasses(target!)
    : undefined;
  const column_profiles = chosen.map((column) => profileColumn(column, table.rows, classes));
  const long = table.rows > MOST_COMPARED_ROWS;
  return {
    rows: table.rows,
    columns: table.columns.length,
    types: typesOf(table),
    missing_cells: missingCells(table, chosen, column_profiles),
    duplicate_rows: long ? estimateDuplicateRows(table) : countDuplicateRows(table),
    ...(long ? { estimated: ["duplicate_rows"] } : {}),
    column_profiles,
    ...(chosen.length < table.columns.length
      ? { columns_left_out: table.columns.length - chosen.length }
      : {}),
    ...(about ? { target: about } : {}),
    relations: relationsOf(table, target),
    ...(classes ? { class_labels: classes.labels } : {}),
  };
}

/** In the order of the table. */
function chosenColumns(
  table: Table,
  target: Column | undefined,
  { columns, limit }: ProfileOptions,
): Column[] {
  const wanted = columns ? new Set(columns.map((name) => columnOf(table, name))) : undefined;
  const some = table.columns.filter((column) => wanted?.has(column) ?? true).slice(0, limit ?? Infinity);
  if (target === undefined || some.includes(target)) return some;
  // With the target there is one less of the others.
  const kept = new Set([target, ...some.slice(0, Math.max(0, (limit ?? Infinity) - 1))]);
  return table.columns.filter((column) => kept.has(column));
}

function typesOf(table: Table): TableProfile["types"] {
  const types: TableProfile["types"] = {};
  for (const { type } of table.columns) types[type] = (types[type] ?? 0) + 1;
  return types;
}

function missingCells(table: Table, profiled: readonly Column[], profiles: readonly ColumnProfile[]): number {
  const known = new Set(profiled);
  let cells = profiles.reduce((sum, { missing }) => sum + missing, 0);
  for (const column of table.columns) {
    if (known.has(column)) continue;
    for (let row = 0; row < table.rows; row++) if (isMissing(column, row)) cells++;
  }
  return cells;
}
