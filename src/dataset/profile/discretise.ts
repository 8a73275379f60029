/** A column as few whole numbers, so that how much two columns tell of each other can be counted. */
import { type Column, isMissing } from "../table.ts";
import { ascending } from "./ascending.ts";

export interface Discrete {
  /** One a row, from 0 up; missing is a value of its own. */
  codes: Int32Array;
  size: number;
}

/** Numbers of at most so many different values need no bins. */
const FEW_VALUES = 24;

/**
 * Numbers fall into bins of about equally many rows (equal numbers stay together): about the cube root of the rows,
 * 4 to 24 of them; infinite ones count as missing. Words stay what they are, beyond `most_words` the rarer ones become one.
 * @param options.order of the rows of numbers (see ascending.ts), where it is known
 */
export function discretise(
  column: Column,
  options: { most_words?: number; order?: Uint32Array } = {},
): Discrete {
  if (column.storage === "numeric") {
    return discretiseNumbers(column.values, options.order ?? ascending(column.values));
  }
  const { most_words = Infinity } = options;
  const order = new Map<number, number>();
  if (column.categories.length > most_words) {
    const counts = new Int32Array(column.categories.length);
    for (const code of column.codes) if (code >= 0) counts[code]++;
    const largest = Array.from(counts.keys()).sort((a, b) => counts[b] - counts[a] || a - b);
    largest.forEach((code, place) => order.set(code, Math.min(place, most_words)));
  }
  const seen = new Map<number, number>();
  const codes = Int32Array.from({ length: column.codes.length }, (_, row) => {
    const code = isMissing(column, row) ? -1 : order.get(column.codes[row]) ?? column.codes[row];
    return seen.get(code) ?? seen.set(code, seen.size).size - 1;
  });
  return { codes, size: seen.size };
}

function discretiseNumbers(values: Float64Array, order: Uint32Array): Discrete {
  // Missing and infinite numbers are in no order.
  const codes = new Int32Array(values.length).fill(-1);
  const few = distinctUpTo(values, order, FEW_VALUES);
  const bins = few ?? Math.max(4, Math.min(FEW_VALUES, Math.round(Math.cbrt(order.length))));
  let bin = -1;
  for (let i = 0; i < order.length; i++) {
    const isNew = i === 0 || values[order[i]] !== values[order[i - 1]];
    // A bin begins with the first new value after its share of the rows has been given to those before.
    if (isNew && (few !== undefined || i >= Math.floor((bin + 1) * order.length / bins))) bin++;
    codes[order[i]] = bin;
  }
  return withRest(codes, bin + 1, order.length < values.length);
}

/** What has no code yet gets one of its own. */
function withRest(codes: Int32Array, size: number, hasRest: boolean): Discrete {
  if (!hasRest) return { codes, size };
  for (let row = 0; row < codes.length; row++) if (codes[row] < 0) codes[row] = size;
  return { codes, size: size + 1 };
}

/** How many different values there are, or undefined when there are more than `most`. */
function distinctUpTo(values: Float64Array, order: Uint32Array, most: number): number | undefined {
  let distinct = 0;
  for (let i = 0; i < order.length; i++) {
    if (i > 0 && values[order[i]] === values[order[i - 1]]) continue;
    if (++distinct > most) return undefined;
  }
  return distinct;
}
