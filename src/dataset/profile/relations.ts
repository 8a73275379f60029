/** How the columns go together, and what each tells of the target. */
import { type Column, spreadRows, type Table, takeRows } from "../table.ts";
import { inferTask } from "../task.ts";
import { withUsedCategories } from "../used_categories.ts";
import { ascending } from "./ascending.ts";
import { comparable, pearson, spearman } from "./correlation.ts";
import { discretise } from "./discretise.ts";
import { informationAbout } from "./mutual_information.ts";
import { type Matrix, type Pair, pairsOf } from "./pairs.ts";
import { rounded } from "./rounded.ts";

export interface FeatureRelation {
  column: string;
  /** What it tells of the target, in nats; see mutual_information.ts. */
  mutual_information: number;
  /** The same as a share of all there is to know of the target, 0 to 1. */
  share: number;
  /** Of numbers with a target of numbers; absent where one of them is constant. */
  pearson?: number;
  spearman?: number;
}

export interface Relations {
  /** Rows that were compared: all, or so many at even distances. */
  rows: number;
  /** Rows that the features were compared with the target on; fewer where there are very many columns. */
  feature_rows?: number;
  /** Every column but the target, the most telling first. */
  features?: FeatureRelation[];
  /** Columns that were compared with each other. */
  columns: number;
  /** The closest pairs, at most 50. */
  pairs: Pair[];
  /** All pairs of numbers and all pairs of categories, where there are at most 60. */
  numbers?: Matrix;
  categories?: Matrix;
}

/** More would take long, and tell hardly more: at 20,000 rows a correlation is known to 0.01. */
const MOST_ROWS = 20_000;
const FEATURE_CELLS = 10_000_000;
const FEWEST_ROWS = 500;
/** A target of more words is learnt by its most frequent ones and "others". */
const MOST_CLASSES = 50;

export function relationsOf(table: Table, target: Column | undefined): Relations {
  const rows = Math.min(table.rows, MOST_ROWS);
  const told = target ? featuresOf(table, target) : {};
  return { rows, ...told, ...pairsOf(table, rows, target) };
}

function featuresOf(table: Table, target: Column): Pick<Relations, "features" | "feature_rows"> {
  const present = rowsWith(target, table.rows);
  const affordable = Math.max(FEWEST_ROWS, Math.floor(FEATURE_CELLS / table.columns.length));
  const chosen = spreadRows(present.length, Math.min(MOST_ROWS, affordable)).map((at) => present[at]);
  // One column at a time: a copy of them all would be as large as the sample.
  const sampleOf = (column: Column) => takeRows({ rows: table.rows, columns: [column] }, chosen).columns[0];
  const own = usedOnly(sampleOf(target));
  const tells = informationAbout(
    discretise(own, inferTask(target) === "classification" ? { most_words: MOST_CLASSES } : {}),
    table.columns.length,
  );
  const numbers = own.storage === "numeric" && own.type !== "date" ? comparable(own.values) : undefined;
  const features = table.columns.filter(({ name }) => name !== target.name).map((column): FeatureRelation => {
    const sample = sampleOf(column);
    // One sorting serves both.
    const order = sample.storage === "numeric" ? { order: ascending(sample.values) } : {};
    const feature: FeatureRelation = { column: column.name, ...rounded(tells(discretise(sample, order))) };
    if (numbers && sample.storage === "numeric") {
      const other = comparable(sample.values, order.order);
      Object.assign(
        feature,
        rounded({ pearson: pearson(numbers, other), spearman: spearman(numbers, other) }),
      );
    }
    return feature;
  });
  features.sort((a, b) => b.share - a.share || Math.abs(b.pearson ?? 0) - Math.abs(a.pearson ?? 0));
  return { feature_rows: chosen.length, features };
}

function usedOnly(column: Column): Column {
  return column.storage === "coded" ? withUsedCategories(column) : column;
}

function rowsWith(target: Column, rows: number): Uint32Array {
  const kept = new Uint32Array(rows);
  let count = 0;
  for (let row = 0; row < rows; row++) {
    const isThere = target.storage === "numeric" ? !Number.isNaN(target.values[row]) : target.codes[row] >= 0;
    if (isThere) kept[count++] = row;
  }
  return kept.subarray(0, count);
}
