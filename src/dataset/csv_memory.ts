/** Where the kernels of the CSV reader find their input and leave their results, in the shared memory. */
import type { Threads } from "@/kernels/threads.ts";
import { MISSING_WORDS } from "./missing_values.ts";
import { POWERS_OF_TEN } from "./parse_number.ts";

/** Fields of the classes in csv.as.ts, by their place in 32-bit words. */
const FILE = { columns: 0, separator: 1, modes: 2, tables: 3 };
const CHUNK = {
  input: 0,
  length: 1,
  index: 2,
  cells: 3,
  dictionaries: 4,
  failed: 5,
  hard: 6,
  hardCapacity: 7,
  hardCount: 8,
  stride: 9,
  rows: 10,
  flags: 11,
};
const DICTIONARY_BYTES = 16;
const CATEGORIES = { entries: 2, size: 4, words: 7 };

export const ODD = 1 | 2 | 4;
export const NOT_ASCII = 8;

const HARD_NUMBERS = 4096;
const LF = 10;

/** The kernels read so far behind a text. */
const PADDING = 64;

export class CsvMemory {
  readonly #threads: Threads;
  readonly file: number;
  readonly modes: Uint8Array;
  readonly #columns: number;

  constructor(threads: Threads, columns: number, separator: number) {
    this.#threads = threads;
    this.#columns = columns;
    this.file = threads.kernels.allocate(16);
    const modes = threads.kernels.allocate(columns);
    this.modes = this.#bytes(modes, columns);
    const file = this.words(this.file, 4);
    file[FILE.columns] = columns;
    file[FILE.separator] = separator;
    file[FILE.modes] = modes;
    file[FILE.tables] = writeTables(threads);
  }

