/** Where the kernels of the CSV reader find their input and leave their results, in the shared memory. */
import type { Threads } from "@/kernels/threads.ts";
import { MISSING_WORDS } from "./missing_values.ts";
import { POWERS_OF_TEN } from "./parse_number.ts";

/** Fields of the classes in csv.as.ts, by their place in 32-bit words. */
const FILE = { columns: 0, separator: 1, tables: 2, categories: 3, words: 4 };
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
  modes: 12,
  packed: 13,
  words: 14,
};
const DICTIONARY_BYTES = 20;
const CATEGORIES = { entries: 2, size: 4, bytes: 7, words: 8 };

export const ODD = 1 | 2 | 4 | 8;
/** A mode of the kernels alone: texts without a dictionary. */
export const TEXT = 4;

/** Text is decoded in pieces of about this size. */
export const TEXT_BYTES = 1 << 18;
const STRICT = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

const HARD_NUMBERS = 4096;
const LF = 10;

/** The kernels read so far behind a text. */
const PADDING = 64;

export class CsvMemory {
  readonly #threads: Threads;
  readonly file: number;
  /** What the columns of the next chunks are read as. */
  readonly modes: Uint8Array;
  readonly #columns: number;
  readonly #categories: Uint32Array;
  #scratch: Uint8Array<ArrayBuffer> = new Uint8Array(0);

  constructor(threads: Threads, columns: number, separator: number) {
    this.#threads = threads;
    this.#columns = columns;
    this.file = threads.kernels.allocate(FILE.words * 4);
    const categories = threads.kernels.allocate(columns * 4);
    const empty = threads.kernels.allocate(columns * CATEGORIES.words * 4);
    this.modes = new Uint8Array(columns);
    this.#categories = Uint32Array.from({ length: columns }, (_, k) => empty + k * CATEGORIES.words * 4);
    this.#words(categories, columns).set(this.#categories);
    this.#words(empty, columns * CATEGORIES.words).fill(0);
    const file = this.#words(this.file, FILE.words);
    file[FILE.categories] = categories;
    file[FILE.columns] = columns;
    file[FILE.separator] = separator;
    file[FILE.tables] = writeTables(threads);
  }

  #words(pointer: number, length: number): Uint32Array {
    return new Uint32Array(this.#threads.memory.buffer, pointer, length);
  }

  #bytes(pointer: number, length: number): Uint8Array {
    return new Uint8Array(this.#threads.memory.buffer, pointer, length);
  }

