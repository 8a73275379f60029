/** Columns that go together: numbers by their correlation, categories by Cramér's V. */
import { type CodedColumn, type Column, spreadRows, type Table, takeRows } from "../table.ts";
import { inferTask } from "../task.ts";
import { comparable, pearson, spearman } from "./correlation.ts";
import { cramersV } from "./cramers_v.ts";
import { rounded } from "./rounded.ts";

export interface Pair {
  a: string;
  b: string;
  /** Of two columns of numbers. */
  pearson?: number;
  spearman?: number;
  /** Of two columns of categories. */
  cramers_v?: number;
}

export interface Matrix {
  columns: string[];
  /** Row by row; null where it is not defined. Of numbers Pearson's correlation, of categories Cramér's V. */
  values: (number | null)[][];
}

/** Columns of numbers (and of categories) that are all compared with each other and shown as one matrix. */
const MOST_IN_MATRIX = 60;
/** Beyond, so many are compared, on as many rows as can be afforded. */
const MOST_COMPARED = 400;
const PAIR_CELLS = 200_000_000;
const FEWEST_ROWS = 500;
const MOST_PAIRS = 50;
/** Categories of more values go together with everything. */
const MOST_VALUES = 100;
const MOST_CATEGORY_COLUMNS = 60;

interface Compared {
  columns: number;
  pairs: Pair[];
  numbers?: Matrix;
  categories?: Matrix;
}

/** @param target stands first where not all columns are compared */
export function pairsOf(table: Table, rows: number, target: Column | undefined): Compared {
  const first = <C extends Column>(columns: C[], most: number) =>
    [...columns.filter((column) => column === target), ...columns.filter((column) => column !== target)]
      .slice(0, most);
  const numeric = table.columns.filter((column) =>
    column.storage === "numeric" && column.type !== "identifier"
  );
  const numbers = compareNumbers(table, rows, first(numeric, MOST_COMPARED));
  const asClasses = table.columns.flatMap((column) =>
    column === target ? classColumn(column) : categories(column)
  );
  const words = compareCategories(table, rows, asClasses.slice(0, MOST_CATEGORY_COLUMNS));
  const pairs = [...numbers.pairs, ...words.pairs].sort((a, b) => strength(b) - strength(a)).slice(
    0,
    MOST_PAIRS,
  );
  return {
    columns: Math.min(numeric.length, MOST_COMPARED) + Math.min(asClasses.length, MOST_CATEGORY_COLUMNS),
    pairs,
    ...(numbers.matrix ? { numbers: numbers.matrix } : {}),
    ...(words.matrix ? { categories: words.matrix } : {}),
  };
}

function strength({ pearson, spearman, cramers_v }: Pair): number {
  return Math.max(Math.abs(pearson ?? 0), Math.abs(spearman ?? 0), cramers_v ?? 0);
}

interface Found {
  pairs: Pair[];
  matrix?: Matrix;
}

function compareNumbers(table: Table, rows: number, columns: readonly Column[]): Found {
  const fits = columns.length <= MOST_IN_MATRIX;
  const pairs = columns.length * (columns.length - 1) / 2;
  const taken = fits ? rows : Math.min(rows, Math.max(FEWEST_ROWS, Math.floor(PAIR_CELLS / pairs)));
  const chosen = spreadRows(table.rows, taken);
  const ready = columns.map((column) => {
    const [sample] = takeRows({ rows: table.rows, columns: [column] }, chosen).columns;
    return comparable((sample as { values: Float64Array }).values);
  });
  const found = everyPair(columns, (i, j) => pearson(ready[i], ready[j]));
  const best = found.list.sort((x, y) => Math.abs(y.value) - Math.abs(x.value));
  // Where all can be had, a pair that only Spearman finds close is not missed.
  const kept = fits ? best : best.slice(0, MOST_PAIRS);
  return {
    pairs: kept.map(({ i, j, value }) => ({
      a: columns[i].name,
      b: columns[j].name,
      ...rounded({ pearson: value, spearman: spearman(ready[i], ready[j]) }),
    })),
    ...(fits && columns.length > 1 ? { matrix: found.matrix } : {}),
  };
}

type Coded = Pick<CodedColumn, "codes"> & { name: string; size: number };

function compareCategories(table: Table, rows: number, columns: readonly Coded[]): Found {
  const chosen = spreadRows(table.rows, rows);
  const samples = columns.map(({ codes }) => Int32Array.from(chosen, (row) => codes[row]));
  const found = everyPair(
    columns,
    (i, j) => cramersV(samples[i], samples[j], columns[i].size, columns[j].size),
  );
  return {
    pairs: found.list.map(({ i, j, value }) => ({
      a: columns[i].name,
      b: columns[j].name,
      ...rounded({ cramers_v: value }),
    })),
    ...(columns.length > 1 ? { matrix: found.matrix } : {}),
  };
}

function everyPair(columns: readonly { name: string }[], of: (i: number, j: number) => number) {
  const values = columns.map((_, i) => columns.map((_, j): number | null => i === j ? 1 : null));
  const list: { i: number; j: number; value: number }[] = [];
  for (let i = 0; i < columns.length; i++) {
    for (let j = i + 1; j < columns.length; j++) {
      const value = of(i, j);
      if (Number.isNaN(value)) continue;
      list.push({ i, j, value });
      values[i][j] = values[j][i] = Math.round(value * 1e4) / 1e4 + 0;
    }
  }
  return { list, matrix: { columns: columns.map(({ name }) => name), values } };
}

function categories(column: Column): Coded[] {
  if (column.storage === "numeric" || (column.type !== "category" && column.type !== "boolean")) return [];
  if (column.categories.length > MOST_VALUES) return [];
  return [{ name: column.name, codes: column.codes, size: column.categories.length }];
}

/** Few whole numbers, where they are the target, are classes like words. */
function classColumn(column: Column): Coded[] {
  if (column.storage === "coded") return categories(column);
  if (column.type !== "number" || inferTask(column) !== "classification") return [];
  const seen = new Map<number, number>();
  const codes = Int32Array.from(column.values, (value) => {
    if (Number.isNaN(value)) return -1;
    return seen.get(value) ?? seen.set(value, seen.size).size - 1;
  });
  return [{ name: column.name, codes, size: seen.size }];
}
