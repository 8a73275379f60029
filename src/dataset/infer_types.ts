/**
 * What a column means, from its values and its name.
 *
 * | type       | storage | rule, the first that holds (m: values that are there, d: distinct ones) |
 * |------------|---------|--------------------------------------------------------------------------|
 * | identifier | numeric | whole numbers, a name such as id, user_id, PassengerId, uuid, row, index, and d >= 0.95 m |
 * | identifier | numeric | at least 20 whole numbers that count the rows: m = d = rows, from 0 or 1 up without a gap, in a table of more than two columns, unless the name tells of a measure (x, day, year, step, age, rank…) |
 * | number     | numeric | every other numeric column, however unique its values are |
 * | boolean    | coded   | two values of one pair, in any case: true/false, yes/no, t/f, y/n (or one word of the first two pairs) |
 * | date       | coded   | every value is a date of one form (see `parseDates`); becomes numeric |
 * | identifier | coded   | UUIDs, or a name as above, and d >= 0.95 m |
 * | text       | coded   | d > 20, d > m / 2, and three words or more in a value on average |
 * | identifier | coded   | at least 20 values, all distinct |
 * | category   | coded   | every other coded column |
 *
 * A column is judged by itself: nothing here knows which one is the target. 0 and 1 stay numbers.
 */
import { parseDates } from "./dates.ts";
import {
  countPresent,
  firstDistinct,
  hasDistinct,
  isIncreasing,
  packedColumn,
  type PackedText,
  packedTextOf,
  spreadTexts,
} from "./packed_text.ts";
import type { CodedColumn, Column, NumericColumn, Table } from "./table.ts";

const MOSTLY = 0.95;
const ENOUGH_ROWS = 20;

/** The table with the type of every column found again. Storage changes only where text turns out as dates. */
export function inferTypes(table: Table): Table {
  const columns = table.columns.map((column) =>
    column.storage === "numeric" ? inferNumeric(column, table.columns.length) : inferCoded(column)
  );
  return { ...table, columns };
}

function inferNumeric(column: NumericColumn, columns: number): NumericColumn {
  if (column.type === "date") return column;
  const isIdentifier = (isIdentifierName(column.name) && isMostlyDistinctWhole(column.values)) ||
    (columns > 2 && !isMeasureName(column.name) && countsTheRows(column.values));
  return { ...column, type: isIdentifier ? "identifier" : "number" };
}

/** Values that tell what the others are. */
const SOME = 1000;
const MANY = 1 << 16;

function inferCoded(column: CodedColumn): Column {
  const packed = packedTextOf(column);
  if (packed) {
    const some = firstDistinct(packed, SOME);
    // Dates and UUIDs are looked at one by one, below.
    if (some.length > 2 && !parseDates(some) && !some.every((value) => UUID.test(value))) {
      return packedColumn(column.name, packedType(column.name, packed, some), packed);
    }
  }
  const { categories, codes } = column;
  let present = 0;
  for (let row = 0; row < codes.length; row++) if (codes[row] >= 0) present++;
  if (isBoolean(categories)) return { ...column, type: "boolean" };
  const dates = parseDates(categories);
  if (dates) {
    const values = new Float64Array(codes.length);
    for (let row = 0; row < codes.length; row++) {
      values[row] = codes[row] < 0 ? NaN : dates.values[codes[row]];
    }
    return { name: column.name, storage: "numeric", type: "date", values, date_order: dates.order };
  }
  const values = {
    some: categories.slice(0, SOME),
    atLeast: (count: number) => categories.length >= count,
    areUuids: () => categories.every((value) => UUID.test(value)),
  };
  return { ...column, type: codedType(column.name, values, present) };
}

/** Of millions of texts, a sample tells whether most or all are different; what is named as an identifier is counted. */
function packedType(name: string, packed: PackedText, some: readonly string[]): CodedColumn["type"] {
  const isCounted = isIdentifierName(name) || packed.ends.length <= 4 * MANY;
  const text = isCounted ? packed : spreadTexts(packed, MANY);
  const present = countPresent(text);
  const isSorted = isIncreasing(text);
  const atLeast = (count: number) => count <= present && (isSorted || hasDistinct(text, present, count));
  return codedType(name, { some, atLeast, areUuids: () => false }, present);
}