  words(pointer: number, length: number): Uint32Array {
    return new Uint32Array(this.#threads.memory.buffer, pointer, length);
  }

  #bytes(pointer: number, length: number): Uint8Array {
    return new Uint8Array(this.#threads.memory.buffer, pointer, length);
  }

  newChunk(capacity: number): Chunk {
    return new Chunk(this.#threads, this.#columns, capacity);
  }

  /** Empty `Categories`. */
  newCategories(): number {
    const pointer = this.#threads.kernels.allocate(CATEGORIES.words * 4);
    this.words(pointer, CATEGORIES.words).fill(0);
    return pointer;
  }

  /** The entries of `Categories`: text, length and hash (or UTF-16 length) of each. */
  entriesOf(categories: number): Uint32Array {
    const words = this.words(categories, CATEGORIES.words);
    return this.words(words[CATEGORIES.entries], words[CATEGORIES.size] * 3);
  }

  /** A copy, on memory of its own. */
  copy(pointer: number, length: number): Uint8Array<ArrayBuffer> {
    return Uint8Array.from(this.#bytes(pointer, length));
  }
}

/** Room for a piece of the file and for what is read from it. */
export class Chunk {
  readonly pointer: number;
  readonly capacity: number;
  readonly #threads: Threads;
  readonly #columns: number;
  readonly #words: Uint32Array;
  readonly #room: number;

  constructor(threads: Threads, columns: number, capacity: number) {
    const { kernels } = threads;
    this.#threads = threads;
    this.#columns = columns;
    this.capacity = capacity;
    this.pointer = kernels.allocate(48);
    this.#room = kernels.allocate(capacity + 8 + PADDING);
    const fields = capacity + 1;
    this.#words = new Uint32Array(threads.memory.buffer, this.pointer, 12);
    this.#words[CHUNK.index] = kernels.allocate(fields * 4);
    this.#words[CHUNK.cells] = kernels.allocate((fields + columns) * 8);
    this.#words[CHUNK.dictionaries] = kernels.allocate(columns * DICTIONARY_BYTES + (fields + columns) * 32);
    this.#words[CHUNK.failed] = kernels.allocate(columns);
    this.#words[CHUNK.hard] = kernels.allocate(HARD_NUMBERS * 12);
    this.#words[CHUNK.hardCapacity] = HARD_NUMBERS;
  }

  /**
   * Takes whole lines from the file; returns where the next chunk begins, or -1 when not one line fits. A last line
   * without an end gets one.
   */
  fill(bytes: Uint8Array, start: number): number {
    const length = Math.min(this.capacity - 1, bytes.length - start);
    // Where both lie alike to a word, copying goes by words.
    const input = this.#room + ((bytes.byteOffset + start) & 7);
    const memory = new Uint8Array(this.#threads.memory.buffer, input, length + 1 + PADDING);
    memory.set(bytes.subarray(start, start + length));
    let taken = length;
    if (start + length === bytes.length) {
      memory[length] = LF;
      taken++;
    } else taken = this.#threads.kernels.csv_cut(input, length);
    this.#words[CHUNK.input] = input;
    this.#words[CHUNK.length] = taken;
    return taken === 0 ? -1 : Math.min(start + taken, bytes.length);
  }

  get rows(): number {
    return this.#words[CHUNK.rows];
  }

  get flags(): number {
    return this.#words[CHUNK.flags];
  }

  hasFailed(column: number): boolean {
    return new Uint8Array(this.#threads.memory.buffer, this.#words[CHUNK.failed], this.#columns)[column] ===
      1;
  }

  /** Numbers that the kernels leave to others: where the value belongs, and its text from and to. */
  hardNumbers(): Uint32Array {
    return new Uint32Array(
      this.#threads.memory.buffer,
      this.#words[CHUNK.hard],
      this.#words[CHUNK.hardCount] * 3,
    );
  }

  #cells(column: number): number {
    return this.#words[CHUNK.cells] + column * this.#words[CHUNK.stride] * 8;
  }

  /** The column that a cell belongs to. */
  columnAt(cell: number): number {
    return Math.floor((cell - this.#words[CHUNK.cells]) / (this.#words[CHUNK.stride] * 8));
  }

  numbers(column: number): Float64Array {
    return new Float64Array(this.#threads.memory.buffer, this.#cells(column), this.rows);
  }

  codes(column: number): Int32Array {
    return new Int32Array(this.#threads.memory.buffer, this.#cells(column), this.rows);
  }
}

function writeTables(threads: Threads): number {
  const { kernels, memory } = threads;
  const tables = kernels.allocate(16);
  const fives = kernels.allocate(651 * 16);
  const tens = kernels.allocate(POWERS_OF_TEN.byteLength);
  const align = kernels.allocate(17 * 17 * 16);
  const missing = kernels.allocate((MISSING_WORDS.length + 1) * 16);
  new Uint32Array(memory.buffer, tables, 4).set([fives, tens, align, missing]);
  new BigUint64Array(memory.buffer, fives, 651 * 2).set(powersOfFive());
  new Float64Array(memory.buffer, tens, POWERS_OF_TEN.length).set(POWERS_OF_TEN);
  const shuffles = new Uint8Array(memory.buffer, align, 17 * 17 * 16).fill(255);
  for (let length = 0; length <= 16; length++) {
    for (let point = 0; point <= length; point++) {
      const at = (point * 17 + length) * 16;
      for (let from = length - 1, to = 15; from >= 0; from--) {
        if (from !== point) shuffles[at + to--] = from;
      }
    }
  }
  const words = new Uint8Array(memory.buffer, missing, (MISSING_WORDS.length + 1) * 16).fill(0);
  MISSING_WORDS.forEach((word, i) => {
    words[i * 16] = word.length;
    words.set(new TextEncoder().encode(word), i * 16 + 1);
  });
  words[MISSING_WORDS.length * 16] = 255;
  return tables;
}

let fives: BigUint64Array | undefined;

/**
 * The upper 128 bits of 5^q, q from -342 to 308, low word first: truncated, and for negative q rounded up.
 *
 * Source: Lemire, "Number Parsing at a Gigabyte per Second" (2021), the script of its table.
 */
function powersOfFive(): BigUint64Array {
  if (fives) return fives;
  fives = new BigUint64Array(651 * 2);
  for (let q = -342; q <= 308; q++) {
    const power = 5n ** BigInt(Math.abs(q));
    const bits = power.toString(2).length;
    let value: bigint;
    if (q >= 0) value = bits > 128 ? power >> BigInt(bits - 128) : power << BigInt(128 - bits);
    else {
      value = (1n << BigInt(q >= -27 ? bits + 127 : 2 * bits + 128)) / power + 1n;
      while (value >= 1n << 128n) value >>= 1n;
    }
    fives[(q + 342) * 2] = value & 0xffffffffffffffffn;
    fives[(q + 342) * 2 + 1] = value >> 64n;
  }
  return fives;
}