  newChunk(capacity: number): Chunk {
    return new Chunk(this.#threads, this.#columns, capacity);
  }

  /** A coded column's distinct values so far. */
  categoriesOf(column: number): number {
    return this.#words(this.#categories[column], CATEGORIES.words)[CATEGORIES.size];
  }

  /** Calls back with the bytes of each code's value: none for -1. Valid until the next kernel runs. */
  eachText(
    column: number,
    codes: Int32Array,
    take: (memory: Uint8Array, from: number, to: number) => void,
  ): void {
    const words = this.#words(this.#categories[column], CATEGORIES.words);
    const entries = this.#words(words[CATEGORIES.entries], words[CATEGORIES.size] * 3);
    const memory = new Uint8Array(this.#threads.memory.buffer);
    for (const code of codes) {
      if (code < 0) take(memory, 0, 0);
      else take(memory, entries[code * 3], entries[code * 3] + entries[code * 3 + 1]);
    }
  }

  /** Bytes of a coded column's distinct values so far. */
  textBytes(column: number): number {
    return this.#words(this.#categories[column], CATEGORIES.words)[CATEGORIES.bytes];
  }

  /**
   * Adds the distinct values that are not among the strings yet.
   * @returns false when one is not UTF-8
   */
  decode(column: number, strings: string[]): boolean {
    const categories = this.#categories[column];
    const words = this.#words(categories, CATEGORIES.words);
    const entries = this.#words(words[CATEGORIES.entries], words[CATEGORIES.size] * 3);
    for (let i = strings.length * 3; i < entries.length;) {
      // Texts that lie one behind the other are decoded at once and cut: ten times quicker than one by one.
      const from = entries[i];
      const first = i / 3;
      let to = from;
      let next = i;
      while (next < entries.length && entries[next] === to && (to - from < TEXT_BYTES || next === i)) {
        to += entries[next + 1];
        next += 3;
      }
      const size = to - from;
      if (this.#scratch.length < size) this.#scratch = new Uint8Array(size + TEXT_BYTES);
      const bytes = this.#scratch.subarray(0, size);
      bytes.set(this.#bytes(from, size));
      let text: string;
      try {
        text = STRICT.decode(bytes);
      } catch {
        return false;
      }
      const isAscii = text.length === size;
      const lengths = isAscii ? undefined : this.#lengths(categories, first, next / 3);
      for (let at = 0; i < next; i += 3) {
        // A text that begins inside a character is UTF-8 here only because the one before it is cut off.
        if (!isAscii && (bytes[entries[i] - from] & 0xc0) === 0x80) return false;
        const end = at + (lengths ? lengths[i / 3 - first] : entries[i + 1]);
        strings.push(text.slice(at, end));
        at = end;
      }
    }
    return true;
  }

  /** Of the distinct values [from, to), in UTF-16 units. */
  #lengths(categories: number, from: number, to: number): Uint32Array {
    const { kernels } = this.#threads;
    const room = kernels.allocate((to - from) * 4);
    kernels.csv_lengths(categories, from, to, room);
    const lengths = this.#words(room, to - from).slice();
    kernels.release(room, (to - from) * 4);
    return lengths;
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
    this.pointer = kernels.allocate(CHUNK.words * 4);
    this.#room = kernels.allocate(capacity + 8 + PADDING);
    const fields = capacity + 1;
    this.#words = new Uint32Array(threads.memory.buffer, this.pointer, CHUNK.words);
    this.#words[CHUNK.index] = kernels.allocate(fields * 4);
    this.#words[CHUNK.cells] = kernels.allocate((fields + columns) * 8);
    this.#words[CHUNK.dictionaries] = kernels.allocate(columns * DICTIONARY_BYTES + (fields + columns) * 32);
    const dictionaries = this.#words[CHUNK.dictionaries];
    new Uint8Array(threads.memory.buffer, dictionaries, columns * DICTIONARY_BYTES).fill(0);
    this.#words[CHUNK.failed] = kernels.allocate(columns);
    this.#words[CHUNK.hard] = kernels.allocate(HARD_NUMBERS * 12);
    this.#words[CHUNK.hardCapacity] = HARD_NUMBERS;
    this.#words[CHUNK.modes] = kernels.allocate(columns);
    this.#words[CHUNK.packed] = kernels.allocate(capacity + PADDING);
  }

  /**
   * Takes whole lines from the file, to be read as the modes say; returns where the next chunk begins, or -1 when not one line fits. A last line
   * without an end gets one.
   */
  fill(bytes: Uint8Array, start: number, modes: Uint8Array): number {
    this.modes.set(modes);
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

  get modes(): Uint8Array {
    return new Uint8Array(this.#threads.memory.buffer, this.#words[CHUNK.modes], this.#columns);
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

  /** The texts of the TEXT columns: bytes, and where each row's ends. */
  texts(): { column: number; bytes: Uint8Array; ends: Uint32Array }[] {
    const { buffer } = this.#threads.memory;
    const texts = [];
    let from = this.#words[CHUNK.packed];
    for (const [column, mode] of this.modes.entries()) {
      if (mode !== TEXT) continue;
      const ends = new Uint32Array(buffer, this.#cells(column), this.rows);
      const bytes = new Uint8Array(buffer, from, ends.at(-1) ?? 0);
      texts.push({ column, bytes, ends });
      from += bytes.length;
    }
    return texts;
  }
}

function writeTables(threads: Threads): number {
  const { kernels, memory } = threads;
  const tables = kernels.allocate(20);
  const fives = kernels.allocate(651 * 16);
  const tens = kernels.allocate(POWERS_OF_TEN.byteLength);
  const align = kernels.allocate(17 * 17 * 16);
  const missing = kernels.allocate((MISSING_WORDS.length + 1) * 16);
  const starts = kernels.allocate(256);
  new Uint32Array(memory.buffer, tables, 5).set([fives, tens, align, missing, starts]);
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
  const first = new Uint8Array(memory.buffer, starts, 256).fill(0);
  for (const word of MISSING_WORDS) first[new TextEncoder().encode(word)[0] ?? 0] = 1;
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
