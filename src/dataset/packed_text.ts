/**
 * Columns of text whose values mostly differ: the texts lie one behind the other as UTF-8, without a string or a code a
 * row. `codes` and `categories` are made when somebody first asks for them; most columns of this kind (names, notes, ids)
 * are never asked.
 */
import { ByteDictionary } from "./dictionary.ts";
import { type CodedColumn, spreadRows } from "./table.ts";

/** The value of row i is bytes[ends[i - 1], ends[i]); an empty one is missing. */
export interface PackedText {
  bytes: Uint8Array;
  ends: Uint32Array;
}

const PACKED = Symbol("packed");

/** A coded column like any other. A copy by `{ ...column }` holds its codes and categories, and no longer the bytes. */
export function packedColumn(name: string, type: CodedColumn["type"], text: PackedText): CodedColumn {
  let made: { codes: Int32Array; categories: string[] } | undefined;
  const get = () => made ??= encode(text);
  const column = {
    name,
    storage: "coded" as const,
    type,
    get codes() {
      return get().codes;
    },
    get categories() {
      return get().categories;
    },
  };
  Object.defineProperty(column, PACKED, { value: text });
  return column;
}

/** The bytes of a column that was made so; undefined for any other. */
export function packedTextOf(column: CodedColumn): PackedText | undefined {
  return (column as { [PACKED]?: PackedText })[PACKED];
}

function encode({ bytes, ends }: PackedText): { codes: Int32Array; categories: string[] } {
  const words = new ByteDictionary();
  const codes = new Int32Array(ends.length);
  let from = 0;
  for (let row = 0; row < ends.length; row++) {
    const to = ends[row];
    codes[row] = to === from ? -1 : words.codeOf(bytes, from, to);
    from = to;
  }
  return { codes, categories: words.strings() };
}

/** Rows that have a value. */
export function countPresent({ ends }: PackedText): number {
  let present = 0;
  for (let row = 0, from = 0; row < ends.length; row++) {
    if (ends[row] > from) present++;
    from = ends[row];
  }
  return present;
}

/** The first different values, at most so many, in order of first appearance. */
export function firstDistinct({ bytes, ends }: PackedText, count: number): string[] {
  const decoder = new TextDecoder();
  const found = new Set<string>();
  let from = 0;
  for (let row = 0; row < ends.length && found.size < count; row++) {
    if (ends[row] > from) found.add(decoder.decode(bytes.slice(from, ends[row])));
    from = ends[row];
  }
  return [...found];
}

/** At most so many of the rows that have a value, spread evenly. */
export function spreadTexts(text: PackedText, count: number): PackedText {
  const { bytes, ends } = text;
  const sample = new PackedTextBuilder(Math.min(count, ends.length), 1 << 20);
  const rows = spreadRows(ends.length, count);
  for (const row of rows) {
    const from = row === 0 ? 0 : ends[row - 1];
    if (ends[row] > from) sample.add(bytes, from, ends[row]);
  }
  return sample.finish();
}

/** True when every value is larger than the one before, byte by byte, as numbered names mostly are. */
export function isIncreasing({ bytes, ends }: PackedText): boolean {
  let before = 0;
  let beforeEnd = 0;
  for (let row = 0, from = 0; row < ends.length; row++) {
    const to = ends[row];
    if (to === from) continue;
    let i = 0;
    while (before + i < beforeEnd && from + i < to && bytes[before + i] === bytes[from + i]) i++;
    const isLarger = before + i === beforeEnd
      ? from + i < to
      : from + i < to && bytes[from + i] > bytes[before + i];
    if (!isLarger) return false;
    [before, beforeEnd] = [from, to];
    from = to;
  }
  return true;
}

/**
 * True when there are at least so many different values. Ends as soon as it can be told.
 * @param present rows that have a value
 */
