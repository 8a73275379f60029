/** Rows that occur more than once. */
import type { Column, Table } from "./table.ts";

/**
 * How many rows equal an earlier one in every column; missing equals missing. Memory: 12 bytes a row.
 *
 * Rows are hashed column by column, and compared only where the hashes are equal.
 */
export function countDuplicateRows({ columns, rows }: Table): number {
  if (columns.length === 0) return 0;
  const hashes = hashRows({ columns, rows });
  let size = 16;
  while (size < rows * 2) size *= 2;
  const slots = new Int32Array(size).fill(-1);
  let duplicates = 0;
  for (let row = 0; row < rows; row++) {
    let slot = (hashes[row] ^ (hashes[row] >>> 15)) & (size - 1);
    while (slots[slot] >= 0) {
      const earlier = slots[slot];
      if (hashes[earlier] === hashes[row] && columns.every((column) => isEqual(column, earlier, row))) break;
      slot = (slot + 1) & (size - 1);
    }
    if (slots[slot] >= 0) duplicates++;
    else slots[slot] = row;
  }
  return duplicates;
}

/** A number for each row: the same for equal rows, and mostly another one for others. */
export function hashRows({ columns, rows }: Table): Int32Array {
  const hashes = new Int32Array(rows);
  for (const column of columns) addHashes(hashes, column);
  return hashes;
}

function addHashes(hashes: Int32Array, column: Column): void {
  if (column.storage === "coded") {
    for (let row = 0; row < hashes.length; row++) hashes[row] = mix(hashes[row], column.codes[row]);
    return;
  }
  const double = new Float64Array(1);
  const halves = new Int32Array(double.buffer);
  for (let row = 0; row < hashes.length; row++) {
    // Adding 0 makes -0 the 0 that it equals.
    double[0] = Number.isNaN(column.values[row]) ? NaN : column.values[row] + 0;
    hashes[row] = mix(mix(hashes[row], halves[0]), halves[1]);
  }
}

function mix(hash: number, value: number): number {
  const mixed = Math.imul((hash << 5 | hash >>> 27) ^ value, 0x9e3779b1);
  return mixed ^ (mixed >>> 15);
}

function isEqual(column: Column, a: number, b: number): boolean {
  if (column.storage === "coded") return column.codes[a] === column.codes[b];
  const [x, y] = [column.values[a], column.values[b]];
  return x === y || (Number.isNaN(x) && Number.isNaN(y));
}
