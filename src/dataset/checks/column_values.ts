/** Small measures of columns that several checks need. */
import { type CodedColumn, type Column, isMissing } from "../table.ts";

/** Values of some rows; NaN is missing. A coded column gives its codes. */
export function valuesAt(column: Column, rows: Uint32Array): Float64Array {
  // Loops, here and below: Float64Array.from is ten times as slow.
  const values = new Float64Array(rows.length);
  if (column.storage === "numeric") {
    for (let i = 0; i < rows.length; i++) values[i] = column.values[rows[i]];
  } else {
    for (let i = 0; i < rows.length; i++) values[i] = column.codes[rows[i]] < 0 ? NaN : column.codes[rows[i]];
  }
  return values;
}

/** The values at these places. */
export function pick(values: Float64Array, places: Uint32Array): Float64Array {
  const picked = new Float64Array(places.length);
  for (let i = 0; i < places.length; i++) picked[i] = values[places[i]];
  return picked;
}

/** Where there is a value. */
export function filledPlaces(values: Float64Array): Uint32Array {
  const places = new Uint32Array(values.length);
  let count = 0;
  for (let i = 0; i < values.length; i++) if (!Number.isNaN(values[i])) places[count++] = i;
  return places.subarray(0, count);
}

/** Different values among these rows that are there. */
export function countDistinct(column: Column, rows: Uint32Array): number {
  const source = column.storage === "numeric" ? column.values : column.codes;
  const seen = new Set<number>();
  for (const row of rows) if (!isMissing(column, row)) seen.add(source[row]);
  return seen.size;
}

/** Rows of each category. */
export function countCodes(column: CodedColumn): Uint32Array {
  const counts = new Uint32Array(column.categories.length);
  for (const code of column.codes) if (code >= 0) counts[code]++;
  return counts;
}

/** Ranks from 0 up, equal values sharing their mean rank. */
export function ranksOf(values: Float64Array): Float64Array {
  const order = Uint32Array.from(values.keys()).sort((a, b) => values[a] - values[b]);
  const ranks = new Float64Array(values.length);
  for (let from = 0; from < order.length;) {
    let to = from + 1;
    while (to < order.length && values[order[to]] === values[order[from]]) to++;
    for (let i = from; i < to; i++) ranks[order[i]] = (from + to - 1) / 2;
    from = to;
  }
  return ranks;
}

/** Pearson's correlation; 0 when one side does not vary. */
export function correlation(a: Float64Array, b: Float64Array): number {
  const n = a.length;
  let meanA = 0;
  let meanB = 0;
  for (let i = 0; i < n; i++) {
    meanA += a[i] / n;
    meanB += b[i] / n;
  }
  let ab = 0;
  let aa = 0;
  let bb = 0;
  for (let i = 0; i < n; i++) {
    const x = a[i] - meanA;
    const y = b[i] - meanB;
    ab += x * y;
    aa += x * x;
    bb += y * y;
  }
  return aa > 0 && bb > 0 ? ab / Math.sqrt(aa * bb) : 0;
}

/** 0.12345 as 12.3 %; what is not all is never shown as 100 %. */
export function percent(share: number): string {
  const value = share * 100;
  return value > 99 && value < 100
    ? `${(Math.floor(value * 100) / 100).toFixed(2)} %`
    : `${Number(value.toFixed(1))} %`;
}

/** Four digits behind the point. */
export function rounded(value: number): number {
  return Math.round(value * 10_000) / 10_000;
}

/** Words of a name: "PatientId" and "patient_id" are both patient and id. */
export function nameWords(name: string): string[] {
  const spaced = name.replaceAll(/([\p{Ll}\p{N}])(\p{Lu})/gu, "$1 $2").toLowerCase();
  return spaced.split(/[^\p{L}\p{N}]+/u).filter(Boolean);
}

const WHO = new Set(
  ("id ids uid account accounts animal animals client clients customer customers device devices employee employees " +
    "families family household households individual machine machines member members participant participants patient " +
    "patients people person player players respondent session sessions speaker specimen store stores student students " +
    "subj subject subjects user users vehicle vehicles").split(" "),
);

/** True for a name as people give it to whom or what a row is about. */
export function namesSomeone(column: Column): boolean {
  return nameWords(column.name).some((word) => WHO.has(word));
}