export function hasDistinct(text: PackedText, present: number, wanted: number): boolean {
  const { bytes, ends } = text;
  let left = present;
  let size = 16;
  while (size < 2 * Math.min(wanted, left)) size *= 2;
  // Row + 1 (0 where free) and hash, side by side; at most half full, for it ends at `wanted`.
  const slots = new Int32Array(2 * size);
  let distinct = 0;
  for (let row = 0, from = 0; row < ends.length && distinct < wanted && distinct + left >= wanted; row++) {
    const to = ends[row];
    if (to > from) {
      left--;
      const hash = hashOf(bytes, from, to);
      let slot = (hash & (size - 1)) * 2;
      let held = slots[slot];
      while (held !== 0 && !(slots[slot + 1] === hash && isSameText(text, held - 1, row))) {
        slot = slot + 2 & (2 * size - 1);
        held = slots[slot];
      }
      if (held === 0) {
        slots[slot] = row + 1;
        slots[slot + 1] = hash;
        distinct++;
      }
    }
    from = to;
  }
  return distinct >= wanted;
}

/** FNV-1a with a final mix. */
function hashOf(bytes: Uint8Array, from: number, to: number): number {
  let hash = 0x811c9dc5 | 0;
  for (let i = from; i < to; i++) hash = Math.imul(hash ^ bytes[i], 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return hash ^ (hash >>> 13);
}

function isSameText({ bytes, ends }: PackedText, a: number, b: number): boolean {
  const from = a === 0 ? 0 : ends[a - 1];
  const other = b === 0 ? 0 : ends[b - 1];
  const size = ends[a] - from;
  if (ends[b] - other !== size) return false;
  for (let i = 0; i < size; i++) if (bytes[from + i] !== bytes[other + i]) return false;
  return true;
}

/** Collects the texts of a column whose number of rows is not known yet. */
export class PackedTextBuilder {
  #bytes: Uint8Array;
  #ends: Uint32Array;
  #size = 0;
  #rows = 0;

  /** @param rows and bytes are guesses */
  constructor(rows: number, bytes: number) {
    this.#ends = new Uint32Array(new SharedArrayBuffer(rows * 4));
    this.#bytes = new Uint8Array(new SharedArrayBuffer(bytes));
  }

  /** Adds a row; none of the bytes is a missing value. */
  add(from: Uint8Array, begin: number, end: number): void {
    this.#reserve(1, end - begin);
    // Short texts: quicker than a view of them.
    for (let i = begin, at = this.#size; i < end; i++, at++) this.#bytes[at] = from[i];
    this.#size += end - begin;
    this.#ends[this.#rows++] = this.#size;
  }

  /** Adds rows whose texts lie one behind the other. */
  addAll(bytes: Uint8Array, ends: Uint32Array): void {
    this.#reserve(ends.length, bytes.length);
    this.#bytes.set(bytes, this.#size);
    const all = this.#ends;
    const [first, size] = [this.#rows, this.#size];
    for (let row = 0; row < ends.length; row++) all[first + row] = size + ends[row];
    this.#size += bytes.length;
    this.#rows += ends.length;
  }

  /** Bytes so far: more than 4 GiB can't be told apart by `ends`. */
  get size(): number {
    return this.#size;
  }

  finish(): PackedText {
    return { bytes: this.#bytes.subarray(0, this.#size), ends: this.#ends.subarray(0, this.#rows) };
  }

  #reserve(rows: number, bytes: number): void {
    if (this.#rows + rows > this.#ends.length) {
      const ends = new Uint32Array(new SharedArrayBuffer(Math.ceil((this.#rows + rows) * 1.3) * 4));
      ends.set(this.#ends.subarray(0, this.#rows));
      this.#ends = ends;
    }
    if (this.#size + bytes > this.#bytes.length) {
      const larger = new Uint8Array(new SharedArrayBuffer(Math.ceil((this.#size + bytes) * 1.3)));
      larger.set(this.#bytes.subarray(0, this.#size));
      this.#bytes = larger;
    }
  }
}