interface Values {
  /** The first different ones. */
  some: readonly string[];
  /** True when so many are different. */
  atLeast(count: number): boolean;
  areUuids(): boolean;
}

function codedType(name: string, values: Values, present: number): CodedColumn["type"] {
  const { some, atLeast } = values;
  const isNamedSo = isIdentifierName(name);
  if ((isNamedSo || values.areUuids()) && atLeast(Math.max(3, MOSTLY * present))) return "identifier";
  const isWordy = meanWords(some) >= 3;
  if (isWordy && atLeast(Math.max(ENOUGH_ROWS, Math.floor(present / 2)) + 1)) return "text";
  return present >= ENOUGH_ROWS && atLeast(present) ? "identifier" : "category";
}

const UUID = /^\{?[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}\}?$/i;

const BOOLEAN_PAIRS = [["false", "true"], ["no", "yes"], ["f", "t"], ["n", "y"]];

function isBoolean(categories: readonly string[]): boolean {
  if (categories.length === 0 || categories.length > 2) return false;
  const words = categories.map((value) => value.toLowerCase()).sort();
  return BOOLEAN_PAIRS.some(([no, yes]) =>
    words.length === 2
      ? words[0] === no && words[1] === yes
      : no.length > 1 && (words[0] === no || words[0] === yes)
  );
}

function meanWords(some: readonly string[]): number {
  return some.reduce((sum, value) => sum + value.trim().split(/\s+/).length, 0) / some.length;
}

const IDENTIFIER_NAMES = new Set([
  "#",
  "idx",
  "index",
  "key",
  "no",
  "nr",
  "record",
  "row",
  "row number",
  "rowid",
  "rownames",
  "rownum",
  "row names",
  "s no",
  "serial number",
  "serialno",
  "sl no",
  "sr no",
  "uid",
  "unnamed 0",
]);

const IDENTIFIER_WORDS = new Set(["id", "ids", "uuid", "guid", "rowid", "userid", "customerid"]);

function isIdentifierName(name: string): boolean {
  const words = wordsOf(name);
  return IDENTIFIER_NAMES.has(words.join(" ")) ||
    IDENTIFIER_WORDS.has(words[0]) || IDENTIFIER_WORDS.has(words[words.length - 1]);
}

const MEASURE_WORDS = new Set(
  ("x y z t age amount count date day degree depth distance dose duration epoch height hour length level minute " +
    "month order period position price quarter rank score second size speed step target temperature time value " +
    "week weight width year").split(" "),
);

function isMeasureName(name: string): boolean {
  return wordsOf(name).some((word) => MEASURE_WORDS.has(word));
}

/** "PassengerId" and "passenger_id" are both passenger and id. */
function wordsOf(name: string): string[] {
  const spaced = name.replaceAll(/([\p{Ll}\p{N}])(\p{Lu})/gu, "$1 $2").toLowerCase();
  return spaced.split(/[^\p{L}\p{N}#]+/u).filter((word) => word !== "");
}

function isMostlyDistinctWhole(values: Float64Array): boolean {
  let present = 0;
  let before = -Infinity;
  let isSorted = true;
  for (const value of values) {
    if (Number.isNaN(value)) continue;
    if (!Number.isInteger(value)) return false;
    present++;
    isSorted &&= value > before;
    before = value;
  }
  if (present <= 2 || isSorted) return present > 2;
  // Most columns are told by the first repetitions.
  let left = present - Math.max(3, Math.ceil(MOSTLY * present));
  const seen = new Set<number>();
  for (const value of values) {
    if (Number.isNaN(value)) continue;
    if (!seen.has(value)) seen.add(value);
    else if (--left < 0) return false;
  }
  return true;
}

/** True for 0..n-1 or 1..n, each once, in any order, in at least 20 rows. */
function countsTheRows(values: Float64Array): boolean {
  const rows = values.length;
  if (rows < ENOUGH_ROWS) return false;
  const seen = new Uint8Array(rows + 1);
  for (const value of values) {
    // NaN and fractions fail the first comparison.
    if (!(value >= 0 && value <= rows && Number.isInteger(value)) || seen[value]) return false;
    seen[value] = 1;
  }
  return seen[0] === 0 || seen[rows] === 0;
}
