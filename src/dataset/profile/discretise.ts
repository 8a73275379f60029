/** A column as few whole numbers, so that how much two columns tell of each other can be counted. */
import { type Column, isMissing } from "../table.ts";

export interface Discrete {
  /** One a row, from 0 up; missing is a value of its own. */
  codes: Int32Array;
  size: number;
}

/** Numbers of at most so many different values need no bins. */
const FEW_VALUES = 24;

/**
 * Numbers fall into bins of about equally many rows (equal numbers stay together): about the cube root of the rows,
 * 4 to 24 of them. Words stay what they are, beyond `most_words` the rarer ones become one.
 */
export function discretise(column: Column, most_words = Infinity): Discrete {
  const rows = (column.storage === "numeric" ? column.values : column.codes).length;
  if (column.storage === "numeric") return discretiseNumbers(column.values);
  const order = new Map<number, number>();
  if (column.categories.length > most_words) {
    const counts = new Int32Array(column.categories.length);
    for (const code of column.codes) if (code >= 0) counts[code]++;
    const largest = Array.from(counts.keys()).sort((a, b) => counts[b] - counts[a] || a - b);
    largest.forEach((code, place) => order.set(code, Math.min(place, most_words)));
  }
  const seen = new Map<number, number>();
  const codes = Int32Array.from({ length: rows }, (_, row) => {
    const code = isMissing(column, row) ? -1 : order.get(column.codes[row]) ?? column.codes[row];
    return seen.get(code) ?? seen.set(code, seen.size).size - 1;
  });
  return { codes, size: seen.size };
}

function discretiseNumbers(values: Float64Array): Discrete {
  const sorted = presentSorted(values);
  const edges = distinctOf(sorted, FEW_VALUES) ?? equalBins(sorted);
  const codes = new Int32Array(values.length);
  let hasMissing = false;
  for (let row = 0; row < values.length; row++) {
    if (values[row] !== values[row]) {
      hasMissing = true;
      codes[row] = edges.length;
      continue;
    }
    // The last edge at or below the value.
    let [low, high] = [0, edges.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (edges[middle] <= values[row]) low = middle;
      else high = middle - 1;
    }
    codes[row] = low;
  }
  return { codes, size: edges.length + (hasMissing ? 1 : 0) };
}

function presentSorted(values: Float64Array): Float64Array {
  const kept = new Float64Array(values.length);
  let count = 0;
  for (let row = 0; row < values.length; row++) if (values[row] === values[row]) kept[count++] = values[row];
  return kept.subarray(0, count).sort();
}

/** The different values, or undefined when there are more than `most`. */
function distinctOf(sorted: Float64Array, most: number): number[] | undefined {
  const found: number[] = [];
  for (let i = 0; i < sorted.length; i++) {
    if (i > 0 && sorted[i] === sorted[i - 1]) continue;
    if (found.length === most) return undefined;
    found.push(sorted[i]);
  }
  return found;
}

/** The lower edge of each bin. */
function equalBins(sorted: Float64Array): number[] {
  const bins = Math.max(4, Math.min(FEW_VALUES, Math.round(Math.cbrt(sorted.length))));
  const edges = Array.from({ length: bins }, (_, bin) => sorted[Math.floor(bin * sorted.length / bins)]);
  return edges.filter((edge, i) => i === 0 || edge !== edges[i - 1]);
}
